"""pySHACL, made fit for many small runs: the only module that touches its inner calls.

Pinned to pyshacl 0.40. What is done differently from `pyshacl.validate`, with equal results:
the shapes graph is built once; parsed SPARQL is kept; the property shapes of a node shape
run once for all its targets instead of once for each; constraints and paths are read from
the shapes once; a node that has met a shape is not checked against it again in one run; where
only a verdict is asked for, no results are made.

Its `focus_nodes` option is never used: it filters inside nested shapes, too, and so loses
results and invents others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

import rdflib
from pyoxigraph import BlankNode, NamedNode
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS, CONSTRAINT_PARAMETERS_MAP
from pyshacl.constraints.core.shape_based_constraints import PropertyConstraintComponent
from pyshacl.errors import (
    ConstraintLoadError,
    ConstraintLoadWarning,
    ReportableRuntimeError,
    ShapeLoadError,
    ValidationFailure,
)
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import RDF, SH
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.term import IdentifiedNode, Node

from ncpc_kg.errors import SourceError
from ncpc_kg.graph import from_rdflib
from ncpc_kg.validation.findings import Finding
from ncpc_kg.validation.lift import TARGETS, lift, refuse_missing
from ncpc_kg.validation.paths import Alternative, Inverse, Path, Predicate, Sequence, read_path

# rdflib logs a traceback for every literal that does not fit its datatype; that is a finding
# here, and must not be printed by the logging module's last resort.
logging.getLogger("rdflib").addHandler(logging.NullHandler())


class DataGraph(rdflib.Graph):
    """The data of one run; keeps parsed queries and what conforms.

    Args:
        parsed: Queries parsed so far, shared by the runs of one processor.
    """

    def __init__(self, parsed: dict[str, Query]) -> None:
        # The plain store keeps no contexts, so that it is filled and read in half the time.
        super().__init__(store="SimpleMemory", bind_namespaces="none")
        self._parsed = parsed
        self.conforming: set[tuple[Node, Node]] = set()

    def __bool__(self) -> bool:
        """A graph is there even if it is empty; pySHACL would count it for every result."""
        return True

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Result:
        """Run a query; its text is parsed once."""
        if isinstance(query_object, str):
            parsed = self._parsed.get(query_object)
            if parsed is None:
                parsed = self._parsed.setdefault(query_object, prepareQuery(query_object))
            query_object = parsed
        return super().query(query_object, *args, **kwargs)


class _Shape(Shape):
    """A shape that keeps its constraints, and remembers within one run which nodes meet it."""

    __slots__ = ("_loud", "_quiet", "_steps")

    def validate(
        self, executor: Any, target_graph: Any, focus: Any = None, _evaluation_path: Any = None
    ) -> Any:
        """As `Shape.validate`, for what this package runs: core and SPARQL constraints."""
        path = [] if _evaluation_path is None else _evaluation_path
        too_deep = len(path) // 2 >= executor.max_validation_depth
        if focus is None or self.deactivated or too_deep or self.sg.custom_constraints:
            return super().validate(executor, target_graph, focus, _evaluation_path)
        key = None
        if isinstance(focus, IdentifiedNode | rdflib.Literal):
            key = (self.node, focus)
            if key in target_graph.conforming:
                return True, []
            focus = [focus]
        # Results are handed on by sh:property alone; sh:node, sh:or, ... ask for a verdict.
        quiet = bool(path) and (
            not isinstance(path[-1], PropertyConstraintComponent) or getattr(path[-1], "quiet", False)
        )
        path.append(self)
        values = self._values(target_graph, focus)
        conforms, results = True, []
        for constraint in self._kept(quiet):
            conforming, found = constraint.evaluate(executor, target_graph, values, [*path, constraint])
            conforms = conforms and conforming
            results.extend(found)
            if quiet and not conforms:
                break
        if key and conforms and not results:
            target_graph.conforming.add(key)
        return conforms, results

    def _kept(self, quiet: bool) -> list[Any]:
        """The constraints; quiet ones make no results that can be read."""
        name = "_quiet" if quiet else "_loud"
        if not hasattr(self, name):
            setattr(self, name, list(self._made(quiet)))
        return cast(list[Any], getattr(self, name))

    def _made(self, quiet: bool) -> Iterator[Any]:
        names = set(self.sg.graph.predicates(self.node))
        kinds = dict.fromkeys(
            CONSTRAINT_PARAMETERS_MAP[name] for name in ALL_CONSTRAINT_PARAMETERS if name in names
        )
        for kind in kinds:
            # pySHACL warns of, and leaves out, qualified value shapes on a node shape.
            with suppress(ConstraintLoadWarning):
                constraint: Any = kind(self)
                # Nobody reads the text that it writes beside each result.
                constraint.make_v_result_description = _no_text
                constraint.quiet = quiet
                if quiet:
                    constraint.make_v_result = _no_result
                for query in getattr(constraint, "sparql_constraints", ()):
                    query.pre_bind_variables = _prepared(query)
                yield constraint

    def _values(self, data: rdflib.Graph, focus: Iterable[Node]) -> dict[Node, set[Node]]:
        if not self.is_property_shape:
            return {node: {node} for node in focus}
        if not hasattr(self, "_steps"):
            self._steps = _steps(read_path(self.sg.graph, cast(Node, self._path)))
        if self._steps is None:
            return super().value_nodes(data, list(focus))  # type: ignore[no-any-return]
        values: dict[Node, set[Node]] = {}
        for node in focus:
            nodes = {node}
            for names in self._steps:
                nodes = {
                    found
                    for start in nodes
                    for name, turned in names
                    for found in (data.subjects(name, start) if turned else data.objects(start, name))
                }
            values[node] = nodes
        return values


def _no_text(*_: Any, **__: Any) -> str:
    return ""


def _no_result(*_: Any, **__: Any) -> tuple[str, Node, list[Any]]:
    return "", RDF.nil, []


def _prepared(query: Any) -> Callable[[Node], tuple[dict[str, Node], str]]:
    """Look at the text of a SPARQL constraint once, not for every node that it is asked about."""
    found: list[tuple[dict[str, Node], str]] = []
    prepare = query.pre_bind_variables

    def prepared(this: Node) -> tuple[dict[str, Node], str]:
        if not found:
            found.append(prepare(this))
        bindings, text = found[0]
        return {name: this if name == "this" else value for name, value in bindings.items()}, text

    return prepared


def _steps(path: Path) -> list[list[tuple[rdflib.URIRef, bool]]] | None:
    """Flatten a path into steps, each a choice of properties and directions; None if it is not flat."""
    if isinstance(path, Predicate):
        return [[(rdflib.URIRef(path.name.value), False)]]
    if isinstance(path, Inverse) and isinstance(path.path, Predicate):
        return [[(rdflib.URIRef(path.path.name.value), True)]]
    if isinstance(path, Sequence):
        parts = [_steps(part) for part in path.paths]
        return None if None in parts else [step for part in parts for step in part or ()]
    if isinstance(path, Alternative):
        parts = [_steps(part) for part in path.paths]
        if any(part is None or len(part) != 1 for part in parts):
            return None
        return [[choice for part in parts for choice in (part or [[]])[0]]]
    return None


class Processor:
    """Validates nodes against the shapes of one shapes graph.

    Args:
        graph: The shapes; not changed.

    Raises:
        SourceError: The shapes are not well formed.
    """

    def __init__(self, graph: rdflib.Graph) -> None:
        refuse_missing(graph)
        self.graph = self._lifted = lift(graph)
        self._parsed: dict[str, Query] = {}
        self._paths: dict[Node, Path] = {}
        try:
            self._graph = ShapesGraph(self._lifted)
            shapes: dict[Any, Shape] = {
                shape.node: _Shape(self._graph, shape.node, p=shape.is_property_shape, path=shape._path)
                for shape in self._graph.shapes
            }
        except ShapeLoadError as error:
            raise SourceError(f"A shape is not well formed: {error.args[0]}.") from error
        self._graph._node_shape_cache = shapes
        self._shapes = shapes

    def targets(self) -> Iterator[tuple[Node, dict[Node, frozenset[Node]]]]:
        """Yield the shapes to run, each with what it targets: target predicate to values."""
        for node, shape in sorted(self._shapes.items()):
            if shape.deactivated:
                continue
            found: dict[Node, frozenset[Node]] = {
                name: frozenset(self._lifted.objects(node, name)) for name in TARGETS
            }
            implicit = frozenset(shape.implicit_class_targets())  # type: ignore[no-untyped-call]
            if implicit:
                found[SH.targetClass] |= implicit
            if any(found.values()):
                yield node, found

    def data(self) -> DataGraph:
        """Make an empty graph for the data of one run."""
        return DataGraph(self._parsed)

    def run(self, data: DataGraph, work: Iterable[tuple[Node, Iterable[Node]]]) -> Iterator[Finding]:
        """Validate nodes.

        Args:
            data: The data, the subclass statements of the ontology included.
            work: Shapes, each with the nodes to check against it.

        Yields:
            The findings, in no particular order, places not filled in.

        Raises:
            SourceError: A shape cannot be evaluated.
        """
        executor = SHACLExecutor()
        for node, focus in work:
            nodes: list[Any] = list(focus)
            if not nodes:
                continue
            try:
                _, results = self._shapes[node].validate(executor, data, focus=nodes)
            except (ConstraintLoadError, ReportableRuntimeError, ShapeLoadError, ValidationFailure) as error:
                raise SourceError(
                    f"The shape {node} cannot be evaluated: {error}.", hint="correct the shape"
                ) from error
            for _, result, statements in results:
                yield self._finding(result, statements)

    def _finding(self, result: Node, statements: Iterable[tuple[Node, Node, Any]]) -> Finding:
        found: dict[Node, Any] = {}
        messages: list[rdflib.Literal] = []
        for subject, predicate, value in statements:
            if subject != result:
                continue
            if predicate == SH.resultMessage:
                messages.append(value)
            else:
                found[predicate] = value[1] if isinstance(value, tuple) else value
        path = found.get(SH.resultPath)
        value = found.get(SH.value)
        return Finding(
            focus=from_rdflib(found[SH.focusNode]),
            path=None if path is None else self._path(path),
            value=None if value is None else from_rdflib(value),
            component=cast(NamedNode, from_rdflib(found[SH.sourceConstraintComponent])),
            shape=cast(NamedNode | BlankNode, from_rdflib(found[SH.sourceShape])),
            severity=cast(NamedNode, from_rdflib(found[SH.resultSeverity])),
            message=choose_message(messages),
        )

    def _path(self, node: Node) -> Path:
        if node not in self._paths:
            self._paths[node] = read_path(self._lifted, node)
        return self._paths[node]


def choose_message(messages: Iterable[rdflib.Literal]) -> str:
    """Choose the message to show: English before other languages, then by alphabet.

    Args:
        messages: What the shape offers.

    Returns:
        The text; empty if there is none.
    """
    ordered = sorted(messages, key=lambda text: (text.language not in ("en", None), str(text)))
    return str(ordered[0]) if ordered else ""
