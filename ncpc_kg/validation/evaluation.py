"""How pySHACL evaluates shapes here: made fit for many small runs, with equal results.

Pinned to pyshacl 0.40, whose inner calls this module and `processor` alone touch. Parsed SPARQL
is kept; constraints and paths are read from the shapes once; a node that has met a shape is not
checked against it again in one run; where only a verdict is asked for, no results are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, cast

import rdflib
from pyshacl.constraints import ALL_CONSTRAINT_PARAMETERS, CONSTRAINT_PARAMETERS_MAP
from pyshacl.constraints.core.shape_based_constraints import PropertyConstraintComponent
from pyshacl.errors import ConstraintLoadWarning
from pyshacl.shape import Shape
from rdflib import RDF
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.sparql import Query
from rdflib.query import Result
from rdflib.term import IdentifiedNode, Node

from ncpc_kg.validation.paths import Alternative, Inverse, Path, Predicate, Sequence, read_path


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


class KeptShape(Shape):
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
