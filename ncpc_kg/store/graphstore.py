"""Whole graphs, read and written (SPARQL 1.1 Graph Store HTTP Protocol, section 5)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pyoxigraph import DefaultGraph, NamedNode, Quad

from ncpc_kg.engine import Answer, Change, GraphWrite
from ncpc_kg.errors import Conflict, NotFound, PreconditionFailed
from ncpc_kg.store.changes import AnyGraph, adding, dropping, replacing
from ncpc_kg.store.documents import parse_graph
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.store.snapshot import Snapshot


def read(snapshot: Snapshot, name: str | None, media_type: str, limit: int | None = None) -> Answer:
    """Serialise a graph.

    Args:
        snapshot: The state to read.
        name: IRI of the graph; None for the unnamed one, which always exists.
        media_type: What to serialise it in.
        limit: Largest result, bytes.

    Raises:
        NotFound: There is no such graph.
        TooLarge: The result is larger than `limit`.
    """
    graph = _graph(name)
    if not _exists(snapshot, graph):
        raise _missing(name)
    quads = list(snapshot.graph(graph))
    body = graph_bytes((quad.triple for quad in quads), media_type, limit)
    return Answer("graph", media_type, body, tag=tag(quads))


def tag(quads: Iterable[Quad]) -> str:
    """A name for the statements of a graph that changes when they do."""
    lines = sorted(str(quad.triple) for quad in quads)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:20]


def plan(
    snapshot: Snapshot, write: GraphWrite, derived: frozenset[NamedNode] = frozenset()
) -> tuple[Change, bool]:
    """The change a write makes, and whether the graph comes into being by it.

    Raises:
        PreconditionFailed: The graph is not in the state that the client expects.
        NotFound: A graph that does not exist cannot be deleted.
        Conflict: The graph is worked out from others.
        QueryError: A document is not well-formed.
    """
    graph = _graph(write.name)
    if graph in derived:
        raise Conflict(
            "This graph is worked out from the others; nobody can write into it.",
            found=write.name,
            hint="write into another graph",
        )
    exists = _exists(snapshot, graph)
    if write.if_match is not None or write.if_none_match is not None:
        check_conditions(write, tag(snapshot.graph(graph)) if exists else None)
    if write.method == "delete":
        if not exists:
            raise _missing(write.name)
        return dropping(snapshot, graph), False
    quads = [
        quad for body, media_type in write.parts for quad in parse_graph(body, media_type, write.base, graph)
    ]
    empty_default = graph == DefaultGraph() and next(snapshot.graph(graph), None) is None
    change = replacing(snapshot, graph, quads) if write.method == "put" else adding(snapshot, graph, quads)
    return change, not exists or empty_default


def check_conditions(write: GraphWrite, now: str | None) -> None:
    """If-Match and If-None-Match (RFC 9110, section 13.1).

    Args:
        write: What shall be written.
        now: The tag of the graph; None where there is none.

    Raises:
        PreconditionFailed: The graph is not in the state that the client expects.
    """
    for tags, wanted in ((write.if_match, True), (write.if_none_match, False)):
        if tags is not None and (now is not None and ("*" in tags or now in tags)) != wanted:
            raise PreconditionFailed(
                "The graph is not in the state that the request expects.",
                found=f"the tag {now}" if now else "no such graph",
                hint="get the graph again and repeat your change on its present state",
            )


def _graph(name: str | None) -> AnyGraph:
    return DefaultGraph() if name is None else NamedNode(name)


def _exists(snapshot: Snapshot, graph: AnyGraph) -> bool:
    return isinstance(graph, DefaultGraph) or snapshot.has_graph(graph)


def _missing(name: str | None) -> NotFound:
    return NotFound("There is no such graph.", found=name, hint="GET /graphs lists those that exist")
