"""pySHACL, run on chosen nodes.

What is done differently from `pyshacl.validate`, with equal results: the shapes graph is built
once; the property shapes of a node shape run once for all its targets instead of once for each;
and see `evaluation`.

Its `focus_nodes` option is never used: it filters inside nested shapes, too, and so loses
results and invents others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any, cast

import rdflib
from pyoxigraph import BlankNode, NamedNode
from pyshacl.errors import (
    ConstraintLoadError,
    ReportableRuntimeError,
    ShapeLoadError,
    ValidationFailure,
)
from pyshacl.pytypes import SHACLExecutor
from pyshacl.shape import Shape
from pyshacl.shapes_graph import ShapesGraph
from rdflib import SH
from rdflib.plugins.sparql.sparql import Query
from rdflib.term import Node

from ncpc_kg.errors import SourceError
from ncpc_kg.graph import from_rdflib
from ncpc_kg.validation.evaluation import DataGraph, KeptShape
from ncpc_kg.validation.findings import Finding
from ncpc_kg.validation.lift import TARGETS, lift, refuse_missing
from ncpc_kg.validation.paths import Path, read_path

# rdflib logs a traceback for every literal that does not fit its datatype; that is a finding
# here, and must not be printed by the logging module's last resort.
logging.getLogger("rdflib").addHandler(logging.NullHandler())


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
                shape.node: KeptShape(self._graph, shape.node, p=shape.is_property_shape, path=shape._path)
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
