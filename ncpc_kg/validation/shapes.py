"""Shapes made ready to validate with: what they target, and how far they look."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

import rdflib
from pyoxigraph import NamedNode
from rdflib import RDF, SH
from rdflib.term import Node

from ncpc_kg.engine import Subject, Term
from ncpc_kg.graph import Dataset, from_rdflib
from ncpc_kg.validation.lift import REFERENCES, TARGETS
from ncpc_kg.validation.processor import Processor
from ncpc_kg.validation.reach import Reach
from ncpc_kg.validation.view import TYPE, View


class Shapes:
    """Shapes made ready to validate with; make it once and use it for every run.

    Args:
        graph: The shapes.

    Attributes:
        nodes: The shapes that have targets, and so hold for the whole graph.
        targets: What each of them targets.
        profile: The shapes of entries, each with the class of the nodes it holds for; None
            means every node. They are those that neither have a target nor are used by others.

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
        self.profile: tuple[tuple[Node, NamedNode | None], ...] = tuple(_profile(graph))
        self._reach: Reach | None = None
        self._profile_reach: Reach | None = None

    @property
    def reach(self) -> Reach:
        """How far the shapes look; worked out when first needed."""
        if self._reach is None:
            self._reach = Reach(self.processor.graph, self.nodes)
        return self._reach

    @property
    def profile_reach(self) -> Reach:
        """How far the shapes of the entry profile look."""
        if self._profile_reach is None:
            self._profile_reach = Reach(self.processor.graph, [node for node, _ in self.profile])
        return self._profile_reach

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


def _profile(graph: rdflib.Graph) -> Iterator[tuple[Node, NamedNode | None]]:
    shapes: set[Any] = set(graph.subjects(RDF.type, SH.NodeShape))
    for shape in sorted(shapes):
        used = any((None, reference, shape) in graph for reference in REFERENCES)
        if not used and not any(graph.value(shape, target) for target in TARGETS):
            kind = graph.value(shape, SH["class"])
            yield shape, None if kind is None else NamedNode(str(kind))


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
