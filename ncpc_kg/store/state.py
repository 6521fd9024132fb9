"""What a store directory holds, in memory, and each way in which it changes.

What is *built* comes from files and is replaced as a whole; what is *written* comes from
updates and stays, as a patch over the built part. Derived statements (the closure) belong to
the built part. Every change is on the disk before it is in memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pyoxigraph import NamedNode, Quad, RdfFormat, parse, serialize

from ncpc_kg.engine import Change
from ncpc_kg.errors import StoreError
from ncpc_kg.store import journal
from ncpc_kg.store.durable import sync
from ncpc_kg.store.files import State, StoreFiles, damaged
from ncpc_kg.store.patch import Patch
from ncpc_kg.store.snapshot import Snapshot


class DurableState:
    """The state of a store that this process has open.

    Args:
        directory: The store directory; made if it does not exist.
        read_only: Take no lock and change nothing.
        derived: Graphs that are worked out from the others.

    Attributes:
        snapshot: The statements.
        patch: What of them users wrote.

    Raises:
        StoreError: The directory is in use, damaged, of another version, or no store.
    """

    def __init__(self, directory: Path, read_only: bool, derived: frozenset[NamedNode]) -> None:
        self.files = StoreFiles(directory, read_only)
        self.read_only = read_only
        self.derived = derived
        self.snapshot, self.patch = Snapshot(), Patch()
        self._about = State(store=secrets.token_hex(4), sequence=0)
        self._journal: journal.Journal | None = None
        try:
            self._load()
        except BaseException:
            self.close()
            raise

    def _load(self) -> None:
        path = self.files.current()
        if path is None and not self.read_only:
            self._replace((), self._about)
        while path is not None:
            try:
                self._read(path)
                return
            except StoreError:
                newer = self.files.current()
                if newer == path:
                    raise
                path = newer  # a service put another state in force meanwhile

    def _read(self, path: Path) -> None:
        """Read a state and the journal after it."""
        about = self.files.read_state(path)
        try:
            self.patch = Patch.read(path)
            self.snapshot = self._snapshot_of(path, about)
            records, length = journal.read(path / "journal", about.sequence)
            if not self.read_only:
                sync(self.files.directory)
                self.files.sweep(keep=path)
                self._journal = journal.Journal(path / "journal", length)
        except (OSError, SyntaxError) as error:
            raise damaged(self.files.directory, str(error)) from error
        for record in records:
            self._take(record.change)
        self._about = replace(about, sequence=about.sequence + len(records))

    def _snapshot_of(self, path: Path, about: State) -> Snapshot:
        made = Snapshot()
        made.load_file(
            str(path / "base.nq"), self.patch.written, self.patch.removed, about.graphs, about.repeats
        )
        return made

    @property
    def version(self) -> str:
        """Name of the store and number of its last write."""
        return f"{self._about.store}-{self._about.sequence}"

    @property
    def fingerprint(self) -> str | None:
        """Hash of the inputs of the built part; None before a build."""
        return self._about.fingerprint

    @property
    def journal_bytes(self) -> int:
        """Bytes of the journal since the last build or compaction."""
        return self._journal.length if self._journal else 0

    def replace_built(self, quads: Iterable[Quad], fingerprint: str) -> None:
        """Put a new built part in place of the old one, in one step.

        Raises:
            StoreError: It cannot be put on the disk; the old state stays in force.
        """
        self.refuse_read_only()
        names = [quad.graph_name for quad in self.patch.written]
        empty = [name for name in self.snapshot.graphs() if not any(self.snapshot.graph(name))]
        graphs = {name.value for name in (*names, *empty) if isinstance(name, NamedNode)}
        sequence = self._about.sequence + 1
        about = replace(
            self._about,
            sequence=sequence,
            fingerprint=fingerprint,
            graphs=tuple(sorted(graphs)),
            repeats=None,
        )
        self._replace(quads, about)

    def compact(self) -> None:
        """Fold the journal into a new state.

        Raises:
            StoreError: It cannot be put on the disk; the old state stays in force.
        """
        self.refuse_read_only()
        path = self.files.current()
        if path is None:
            return
        graphs = tuple(name.value for name in self.snapshot.graphs() if isinstance(name, NamedNode))
        derived = {quad for name in self.derived for quad in self.snapshot.graph(name)}
        kept = (
            quad
            for quad in parse(path=str(path / "base.nq"), format=RdfFormat.N_QUADS)
            if quad.graph_name not in self.derived
        )
        self._replace((*kept, *derived), replace(self._about, graphs=graphs, repeats=None))

    def _replace(self, base: Iterable[Quad], about: State) -> None:
        """Make a new state with another built part, on the disk and then in memory."""
        old = self.files.current()
        try:
            with self.files.new_state() as path:
                serialize(base, str(path / "base.nq"), RdfFormat.N_QUADS)
                self.patch.write(path)
                snapshot = self._snapshot_of(path, about)
                about = replace(about, repeats=snapshot.repeats)
                fresh = journal.Journal(path / "journal")
                self.files.activate(path, about)
        except StoreError:
            if self.files.current() != old:
                self._close_journal()  # nobody can say which of the two the next start finds
            raise
        self._close_journal()
        self.snapshot, self._about, self._journal = snapshot, about, fresh
        self.files.sweep(keep=path)

    def commit(self, change: Change) -> None:
        """Put a change on the disk, then into memory.

        Raises:
            StoreError: The disk is full or fails; nothing was changed.
        """
        self.refuse_read_only()
        if not change:
            return
        if self._journal is None:
            raise StoreError(
                "This store takes no writes any more: it was closed, or its disk failed.",
                hint="open it again, or restart the service",
            )
        sequence = self._about.sequence + 1
        self._journal.append(journal.Record(sequence, change))
        self._take(change)
        self._about = replace(self._about, sequence=sequence)

    def _take(self, change: Change) -> None:
        self.patch.take(change, self.snapshot, self.derived)
        self.snapshot.apply(change)

    def refuse_read_only(self) -> None:
        """Refuse a write where the store was opened for reading only.

        Raises:
            StoreError: It was.
        """
        if self.read_only:
            raise StoreError("This store was opened for reading only.", hint="open it without read_only")

    def close(self) -> None:
        """Close the files and let another process have the store."""
        self._close_journal()
        self.files.close()

    def _close_journal(self) -> None:
        if self._journal:
            self._journal.close()
            self._journal = None
