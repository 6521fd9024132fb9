"""Validate a whole dataset, some of its nodes, or a change that is not made yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from pyoxigraph import Triple

from ncpc_kg.engine import Change, Quads, Subject, Term
from ncpc_kg.errors import Place
from ncpc_kg.graph import Converter, Dataset
from ncpc_kg.validation.evaluation import DataGraph
from ncpc_kg.validation.findings import Finding, Report, make_report
from ncpc_kg.validation.paths import Inverse, Predicate
from ncpc_kg.validation.shapes import Shapes
from ncpc_kg.validation.view import HIDDEN as HIDDEN
from ncpc_kg.validation.view import SUBCLASS, View

# Says where a statement stands: subject, property, value; less where less is known.
Places = Callable[..., Place | None]

# Shapes, by index, with the nodes to check against each.
Work = dict[int, set[Term]]

_NONE: frozenset[int] = frozenset()


def validate(dataset: Dataset, shapes: Shapes) -> Report:
    """Validate what a dataset asserts, its ontology included (SHACL, section 3.4).

    Args:
        dataset: Ontology and data; the graph of inferred statements is left out.
        shapes: The shapes.

    Returns:
        The findings, each with its file and line where the dataset knows them.

    Raises:
        SourceError: A shape cannot be evaluated.
    """
    view = View(dataset.store, HIDDEN)
    return run_work(shapes, all_work(shapes, view), view.match(None, None, None), dataset.place)


def validate_nodes(store: Quads, shapes: Shapes, nodes: Iterable[Term]) -> Report:
    """Validate some nodes.

    Args:
        store: The state.
        shapes: The shapes.
        nodes: The nodes.

    Returns:
        What a full run finds for them.

    Raises:
        SourceError: A shape cannot be evaluated, or looks too far for this.
    """
    view = View(store, HIDDEN)
    work: Work = {}
    for node in set(nodes):
        for index in shapes.targets.shapes(view, node):
            work.setdefault(index, set()).add(node)
    return run_work(shapes, work, small_graph(view, shapes, work), None)


def validate_change(store: Quads, change: Change, shapes: Shapes) -> Report:
    """Validate what a change touches, as if it were made.

    Args:
        store: The state before the change.
        change: Statements added and removed.
        shapes: The shapes.

    Returns:
        What a full run on the state after the change finds for every node whose verdict
        the change can have altered.

    Raises:
        SourceError: A shape cannot be evaluated, or looks too far for this.
    """
    after = View(store, HIDDEN, change)
    work, triples = touched(store, change, shapes, after)
    return run_work(shapes, work, triples, None)


def touched(store: Quads, change: Change, shapes: Shapes, after: View) -> tuple[Work, set[Triple]]:
    """Find what a change touches.

    Args:
        store: The state before the change.
        change: Statements added and removed.
        shapes: The shapes.
        after: The state after the change.

    Returns:
        Shapes, by index, with nodes; and the statements that they look at.
    """
    work = find_work(store, change, shapes, after)
    if work is None:
        # A class hierarchy reaches everywhere.
        return all_work(shapes, after), set(after.match(None, None, None))
    return work, small_graph(after, shapes, work)


def all_work(shapes: Shapes, view: View) -> Work:
    """Find all nodes that each shape targets.

    Args:
        shapes: The shapes.
        view: The data.

    Returns:
        Shapes, by index, with nodes.
    """
    return {index: shapes.targets.nodes(view, index) for index in range(len(shapes.nodes))}


def find_work(store: Quads, change: Change, shapes: Shapes, after: View) -> Work | None:
    """Find the shapes and nodes whose verdict a change may alter.

    Args:
        store: The state before the change.
        change: Statements added and removed.
        shapes: The shapes.
        after: The state after the change.

    Returns:
        Shapes, by index, with nodes; None if the change touches the class hierarchy.
    """
    reach, targets = shapes.reach, shapes.targets
    before = View(store, HIDDEN)
    concerned: dict[Term, set[int]] = {}
    reached: dict[Term, set[int]] = {}
    for view, other, quads in ((after, before, change.inserted), (before, after, change.deleted)):
        for triple in {quad.triple for quad in quads if quad.graph_name not in HIDDEN}:
            if triple.predicate == SUBCLASS:
                return None
            for indexes, node in reach.concerned(view, other, triple):
                concerned.setdefault(node, set()).update(indexes)
            for indexes, node in targets.through(view, triple):
                reached.setdefault(node, set()).update(indexes)
    # Who was targeted before is no news; a hub would be looked at again for nothing.
    for node, numbers in reached.items():
        if new := numbers - concerned.get(node, _NONE):
            kinds = before.types(node)
            fresh = {index for index in new if not targets.holds(before, index, node, kinds)}
            concerned.setdefault(node, set()).update(fresh)
    work: Work = {}
    for node, numbers in concerned.items():
        kinds = after.types(node)
        for index in numbers:
            if targets.holds(after, index, node, kinds):
                work.setdefault(index, set()).add(node)
    return work


def small_graph(view: View, shapes: Shapes, work: Work) -> set[Triple]:
    """Collect all that shapes look at, and no more.

    Args:
        view: Where to look it up.
        shapes: The shapes.
        work: Shapes, by index, with the nodes to check.

    Returns:
        The statements, those of the class hierarchy included.
    """
    triples = set(view.match(None, SUBCLASS, None))
    for node, indexes in by_node(work).items():
        shapes.reach.fetch(view, frozenset(indexes), node, triples)
    return triples


def by_node(work: Work) -> dict[Term, list[int]]:
    """Turn work round: nodes with the shapes, by index, to check them against."""
    turned: dict[Term, list[int]] = {}
    for index, nodes in work.items():
        for node in nodes:
            turned.setdefault(node, []).append(index)
    return turned


def run_work(shapes: Shapes, work: Work, triples: Iterable[Triple], place: Places | None) -> Report:
    """Check nodes on a graph that holds all that their shapes look at.

    Args:
        shapes: The shapes.
        work: Shapes, by index, with the nodes to check.
        triples: The statements.
        place: Says where a statement stands, for the findings.

    Returns:
        The findings.
    """
    data = fill(shapes.processor.data(), triples)
    convert = Converter()
    found = shapes.processor.run(
        data, ((shapes.nodes[index], map(convert, nodes)) for index, nodes in sorted(work.items()))
    )
    located = (
        found if place is None else (replace(finding, where=locate(finding, place)) for finding in found)
    )
    return make_report(located, sum(map(len, work.values())))


def fill(data: DataGraph, triples: Iterable[Triple]) -> DataGraph:
    """Copy statements into a graph for pySHACL.

    Args:
        data: The graph.
        triples: The statements.

    Returns:
        The graph.
    """
    convert = Converter()
    store, context = data.store, data
    for triple in triples:
        store.add((convert(triple.subject), convert(triple.predicate), convert(triple.object)), context)
    return data


def locate(finding: Finding, place: Places) -> Place | None:
    """Find the statement a finding is about.

    Args:
        finding: The finding.
        place: Says where statements stand.

    Returns:
        The place of the offending statement, or else of the property, or of the node.
    """
    focus, path, value = finding.focus, finding.path, finding.value
    if not isinstance(focus, Subject):
        return None
    if isinstance(path, Predicate):
        return place(focus, path.name, value)
    if isinstance(path, Inverse) and isinstance(path.path, Predicate) and isinstance(value, Subject):
        return place(value, path.path.name, focus)
    return place(focus)
