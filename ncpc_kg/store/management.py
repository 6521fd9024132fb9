"""LOAD and the operations on whole graphs (SPARQL 1.1 Update, sections 3.1.4, 3.1.5 and 3.2)."""

from __future__ import annotations

from dataclasses import replace

from pyoxigraph import DefaultGraph, NamedNode, Quad

from ncpc_kg.engine import Change
from ncpc_kg.errors import Forbidden, QueryError, ServiceError, TooLarge
from ncpc_kg.store.changes import AnyGraph, adding, combine, dropping, replacing
from ncpc_kg.store.documents import parse_graph
from ncpc_kg.store.operations import Operation
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import Snapshot


def effect(state: Snapshot, operation: Operation, reach: Reach) -> Change:
    """The change that one of these operations makes; none where it fails in silence.

    Raises:
        Forbidden, QueryError, ServiceError, TooLarge: It fails.
    """
    silent = operation.tokens[1].word == "SILENT" if len(operation.tokens) > 1 else False
    try:
        return _change(state, operation, 2 if silent else 1, reach)
    except (Forbidden, QueryError, ServiceError, TooLarge):
        if silent:
            return Change()
        raise


def out_of_reach(load: Operation) -> str:
    """The text of a LOAD with addresses that lead nowhere, so that the engine only parses it.

    Raises:
        QueryError: An address is none, or its prefix is not declared.
    """
    words = [token.text for token in load.tokens]
    for at, token in enumerate(load.tokens):
        if token.kind in ("iri", "name"):
            load.resolve(at)
            words[at] = "<urn:nowhere>"
    return " ".join(words)


def _change(state: Snapshot, operation: Operation, at: int, reach: Reach) -> Change:
    word = operation.word
    if word == "LOAD":
        return _load(state, operation, at, reach)
    if word == "CREATE":
        name = NamedNode(operation.resolve(at + 1))
        if state.has_graph(name):
            raise operation.failed(at + 1, "This graph exists already.")
        return Change(created=(name,))
    if word in ("CLEAR", "DROP"):
        change = Change()
        for graph in _targets(state, operation, at, missing_fails=word == "DROP"):
            one = dropping(state, graph)
            change = combine(change, one if word == "DROP" else replace(one, dropped=()))
        return change
    source, at = _graph_or_default(operation, at)
    target, _ = _graph_or_default(operation, at + 1)
    if not isinstance(source, DefaultGraph) and not state.has_graph(source):
        raise operation.failed(1, "The source graph does not exist.")
    if source == target:
        return Change()
    moved = [Quad(q.subject, q.predicate, q.object, target) for q in state.graph(source)]
    if word == "ADD":
        return adding(state, target, moved)
    change = replacing(state, target, moved)
    return combine(change, dropping(state, source)) if word == "MOVE" else change


def _load(state: Snapshot, operation: Operation, at: int, reach: Reach) -> Change:
    iri = operation.resolve(at)
    target: AnyGraph = DefaultGraph()
    if len(operation.tokens) > at + 3:
        target = NamedNode(operation.resolve(at + 3))
    body, media_type = reach.fetch(iri)
    return adding(state, target, parse_graph(body, media_type, iri, target))


def _targets(state: Snapshot, operation: Operation, at: int, missing_fails: bool) -> list[AnyGraph]:
    word = operation.tokens[at].word
    if word == "DEFAULT":
        return [DefaultGraph()]
    if word in ("NAMED", "ALL"):
        return [*state.graphs(), *([DefaultGraph()] if word == "ALL" else [])]
    name = NamedNode(operation.resolve(at + 1))
    if missing_fails and not state.has_graph(name):
        raise operation.failed(at + 1, "This graph does not exist.")
    return [name]


def _graph_or_default(operation: Operation, at: int) -> tuple[AnyGraph, int]:
    token = operation.tokens[at]
    if token.word == "DEFAULT":
        return DefaultGraph(), at + 1
    if token.word == "GRAPH":
        at += 1
    return NamedNode(operation.resolve(at)), at + 1
