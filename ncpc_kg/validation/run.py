"""Validate a whole dataset, some of its nodes, or a change that is not made yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

import rdflib
from pyoxigraph import NamedNode, Triple
from rdflib import SH
from rdflib.term import Node

from ncpc_kg.engine import Change, Quads, Subject, Term
from ncpc_kg.errors import Place
from ncpc_kg.graph import Converter, Dataset, from_rdflib
from ncpc_kg.validation.findings import Finding, Report, make_report
from ncpc_kg.validation.paths import Inverse, Predicate
from ncpc_kg.validation.processor import DataGraph, Processor
from ncpc_kg.validation.reach import Reach
from ncpc_kg.validation.view import SUBCLASS, TYPE, View
from ncpc_kg.vocabulary import INFERRED

HIDDEN = frozenset({NamedNode(str(INFERRED))})

# Says where a statement stands: subject, property, value; less where less is known.
Places = Callable[..., Place | None]

# Shapes, by index, with the nodes to check against each.
Work = dict[int, set[Term]]


class Shapes:
    """Shapes made ready to validate with; make it once and use it for every run.

    Args:
        graph: The shapes.

    Raises:
        SourceError: The shapes are not well formed.
    """

    def __init__(self, graph: rdflib.Graph) -> None:
        self.graph = graph
        self.processor = Processor(graph)
        targets = list(self.processor.targets())
        self.nodes: tuple[Node, ...] = tuple(node for node, _ in targets)
        self.targets: tuple[Mapping[Node, frozenset[Term]], ...] = tuple(
            {name: frozenset(map(from_rdflib, values)) for name, values in found.items()}
            for _, found in targets
        )
        self._reach: Reach | None = None

    @property
    def reach(self) -> Reach:
        """How far the shapes look; worked out when first needed."""
        if self._reach is None:
            self._reach = Reach(self.processor.graph, self.nodes)
        return self._reach

    def targeted(self, view: View, index: int) -> set[Term]:
        """Return the nodes that one shape targets (SHACL, section 2.1.3)."""
        found = self.targets[index]
        nodes: set[Term] = set(found[SH.targetNode])
        for name in found[SH.targetClass]:
            for kind in view.subclasses(name):
                nodes.update(cast(Term, triple.subject) for triple in view.match(None, TYPE, kind))
        for name in found[SH.targetSubjectsOf]:
            pattern = view.match(None, cast(NamedNode, name), None)
            nodes.update(cast(Term, triple.subject) for triple in pattern)
        for name in found[SH.targetObjectsOf]:
            pattern = view.match(None, cast(NamedNode, name), None)
            nodes.update(cast(Term, triple.object) for triple in pattern)
        return nodes

    def targets_node(self, view: View, index: int, node: Term) -> bool:
        """Say whether one shape targets a node."""
        found = self.targets[index]
        if node in found[SH.targetNode] or found[SH.targetClass] & view.types(node):
            return True
        if isinstance(node, Subject) and any(
            next(view.match(node, cast(NamedNode, name), None), None) for name in found[SH.targetSubjectsOf]
        ):
            return True
        return any(
            next(view.match(None, cast(NamedNode, name), node), None) for name in found[SH.targetObjectsOf]
        )


def read_shapes(shapes: Dataset, graphs: Collection[NamedNode] = ()) -> Shapes:
    """Make shapes ready to validate with.

    Args:
        shapes: The parsed shape files.
        graphs: Which of them; none means all.

    Returns:
        The shapes.

    Raises:
        SourceError: A shape is not well formed.
    """
    return Shapes(shapes.to_rdflib(*graphs))


def validate(dataset: Dataset, shapes: Shapes, focus: Iterable[Term] | None = None) -> Report:
    """Validate what a dataset asserts, its ontology included (SHACL, section 3.4).

    Args:
        dataset: Ontology and data; the graph of inferred statements is left out.
        shapes: The shapes.
        focus: The nodes to check, the result being that of a full run restricted to them;
            None checks every node that a shape targets.

    Returns:
        The findings, each with its file and line where the dataset knows them.

    Raises:
        SourceError: A shape cannot be evaluated.
    """
    view = View(dataset.store, HIDDEN)
    wanted = None if focus is None else set(focus)
    work: Work = {}
    for index in range(len(shapes.nodes)):
        nodes = (
            shapes.targeted(view, index)
            if wanted is None
            else {node for node in wanted if shapes.targets_node(view, index, node)}
        )
        if nodes:
            work[index] = nodes
    triples = view.match(None, None, None) if wanted is None else _small_graph(view, shapes, work)
    return _run(shapes, work, triples, dataset.place)


def validate_change(store: Quads, change: Change, shapes: Shapes, place: Places | None = None) -> Report:
    """Validate what a change touches, as if it were made.

    Args:
        store: The state before the change.
        change: Statements added and removed.
        shapes: The shapes.
        place: Says where a statement stands, for the findings.

    Returns:
        What a full run on the state after the change finds for every node whose verdict
        the change can have altered.

    Raises:
        SourceError: A shape cannot be evaluated, or looks too far for this.
    """
    reach = shapes.reach
    before, after = View(store, HIDDEN), View(store, HIDDEN, change)
    work: Work = {}
    for view, quads in ((after, change.inserted), (before, change.deleted)):
        for triple in {quad.triple for quad in quads if quad.graph_name not in HIDDEN}:
            if triple.predicate == SUBCLASS:
                # A class hierarchy reaches everywhere.
                everything = {i: shapes.targeted(after, i) for i in range(len(shapes.nodes))}
                return _run(shapes, everything, after.match(None, None, None), place)
            for index, node in (*reach.concerned(view, triple), *_targeted_by(shapes, triple)):
                if node not in work.get(index, ()) and shapes.targets_node(after, index, node):
                    work.setdefault(index, set()).add(node)
    return _run(shapes, work, _small_graph(after, shapes, work), place)


def _targeted_by(shapes: Shapes, triple: Triple) -> Iterator[tuple[int, Term]]:
    """Yield shapes whose targets a statement may add its nodes to."""
    for index, found in enumerate(shapes.targets):
        if (triple.predicate == TYPE and found[SH.targetClass]) or triple.predicate in found[
            SH.targetSubjectsOf
        ]:
            yield index, cast(Term, triple.subject)
        if triple.predicate in found[SH.targetObjectsOf]:
            yield index, cast(Term, triple.object)


def _small_graph(view: View, shapes: Shapes, work: Work) -> set[Triple]:
    triples = set(view.match(None, SUBCLASS, None))
    for index, nodes in work.items():
        for node in nodes:
            shapes.reach.fetch(view, index, node, triples)
    return triples


def _run(shapes: Shapes, work: Work, triples: Iterable[Triple], place: Places | None) -> Report:
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
