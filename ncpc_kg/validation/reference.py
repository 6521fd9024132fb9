"""The same validation by pySHACL as released: slow, written by others, and so a check of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import pyshacl
import rdflib
from pyoxigraph import BlankNode, NamedNode
from rdflib import SH
from rdflib.term import Node

from ncpc_kg.engine import Term
from ncpc_kg.graph import Converter, Dataset, from_rdflib
from ncpc_kg.validation.findings import VIOLATION, Finding, Report
from ncpc_kg.validation.paths import read_path
from ncpc_kg.validation.processor import choose_message
from ncpc_kg.validation.shapes import Shapes
from ncpc_kg.validation.view import HIDDEN
from ncpc_kg.vocabulary import SHAPE

_RULE = NamedNode(SHAPE["SameAsPySHACL"])


def compare_with_pyshacl(report: Report, dataset: Dataset, shapes: Shapes) -> tuple[Finding, ...]:
    """Validate again with `pyshacl.validate`, and compare every result.

    Args:
        report: What `validate` found, perhaps with findings of other rules.
        dataset: Ontology and data; the graph of inferred statements is left out.
        shapes: The shapes.

    Returns:
        A violation for each result that one of the two has alone.
    """
    data = dataset.to_rdflib(*(name for name in dataset.graphs() if name not in HIDDEN))
    _, graph, _ = pyshacl.validate(data, shacl_graph=shapes.graph, inference="none")
    known = set(shapes.graph.subjects())
    ours = {_nameless(one): one for one in report.findings if Converter()(one.shape) in known}
    theirs = {_nameless(one): one for one in read_results(cast(rdflib.Graph, graph))}
    return (
        *(_differing("pySHACL does not find this", one) for key, one in ours.items() if key not in theirs),
        *(_differing("Only pySHACL finds this", one) for key, one in theirs.items() if key not in ours),
    )


def read_results(graph: rdflib.Graph, report: Node | None = None) -> Iterator[Finding]:
    """Read the results of a validation report in RDF (SHACL, section 3.6).

    Args:
        graph: The report.
        report: Its node, where the graph holds more than one report.
    """
    for result in graph.objects(report, SH.result):

        def term(name: str, result: Node = result) -> Term | None:
            node = graph.value(result, SH[name])
            return None if node is None else from_rdflib(node)

        path = graph.value(result, SH.resultPath)
        yield Finding(
            focus=cast(Term, term("focusNode")),
            path=None if path is None else read_path(graph, path),
            value=term("value"),
            component=cast(NamedNode, term("sourceConstraintComponent")),
            shape=cast(NamedNode | BlankNode, term("sourceShape")),
            severity=cast(NamedNode, term("resultSeverity")),
            message=choose_message(cast(Iterator[rdflib.Literal], graph.objects(result, SH.resultMessage))),
        )


def _nameless(finding: Finding) -> Finding:
    """A finding as it is compared: pySHACL gives blank nodes names of its own."""
    blank = BlankNode("x")
    return replace(
        finding,
        focus=blank if isinstance(finding.focus, BlankNode) else finding.focus,
        value=blank if isinstance(finding.value, BlankNode) else finding.value,
        shape=blank if isinstance(finding.shape, BlankNode) else finding.shape,
    )


def _differing(problem: str, finding: Finding) -> Finding:
    message = f"{problem}: {finding.message} Report it: one of the two is wrong."
    return replace(finding, shape=_RULE, severity=VIOLATION, message=message)
