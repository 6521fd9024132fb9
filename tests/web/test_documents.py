"""The ontology and the shapes as hash documents, and the versions of the ontology."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
import rdflib

from ncpc_kg.vocabulary import NCPC, ONTOLOGY, SHAPE
from tests.web.conftest import Client

PAGE = {"accept": "text/html"}


@pytest.mark.parametrize("path", ["/ontology", "/ontology/0.2.0"])
@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/turtle", "text/turtle"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("text/html", "text/html"),
    ],
)
def test_the_ontology_answers_at_its_iri_and_version(
    site: Client, path: str, accept: str, media_type: str
) -> None:
    reply = site.get(path, headers={"accept": accept})
    assert reply.status_code == 200, "a hash document needs no redirect"
    assert reply.headers["content-type"].startswith(media_type)
    assert reply.headers["content-location"].startswith(path + ".")
    assert site.get(reply.headers["content-location"]).status_code == 200


def test_the_members_of_a_chain_stand_in_their_order(site: Client) -> None:
    names = ("hosts", "hasHost", "concerns", "hasHost", "hasFact")
    site.update(f"""PREFIX ncpc: <{NCPC}> PREFIX owl: <http://www.w3.org/2002/07/owl#>
    PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
    INSERT DATA {{ ncpc:far rdfs:isDefinedBy <{ONTOLOGY}> ; owl:propertyChainAxiom
      ( {" ".join(f"ncpc:{name}" for name in names)} ) }}""")
    term = site.get("/ontology.html").text.partition('id="far"')[2].partition("</section>")[0]
    assert tuple(re.findall(r'href="/ontology#(\w+)"', term)) == names


def test_data_say_everything_once(site: Client) -> None:
    lines = site.get("/ontology.nt").text.splitlines()
    assert len(lines) == len(set(lines)) > 40


def test_the_document_defines_every_term(site: Client) -> None:
    graph = rdflib.Graph().parse(data=site.get("/ontology.ttl").content, format="turtle")
    assert (rdflib.URIRef(ONTOLOGY), rdflib.RDF.type, rdflib.OWL.Ontology) in graph
    terms = set(graph.subjects(rdflib.RDFS.isDefinedBy))
    assert NCPC.Hosting in terms
    assert all((term, rdflib.SKOS.prefLabel, None) in graph for term in terms)
    assert (NCPC.hasHadHost, rdflib.OWL.propertyChainAxiom, None) in graph
    assert not list(graph.triples((None, NCPC.concerns, None)))


def test_the_page_has_a_place_for_every_term(site: Client) -> None:
    text = site.get("/ontology", headers=PAGE).text
    for name in ("Hosting", "SourcedFact", "hasHost", "hasHadHost"):
        assert re.search(rf'id="{name}"', text), name
    assert "Arrangement by which an organisation houses a centre." in text


def test_the_class_diagram_is_well_formed_and_links_to_terms(site: Client) -> None:
    text = site.get("/ontology.html").text
    found = re.search(r"<svg.*?</svg>", text, re.DOTALL)
    assert found is not None
    root = ElementTree.fromstring(found[0])
    svg = "{http://www.w3.org/2000/svg}"
    assert {a.get("href") for a in root.iter(f"{svg}a")} >= {"#Hosting", "#SourcedFact", "#Centre"}
    assert "has host" in "".join(root.itertext())
    assert "style" not in {name for element in root.iter() for name in element.attrib}


def test_versions_that_were_replaced_or_never_were(site: Client) -> None:
    old = site.get("/ontology/0.1.0")
    assert old.status_code == 410
    assert "ontology/0.2.0" in old.json()["hint"]
    never = site.get("/ontology/9.9.9.ttl")
    assert never.status_code == 404
    assert "0.2.0" in never.json()["expected"]


def test_the_shapes_answer(site: Client) -> None:
    graph = rdflib.Graph().parse(data=site.get("/shapes").content, format="turtle")
    assert (SHAPE.Hosting, rdflib.RDF.type, rdflib.SH.NodeShape) in graph
    assert "sh:minCount 1" in site.get("/shapes", headers=PAGE).text
    assert site.get("/shapes/1.0").status_code == 404


def test_conditional_requests_and_methods(site: Client) -> None:
    first = site.get("/ontology.ttl")
    assert site.get("/ontology.ttl", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert site.request("HEAD", "/ontology.ttl").content == b""
    assert site.post("/ontology").status_code == 405
    assert site.get("/ontology", headers={"accept": "image/png"}).status_code == 406
