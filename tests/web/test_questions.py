"""Questions over HTTP: every format, paging, evidence, wrong parameters, injection."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import openpyxl
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ncpc_kg.vocabulary import BASE, ID
from tests.web import sample
from tests.web.conftest import Client, CountingStore

HOSTS = "/questions/hosts-of-centre"
PAGE = {"accept": "text/html"}
RS = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/result-set#")


def rows(site: Client, address: str) -> list[dict[str, Any]]:
    reply = site.get(address)
    assert reply.status_code == 200, reply.text
    found = reply.json()["rows"]
    assert isinstance(found, list)
    return found


def test_json_has_objects_with_numbers(site: Client) -> None:
    reply = site.get(HOSTS, headers={"accept": "application/json"})
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["content-location"] == f"{HOSTS}.json"
    document = reply.json()
    assert document["columns"] == ["host", "name", "times", "start"]
    assert document["rows"] == [
        {"host": str(ID["org-senai"]), "name": "SENAI", "times": 1, "start": "1995-07"}
    ]
    assert document["complete"] is True
    assert document["parameters"] == {"centre": str(ID["centre-brazil"])}, "a default is told, too"


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("tsv", "text/tab-separated-values; charset=utf-8"),
        ("srj", "application/sparql-results+json"),
        ("ttl", "text/turtle; charset=utf-8"),
        ("jsonld", "application/ld+json; charset=utf-8"),
        ("rq", "application/sparql-query"),
        ("html", "text/html; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_formats_by_suffix_and_by_accept(site: Client, suffix: str, media_type: str) -> None:
    by_suffix = site.get(f"{HOSTS}.{suffix}?centre=centre-brazil")
    assert (by_suffix.status_code, by_suffix.headers["content-type"]) == (200, media_type)
    plain = media_type.partition(";")[0]
    by_accept = site.get(f"{HOSTS}?centre=centre-brazil", headers={"accept": plain})
    assert (by_accept.status_code, by_accept.headers["content-type"]) == (200, media_type)
    assert by_accept.headers["content-location"] == f"{HOSTS}.{suffix}?centre=centre-brazil"


def test_the_iri_of_a_question_redirects_to_page_and_data(site: Client) -> None:
    page = site.get(HOSTS, headers=PAGE)
    assert (page.status_code, page.headers["location"]) == (303, f"{HOSTS}.html")
    data = site.get(HOSTS, headers={"accept": "text/turtle"})
    assert (data.status_code, data.headers["location"]) == (303, f"{HOSTS}.ttl")
    assert site.get(HOSTS, headers={"accept": "image/png"}).status_code == 406


def test_csv_is_what_the_engine_says(site: Client) -> None:
    assert site.get(f"{HOSTS}.csv").text.splitlines() == [
        "host,name,times,start",
        f"{ID['org-senai']},SENAI,1,1995-07",
    ]


def test_parameters_are_named_in_many_ways(site: Client) -> None:
    for value in (
        "brazil",
        "centre-brazil",
        "id:centre-brazil",
        str(ID["centre-brazil"]),
        "Centre of Brazil",
    ):
        assert len(rows(site, f"{HOSTS}.json?centre={value.replace('#', '%23')}")) == 1
    assert rows(site, f"{HOSTS}.json?centre=outside") == []
    assert len(rows(site, f"{HOSTS}.json?centre=")) == 1, "an empty field keeps the default"


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("centre=nowhere", "centre"),
        ("center=brazil", "center"),
        ("centre=brazil&centre=outside", "centre"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("offset=x", "offset"),
        ("evidence=maybe", "evidence"),
        ("centre=%ff", "parameters"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(site: Client, query: str, word: str) -> None:
    reply = site.get(f"{HOSTS}.csv?{query}")
    assert reply.status_code == 400
    problem = reply.json()
    assert word in problem["detail"]
    assert problem["expected"]


def test_a_wrong_type_is_told(site: Client) -> None:
    assert site.get("/questions/starts.json?since=1995-08").json()["rows"][0]["date"] == "1995-09"
    reply = site.get("/questions/starts.json?since=last%20summer")
    assert reply.status_code == 400
    assert "xsd:gYearMonth" in reply.json()["expected"]


def test_a_wrong_parameter_is_told_beside_its_field(site: Client) -> None:
    reply = site.get(f"{HOSTS}.html?centre=nowhere", headers=PAGE)
    assert reply.status_code == 400
    assert "not in its list" in reply.text
    assert "nowhere" in reply.text
    assert "etag" not in reply.headers


def test_an_unknown_question_names_the_nearest(site: Client) -> None:
    reply = site.get("/questions/host-of-centre.csv")
    assert reply.status_code == 404
    assert "hosts-of-centre" in reply.json()["hint"]
    assert site.get("/questions/hosts-of-centre.pdf").status_code == 404


INJECTIONS = [
    "x } DELETE WHERE { ?s ?p ?o } #",
    '" } UNION { ?s ?p ?o } #',
    '\\" . ?s ?p ?o . "',
    "id:centre-brazil> } UNION { ?host ?p ?name } #",
    "<http://x/> ; DROP ALL",
    "'''\"\"\"\n} LIMIT 1 #",
    "\\u0022 } #",
    "?s",
    "UNDEF",
    "\u0000",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_stays_text(site: Client, network: CountingStore, text: str) -> None:
    before = len(network.store)
    found = site.request("GET", "/questions/starts.json", params={"text": text})
    assert found.status_code == 200
    assert {row["text"] for row in found.json()["rows"]} == {text}
    assert len(network.store) == before


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_iri_that_is_none_is_refused(site: Client, text: str) -> None:
    assert site.request("GET", f"{HOSTS}.json", params={"centre": text}).status_code == 400


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip))
def test_any_text_comes_back_as_it_went_in(site: Client, text: str) -> None:
    found = site.request("GET", "/questions/starts.json", params={"text": text})
    assert {row["text"] for row in found.json()["rows"]} == {text}


def test_paging_reaches_every_row_once(site: Client) -> None:
    found: list[str] = []
    address: str | None = "/questions/links-of-hub.json?limit=150"
    while address:
        document = site.get(address).json()
        found += [row["from"] for row in document["rows"]]
        assert document["complete"] is ("next" not in document)
        address = document.get("next")
    assert len(found) == len(set(found)) == sample.HUB
    csv_page = site.get("/questions/links-of-hub.csv?limit=150&offset=300")
    assert len(csv_page.text.splitlines()) == 101
    assert 'rel="next"' not in csv_page.headers["link"]
    for form in ("csv", "tsv", "xlsx", "srj", "ttl"):
        assert "offset=150" in site.get(f"/questions/links-of-hub.{form}?limit=150").headers["link"]
    query = site.get("/questions/links-of-hub.rq?limit=150&offset=300").text
    assert len(site.query(query).json()["results"]["bindings"]) == 100


def test_the_page_shows_so_many_rows_and_links_to_the_next(site: Client) -> None:
    text = site.get("/questions/links-of-hub.html").text
    assert text.count("/id/spoke-") == 200
    assert "offset=200" in text


def test_evidence_of_rows(site: Client) -> None:
    row = rows(site, f"{HOSTS}.json?evidence=1")[0]
    passages = [link["iri"].rpartition("/")[2] for link in row["evidence"]["passages"]]
    assert passages == ["L493-495"]
    assert row["evidence"]["contested"] == []
    starts = rows(site, "/questions/starts.json?evidence=1")
    assert [row["evidence"]["passages"][0]["label"] for row in starts] == ["Lines 496\u2013497", "Line 204"]
    assert all(row["evidence"]["contested"][0]["iri"] == str(ID["discrepancy-d07"]) for row in starts)


def test_evidence_behind_a_shortcut(site: Client) -> None:
    row = rows(site, "/questions/hosts-by-shortcut.json?evidence=1")[0]
    assert [link["iri"].rpartition("/")[2] for link in row["evidence"]["passages"]] == ["L493-495"]


def test_evidence_in_every_format(site: Client) -> None:
    passage = f"{BASE}source/csd-bp28/L493-495"
    table = list(csv.DictReader(io.StringIO(site.get(f"{HOSTS}.csv?evidence=1").text)))
    assert table[0]["passages"] == passage
    assert table[0]["contested"] == ""
    assert passage in site.get(f"{HOSTS}.tsv?evidence=1").text
    assert site.get(f"{HOSTS}.srj?evidence=1").json()["results"]["bindings"][0]["passages"] == {
        "type": "literal",
        "value": passage,
    }
    book = openpyxl.load_workbook(io.BytesIO(site.get(f"{HOSTS}.xlsx?evidence=1").content))
    assert [cell.value for cell in book["Answer"][1]][-2:] == ["passages", "contested"]
    assert book["Answer"]["E2"].value == passage
    graph = rdflib.Graph().parse(data=site.get(f"{HOSTS}.ttl?evidence=1").content, format="turtle")
    assert (None, rdflib.DCTERMS.source, rdflib.URIRef(passage)) in graph
    assert "L493-495" in site.get(f"{HOSTS}.html?evidence=1").text


def test_a_spreadsheet_holds_numbers_and_no_formulas(site: Client) -> None:
    reply = site.request("GET", "/questions/starts.xlsx", params={"text": "=HYPERLINK(1)"})
    book = openpyxl.load_workbook(io.BytesIO(reply.content))
    assert {(row[2].value, row[2].data_type) for row in book["Answer"].iter_rows(min_row=2)} == {
        ("=HYPERLINK(1)", "s")
    }
    assert book["Answer"]["C2"].value.startswith("=")
    times = openpyxl.load_workbook(io.BytesIO(site.get(f"{HOSTS}.xlsx").content))["Answer"]["C2"].value
    assert times == 1
    about = {row[0].value: row[1].value for row in book["About"].iter_rows()}
    assert "creativecommons" in about["Licence"]
    assert (about["Since"], about["Text"]) == ("1990-01", "=HYPERLINK(1)")


def test_turtle_is_the_question_and_its_result_set(site: Client) -> None:
    graph = rdflib.Graph().parse(data=site.get(f"{HOSTS}.ttl").content, format="turtle")
    question = rdflib.URIRef(BASE + "questions/hosts-of-centre")
    assert (question, rdflib.RDF.type, rdflib.SH.SPARQLExecutable) in graph
    answer = graph.value(None, rdflib.RDF.type, RS.ResultSet)
    assert {str(v) for v in graph.objects(answer, RS.resultVariable)} == {"host", "name", "times", "start"}
    values = {graph.value(b, RS.value) for b in graph.subjects(RS.variable, rdflib.Literal("times"))}
    assert values == {rdflib.Literal(1)}


def test_the_list_of_questions(site: Client) -> None:
    assert "Who houses a centre?" in site.get("/questions", headers=PAGE).text
    graph = rdflib.Graph().parse(data=site.get("/questions.ttl").content, format="turtle")
    assert len(set(graph.subjects(rdflib.RDF.type, rdflib.SH.SPARQLExecutable))) == len(sample.QUESTIONS)
    assert site.get("/questions.csv").status_code == 406


def test_values_of_a_parameter(site: Client) -> None:
    found = site.get(f"{HOSTS}/centre").json()["values"]
    assert {"value": str(ID["outside"]), "label": "Outside"} in found
    assert site.get(f"{HOSTS}/nothing").status_code == 400


def test_allowed_values_are_asked_once(site: Client, network: CountingStore) -> None:
    for name in ("brazil", "outside", "brazil"):
        site.get(f"{HOSTS}.json?centre={name}")
    assert sum("SELECT ?value ?label" in text for text in network.asked if "#+" not in text) == 1


def test_conditional_requests_and_head(site: Client) -> None:
    first = site.get(f"{HOSTS}.json")
    assert site.get(f"{HOSTS}.json", headers={"if-none-match": first.headers["etag"]}).status_code == 304
    assert (
        site.get(f"{HOSTS}.json?evidence=1", headers={"if-none-match": first.headers["etag"]}).status_code
        == 200
    )
    assert site.request("HEAD", f"{HOSTS}.json").content == b""
    assert site.post(f"{HOSTS}.json").status_code == 405


def test_a_hostile_address_stays_inside_its_header_and_attribute(site: Client) -> None:
    reply = site.get("/questions/starts.html?text=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in reply.text
    link = site.get('/questions/starts.csv?text=a>;%20rel="evil"').headers["link"]
    assert not re.search(r'[^;] rel="evil"|>; rel="evil"', link.replace("%20", " "))


def test_openapi_has_typed_parameters_and_examples(site: Client) -> None:
    document = site.get("/openapi.json").json()
    operation = document["paths"][HOSTS]["get"]
    parameters = {one["name"]: one for one in operation["parameters"]}
    assert parameters["centre"]["example"] == str(ID["centre-brazil"])
    assert parameters["evidence"]["schema"]["enum"] == [0, 1]
    assert "text/csv" in operation["responses"]["200"]["content"]
    since = next(
        one for one in document["paths"]["/questions/starts"]["get"]["parameters"] if one["name"] == "since"
    )
    assert re.fullmatch(since["schema"]["pattern"], since["example"])
