"""Shapes made ready to validate with: what they target, and how far they look."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Any

import rdflib
from pyoxigraph import NamedNode
from rdflib import RDF, SH
from rdflib.term import Node

from ncpc_kg.errors import SourceError
from ncpc_kg.graph import Dataset
from ncpc_kg.validation.lift import REFERENCES, TARGETS
from ncpc_kg.validation.processor import Processor
from ncpc_kg.validation.reach import Reach
from ncpc_kg.validation.targets import Targets


class Shapes:
    """Shapes made ready to validate with; make it once and use it for every run.

    Args:
        graph: The shapes.

    Attributes:
        nodes: The shapes that have targets, and so hold for the whole graph.
        targets: Which nodes they target, by number.
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
        self.targets = Targets(found for _, found in targets)
        self.profile: tuple[tuple[Node, NamedNode | None], ...] = tuple(_profile(graph))

    @cached_property
    def reach(self) -> Reach:
        """How far the shapes look; worked out when first needed."""
        return Reach(self.processor.graph, self.nodes)

    @cached_property
    def are_bounded(self) -> bool:
        """Whether it is known how far every shape looks, so that parts of a graph can be checked alone."""
        try:
            return len(self.reach.trees) == len(self.nodes)
        except SourceError:
            return False

    @cached_property
    def profile_reach(self) -> Reach:
        """How far the shapes of the entry profile look."""
        return Reach(self.processor.graph, [node for node, _ in self.profile])


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
