"""The project's own graph as a site: every IRI answers, every question has a page."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote

import pyoxigraph as ox
import pytest
import rdflib

from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.executables import executables
from ncpc_kg.graph import Dataset
from ncpc_kg.pipeline import Content
from ncpc_kg.settings import Settings
from ncpc_kg.store import graphstore
from ncpc_kg.store.snapshot import Snapshot
from ncpc_kg.vocabulary import BASE, GRAPH
from ncpc_kg.web import create_app
from ncpc_kg.web.tokens import Tokens
from tests.web.conftest import Client

FORMATS = {"ttl": "turtle", "nt": "nt", "jsonld": "json-ld", "rdf": "xml"}
PAGE = {"accept": "text/html"}


class SnapshotStore:
    """A snapshot that nobody writes to."""

    version = "real-1"

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        return self.snapshot.query(text, formats, dataset)

    def read_graph(self, name: str | None, media_type: str) -> Answer:
        return graphstore.read(self.snapshot, name, media_type, None)


@pytest.fixture(scope="module")
def snapshot(closed: Dataset, real: Content) -> Snapshot:
    made = Snapshot()
    questions = ox.NamedNode(GRAPH["questions"])
    said = [ox.Quad(t.subject, t.predicate, t.object, questions) for t in executables(real.catalogue)]
    made.load((*closed.quads(), *real.shapes.quads(), *said))
    return made


@pytest.fixture(scope="module")
def real_site(snapshot: Snapshot, real_settings: Settings) -> Client:
    return Client(create_app(SnapshotStore(snapshot), real_settings, Tokens.read({})))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def iris(snapshot: Snapshot) -> list[str]:
    found: set[str] = set()
    for quad in snapshot.named:
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name):
            if isinstance(term, ox.NamedNode) and term.value.startswith(BASE):
                found.add(term.value)
    return sorted(found)


def address(iri: str) -> str:
    return "/" + quote(iri.removeprefix(BASE), safe="/-._~%")


def test_every_iri_of_the_graph_answers(real_site: Client, iris: list[str]) -> None:
    documents = {iri.partition("#")[0] for iri in iris} - {BASE + "sparql", BASE}
    silent = []
    for iri in sorted(documents):
        status = real_site.get(address(iri), headers={"accept": "text/turtle"}).status_code
        if status not in (200, 303):
            silent.append((iri, status))
    assert silent == []


def test_hash_iris_are_defined_in_their_documents(real_site: Client, iris: list[str]) -> None:
    for document in ("ontology", "shapes"):
        graph = rdflib.Graph().parse(data=real_site.get(f"/{document}.nt").content, format="nt")
        known = {str(subject) for subject in graph.subjects()}
        assert [iri for iri in iris if iri.startswith(f"{BASE}{document}#") and iri not in known] == []


def test_pages_and_data_of_one_in_thirty(real_site: Client, iris: list[str]) -> None:
    things = [iri for iri in iris if "#" not in iri and re.match(rf"{BASE}(id|code|source)/", iri)]
    for number, iri in enumerate(things[::30]):
        page = real_site.get(address(iri) + ".html")
        assert page.status_code == 200, iri
        suffix = list(FORMATS)[number % len(FORMATS)]
        data = real_site.get(f"{address(iri)}.{suffix}")
        graph = rdflib.Graph().parse(data=data.content, format=FORMATS[suffix])
        assert (rdflib.URIRef(iri), None, None) in graph or (None, None, rdflib.URIRef(iri)) in graph


def test_every_graph_has_a_page(real_site: Client, snapshot: Snapshot) -> None:
    for name in snapshot.graphs():
        assert real_site.get(address(name.value) + ".html").status_code == 200, name


def test_every_question_answers_with_its_evidence(real_site: Client, real: Content) -> None:
    for question in real.catalogue.questions:
        page = real_site.get(f"/questions/{question.name}.html?evidence=1", headers=PAGE)
        assert page.status_code == 200, question.name
        reply = real_site.get(f"/questions/{question.name}.json?evidence=1")
        assert reply.status_code == 200, question.name
        if question.expected is not None:
            rows = question.expected.read_text("utf-8").splitlines()[1:]
            assert bool(rows) is bool(reply.json()["rows"]), question.name


def test_every_parameter_has_an_example_that_is_answered(real_site: Client, real: Content) -> None:
    paths = real_site.get("/openapi.json").json()["paths"]
    for question in real.catalogue.questions:
        documented = {one["name"]: one for one in paths[f"/questions/{question.name}"]["get"]["parameters"]}
        examples = {one.name: documented[one.name]["example"] for one in question.parameters}
        reply = real_site.request("GET", f"/questions/{question.name}.json", params=examples)
        assert reply.status_code == 200, question.name
        assert reply.json()["rows"], question.name


def test_the_examples_with_curl_are_answered(real_site: Client) -> None:
    text = unescape(real_site.get("/api").text).partition("With curl")[2].partition("</pre>")[0]
    addresses = re.findall(rf"{BASE}((?:id|questions)/[^\s'<]*)", text)
    assert len(addresses) == 2
    for path in addresses:
        assert real_site.get(f"/{path}", headers={"accept": "text/turtle"}).status_code in (200, 303), path


def test_most_rows_rest_on_passages(real_site: Client, real: Content) -> None:
    rows = [
        row
        for question in real.catalogue.questions
        for row in real_site.get(f"/questions/{question.name}.json?evidence=1").json()["rows"]
    ]
    bare = [row for row in rows if not row["evidence"]["passages"]]
    assert len(rows) > 500
    assert len(bare) < len(rows) / 20


def test_the_description_counts_the_real_graph(real_site: Client, snapshot: Snapshot) -> None:
    graph = rdflib.Graph().parse(data=real_site.get("/.well-known/void").content, format="turtle")
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    dataset = rdflib.URIRef(BASE + "dataset")
    assert graph.value(dataset, void.triples).toPython() == len(snapshot)  # type: ignore[union-attr]
    assert len(list(graph.subjects(rdflib.RDF.type, void.Linkset))) > 3
    for example in graph.objects(dataset, void.exampleResource):
        assert real_site.get(address(str(example))).status_code == 303
    for name in ("ncpc.ttl.gz", "ncpc.jsonld.gz", "ncpc-rdf12.nt.gz"):
        assert real_site.get(f"/dumps/{name}").status_code == 200
