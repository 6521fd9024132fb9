"""The dataset over HTTP: description, dumps, checksums, crawlers."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest
import rdflib

from ncpc_kg.store import Store
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web import create_app
from ncpc_kg.web.context import Context
from ncpc_kg.web.dataset import DatasetEndpoint
from ncpc_kg.web.exchange import Exchange
from ncpc_kg.web.tokens import Tokens
from tests.web import sample
from tests.web.conftest import HOST, Client, CountingStore

VOID = rdflib.Namespace("http://rdfs.org/ns/void#")
DCAT = rdflib.DCAT
DATASET = rdflib.URIRef(BASE + "dataset")


@pytest.fixture
def described(site: Client) -> rdflib.Graph:
    return rdflib.Graph().parse(data=site.get("/dataset.ttl").content, format="turtle")


@pytest.mark.parametrize("path", ["/dataset", "/.well-known/void"])
def test_the_description_answers(site: Client, path: str) -> None:
    for accept, media_type in (
        (None, "text/turtle"),
        ("application/ld+json", "application/ld+json"),
        ("application/rdf+xml", "application/rdf+xml"),
    ):
        reply = site.get(path, headers={"accept": accept or "*/*"})
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith(media_type)
        assert 'rel="license"' in reply.headers["link"]
    page = site.get(path, headers={"accept": "text/html"})
    assert ("text/html" in page.headers["content-type"]) is (path == "/dataset")


def test_counts_are_those_of_the_store(described: rdflib.Graph, network: CountingStore) -> None:
    triples = {q.triple for q in network.store.quads()}
    assert described.value(DATASET, VOID.triples).toPython() == len(triples)  # type: ignore[union-attr]
    kind = ox.NamedNode(str(rdflib.RDF.type))
    classes: dict[str, set[str]] = {}
    for triple in triples:
        if triple.predicate == kind:
            classes.setdefault(triple.object.value, set()).add(str(triple.subject))  # type: ignore[union-attr]
    partitions = {
        str(described.value(part, VOID["class"])): described.value(part, VOID.entities).toPython()  # type: ignore[union-attr]
        for part in described.objects(DATASET, VOID.classPartition)
    }
    assert partitions == {name: len(things) for name, things in classes.items()}
    total = sum(
        described.value(part, VOID.triples).toPython()  # type: ignore[union-attr]
        for part in described.objects(DATASET, VOID.propertyPartition)
    )
    assert total == len(triples)


def test_linksets_licence_and_source(described: rdflib.Graph) -> None:
    links = set(described.subjects(rdflib.RDF.type, VOID.Linkset))
    spaces = {str(described.value(described.value(one, VOID.objectsTarget), VOID.uriSpace)) for one in links}
    assert "http://www.wikidata.org/entity/" in spaces
    assert described.value(DATASET, rdflib.DCTERMS.license) == rdflib.URIRef(
        "https://creativecommons.org/licenses/by/4.0/"
    )
    source = described.value(DATASET, rdflib.DCTERMS.source)
    publisher = described.value(source, rdflib.DCTERMS.publisher)
    assert str(described.value(publisher, rdflib.FOAF.name)) == "United Nations"


def test_sib_editor_finds_what_classes_lead_to(described: rdflib.Graph) -> None:
    found = described.query(
        """PREFIX void: <http://rdfs.org/ns/void#> PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
        SELECT ?object { ?c void:class ncpc:Hosting ; void:propertyPartition ?p .
          ?p void:property ncpc:concerns ; void:classPartition [ void:class ?object ] }"""
    )
    assert [str(row[0]) for row in found] == [BASE + "ontology#Centre"]  # type: ignore[index]


def test_dumps_hold_everything_and_match_their_checksums(
    site: Client, described: rdflib.Graph, network: CountingStore
) -> None:
    sums = dict(reversed(line.split("  ")) for line in site.get("/dumps/SHA256SUMS").text.splitlines())
    spdx = rdflib.Namespace("http://spdx.org/rdf/terms#")
    downloads = {str(u): d for d, u in described.subject_objects(DCAT.downloadURL)}
    quads = {q for q in network.store.quads() if not _blank(q)}
    for name, checksum in sums.items():
        reply = site.get(f"/dumps/{name}")
        assert reply.headers["content-type"] == "application/gzip"
        assert hashlib.sha256(reply.content).hexdigest() == checksum
        digest = base64.b64encode(bytes.fromhex(checksum)).decode()
        assert reply.headers["repr-digest"] == f"sha-256=:{digest}:"
        one = downloads[f"{HOST}/dumps/{name}"]
        assert str(described.value(described.value(one, spdx.checksum), spdx.checksumValue)) == checksum
        assert described.value(one, DCAT.byteSize).toPython() == len(reply.content)  # type: ignore[union-attr]
        form = ox.RdfFormat.from_extension(name.split(".")[1])
        assert form is not None
        held = set(ox.parse(gzip.decompress(reply.content), form))
        if name in ("ncpc.nq.gz", "ncpc.trig.gz"):
            assert {q for q in held if not _blank(q)} == quads
        elif "rdf12" not in name:
            assert {q.triple for q in held if not _blank(q)} >= {q.triple for q in quads}
    assert len(sums) == 5, "JSON-LD has no place for the quoted triple of the sample"
    site.update("DELETE WHERE { GRAPH ?g { ?s <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> ?o } }")
    assert "ncpc.jsonld.gz" in site.get("/dumps/SHA256SUMS").text


def test_the_reifiers_carry_the_evidence_of_each_statement(site: Client) -> None:
    body = gzip.decompress(site.get("/dumps/ncpc-rdf12.nt.gz").content)
    store = ox.Store()
    store.load(body, ox.RdfFormat.N_TRIPLES)
    found = store.query(
        """PREFIX id: <https://w3id.org/ncpc/id/> PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
        PREFIX schema: <https://schema.org/> PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
        SELECT ?p ?e { ?r rdf:reifies <<( id:hosting-brazil-senai ?p ?o )>> ; ncpc:hasEvidence ?e }"""
    )
    lines = {(row["p"].value.rpartition("/")[2], row["e"].value.rpartition("/")[2]) for row in found}  # type: ignore[union-attr]
    assert ("startDate", "L501") in lines
    assert ("startDate", "L493-495") not in lines
    assert ("ontology#hasHost", "L493-495") in lines
    assert store.query("ASK { <https://w3id.org/ncpc/id/hosting-brazil-senai> a ?c }")
    assert gzip.decompress(site.get("/dumps/ncpc-rdf12.nt.gz").content) == body


def test_dumps_that_are_not_there(site: Client) -> None:
    reply = site.get("/dumps/ncpc.zip")
    assert reply.status_code == 404
    assert "ncpc.ttl.gz" in reply.json()["expected"]
    assert site.get("/dumps/").headers["location"] == "/dataset"


def test_dumps_follow_writes_and_are_made_once(site: Client, network: CountingStore) -> None:
    first = site.get("/dumps/ncpc.nt.gz")
    asked = len(network.asked)
    assert site.get("/dumps/ncpc.nt.gz").content == first.content
    assert len(network.asked) == asked
    assert site.get("/dumps/ncpc.nt.gz", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    site.update('INSERT DATA { <http://x/s> <http://x/p> "written" }')
    assert b"written" in gzip.decompress(site.get("/dumps/ncpc.nt.gz").content)


def test_the_page_does_not_wait_for_slow_dumps(site: Client) -> None:
    context = site.app.state.context  # type: ignore[attr-defined]
    hurried = DatasetEndpoint(context, patience=0.0)
    reply = asyncio.run(hurried(Exchange("GET", "/dataset.nt")))
    assert b"dumps/ncpc.ttl.gz" in reply.body
    assert b"checksumValue" not in reply.body
    assert reply.header("etag") is None


def test_what_is_told_changes_with_its_tag(site: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may see the same state of the graph, and have seen it first at another time."""
    paths = ("/dataset.ttl", "/sitemap.xml")
    first = [site.get(path).headers["etag"] for path in paths]
    assert [site.get(path).headers["etag"] for path in paths] == first
    later = site.app.state.context.modified() + timedelta(days=1)  # type: ignore[attr-defined]
    monkeypatch.setattr(Context, "modified", lambda _: later)
    for path, tag in zip(paths, first, strict=True):
        other = site.get(path)
        assert later.date().isoformat() in other.text
        assert other.headers["etag"] != tag


