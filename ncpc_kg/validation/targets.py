"""Which nodes which shapes target (SHACL, section 2.1.3), looked up from either side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from pyoxigraph import NamedNode, Triple
from rdflib import SH
from rdflib.term import Node

from ncpc_kg.engine import Subject, Term
from ncpc_kg.graph import from_rdflib
from ncpc_kg.validation.view import TYPE, View

_NONE: frozenset[int] = frozenset()
_KINDS = (SH.targetNode, SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf)


class _Declared(NamedTuple):
    """The target declarations of one shape."""

    nodes: frozenset[Term]
    classes: frozenset[Term]
    subjects_of: frozenset[NamedNode]
    objects_of: frozenset[NamedNode]


class Targets:
    """The target declarations of shapes, which are known by number.

    Args:
        declared: For each shape its target predicates with their values.
    """

    def __init__(self, declared: Iterable[Mapping[Node, frozenset[Node]]]) -> None:
        self._declared = [
            _Declared(*(cast(Any, frozenset(map(from_rdflib, found[name]))) for name in _KINDS))
            for found in declared
        ]
        self._by_node, self._by_class, self._by_subject, self._by_object = (
            self._turned(kind) for kind in range(len(_KINDS))
        )

    def nodes(self, view: View, shape: int) -> set[Term]:
        """Return the nodes that a shape targets.

        Args:
            view: The data.
            shape: Number of the shape.

        Returns:
            The nodes, in the data or not.
        """
        found = self._declared[shape]
        nodes = set(found.nodes)
        for name in found.classes:
            for kind in view.subclasses(name):
                nodes.update(cast(Term, triple.subject) for triple in view.match(None, TYPE, kind))
        for name in found.subjects_of:
            nodes.update(cast(Term, triple.subject) for triple in view.match(None, name, None))
        for name in found.objects_of:
            nodes.update(cast(Term, triple.object) for triple in view.match(None, name, None))
        return nodes

    def shapes(self, view: View, node: Term) -> frozenset[int]:
        """Return the shapes that target a node.

        Args:
            view: The data.
            node: The node.

        Returns:
            Numbers of shapes.
        """
        found = set(self._by_node.get(node, _NONE))
        if isinstance(node, Subject):
            for kind in view.types(node):
                found |= self._by_class.get(kind, _NONE)
            # Property by property: a node that much is inferred of is not read as a whole.
            for name, shapes in self._by_subject.items():
                if not shapes <= found and view.has(node, cast(NamedNode, name), None):
                    found |= shapes
        for name, shapes in self._by_object.items():
            if not shapes <= found and view.has(None, cast(NamedNode, name), node):
                found |= shapes
        return frozenset(found)

    def holds(self, view: View, shape: int, node: Term, kinds: frozenset[Term]) -> bool:
        """Say whether one shape targets a node, looking at no more than that shape asks for.

        Args:
            view: The data.
            shape: Number of the shape.
            node: The node.
            kinds: Classes of the node, superclasses included.
        """
        found = self._declared[shape]
        if node in found.nodes or not kinds.isdisjoint(found.classes):
            return True
        return (
            isinstance(node, Subject) and any(view.has(node, name, None) for name in found.subjects_of)
        ) or any(view.has(None, name, node) for name in found.objects_of)

    def through(self, view: View, triple: Triple) -> Iterator[tuple[frozenset[int], Term]]:
        """Yield shapes with a node that they may target because of one statement.

        Args:
            view: The data.
            triple: The statement.

        Yields:
            Numbers of shapes, and the node.
        """
        subject, value = cast(Term, triple.subject), cast(Term, triple.object)
        if triple.predicate == TYPE:
            for kind in view.supers(value):
                yield self._by_class.get(kind, _NONE), subject
        yield self._by_subject.get(triple.predicate, _NONE), subject
        yield self._by_object.get(triple.predicate, _NONE), value

    def _turned(self, kind: int) -> dict[Term, frozenset[int]]:
        turned: dict[Term, set[int]] = {}
        for shape, found in enumerate(self._declared):
            for value in found[kind]:
                turned.setdefault(value, set()).add(shape)
        return {value: frozenset(shapes) for value, shapes in turned.items()}
