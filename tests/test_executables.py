"""The catalogue as SHACL executables, read as SIB's editor reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from pyoxigraph import RdfFormat, serialize
from samples import MINIMAL

from ncpc_kg.catalogue import read_catalogue
from ncpc_kg.executables import bare, executables
from ncpc_kg.pipeline import Content
from ncpc_kg.vocabulary import BASE, PREFIXES

# What the editor asks an endpoint, in our own words: examples with their text, and prefixes.
EXAMPLES = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?sq ?comment ?query WHERE {
  ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct|sh:describe ?query
} ORDER BY ?sq
"""
DECLARED = """
PREFIX sh: <http://www.w3.org/ns/shacl#>
SELECT DISTINCT ?prefix ?namespace WHERE { [] sh:namespace ?namespace ; sh:prefix ?prefix } ORDER BY ?prefix
"""


@pytest.fixture
def graph(tmp_path: Path) -> rdflib.Graph:
    (tmp_path / "host-of-centre.rq").write_text(MINIMAL["queries/host-of-centre.rq"], encoding="utf-8")
    (tmp_path / "any.rq").write_text("#+ summary: Anything?\nSELECT * { ?s ?p ?o }\n", encoding="utf-8")
    body = serialize(executables(read_catalogue(tmp_path)), format=RdfFormat.TURTLE)
    return rdflib.Graph().parse(data=body or b"", format="turtle")


def test_the_editor_finds_the_questions(graph: rdflib.Graph) -> None:
    rows = [(str(sq), str(comment), str(query)) for sq, comment, query in graph.query(EXAMPLES)]  # type: ignore[misc]
    assert [(row[0], row[1]) for row in rows] == [
        (f"{BASE}questions/any", "Anything?"),
        (f"{BASE}questions/host-of-centre", "Who houses a centre?"),
    ]
    assert rows[0][2] == "SELECT * { ?s ?p ?o }\n"
    assert "#+" not in rows[1][2]
    assert rows[1][2].startswith("PREFIX id:")


def test_the_editor_finds_the_prefixes(graph: rdflib.Graph) -> None:
    assert {str(p): str(n) for p, n in graph.query(DECLARED)} == PREFIXES  # type: ignore[misc]


def test_parameters_have_name_and_type(graph: rdflib.Graph) -> None:
    question = rdflib.URIRef(f"{BASE}questions/host-of-centre")
    parameter = graph.value(question, rdflib.SH.parameter)
    assert str(graph.value(parameter, rdflib.SH.name)) == "Centre"
    assert graph.value(parameter, rdflib.SH.nodeKind) == rdflib.SH.IRI


def test_every_question_of_the_catalogue_runs_as_it_is_published(real: Content) -> None:
    for question in real.catalogue.questions:
        text = bare(question.text)
        assert text.lstrip().upper().startswith(("PREFIX", "SELECT"))
        real.asserted.query(text + ("LIMIT 0" if "LIMIT" not in text else ""))


def test_no_blank_nodes(graph: rdflib.Graph) -> None:
    assert not [term for triple in graph for term in triple if isinstance(term, rdflib.BNode)]
