"""What users changed of what was built: statements added to it, statements taken from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pyoxigraph import NamedNode, Quad, RdfFormat, parse, serialize

from ncpc_kg.engine import Change
from ncpc_kg.store.snapshot import Snapshot

_WRITTEN, _REMOVED = "written.nq", "removed.nq"


@dataclass
class Patch:
    """A patch over the built part of a state."""

    written: set[Quad] = field(default_factory=set)
    removed: set[Quad] = field(default_factory=set)

    @classmethod
    def read(cls, state: Path) -> Self:
        """Read the patch of a state.

        Raises:
            OSError, SyntaxError: Its files cannot be read.
        """
        written, removed = (
            set(parse(path=str(state / name), format=RdfFormat.N_QUADS)) for name in (_WRITTEN, _REMOVED)
        )
        return cls(written, removed)

    def write(self, state: Path) -> None:
        """Write the patch into the directory of a state.

        Raises:
            OSError: It cannot be written.
        """
        serialize(self.written, str(state / _WRITTEN), RdfFormat.N_QUADS)
        serialize(self.removed, str(state / _REMOVED), RdfFormat.N_QUADS)

    def take(self, change: Change, before: Snapshot, derived: frozenset[NamedNode]) -> None:
        """Take a write into the patch.

        Args:
            change: The write.
            before: The state that it changes.
            derived: Graphs that are worked out, of which nothing is anybody's writing.
        """
        for quad in change.deleted:
            if quad.graph_name in derived or quad not in before:
                continue
            if quad in self.written:
                self.written.discard(quad)
            else:
                self.removed.add(quad)
        for quad in change.inserted:
            if quad.graph_name in derived:
                continue
            if quad in self.removed:
                self.removed.discard(quad)
            elif quad not in before or quad in change.deleted:
                self.written.add(quad)
