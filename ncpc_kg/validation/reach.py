"""How far shapes look: which statements a node's verdict may depend on.

Read once from the shapes graph. Forwards it says what to fetch in order to check a node;
backwards it says which nodes a changed statement concerns. So one entry is checked by
looking at a few hundred statements, whatever the size of the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

import rdflib
from pyoxigraph import Literal, NamedNode, Triple
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS
from rdflib import SH
from rdflib.term import Node

from ncpc_kg.engine import Term
from ncpc_kg.errors import SourceError
from ncpc_kg.validation.paths import Alternative, Inverse, Path, Predicate, Sequence, read_path
from ncpc_kg.validation.view import TYPE, View
from ncpc_kg.vocabulary import BASE, SHAPE

# Beside the query of a SPARQL constraint: the paths from $this that it looks along.
READS = SHAPE.reads
# A fork's shapes have its own base.
_READS = READS.removeprefix(BASE)
_ANY = SHAPE["any"].removeprefix(BASE)

_ONE = (SH.node, SH["not"], SH.qualifiedValueShape, SH.property)
_LISTS = (SH["and"], SH["or"], SH.xone)
_COMPARED = (SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals)
_DEPTH = 12


@dataclass(frozen=True)
class Step:
    """One statement away: along a property (None: along any), or backwards.

    Attributes:
        name: The property.
        turned: Whether it is followed from object to subject.
        enough: How many such statements settle the matter; None if all count. A shape that
            only asks whether there is a value need not fetch the thousands of a hub.
    """

    name: NamedNode | None
    turned: bool = False
    enough: int | None = None


# The steps that start at a node, and what is looked at behind each.
Tree = dict[Step, "Tree"]


class Reach:
    """How far the shapes of a graph look.

    Args:
        graph: The shapes.
        shapes: Those that are run, in the order that the indexes of `concerned` count.

    Raises:
        SourceError: A shape looks along an unbounded path, refers to itself, or holds a
            SPARQL constraint that does not say how far it looks.
    """

    def __init__(self, graph: rdflib.Graph, shapes: Iterable[Node]) -> None:
        self._graph = graph
        self.trees: list[Tree] = []
        # What several shapes look at, made once for each set of shapes that a node meets.
        self._together: dict[frozenset[int], Tree] = {}
        # For each property: the steps from a node to a statement with it, and which shapes take them.
        self._back: dict[NamedNode | None, dict[tuple[Step, ...], frozenset[int]]] = {}
        for index, shape in enumerate(shapes):
            tree: Tree = {}
            self._collect(shape, tree, 0)
            self.trees.append(tree)
            for way in _ways(tree, ()):
                ways = self._back.setdefault(way[-1].name, {})
                ways[way] = ways.get(way, frozenset()) | {index}

    def fetch(self, view: View, indexes: frozenset[int], node: Term, into: set[Triple]) -> None:
        """Collect the statements that some shapes look at from one node.

        Args:
            view: Where to look them up.
            indexes: Which shapes.
            node: The node to be checked.
            into: Takes the statements.
        """
        if (tree := self._together.get(indexes)) is None:
            tree = self._together[indexes] = {}
            for index in indexes:
                _add(self.trees[index], tree)
        _fetch(view, tree, node, into)

    def concerned(self, view: View, other: View, triple: Triple) -> Iterator[tuple[frozenset[int], Term]]:
        """Yield the shapes and nodes whose verdict a changed statement may change.

        Args:
            view: The state after the change for an added statement, before it for a removed.
            other: The other state, in which the statement is not there.
            triple: The statement.

        Yields:
            Shapes by index, with nodes that they may or may not target.
        """
        for name in (triple.predicate, None):
            for (*way, last), indexes in self._back.get(name, {}).items():
                near = cast(Term, triple.object if last.turned else triple.subject)
                if last.enough is not None and _has_enough(other, near, last, last.enough):
                    continue  # there were enough without it, so nothing changes
                nodes = {near}
                for step in reversed(way):
                    nodes = {found for node in nodes for found in _neighbours(view, node, step, back=True)}
                for node in nodes:
                    yield indexes, node

    def _collect(self, shape: Node, tree: Tree, depth: int) -> None:
        graph = self._graph
        if depth > _DEPTH:
            raise SourceError(
                f"The shape {shape} refers to itself.",
                hint="say it without recursion, so that one entry can be checked",
            )
        path = graph.value(shape, SH.path)
        enough = self._enough(shape)
        ends = [tree] if path is None else _ends(read_path(graph, path), [tree], shape, enough=enough)
        for predicate in _COMPARED:
            for name in graph.objects(shape, predicate):
                _enter(tree, Step(NamedNode(str(name))))
        for constraint in graph.objects(shape, SH.sparql):
            reads = [path for name, path in graph.predicate_objects(constraint) if str(name).endswith(_READS)]
            if not reads:
                raise SourceError(
                    f"A SPARQL constraint of {shape} does not say how far it looks.",
                    expected="shape:reads with each path from $this that the query follows",
                    hint="add shape:reads beside sh:select",
                )
            for read in reads:
                _ends(read_path(graph, read), [tree], shape)
        for end in ends:
            if (shape, SH["class"], None) in graph:
                _enter(end, Step(TYPE))
            if graph.value(shape, SH.closed) is not None:
                _enter(end, Step(None))
            for predicate in _ONE:
                for other in graph.objects(shape, predicate):
                    self._collect(other, end, depth + 1)
            for predicate in _LISTS:
                for head in graph.objects(shape, predicate):
                    for other in graph.items(head):
                        self._collect(other, end, depth + 1)
        if (shape, SH.qualifiedValueShapesDisjoint, None) in graph:
            for parent in graph.subjects(SH.property, shape):
                for sibling in graph.objects(parent, SH.property):
                    for other in graph.objects(sibling, SH.qualifiedValueShape):
                        for end in ends:
                            self._collect(other, end, depth + 1)

    def _enough(self, shape: Node) -> int | None:
        """How many values settle a shape that asks for no more than a number of them."""
        asked = set(self._graph.predicates(shape)) & set(ALL_CONSTRAINT_PARAMETERS)
        count = self._graph.value(shape, SH.minCount)
        return int(str(count)) if asked == {SH.minCount} else None


def _enter(tree: Tree, step: Step) -> Tree:
    return tree.setdefault(step, {})


def _ends(
    path: Path, starts: list[Tree], shape: Node, turned: bool = False, enough: int | None = None
) -> list[Tree]:
    """Enter a path below each start; return where it ends. Only its last step may have enough."""
    if isinstance(path, Predicate):
        name = None if path.name.value.endswith(_ANY) else path.name
        return [_enter(start, Step(name, turned, enough)) for start in starts]
    if isinstance(path, Inverse):
        return _ends(path.path, starts, shape, not turned, enough)
    if isinstance(path, Sequence):
        *first, last = reversed(path.paths) if turned else path.paths
        for part in first:
            starts = _ends(part, starts, shape, turned)
        return _ends(last, starts, shape, turned, enough)
    if isinstance(path, Alternative):
        return [end for part in path.paths for end in _ends(part, starts, shape, turned, enough)]
    if path.sign == "?":
        return [*starts, *_ends(path.path, starts, shape, turned, enough)]
    raise SourceError(
        f"The shape {shape} looks along an unbounded path.",
        found=str(path),
        hint="name the steps, so that one entry can be checked without reading the whole graph",
    )


def _ways(tree: Tree, way: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for step, rest in tree.items():
        yield (*way, step)
        yield from _ways(rest, (*way, step))


def _add(tree: Tree, into: Tree) -> None:
    for step, rest in tree.items():
        _add(rest, _enter(into, step))


def _fetch(view: View, tree: Tree, node: Term, into: set[Triple]) -> None:
    for step, rest in tree.items():
        if step.turned:
            matching = view.match(None, step.name, node)
        elif isinstance(node, Literal):
            continue
        else:
            matching = view.match(node, step.name, None)
        found = list(islice(matching, step.enough))
        into.update(found)
        if rest:
            for triple in found:
                _fetch(view, rest, cast(Term, triple.subject if step.turned else triple.object), into)


def _has_enough(view: View, node: Term, step: Step, enough: int) -> bool:
    return sum(1 for _ in islice(_neighbours(view, node, step, back=False), enough)) >= enough


def _neighbours(view: View, node: Term, step: Step, back: bool) -> Iterator[Term]:
    """Follow a step, or come back along it."""
    if step.turned != back:
        return (cast(Term, triple.subject) for triple in view.match(None, step.name, node))
    if isinstance(node, Literal):
        return iter(())
    return (cast(Term, triple.object) for triple in view.match(node, step.name, None))
