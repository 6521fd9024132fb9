"""Plain pySHACL as the reference for ours, and what both find in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable

import pyshacl
import rdflib
from pyoxigraph import BlankNode, NamedNode, Quad, Triple

from ncpc_kg.engine import Term
from ncpc_kg.validation import Finding
from ncpc_kg.validation.reference import read_results

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


def reference(data: rdflib.Graph, shapes: rdflib.Graph) -> set[Row]:
    """What pySHACL as released finds."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none")
    return rows(read_results(report))
