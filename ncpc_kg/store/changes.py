"""Changes to a state as plain data: what makes a graph so, and what two of them make together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pyoxigraph import DefaultGraph, Quad

from ncpc_kg.engine import Change
from ncpc_kg.store.snapshot import GraphName, Snapshot

AnyGraph = GraphName | DefaultGraph
One = TypeVar("One")


def combine(first: Change, second: Change) -> Change:
    """The change that two changes make one after the other."""
    inserted, deleted = _net(first.inserted, first.deleted, second.inserted, second.deleted)
    created, dropped = _net(first.created, first.dropped, second.created, second.dropped)
    return Change(inserted, deleted, created, dropped)


def _net(
    came: Iterable[One], went: Iterable[One], come: Iterable[One], go: Iterable[One]
) -> tuple[tuple[One, ...], tuple[One, ...]]:
    """What came and what went in all; what did both is in neither."""
    more, fewer = dict.fromkeys(came), dict.fromkeys(went)
    for one in go:
        if one in more:
            del more[one]
        else:
            fewer[one] = None
    for one in come:
        if one in fewer:
            del fewer[one]
        else:
            more[one] = None
    return tuple(more), tuple(fewer)


def replacing(snapshot: Snapshot, name: AnyGraph, quads: Iterable[Quad]) -> Change:
    """The change that makes a graph hold exactly some statements."""
    wanted = dict.fromkeys(quads)
    present = set(snapshot.graph(name))
    return Change(
        tuple(quad for quad in wanted if quad not in present),
        tuple(quad for quad in present if quad not in wanted),
        missing(snapshot, [name]),
    )


def adding(snapshot: Snapshot, name: AnyGraph, quads: Iterable[Quad]) -> Change:
    """The change that adds statements to a graph."""
    fresh = tuple(quad for quad in dict.fromkeys(quads) if quad not in snapshot)
    return Change(inserted=fresh, created=missing(snapshot, [name]))


def dropping(snapshot: Snapshot, name: AnyGraph) -> Change:
    """The change that empties a graph and, if it has a name, makes it go."""
    dropped = (name,) if not isinstance(name, DefaultGraph) and snapshot.has_graph(name) else ()
    return Change(deleted=tuple(snapshot.graph(name)), dropped=dropped)


def missing(snapshot: Snapshot, names: Iterable[AnyGraph]) -> tuple[GraphName, ...]:
    """Those of some graphs that do not exist."""
    return tuple(
        name
        for name in dict.fromkeys(names)
        if not isinstance(name, DefaultGraph) and not snapshot.has_graph(name)
    )
