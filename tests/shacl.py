"""Plain pySHACL as the reference for ours, and what both find in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable

import pyshacl
import rdflib
from pyoxigraph import BlankNode, NamedNode, Quad, Triple
from rdflib import RDF, SH
from rdflib.term import Node

from ncpc_kg.engine import Term
from ncpc_kg.graph import from_rdflib
from ncpc_kg.validation import Finding
from ncpc_kg.validation.paths import read_path
from ncpc_kg.validation.processor import choose_message

# Focus node, path, value, component, severity, shape, message.
Row = tuple[str, str, str, str, str, str, str]


def quads_of(triples: Iterable[Triple], graph: NamedNode) -> tuple[Quad, ...]:
    """Put statements into one graph."""
    return tuple(Quad(t.subject, t.predicate, t.object, graph) for t in triples)


def text(term: Term | None) -> str:
    return "_" if isinstance(term, BlankNode) else str(term or "")


def rows(findings: Iterable[Finding]) -> set[Row]:
    return {
        (
            text(finding.focus),
            str(finding.path or ""),
            text(finding.value),
            str(finding.component),
            str(finding.severity),
            text(finding.shape),
            finding.message,
        )
        for finding in findings
    }


def expected_rows(graph: rdflib.Graph, report: Node) -> set[Row]:
    """Read the results of a validation report in RDF."""

    def value(result: Node, predicate: rdflib.URIRef) -> str:
        node = graph.value(result, predicate)
        return "" if node is None else text(from_rdflib(node))

    found = set()
    for result in graph.objects(report, SH.result):
        path = graph.value(result, SH.resultPath)
        found.add(
            (
                value(result, SH.focusNode),
                "" if path is None else str(read_path(graph, path)),
                value(result, SH.value),
                value(result, SH.sourceConstraintComponent),
                value(result, SH.resultSeverity),
                value(result, SH.sourceShape),
                choose_message(graph.objects(result, SH.resultMessage)),  # type: ignore[arg-type]
            )
        )
    return found


def reference(data: rdflib.Graph, shapes: rdflib.Graph) -> set[Row]:
    """What pySHACL as released finds."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none")
    return expected_rows(report, report.value(None, RDF.type, SH.ValidationReport))
