"""Reports on entries for programs."""

from __future__ import annotations

import rdflib
from rdflib import RDFS, SH

from ncpc_kg.entries import Desk
from ncpc_kg.entries.findings import EntryFinding, EntryReport
from ncpc_kg.entries.render import as_rdf
from ncpc_kg.vocabulary import BASE, SHAPE

FINDING = EntryFinding("violation", "id:centre-x", "X", "", None, "It is in the graph already.", rule="taken")


def test_what_no_shape_finds_has_a_component_that_is_explained(desk: Desk) -> None:
    graph = as_rdf([EntryReport("id:centre-x", "X", (FINDING,))], BASE)
    (component,) = graph.objects(None, SH.sourceConstraintComponent)
    assert component == rdflib.URIRef(SHAPE["EntryCheck"])
    for predicate in (RDFS.label, RDFS.comment):
        assert desk.checker.shapes.graph.value(component, predicate)


def test_a_fork_reports_on_its_own_nodes() -> None:
    base = "https://example.org/kg/"
    graph = as_rdf([EntryReport("id:centre-x", "X", (FINDING,))], base)
    assert list(graph.objects(None, SH.focusNode)) == [rdflib.URIRef(f"{base}id/centre-x")]
    assert list(graph.objects(None, SH.sourceConstraintComponent)) == [
        rdflib.URIRef(f"{base}shapes#EntryCheck")
    ]
