"""The embedded engine: a durable directory, answered from memory."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from pyoxigraph import DefaultGraph, NamedNode, Quad

from ncpc_kg.engine import Answer, Change, DatasetClause, Formats, GraphWrite
from ncpc_kg.store import graphstore, syntax
from ncpc_kg.store.gate import Gate
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import GraphName, Snapshot
from ncpc_kg.store.state import DurableState
from ncpc_kg.store.updates import plan
from ncpc_kg.vocabulary import INFERRED


class Store:
    """A store directory opened by this process; implements `Engine` and `GraphStore`.

    Queries here run in the caller's thread, one at a time, and cannot be stopped; `workers`
    puts this behind processes that can. Open one with `Store.open`.
    """

    derived = frozenset({NamedNode(str(INFERRED))})

    def __init__(self, state: DurableState, gate: Gate | None, reach: Reach) -> None:
        self._state = state
        self.gate = gate
        self.reach = reach
        self._lock = threading.RLock()  # a reader sees the state before or after a write

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
        return cls(DurableState(Path(directory), read_only, cls.derived), gate, reach or Reach())

    # ------------------------------------------------------------------ reading

    @property
    def version(self) -> str:
        """Name of the store and number of its last write."""
        return self._state.version

    @property
    def directory(self) -> Path:
        """Where the store lies."""
        return self._state.files.directory

    def fingerprint(self) -> str | None:
        """Hash of the inputs of the built part, as given to `replace_built`; None before."""
        return self._state.fingerprint

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        """Run a query to its end; see `Engine.query`."""
        self.check(text, dataset)
        with self._lock:
            return self.snapshot.query(text, formats, dataset)

    def check(self, text: str, dataset: DatasetClause | None) -> None:
        """Refuse a query that is nested too deeply or reaches for a host that is not allowed."""
        syntax.check_nesting(text)
        self.reach.check(text, dataset.base if dataset else None)

    def graphs(self) -> tuple[GraphName, ...]:
        """Names of the named graphs, empty ones included."""
        return self.snapshot.graphs()

    def has_graph(self, name: GraphName) -> bool:
        """Whether a named graph exists, be it empty."""
        return self.snapshot.has_graph(name)

    def graph(self, name: GraphName | DefaultGraph) -> tuple[Quad, ...]:
        """The statements of one graph; `DefaultGraph()` is the unnamed one."""
        with self._lock:
            return tuple(self.snapshot.graph(name))

    def quads(self) -> Iterator[Quad]:
        """Every statement with its graph."""
        with self._lock:
            return iter(list(self.snapshot.named))

    def __len__(self) -> int:
        return len(self.snapshot)

    @property
    def written(self) -> frozenset[Quad]:
        """Statements that users added; a rebuild keeps them."""
        return frozenset(self._state.patch.written)

    @property
    def removed(self) -> frozenset[Quad]:
        """Built statements that users took away; a rebuild leaves them away."""
        return frozenset(self._state.patch.removed)

    @property
    def snapshot(self) -> Snapshot:
        """The state in memory, for processes that fork from this one."""
        return self._state.snapshot

    @property
    def journal_bytes(self) -> int:
        """Bytes of the journal since the last build or compaction."""
        return self._state.journal_bytes

    def consult(self, head: Mapping[str, Any], body: bytes) -> Answer:
        """Ask the gate a question about entries, on the state of this moment.

        Raises:
            NotFound: The gate answers no questions.
            NcpcError: As the gate says.
        """
        return (self.gate or Gate()).consult(self, head, body)

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """The state of this moment, which no write changes until the block ends."""
        with self._lock:
            yield self.snapshot

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
        with self._lock:
            self._state.replace_built(quads, fingerprint)

    def compact(self) -> None:
        """Fold the journal into a new state, so that the next start need not read it.

        Raises:
            StoreError: It cannot be put on the disk; the old state stays in force.
        """
        with self._lock:
            self._state.compact()

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        """Apply a SPARQL update as one atomic, durable step; see `Engine.update`."""
        self._state.refuse_read_only()
        with self._lock:
            self.commit(self.gated(plan(self.snapshot, text, using, self.reach, self.derived)))

    def read_graph(self, name: str | None, media_type: str, limit: int | None = None) -> Answer:
        """Serialise one graph; see `GraphStore.read_graph`."""
        with self._lock:
            return graphstore.read(self.snapshot, name, media_type, limit)

    def write_graph(self, write: GraphWrite) -> bool:
        """Replace, extend or remove a graph; see `GraphStore.write_graph`."""
        with self._lock:
            change, made = self.prepare_graph(write)
            self.commit(change)
        return made

    def prepare_graph(self, write: GraphWrite) -> tuple[Change, bool]:
        """Work out what a write to a graph would change; changes nothing."""
        self._state.refuse_read_only()
        with self._lock:
            change, made = graphstore.plan(self.snapshot, write, self.derived)
        return self.gated(change), made

    def gated(self, change: Change) -> Change:
        """The change with what the gate adds to it.

        Raises:
            NotConforming: The gate refuses it.
        """
        return self.gate(change, self) if self.gate and change else change

    def commit(self, change: Change) -> None:
        """Put a change on the disk, then into the state that readers see, and tell the gate of it.

        Raises:
            StoreError: The disk is full or fails; nothing was changed.
        """
        with self._lock:
            before = self.version
            self._state.commit(change)
            if self.gate:
                self.gate.follow(self, change, before)

    def close(self) -> None:
        """Close the files and let another process have the store."""
        self._state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
