"""Rewrite shapes so that they say the same in a way that is checked faster."""

from __future__ import annotations

from collections.abc import Generator

import rdflib
from rdflib import RDF, SH
from rdflib.term import Node

from ncpc_kg.errors import SourceError

TARGETS = (SH.targetClass, SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf)
REFERENCES = (SH.node, SH["not"], SH.qualifiedValueShape, SH.property, RDF.first)


class ShapesGraph(rdflib.Graph):
    """Shapes that no longer change: lists, which constraints read for every node, are kept."""

    def __init__(self) -> None:
        super().__init__(bind_namespaces="none")
        self._lists: dict[Node, list[Node]] = {}

    def items(self, list: Node) -> Generator[Node, None, None]:
        """Yield the members of a list."""
        if list not in self._lists:
            self._lists[list] = [*super().items(list)]
        yield from self._lists[list]


def refuse_missing(graph: rdflib.Graph) -> None:
    """Refuse a reference to a shape that is not there, which pySHACL takes for one that all meet."""
    for reference in (SH.node, SH.property, SH["not"], SH.qualifiedValueShape):
        for shape, other in graph.subject_objects(reference):
            if isinstance(other, rdflib.URIRef) and next(graph.predicates(other), None) is None:
                raise SourceError(
                    "A shape refers to a shape that is not defined.",
                    found=f"{shape} names {other}",
                    hint="correct the name, or define that shape",
                )


def lift(graph: rdflib.Graph) -> ShapesGraph:
    """Hand the targets of node shapes down to their property shapes.

    A node shape's `sh:property` says no more than: its targets are checked against the
    property shape. Said directly, pySHACL checks them all in one go. Shapes that need their
    property shapes beside them (closed, disjoint qualified ones) or that others refer to
    stay as they are.
    """
    lifted = ShapesGraph()
    for prefix, name in graph.namespaces():
        lifted.bind(prefix, name)
    for statement in graph:
        lifted.add(statement)
    for shape in {s for target in TARGETS for s in graph.subjects(target)}:
        stays = (
            (shape, SH.closed, None) in graph
            or graph.value(shape, SH.deactivated) is not None
            or graph.value(shape, SH.path) is not None
            or any((None, reference, shape) in graph for reference in REFERENCES)
        )
        if stays:
            continue
        for part in list(graph.objects(shape, SH.property)):
            if (part, SH.qualifiedValueShapesDisjoint, None) in graph:
                continue
            for target in TARGETS:
                for value in graph.objects(shape, target):
                    lifted.add((part, target, value))
            lifted.remove((shape, SH.property, part))
            lifted.add((part, RDF.type, SH.PropertyShape))
    return lifted