def test_the_same_tag_means_the_same_bytes(
    tmp_path: Path, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after the service was started again."""
    now = datetime.now(UTC)
    monkeypatch.setattr(Context, "modified", lambda _: now)
    content = sample.write_content(tmp_path)
    paths = ("/dataset.ttl", "/ontology.ttl", "/dumps/ncpc-rdf12.nt.gz", "/dumps/ncpc.trig.gz")
    found = []
    for start in range(2):
        with Store.open(tmp_path / "again") as store:
            if start == 0:
                store.replace_built(sample.quads(), "test")
            site = Client(create_app(store, content, tokens))
            replies = [site.get(path) for path in paths]
            found.append([(reply.headers["etag"], reply.content) for reply in replies])
    assert b"propertyChainAxiom _:" in found[0][1][1], "there are blank nodes"
    assert found[0] == found[1]


def test_the_sitemap_lists_pages_that_answer(site: Client) -> None:
    root = ElementTree.fromstring(site.get("/sitemap.xml").content)
    addresses = [
        element.text or "" for element in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    ]
    assert f"{HOST}/id/centre-brazil" in addresses
    assert f"{HOST}/questions/hosts-of-centre" in addresses
    assert not any("#" in address for address in addresses)
    for address in addresses:
        if address not in (f"{HOST}/", HOST):
            reply = site.get(address.removeprefix(HOST), headers={"accept": "text/html"})
            assert reply.status_code in (200, 303), address


def test_robots_name_the_sitemap(site: Client) -> None:
    text = site.get("/robots.txt").text
    assert f"Sitemap: {HOST}/sitemap.xml" in text
    assert re.search(r"^Disallow: /sparql$", text, re.MULTILINE)


def test_structured_data_of_the_dataset(site: Client) -> None:
    text = site.get("/dataset.html").text
    assert '"@type": "Dataset"' in text
    assert '"contentUrl": "https://w3id.org/ncpc/dumps/ncpc.ttl.gz"' in text


def _blank(quad: ox.Quad) -> bool:
    return isinstance(quad.subject, ox.BlankNode) or isinstance(quad.object, ox.BlankNode)


def test_a_dump_that_cannot_be_made_is_logged_and_told_without_size(
    site: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(form: object, answer: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("ncpc_kg.web.dataset.make_dump", fail)
    described = rdflib.Graph().parse(data=site.get("/dataset.ttl").content, format="turtle")
    assert set(described.subjects(rdflib.RDF.type, DCAT.Distribution))
    assert not set(described.objects(None, DCAT.byteSize))
    assert "no room" in caplog.text
