"""The embedded engine: a durable directory, answered from memory.

What is *built* comes from files and is replaced as a whole; what is *written* comes from
updates and stays. The written part is a patch over the built one: statements added and
statements taken away. Derived statements (the closure) belong to the built part.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, cast

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse

from ncpc_kg.engine import Answer, Change, DatasetClause, Formats, Gate, GraphWrite, Subject, Term
from ncpc_kg.errors import NotFound, StoreError
from ncpc_kg.store import graphstore, journal, syntax
from ncpc_kg.store.files import State, StoreFiles
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import GraphName, Snapshot
from ncpc_kg.store.updates import plan
from ncpc_kg.vocabulary import INFERRED


class Store:
    """A store directory opened by this process; implements `Engine` and `Reader`.

    Queries here run in the caller's thread and cannot be stopped; `workers.py` puts this
    behind processes that can. Open one with `Store.open`.
    """

    derived = frozenset({NamedNode(str(INFERRED))})

    def __init__(self, files: StoreFiles, read_only: bool, gate: Gate | None, reach: Reach) -> None:
        self._files = files
        self._read_only = read_only
        self.gate = gate
        self.reach = reach
        self._lock = _ReadWriteLock()
        self._writers = threading.Lock()
        self._journal: journal.Journal | None = None
        self._load()

    @classmethod
    def open(
        cls,
        directory: Path | str,
        *,
        read_only: bool = False,
        gate: Gate | None = None,
        reach: Reach | None = None,
    ) -> Self:
        """Open a store, or make a new one.

        Args:
            directory: Where it lies.
            read_only: Take no lock, so that it works beside a running service; sees the
                state of this moment.
            gate: Checks and completes each write before it is committed.
            reach: Hosts that LOAD and SERVICE may reach; none by default.

        Raises:
            StoreError: The directory is in use, damaged, of another version, or no store.
        """
        return cls(StoreFiles(Path(directory), read_only), read_only, gate, reach or Reach())

    def _load(self) -> None:
        """Read the state in force and the journal after it into memory."""
        self._snapshot = Snapshot()
        self._written: set[Quad] = set()
        self._removed: set[Quad] = set()
        self._state = State(store=secrets.token_hex(4), sequence=0)
        path = self._files.current()
        if path is None:
            if not self._read_only:
                self._replace((), self._state)
            return
        self._state = self._files.read_state(path)
        try:
            self._written, self._removed = (
                set(parse(path=str(path / name), format=RdfFormat.N_QUADS))
                for name in ("written.nq", "removed.nq")
            )
            self._snapshot = self._snapshot_of(path, self._state, self._state.repeats)
            records, length = journal.read(path / "journal")
        except (OSError, SyntaxError) as error:
            raise StoreError(
                f"The store in {self._files.directory} cannot be read.",
                found=str(error),
                hint="restore a backup with: ncpc-kg store restore BACKUP, or build a new store",
            ) from error
        for record in records:
            self._take(record.change)
            self._state = replace(self._state, sequence=record.sequence)
        if not self._read_only:
            self._files.sweep(keep=path)
            self._journal = journal.Journal(path / "journal", length)

    def _snapshot_of(self, path: Path, state: State, repeats: int | None = None) -> Snapshot:
        made = Snapshot()
        made.load_file(str(path / "base.nq"), self._written, self._removed, state.graphs, repeats)
        return made

    def _replace(self, base: Iterable[Quad], described: State) -> None:
        """Make a new state with another built part, on the disk and in memory."""
        path = self._files.stage(base, self._written, self._removed)
        snapshot = self._snapshot_of(path, described)
        described = replace(described, repeats=snapshot.repeats)
        self._files.activate(path, described)
        self._snapshot, self._state = snapshot, described
        if self._journal:
            self._journal.close()
        self._journal = journal.Journal(path / "journal", 0)

    # ------------------------------------------------------------------ reading

    @property
    def version(self) -> str:
        """Name of the store and number of its last write."""
        return f"{self._state.store}-{self._state.sequence}"

    @property
    def directory(self) -> Path:
        """Where the store lies."""
        return self._files.directory

    def fingerprint(self) -> str | None:
        """Hash of the inputs of the built part, as given to `replace_built`; None before."""
        return self._state.fingerprint

    def query(
        self,
        text: str,
        formats: Formats = Formats(),
        dataset: DatasetClause | None = None,
        limit: int | None = None,
    ) -> Answer:
        """Run a query to its end; see `Engine.query` and `Snapshot.query`."""
        self.check(text, dataset)
        with self._lock.reading():
            return self._snapshot.query(text, formats, dataset, limit)

    def check(self, text: str, dataset: DatasetClause | None) -> None:
        """Refuse a query that is nested too deeply or reaches for a host that is not allowed."""
        syntax.check_nesting(text)
        self.reach.check(text, dataset.base if dataset else None)

    def match(
        self, subject: Subject | None, predicate: NamedNode | None, object: Term | None
    ) -> Iterator[Quad]:
        """Matching statements of the union, each once (`engine.Reader`)."""
        with self._lock.reading():
            return iter(list(self._snapshot.match(subject, predicate, object)))

    def graphs(self) -> tuple[GraphName, ...]:
        """Names of the named graphs, empty ones included."""
        return self._snapshot.graphs()

    def has_graph(self, name: GraphName) -> bool:
        """Whether a named graph exists, be it empty."""
        return self._snapshot.has_graph(name)

    def graph(self, name: GraphName | DefaultGraph) -> tuple[Quad, ...]:
        """The statements of one graph; `DefaultGraph()` is the unnamed one."""
        with self._lock.reading():
            return tuple(self._snapshot.graph(name))

    def quads(self) -> Iterator[Quad]:
        """Every statement with its graph."""
        with self._lock.reading():
            return iter(list(self._snapshot.named))

    def __len__(self) -> int:
        return len(self._snapshot)

    @property
    def written(self) -> frozenset[Quad]:
        """Statements that users added; a rebuild keeps them."""
        return frozenset(self._written)

    @property
    def removed(self) -> frozenset[Quad]:
        """Built statements that users took away; a rebuild leaves them away."""
        return frozenset(self._removed)

    @property
    def snapshot(self) -> Snapshot:
        """The state in memory, for processes that fork from this one."""
        return self._snapshot

    @property
    def journal_bytes(self) -> int:
        """Bytes of the journal since the last build or compaction."""
        return self._journal.length if self._journal else 0

    def consult(self, head: Mapping[str, Any], body: bytes) -> Answer:
        """Ask the gate a question about entries, on the state of this moment.

        Raises:
            NotFound: The gate answers no questions.
            NcpcError: As the gate says.
        """
        answer = getattr(self.gate, "consult", None)
        if answer is None:
            raise NotFound("This service takes no entries.")
        return cast(Answer, answer(self, head, body))

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """The state of this moment, which no write changes until the block ends."""
        with self._lock.reading():
            yield self._snapshot

    @contextmanager
    def supposing(self, change: Change) -> Iterator[Snapshot]:
        """Make a change in memory for the time of a block, then take it back; other readers wait.

        Args:
            change: The change; nothing of it reaches the disk.
        """
        with self._lock.writing():
            snapshot = self._snapshot
            inserted = tuple(quad for quad in dict.fromkeys(change.inserted) if quad not in snapshot)
            deleted = tuple(quad for quad in dict.fromkeys(change.deleted) if quad in snapshot)
            names = {quad.graph_name for quad in inserted} - {DefaultGraph()}
            made = tuple(name for name in names if not snapshot.has_graph(name))  # type: ignore[arg-type]
            snapshot.apply(Change(inserted, deleted))
            try:
                yield snapshot
            finally:
                snapshot.apply(Change(deleted, inserted, dropped=made))  # type: ignore[arg-type]

    # ------------------------------------------------------------------ writing

    def replace_built(self, quads: Iterable[Quad], fingerprint: str) -> None:
        """Put a new built part in place of the old one, in one step; what is written stays.

        Args:
            quads: Everything that was built, derived statements included. Statements of
                the derived graphs must already follow from the written part, too.
            fingerprint: Hash of the inputs, kept for the next start.

        Raises:
            StoreError: It cannot be put on the disk; the old state stays in force.
        """
        self._refuse_read_only()
        with self._lock.writing():
            names = [quad.graph_name for quad in self._written]
            empty = [name for name in self._snapshot.graphs() if not any(self._snapshot.graph(name))]
            graphs = {name.value for name in (*names, *empty) if isinstance(name, NamedNode)}
            described = replace(
                self._state,
                sequence=self._state.sequence + 1,
                fingerprint=fingerprint,
                graphs=tuple(sorted(graphs)),
            )
            self._replace(quads, described)

    def compact(self) -> None:
        """Fold the journal into a new state, so that the next start need not read it."""
        self._refuse_read_only()
        with self._lock.writing():
            old = self._files.current()
            graphs = tuple(name.value for name in self._snapshot.graphs() if isinstance(name, NamedNode))
            described = replace(self._state, graphs=graphs)
            derived = {quad for name in self.derived for quad in self._snapshot.graph(name)}
            if old is None:
                return
            kept = (
                quad
                for quad in parse(path=str(old / "base.nq"), format=RdfFormat.N_QUADS)
                if quad.graph_name not in self.derived
            )
            self._replace((*kept, *derived), described)

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        """Apply a SPARQL update as one atomic, durable step; see `Engine.update`."""
        with self._writers:
            self.commit(self.prepare(text, using))

    def prepare(self, text: str, using: DatasetClause | None = None) -> Change:
        """Work out what an update would change and have the gate check it; changes nothing."""
        self._refuse_read_only()
        with self._lock.reading():
            change = plan(self._snapshot, text, using, self.reach, self.derived)
        return self.gated(change)

    def read_graph(self, name: str | None, media_type: str, limit: int | None = None) -> Answer:
        """Serialise one graph; see `GraphStore.read_graph`."""
        with self._lock.reading():
            return graphstore.read(self._snapshot, name, media_type, limit)

    def write_graph(self, write: GraphWrite) -> bool:
        """Replace, extend or remove a graph; see `GraphStore.write_graph`."""
        with self._writers:
            change, made = self.prepare_graph(write)
            self.commit(change)
        return made

    def prepare_graph(self, write: GraphWrite) -> tuple[Change, bool]:
        """Work out what a write to a graph would change; changes nothing."""
        self._refuse_read_only()
        with self._lock.reading():
            change, made = graphstore.plan(self._snapshot, write, self.derived)
        return self.gated(change), made

    def gated(self, change: Change) -> Change:
        """The change with what the gate adds to it.

        Raises:
            NotConforming: The gate refuses it.
        """
        return self.gate(change, self) if self.gate and change else change

    def commit(self, change: Change) -> None:
        """Put a change on the disk, then into the state that readers see.

        Raises:
            StoreError: The disk is full or fails; nothing was changed.
        """
        self._refuse_read_only()
        if not change or self._journal is None:
            return
        with self._lock.writing():
            sequence = self._state.sequence + 1
            self._journal.append(journal.Record(sequence, change))
            self._take(change)
            self._state = replace(self._state, sequence=sequence)

    def _take(self, change: Change) -> None:
        """Make a committed change in memory and in the patch over the built part."""
        for quad in change.deleted:
            if quad.graph_name in self.derived or quad not in self._snapshot:
                continue
            if quad in self._written:
                self._written.discard(quad)
            else:
                self._removed.add(quad)
        for quad in change.inserted:
            if quad.graph_name in self.derived:
                continue
            if quad in self._removed:
                self._removed.discard(quad)
            elif quad not in self._snapshot or quad in change.deleted:
                self._written.add(quad)
        self._snapshot.apply(change)

    # ------------------------------------------------------------------ keeping

    def backup(self, target: Path | str) -> None:
        """Copy the state of this moment to a new directory, which is a store again.

        Works while the store is in use, from this process or (opened read-only) another.

        Raises:
            StoreError: The target exists already, or cannot be written.
        """
        target = Path(target)
        state = self._files.current()
        if state is None:
            raise StoreError("There is nothing to back up.", found=str(self.directory))
        if target.exists():
            raise StoreError(f"{target} exists already.", hint="name a directory that does not exist yet")
        beside = target.with_name(target.name + ".part")
        try:
            shutil.rmtree(beside, ignore_errors=True)
            copied = beside / state.name
            copied.mkdir(parents=True)
            for name in ("base.nq", "written.nq", "removed.nq", "state.json"):
                shutil.copyfile(state / name, copied / name)
            _, length = journal.read(state / "journal")
            (copied / "journal").write_bytes((state / "journal").read_bytes()[:length])
            for name in ("format", "current"):
                shutil.copyfile(self.directory / name, beside / name)
            (beside / "current").write_text(f"{state.name}\n", encoding="utf-8")
            for path in beside.rglob("*"):
                if path.is_file():
                    with path.open("rb") as file:
                        os.fsync(file.fileno())
            beside.rename(target)
        except OSError as error:
            shutil.rmtree(beside, ignore_errors=True)
            raise StoreError(
                "The backup could not be written.",
                found=str(error),
                hint="look whether the place exists, is writable and has space; then try again",
            ) from error

    def restore(self, source: Path | str) -> None:
        """Put the state of a backup in place of this store's, in one step.

        Raises:
            StoreError: The source is no whole store.
        """
        self._refuse_read_only()
        backup = Store.open(source, read_only=True)
        with self._lock.writing():
            described = replace(
                backup._state,
                store=self._state.store,
                sequence=self._state.sequence + 1,
                graphs=tuple(name.value for name in backup.graphs() if isinstance(name, NamedNode)),
            )
            base = {quad for quad in backup.quads() if quad not in backup._written} | backup._removed
            before = self._written, self._removed
            self._written, self._removed = set(backup._written), set(backup._removed)
            try:
                self._replace(base, described)
            except StoreError:
                self._written, self._removed = before
                raise

    def _refuse_read_only(self) -> None:
        if self._read_only:
            raise StoreError("This store was opened for reading only.", hint="open it without read_only")

    def close(self) -> None:
        """Close the files and let another process have the store."""
        if self._journal:
            self._journal.close()
            self._journal = None
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _ReadWriteLock:
    """Many readers or one writer: a reader sees the state before or after a write."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writer = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: not self._writer)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: not self._writer)
            self._writer = True
            self._condition.wait_for(lambda: not self._readers)
        try:
            yield
        finally:
            with self._condition:
                self._writer = False
                self._condition.notify_all()
