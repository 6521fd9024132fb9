"""Every IRI answers: redirects, documents, headers, bounds, and what names nothing."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from urllib.parse import quote, unquote

import pyoxigraph as ox
import pytest
import rdflib

from ncpc_kg.description import Description
from ncpc_kg.vocabulary import BASE, ID, PREFIXES
from ncpc_kg.web.pages import Pages
from ncpc_kg.web.site import Head
from tests.web import sample
from tests.web.conftest import Client, CountingStore

PAGE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
FORMATS = {"ttl": "turtle", "nt": "nt", "jsonld": "json-ld", "rdf": "xml"}


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        (None, "ttl"),
        ("*/*", "ttl"),
        ("text/turtle", "ttl"),
        ("application/n-triples", "nt"),
        ("application/ld+json", "jsonld"),
        ("application/json", "jsonld"),
        ("application/rdf+xml", "rdf"),
        ("text/html", "html"),
        (PAGE["accept"], "html"),
        ("text/turtle;q=0.5, application/ld+json", "jsonld"),
        ("text/html;q=0.2, text/turtle;q=0.9", "ttl"),
    ],
)
def test_a_thing_redirects_to_the_document_that_the_client_prefers(
    site: Client, accept: str | None, suffix: str
) -> None:
    reply = site.get("/id/centre-brazil", headers={"accept": accept} if accept else {"accept": ""})
    assert reply.status_code == 303
    assert reply.headers["location"] == f"/id/centre-brazil.{suffix}"
    assert reply.headers["vary"] == "Accept"
    document = site.get(reply.headers["location"])
    assert document.status_code == 200


def test_no_acceptable_form_is_406_with_the_forms(site: Client) -> None:
    reply = site.get("/id/centre-brazil", headers={"accept": "image/png"})
    assert reply.status_code == 406
    assert "text/turtle" in reply.json()["expected"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_all_data_documents_say_the_same(site: Client, suffix: str) -> None:
    graph = rdflib.Graph().parse(data=site.get(f"/id/centre-brazil.{suffix}").content, format=FORMATS[suffix])
    first = rdflib.Graph().parse(data=site.get("/id/centre-brazil.nt").content, format="nt")
    about = rdflib.URIRef(BASE + f"id/centre-brazil.{suffix}")
    other = rdflib.URIRef(BASE + "id/centre-brazil.nt")
    assert {t for t in graph if t[0] != about} == {t for t in first if t[0] != other}


def test_a_description_is_complete_both_ways_with_labels(site: Client, network: CountingStore) -> None:
    graph = rdflib.Graph().parse(data=site.get("/id/centre-brazil.ttl").content, format="turtle")
    me = rdflib.URIRef(ID["centre-brazil"])
    stored = {
        q.predicate.value
        for q in network.store.snapshot.named.quads_for_pattern(ox.NamedNode(str(me)), None, None)
    }
    assert {str(p) for p in graph.predicates(me)} == stored
    pointing = {
        q.subject.value
        for q in network.store.snapshot.named.quads_for_pattern(None, None, ox.NamedNode(str(me)))
    }
    assert {str(s) for s in graph.subjects(None, me)} - {BASE + "id/centre-brazil.ttl"} == pointing
    label = rdflib.SKOS.prefLabel
    assert str(graph.value(rdflib.URIRef(ID["country-brazil"]), label)) == "Brazil"


def test_a_document_costs_one_query(site: Client, network: CountingStore) -> None:
    site.get("/id/country-brazil.ttl")  # reads the lexicon
    network.asked.clear()
    site.get("/id/centre-brazil.ttl")
    site.get("/id/centre-brazil.html")
    assert len(network.asked) == 2
    site.get("/id/centre-brazil.html")
    assert len(network.asked) == 2, "the same page is made once for each state of the graph"


def test_a_write_changes_the_page(site: Client) -> None:
    before = site.get("/id/centre-brazil.nt")
    site.update(f'INSERT DATA {{ <{ID["centre-brazil"]}> <http://purl.org/dc/terms/identifier> "new" }}')
    after = site.get("/id/centre-brazil.nt")
    assert '"new"' in after.text
    assert after.headers["etag"] != before.headers["etag"]


def test_headers_of_a_document(site: Client) -> None:
    reply = site.get("/id/centre-brazil.ttl")
    links = reply.headers["link"]
    assert '</id/centre-brazil.html>; rel="alternate"; type="text/html"' in links
    assert "/id/centre-brazil.ttl" not in links
    assert 'rel="describedby"' in links
    assert 'creativecommons.org/licenses/by/4.0/>; rel="license"' in links
    assert f'<{ID["centre-brazil"]}>; rel="cite-as"' in links
    assert parsedate_to_datetime(reply.headers["last-modified"]).tzinfo is not None
    head = site.request("HEAD", "/id/centre-brazil.ttl", headers={"accept-encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    whole = site.get("/id/centre-brazil.ttl", headers={"accept-encoding": "identity"})
    assert int(head.headers["content-length"]) == len(whole.content)


def test_conditional_requests(site: Client) -> None:
    for encoding in ("identity", "gzip"):
        first = site.get("/id/centre-brazil.ttl", headers={"accept-encoding": encoding})
        tag = {"if-none-match": first.headers["etag"], "accept-encoding": encoding}
        assert site.get("/id/centre-brazil.ttl", headers=tag).status_code == 304
        assert site.get("/id/centre-brazil.nt", headers=tag).status_code == 200
    since = {"if-modified-since": first.headers["last-modified"]}
    assert site.get("/id/centre-brazil.ttl", headers=since).status_code == 304
    old = {"if-modified-since": "Mon, 01 Jan 1990 00:00:00 GMT"}
    assert site.get("/id/centre-brazil.ttl", headers=old).status_code == 200
    assert site.get("/id/centre-brazil.ttl", headers={"if-modified-since": "rubbish"}).status_code == 200


@pytest.mark.parametrize("path", ["/id/centre-brazil", "/code/status-current", "/source/csd-bp28/L493-495"])
@pytest.mark.parametrize("suffix", [*FORMATS, "html"])
def test_things_codes_and_passages_have_documents(site: Client, path: str, suffix: str) -> None:
    assert site.get(f"{path}.{suffix}").status_code == 200


def test_a_code_that_is_only_pointed_at_has_a_document(site: Client) -> None:
    assert "hosting" not in site.get("/source/csd-bp28/L501.html").text.lower()[:200]
    assert "hosting-brazil-senai-start" in site.get("/source/csd-bp28/L501.nt").text


def test_a_graph_has_a_page_and_its_statements(site: Client, network: CountingStore) -> None:
    page = site.get("/graph/20-brazil", headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, "/graph/20-brazil.html")
    assert "Centre of Brazil" in site.get("/graph/20-brazil.html").text
    stated = rdflib.Graph().parse(data=site.get("/graph/20-brazil.nt").content, format="nt")
    assert len(stated) == len(list(network.store.graph(ox.NamedNode(BASE + "graph/20-brazil"))))
    assert site.get("/graph/nothing.ttl").status_code == 404
    assert site.get("/graph/nothing.html").status_code == 404
    assert site.get("/graph/20-brazil", headers={"accept": "text/turtle"}).status_code == 200


def test_a_hub_is_bounded_and_its_pages_have_everything(site: Client, network: CountingStore) -> None:
    found: set[str] = set()
    address: str | None = "/id/hub.nt"
    pages = 0
    while address:
        reply = site.get(address)
        pages += 1
        graph = rdflib.Graph().parse(data=reply.content, format="nt")
        found |= {str(s) for s in graph.subjects(None, rdflib.URIRef(ID["hub"])) if "/spoke-" in str(s)}
        assert len(graph) < 400
        more = re.search(r'<([^>]*)>; rel="next"', reply.headers["link"])
        if more:
            assert (rdflib.URIRef(ID["hub"]), rdflib.RDFS.seeAlso) in {(s, p) for s, p, _ in graph}
        address = more[1] if more else None
    assert len(found) == sample.HUB
    assert pages == 3
    assert site.get("/id/hub.html?page=2").status_code == 200


@pytest.mark.parametrize("page", ["0", "-1", "x", "1.5", "99999999999", "1&page=2", "\u0661"])
def test_a_wrong_page_number_is_told(site: Client, page: str) -> None:
    reply = site.get(f"/id/hub.ttl?page={page}")
    assert reply.status_code == 400
    assert "page" in reply.json()["detail"]


def test_hostile_texts_are_harmless(site: Client) -> None:
    reply = site.get("/id/hub.html")
    assert "<script>alert" not in reply.text
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', reply.text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["name"].startswith("</script>")
    graph = rdflib.Graph().parse(data=site.get("/id/hub.ttl").content, format="turtle")
    assert str(graph.value(rdflib.URIRef(ID["hub"]), rdflib.SKOS.prefLabel)) == sample.HOSTILE


def test_an_iri_that_is_no_web_address_is_no_link(site: Client) -> None:
    text = site.get("/id/outside.html").text
    assert 'href="javascript:' not in text
    assert 'href="http://www.wikidata.org/entity/Q155"' in text


def test_long_texts_are_cut_on_the_page_and_whole_in_the_data(site: Client) -> None:
    page = site.get("/id/long.html")
    assert len(page.text) < 40_000
    assert "x" * 400 not in page.text
    assert len(site.get("/id/long.nt").text) > 200_000


def test_numbers_and_truth_values_keep_their_types(site: Client) -> None:
    graph = rdflib.Graph().parse(data=site.get("/id/unlabelled.nt").content, format="nt")
    kinds = {
        o.datatype for o in graph.objects(rdflib.URIRef(ID["unlabelled"])) if isinstance(o, rdflib.Literal)
    }
    assert kinds == {rdflib.XSD.integer, rdflib.XSD.decimal, rdflib.XSD.double, rdflib.XSD.boolean}


def test_a_quoted_triple_is_kept(site: Client) -> None:
    text = site.get("/id/claim.nt").text
    assert "<<(" in text
    assert '"said"' in text
    assert site.get("/id/claim.html").status_code == 200
    assert site.get("/id/claim.jsonld").status_code == 406, "JSON-LD has no place for it"


@pytest.mark.parametrize("iri", ["centre-são-paulo", "centre-%C3%A9"])
def test_addresses_outside_ascii(site: Client, iri: str) -> None:
    address = "/id/" + quote(iri, safe="%")
    reply = site.get(address, headers=PAGE)
    assert reply.status_code == 303
    location = reply.headers["location"]
    assert location.isascii()
    assert unquote(location) in (f"/id/{iri}.html", unquote(f"/id/{iri}.html"))
    page = site.get(location)
    assert page.status_code == 200
    assert page.headers["link"].isascii()
    assert f"<{ID}{iri}>" in site.get(location.replace(".html", ".nt")).content.decode()


@pytest.mark.parametrize("path", ["/id/%ff", "/id/%ff.ttl", "/id/" + "x" * 3000])
def test_an_address_that_is_no_text_is_told(site: Client, path: str) -> None:
    reply = site.get(path)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/id/",
        "/id/a%20b",
        "/id/%3Cscript%3E.html",
        "/id/%22%3E.ttl",
        "/id/%zz",
        "/source/x%7B%7D",
        "/id/..%2F..",
    ],
)
def test_an_address_that_names_nothing_is_404(site: Client, path: str) -> None:
    for headers in ({}, PAGE):
        reply = site.get(path, headers=headers)
        assert reply.status_code == 404, path
        assert "<script>" not in reply.text


def test_404_names_what_is_near(site: Client) -> None:
    assert "centre-brazil" in site.get("/id/centre-brasil").json()["hint"]
    unknown = site.get("/id/centre-brazil.pdf")
    assert unknown.status_code == 404
    assert ".pdf" in unknown.json()["hint"]
    assert "brazil" in site.get("/id/centre-brasil.html", headers=PAGE).text


def test_a_withdrawn_thing_is_410_with_its_successor(site: Client) -> None:
    reply = site.get("/id/old.ttl")
    assert reply.status_code == 410
    assert ID["centre-brazil"] in reply.json()["hint"]
    page = site.get("/id/old.html")
    assert page.status_code == 410
    assert re.search(r'withdrawn\.</strong> In its place: <a href="/id/centre-brazil">', page.text)


def test_a_withdrawn_entry_says_who_withdrew_it_and_what_took_its_place(site: Client) -> None:
    site.update("""PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX prov: <http://www.w3.org/ns/prov#>
    PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> BASE <https://w3id.org/ncpc/graph/entry/>
    INSERT DATA { GRAPH <one> { <one> a dcterms:ProvenanceStatement ; dcterms:contributor "<Curator>" ;
      dcterms:description "Utopia" ; prov:invalidatedAtTime "2026-11-25T04:00:00Z"^^xsd:dateTime ;
      dcterms:isReplacedBy <two> } }""")
    page = site.get("/graph/entry/one", headers=PAGE, follow_redirects=True)
    assert page.status_code == 410
    note = re.search(r'<p class="warning" role="note">(.*?)</p>', page.text, re.DOTALL)
    assert note is not None
    assert "by <bdi>&lt;Curator&gt;</bdi> on <time" in note[1]
    assert "<bdi>25 November 2026</bdi></time>" in note[1]
    assert 'href="/graph/entry/two"' in note[1]


def test_a_page_is_not_made_again_after_a_write_elsewhere(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    make = Pages.thing

    def counted(self: Pages, description: Description, head: Head) -> str:
        made.append(description.iri)
        return make(self, description, head)

    monkeypatch.setattr(Pages, "thing", counted)
    first = site.get("/id/centre-brazil.html")
    site.update("INSERT DATA { <http://x/s> <http://x/p> 1 }")
    same = site.get("/id/centre-brazil.html")
    assert (len(made), same.content) == (1, first.content)
    assert same.headers["etag"] != first.headers["etag"]
    site.update(f'INSERT DATA {{ <{ID["org-senai"]}> <{PREFIXES["skos"]}prefLabel> "A new name"@en }}')
    assert "A new name" in site.get("/id/centre-brazil.html").text


def test_other_methods_are_refused(site: Client) -> None:
    reply = site.request("DELETE", "/id/centre-brazil")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert site.request("OPTIONS", "/id/centre-brazil").status_code == 204


def test_structured_data_of_a_thing(site: Client) -> None:
    text = site.get("/id/centre-brazil.html").text
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data = json.loads(found[1])
    assert (data["@type"], data["@id"], data["name"]) == (
        "Organization",
        str(ID["centre-brazil"]),
        "Centre of Brazil",
    )


def test_sib_editor_may_mark_its_requests(site: Client) -> None:
    reply = site.get("/sparql", params={"ac": "1", "query": "SELECT * { ?s ?p ?o } LIMIT 1"})
    assert reply.status_code == 200
