"""SPARQL 1.1 Protocol over HTTP; each test names the section it holds us to."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncpc_kg.errors import QueryError
from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.web import create_app
from ncpc_kg.web.protocol import parameters
from ncpc_kg.web.tokens import Tokens
from tests.web.conftest import DATA, HOST, TOKEN, Client

FORM = {"content-type": "application/x-www-form-urlencoded"}
QUERY = {"content-type": "application/sparql-query"}
UPDATE = {"content-type": "application/sparql-update"}
ONE, TWO, THREE = (f"{DATA}{n}.rdf" for n in (1, 2, 3))
BOTH = f"ASK {{ <{ONE}> a ?t . <{TWO}> a ?t }}"
NAMED = f"ASK {{ GRAPH ?g {{ <{ONE}> a ?t }} GRAPH ?h {{ <{TWO}> a ?t }} }}"
MIXED = f"ASK {{ <{THREE}> a ?t . GRAPH ?g {{ <{ONE}> a ?t }} GRAPH ?h {{ <{TWO}> a ?t }} }}"


@pytest.mark.parametrize("path", ["/sparql", "/sparql/"])
@pytest.mark.parametrize("way", ["get", "form", "direct"])
def test_query_in_all_three_ways(client: Client, path: str, way: str) -> None:
    """Section 2.1: query via GET, via URL-encoded POST, via POST directly."""
    if way == "get":
        reply = client.get(path, params={"query": BOTH})
    elif way == "form":
        reply = client.post(path, data={"query": BOTH})
    else:
        reply = client.post(path, content=BOTH, headers=QUERY)
    assert reply.status_code == 200
    assert reply.json()["boolean"] is True
    assert reply.headers["content-type"] == "application/sparql-results+json"


@pytest.mark.parametrize(
    ("text", "graphs", "expected"),
    [
        (BOTH, {"default-graph-uri": [ONE, TWO]}, True),
        (BOTH, {"default-graph-uri": [ONE]}, False),
        (BOTH, {"named-graph-uri": [ONE, TWO]}, False),
        (NAMED, {"named-graph-uri": [ONE, TWO]}, True),
        (NAMED, {"named-graph-uri": [ONE]}, False),
        (NAMED, {"default-graph-uri": [ONE, TWO]}, False),
        (MIXED, {"default-graph-uri": [THREE], "named-graph-uri": [ONE, TWO]}, True),
        (MIXED.replace("ASK", f"ASK FROM <{ONE}>"), {"default-graph-uri": [THREE]}, False),
        (
            MIXED.replace("ASK", f"ASK FROM <{ONE}>"),
            {"default-graph-uri": [THREE], "named-graph-uri": [ONE, TWO]},
            True,
        ),
        ("ASK { ?s ?p ?o }", {"default-graph-uri": ["http://example.org/none"]}, False),
    ],
)
@pytest.mark.parametrize("way", ["get", "form", "direct"])
def test_dataset_of_the_request(
    client: Client, text: str, graphs: dict[str, list[str]], expected: bool, way: str
) -> None:
    """Section 2.1.4: the dataset of the protocol request replaces that of the query."""
    if way == "get":
        reply = client.get("/sparql", params={"query": text, **graphs})
    elif way == "form":
        reply = client.post("/sparql", params=graphs, data={"query": text})
    else:
        reply = client.post("/sparql", params=graphs, content=text, headers=QUERY)
    assert reply.json()["boolean"] is expected


@pytest.mark.parametrize("star", ["SELECT * ", "SELECT DISTINCT *", "select reduced * ", "# all\nSELECT*"])
def test_columns_come_as_they_are_written(client: Client, star: str) -> None:
    """Query, 16.1, and Results CSV and TSV, 3.1: `*` is every variable; a table reads as its query does."""
    text = star + "{ ?s a ?o ; ?p ?k . { SELECT (COUNT(*) AS ?all) { ?hidden ?y ?z } } }"
    head = client.query(text, "text/csv").text.splitlines()[0]
    assert head == "s,o,p,k,all"
    assert client.query(text).json()["head"]["vars"] == head.split(",")


def test_form_may_carry_the_dataset(client: Client) -> None:
    """Section 2.1.2: all parameters may stand in the form."""
    reply = client.post("/sparql", data={"query": BOTH, "default-graph-uri": [ONE, TWO]})
    assert reply.json()["boolean"] is True


@pytest.mark.parametrize("way", ["form", "direct"])
def test_update_in_both_ways(client: Client, way: str) -> None:
    """Section 2.2: update via URL-encoded POST and via POST directly."""
    text = "CLEAR ALL"
    if way == "form":
        reply = client.post("/sparql", token=TOKEN, data={"update": text})
    else:
        reply = client.update(text)
    assert (reply.status_code, reply.content) == (204, b"")
    assert not client.ask("ASK { ?s ?p ?o }")


@pytest.mark.parametrize(
    ("graphs", "where", "found"),
    [
        ({"using-graph-uri": ONE}, "?s a ?t", 1),
        ({"using-graph-uri": [ONE, TWO]}, "?s a ?t", 2),
        ({"using-named-graph-uri": ONE}, "GRAPH ?g { ?s a ?t }", 1),
        ({"using-named-graph-uri": ONE}, "?s a ?t", 0),
        (
            {"using-graph-uri": ONE, "using-named-graph-uri": TWO},
            "{ ?s a ?t } UNION { GRAPH ?g { ?s a ?t } }",
            2,
        ),
        ({}, "?s a ?t", 0),
        ({}, "GRAPH ?g { ?s a ?t }", 3),
    ],
)
def test_dataset_of_an_update(client: Client, graphs: dict[str, Any], where: str, found: int) -> None:
    """Section 2.2.3: using-graph-uri and using-named-graph-uri."""
    text = f"INSERT {{ GRAPH <http://example.org/t> {{ ?s <http://example.org/in> 1 }} }} WHERE {{ {where} }}"
    assert client.update(text, params=graphs).status_code == 204
    reply = client.query("SELECT ?s { GRAPH <http://example.org/t> { ?s ?p ?o } }")
    assert len(reply.json()["results"]["bindings"]) == found


def test_relative_iris_are_resolved_against_the_endpoint(client: Client) -> None:
    """Section 2.2.3 and RFC 3986, 5.1: without BASE the service decides."""
    text = (
        "CLEAR GRAPH <http://example.org/b> ;"
        "INSERT DATA { GRAPH <http://example.org/b> { <http://e.org/s> <http://e.org/p> <test> } }"
    )
    assert client.update(text).status_code == 204
    rows = client.query("SELECT ?o { GRAPH <http://example.org/b> { ?s ?p ?o } }").json()
    assert [row["o"]["value"] for row in rows["results"]["bindings"]] == [f"{HOST}/test"]


@pytest.mark.parametrize(
    ("method", "url", "status", "rest"),
    [
        ("PUT", "/sparql?query=ASK%20%7B%7D", 405, {"headers": FORM}),
        ("DELETE", "/sparql", 405, {}),
        ("PATCH", "/sparql", 405, {}),
        ("GET", "/sparql?query=ASK%20%7B%7D&query=SELECT%20%2A%20%7B%7D", 400, {}),
        ("POST", "/sparql", 415, {"headers": {"content-type": "text/plain"}, "content": "ASK {}"}),
        ("POST", "/sparql", 415, {"content": "query=ASK%20%7B%7D"}),
        ("POST", "/sparql", 415, {"content": "ASK {}"}),
        (
            "POST",
            "/sparql",
            415,
            {
                "headers": {"content-type": "application/sparql-query; charset=UTF-16"},
                "content": "ASK {}".encode("utf-16"),
            },
        ),
        ("POST", "/sparql", 400, {"headers": QUERY, "content": b"ASK { ?s ?p '\xff' }"}),
        ("GET", "/sparql?query=ASK%20%7B", 400, {}),
        ("GET", "/sparql?query=%FF", 400, {}),
        ("GET", "/sparql?query=", 400, {}),
        ("GET", "/sparql?update=CLEAR%20ALL", 400, {}),
        ("POST", "/sparql", 400, {"headers": FORM, "content": "update=CLEAR%20NAMED&update=CLEAR%20DEFAULT"}),
        ("POST", "/sparql", 400, {"headers": FORM, "content": "update=CLEAR%20ALL&query=ASK%20%7B%7D"}),
        ("POST", "/sparql", 400, {"headers": FORM, "content": ""}),
        ("POST", "/sparql", 415, {"content": "update=CLEAR%20NAMED"}),
        (
            "POST",
            "/sparql",
            415,
            {"headers": {"content-type": "application/sparql-update; charset=UTF-16"}, "content": b"x"},
        ),
        ("POST", "/sparql", 400, {"headers": FORM, "content": "update=CLEAR%20XYZ"}),
        (
            "POST",
            "/sparql?using-named-graph-uri=http%3A%2F%2Fexample%2Fpeople",
            400,
            {"headers": UPDATE, "content": "WITH <http://e/a> DELETE { ?s ?p 1 } WHERE { ?s ?p 1 }"},
        ),
        (
            "POST",
            "/sparql?using-graph-uri=http%3A%2F%2Fexample%2Fpeople",
            400,
            {"headers": UPDATE, "content": "DELETE { ?s ?p ?o } USING NAMED <http://e/a> WHERE { ?s ?p ?o }"},
        ),
        ("POST", "/sparql?update=CLEAR%20ALL", 400, {"headers": UPDATE, "content": "CLEAR ALL"}),
        ("POST", "/sparql?query=ASK%20%7B%7D", 400, {"headers": FORM, "content": "update=CLEAR%20ALL"}),
        ("POST", "/sparql", 415, {"headers": {"content-type": "sparql-query"}, "content": "ASK {}"}),
        (
            "POST",
            "/sparql",
            415,
            {
                "headers": [("content-type", QUERY["content-type"]), ("content-type", "a/b")],
                "content": "ASK {}",
            },
        ),
        ("GET", "/sparql?default-graph-uri=http%3A%2F%2Fe%2F", 400, {}),
        ("GET", "/sparql?query=ASK%20%7B%7D&default-graph-uri=relative", 400, {}),
        ("GET", "/sparql?query=ASK%20%7B%7D&default-graph-uri=", 400, {}),
        ("GET", "/sparql?query=ASK%20%7B%7D&using-graph-uri=http%3A%2F%2Fe%2F", 400, {}),
        ("GET", "/sparql?query=ASK%20%7B%7D&timeout=5", 400, {}),
        ("POST", "/sparql?query=ASK%20%7B%7D", 400, {"headers": QUERY, "content": "ASK {}"}),
        ("GET", "/sparql?" + "x" * 40_000, 414, {}),
        ("POST", "/sparql", 413, {"headers": QUERY, "content": b"#" * 100_001}),
        ("POST", "/sparql", 415, {"headers": {**QUERY, "content-encoding": "gzip"}, "content": b"x"}),
    ],
)
def test_bad_requests(client: Client, method: str, url: str, status: int, rest: dict[str, Any]) -> None:
    """Sections 2.1.6 and 2.2.4: 4XX for what is malformed; what is not honoured is refused."""
    reply = client.request(method, url, token=TOKEN, **rest)
    assert reply.status_code == status
    problem = reply.json()
    assert reply.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["detail"]
    assert client.ask("ASK { ?s ?p ?o }"), "nothing was changed"


@pytest.mark.parametrize("path", ["/sparql", "/graphs?default"])
@pytest.mark.parametrize("coding", ["gzip", "br, identity"])
def test_a_compressed_body_is_told_what_is_taken(client: Client, path: str, coding: str) -> None:
    """RFC 9110, section 15.5.16."""
    headers = {**QUERY, "content-encoding": coding}
    reply = client.post(path, token=TOKEN, headers=headers, content=b"x")
    assert reply.status_code == 415
    assert reply.headers["accept-encoding"] == "identity"
    assert reply.json()["expected"].startswith("identity")


def test_the_coding_identity_is_no_coding(client: Client) -> None:
    headers = {**QUERY, "content-encoding": "Identity"}
    assert client.post("/sparql", headers=headers, content=b"ASK {}").status_code == 200


def test_405_names_the_methods(client: Client) -> None:
    """RFC 9110, section 15.5.6."""
    assert client.request("PUT", "/sparql").headers["allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("one", RESULT_FORMATS, ids=lambda one: one.name)
def test_result_formats(client: Client, one: Any) -> None:
    """Section 2.1.5 and the recommendations for each format."""
    reply = client.query("SELECT ?s { ?s a ?t } ORDER BY ?s", one.media_type)
    assert reply.headers["content-type"].partition(";")[0] == one.media_type
    assert ONE in reply.text
    if one.name == "csv":
        assert reply.content == f"s\r\n{ONE}\r\n{TWO}\r\n{THREE}\r\n".encode()
        assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    if one.name == "tsv":
        assert reply.content == f"?s\n<{ONE}>\n<{TWO}>\n<{THREE}>\n".encode()
    asked = client.query("ASK {}", one.media_type)
    assert asked.status_code == (200 if one.boolean else 406)


@pytest.mark.parametrize("one", GRAPH_FORMATS, ids=lambda one: one.name)
@pytest.mark.parametrize("text", ["CONSTRUCT { ?s a ?t } WHERE { ?s a ?t }", f"DESCRIBE <{ONE}>"])
def test_graph_formats(client: Client, one: Any, text: str) -> None:
    """Section 2.1.5: CONSTRUCT and DESCRIBE give RDF."""
    import pyoxigraph as ox

    reply = client.query(text, one.media_type)
    assert reply.headers["content-type"].partition(";")[0] == one.media_type
    triples = {quad.triple for quad in ox.parse(reply.content, one.engine)}
    assert len(triples) == (3 if "CONSTRUCT" in text else 1)


def test_nothing_acceptable(client: Client) -> None:
    """RFC 9110, section 15.5.7; the message says what there is."""
    for text, accept, offered in (
        ("SELECT * {}", "text/turtle", "text/csv"),
        ("CONSTRUCT WHERE { ?s ?p ?o }", "text/csv", "text/turtle"),
        ("ASK {}", "text/csv", "application/sparql-results+json"),
        ("ASK {}", "image/png", "application/sparql-results+json"),
    ):
        reply = client.query(text, accept)
        assert reply.status_code == 406
        assert offered in reply.json()["expected"]


def test_format_parameters(client: Client) -> None:
    """SPARQLWrapper sends format, output and results all at once."""
    three = {"format": "csv", "output": "csv", "results": "csv"}
    reply = client.get("/sparql", params={"query": "SELECT * {}", **three}, headers={"accept": "*/*"})
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    conflict = client.get("/sparql", params={"query": "ASK {}", "format": "json", "output": "xml"})
    assert conflict.status_code == 400


def test_syntax_errors_point_into_the_query(client: Client) -> None:
    reply = client.query("SELECT *\nWHERE { ?s ex:name ?o }")
    assert reply.status_code == 400
    problem = reply.json()
    assert (problem["line"], problem["column"], problem["found"]) == (2, 12, "ex:name")
    assert "PREFIX ex:" in problem["hint"]
    assert problem["type"] == "/problems/query-error"
    page = client.query("SELECT *\nWHERE { ?s ex:name <b> }", "text/html")
    assert page.status_code == 400
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "line 2, column 12" in page.text
    assert "&lt;b&gt;" in page.text
    assert "<b>" not in page.text


def test_each_kind_of_problem_is_described(client: Client) -> None:
    problem = client.query("SELECT").json()
    page = client.get(problem["type"])
    assert page.status_code == 200
    assert "query-error" in page.text
    assert client.get("/problems/none").status_code == 404


def test_head_is_get_without_body(client: Client) -> None:
    """RFC 9110, section 9.3.2."""
    get = client.query(BOTH)
    head = client.request("HEAD", "/sparql", params={"query": BOTH}, headers={"accept": "*/*"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))


@pytest.mark.parametrize("path", ["/", "/problems/not-found", "/openapi.json", "/static/site.css", "/graphs"])
def test_head_at_every_address(client: Client, path: str) -> None:
    """RFC 9110, section 9.1: GET and HEAD must be supported."""
    head, get = client.request("HEAD", path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


def test_options_and_cors(client: Client) -> None:
    """The Fetch standard: other sites may query, with the headers they need."""
    reply = client.request(
        "OPTIONS",
        "/sparql",
        headers={"origin": "https://yasgui.org", "access-control-request-method": "POST"},
    )
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert "Authorization" in reply.headers["access-control-allow-headers"]
    assert client.query("ASK {}").headers["access-control-allow-origin"] == "*"
    assert client.query("ASK {").headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in reply.headers


@pytest.mark.parametrize("path", ["/openapi.json", "/static/site.css", "/problems/not-found", "/"])
def test_options_at_every_address(client: Client, path: str) -> None:
    """RFC 9110, section 9.3.7, and the Fetch standard: a preflight is never refused."""
    reply = client.request("OPTIONS", path, headers={"access-control-request-method": "GET"})
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["allow"].endswith("OPTIONS")
    assert "Authorization" in reply.headers["access-control-allow-headers"]
    assert client.request("DELETE", path).headers["allow"] == reply.headers["allow"]


def test_conditional_requests(client: Client) -> None:
    """RFC 9110, section 13.1.2: a tag holds until the next write, for one format."""
    first = client.query(BOTH)
    tag = first.headers["etag"]
    again = {"accept": "application/sparql-results+json", "if-none-match": tag}
    reply = client.get("/sparql", params={"query": BOTH}, headers=again)
    assert (reply.status_code, reply.content) == (304, b"")
    assert reply.headers["etag"] == tag
    other = client.get("/sparql", params={"query": BOTH}, headers={**again, "accept": "application/xml"})
    assert other.status_code == 200
    client.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
    assert client.get("/sparql", params={"query": BOTH}, headers=again).status_code == 200


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ([("if-none-match", "*")], 304),
        ([("if-none-match", "W/TAG")], 304),
        ([("if-none-match", '"other"'), ("if-none-match", "TAG")], 304),
        ([("if-none-match", '"other", W/"another"')], 200),
        ([("if-match", "TAG")], 200),
        ([("if-match", "*")], 200),
        ([("if-match", '"other"')], 412),
        ([("if-match", "W/TAG")], 412),
        ([("if-match", '"other"'), ("if-none-match", "TAG")], 412),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(client: Client, given: list[tuple[str, str]], status: int, method: str) -> None:
    """RFC 9110, sections 13.1.1 (strong), 13.1.2 (weak), 13.2.2 (order) and 5.3 (lists over lines)."""
    tag = client.get("/sparql", params={"query": BOTH}).headers["etag"]
    headers = [(name, value.replace("TAG", tag)) for name, value in given]
    reply = client.request(method, "/sparql", params={"query": BOTH}, headers=headers)
    assert reply.status_code == status
    if status == 412 and method == "GET":
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json()["status"] == 412


@pytest.mark.parametrize("function", ["NOW()", "RAND()", "UUID()", "STRUUID()"])
def test_what_changes_by_itself_has_no_tag(client: Client, function: str) -> None:
    reply = client.query(f"SELECT ({function} AS ?x) {{}}")
    assert reply.headers["cache-control"] == "no-store"
    assert "etag" not in reply.headers


def test_compressed_responses(client: Client) -> None:
    """RFC 9110, section 8.4; httpx decompresses what it gets."""
    text = "SELECT ?n { VALUES ?n { " + " ".join(map(str, range(2000))) + " } }"
    packed = client.get("/sparql", params={"query": text}, headers={"accept-encoding": "gzip"})
    plain = client.get("/sparql", params={"query": text}, headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "Accept-Encoding" in packed.headers["vary"]


@pytest.mark.parametrize(
    ("accept", "packed"),
    [
        ("gzip;q=0.5", True),
        ("GZIP ; Q=1.0", True),
        ("x-gzip", True),
        ("*", True),
        ("br, *;q=0.1", True),
        ("identity, gzip", True),
        ("identity;q=1, gzip;q=0.5", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("br", False),
        ("", False),
    ],
)
def test_the_coding_that_is_liked_best(client: Client, accept: str, packed: bool) -> None:
    """RFC 9110, section 12.5.3."""
    text = "SELECT ?n { VALUES ?n { " + " ".join(map(str, range(200))) + " } }"
    reply = client.get("/sparql", params={"query": text}, headers={"accept-encoding": accept})
    assert reply.headers.get("content-encoding") == ("gzip" if packed else None)


@pytest.mark.parametrize("accept", ["gzip, identity;q=0", "gzip;q=0.1, *;q=0"])
def test_a_small_reply_is_compressed_where_nothing_else_is_taken(client: Client, accept: str) -> None:
    """RFC 9110, section 12.5.3."""
    reply = client.get("/sparql", params={"query": "ASK {}"}, headers={"accept-encoding": accept})
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.json()["boolean"] is True


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("text/csv, */*;q=0", "text/csv; charset=utf-8"),
        ("*/*;q=0.5, application/sparql-results+json;q=0", "application/sparql-results+xml"),
        ("text/*", "text/csv; charset=utf-8"),
        ("text/*;q=0.9, text/tab-separated-values", "text/tab-separated-values; charset=utf-8"),
        ("application/sparql-results+xml;q=0.2, application/json;q=0.3", "application/json"),
        ("", "application/sparql-results+json"),
        ("*/*;q=0", None),
    ],
)
def test_accept_is_ranked(client: Client, accept: str, found: str | None) -> None:
    """Section 2.1.5 and RFC 9110, section 12.5.1."""
    reply = client.query("SELECT * {}", accept)
    assert reply.status_code == (406 if found is None else 200)
    assert found is None or reply.headers["content-type"] == found


def test_browsers_get_pages(client: Client) -> None:
    browser = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    home = client.get("/", headers=browser)
    assert home.status_code == 200
    assert "<form" in home.text
    assert not re.search(r"<script(?! src=\"/static/)", home.text), "no script inside the page"
    table = client.get("/sparql", params={"query": "SELECT ?s { ?s a ?t }"}, headers=browser)
    assert table.headers["content-type"] == "text/html; charset=utf-8"
    assert "3 rows" in table.text
    named = client.get("/sparql", params={"query": "SELECT ?s { ?s a ?t }", "format": "csv"}, headers=browser)
    assert named.headers["content-type"].startswith("text/csv")
    assert "yes" in client.get("/sparql", params={"query": "ASK {}"}, headers=browser).text
    graph = client.get("/sparql", params={"query": f"DESCRIBE <{ONE}>"}, headers=browser)
    assert ONE in graph.text
    assert "<form" in client.get("/sparql", headers=browser).text


def test_values_cannot_become_markup(client: Client) -> None:
    evil = "<script>alert(1)</script>"
    text = f"SELECT ('{evil}' AS ?x) (IRI('javascript:alert(1)') AS ?y) {{}}"
    page = client.query(text, "text/html").text
    assert "<script>" not in page
    assert 'href="javascript' not in page
    assert "&lt;script&gt;" in page


def test_security_headers_everywhere(client: Client) -> None:
    for url in ("/", "/sparql?query=ASK%7B%7D", "/nothing", "/static/site.css", "/graphs"):
        headers = client.get(url).headers
        assert headers["x-content-type-options"] == "nosniff", url
        assert "default-src 'none'" in headers["content-security-policy"], url
        assert len(headers.get_list("x-content-type-options")) == 1, url


def test_writing_needs_a_token(store: Store, settings: Settings, client: Client) -> None:
    text = "INSERT DATA { <http://e/a> <http://e/p> 1 }"
    without = client.post("/sparql", data={"update": text})
    assert without.status_code == 401
    assert without.headers["www-authenticate"].startswith("Bearer")
    assert client.post("/sparql", token="wrong" * 10, data={"update": text}).status_code == 401
    assert client.post("/sparql", token=TOKEN[::-1], data={"update": text}).status_code == 403
    read_only = Client(create_app(store, settings, Tokens()))
    assert read_only.post("/sparql", token=TOKEN, data={"update": text}).status_code == 403
    basic = {"authorization": "Basic " + __import__("base64").b64encode(f"u:{TOKEN}".encode()).decode()}
    assert client.post("/sparql", headers=basic, data={"update": text}).status_code == 204


@pytest.mark.parametrize("host", ["evil host", "a/b", "x" * 400, "e.org:99999999"])
def test_a_strange_host_header_does_not_reach_iris(client: Client, host: str) -> None:
    reply = client.get("/sparql", params={"query": "SELECT (<x> AS ?y) {}"}, headers={"host": host})
    assert reply.json()["results"]["bindings"][0]["y"]["value"] == "https://w3id.org/ncpc/x"


def test_request_ids(client: Client) -> None:
    given = client.get("/sparql?query=ASK%7B%7D", headers={"x-request-id": "my-id_1"})
    assert given.headers["x-request-id"] == "my-id_1"
    made = client.get("/sparql?query=ASK%7B", headers={"x-request-id": "bad id\x7f"})
    assert made.headers["x-request-id"] == made.json()["request_id"] != "bad id\x7f"


def test_json_results_are_what_the_recommendation_says(client: Client) -> None:
    """SPARQL 1.1 Query Results JSON Format, sections 3.1 and 3.2."""
    text = "SELECT ?a ?b ?c ?d { BIND(<http://e/x> AS ?a) BIND('t'@en AS ?b) BIND(1 AS ?c) }"
    found = json.loads(client.query(text).content)
    assert found["head"] == {"vars": ["a", "b", "c", "d"]}
    assert found["results"]["bindings"] == [
        {
            "a": {"type": "uri", "value": "http://e/x"},
            "b": {"type": "literal", "value": "t", "xml:lang": "en"},
            "c": {"type": "literal", "value": "1", "datatype": "http://www.w3.org/2001/XMLSchema#integer"},
        }
    ]


@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=30))))
def test_parameters_are_read_as_the_standard_library_does(pairs: list[tuple[str, str]]) -> None:
    expected: dict[str, list[str]] = {}
    for name, value in pairs:
        expected.setdefault(name, []).append(value)
    assert parameters(urlencode(pairs)) == expected


@given(st.text(alphabet="a%2=0&+ \t.\r\nFé?#;", max_size=30))
def test_odd_parameters_are_read_as_the_standard_library_does(text: str) -> None:
    expected: dict[str, list[str]] = {}
    try:
        for name, value in parse_qsl(text, keep_blank_values=True, errors="strict"):
            expected.setdefault(name, []).append(value)
    except ValueError:
        with pytest.raises(QueryError):
            parameters(text)
        return
    assert parameters(text) == expected
