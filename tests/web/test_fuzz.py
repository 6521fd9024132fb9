"""Random queries, updates and requests: every reply is a proper one, never a 500."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ncpc_kg.settings import Limits, Settings
from ncpc_kg.store import Store
from ncpc_kg.web import create_app
from ncpc_kg.web.tokens import Tokens
from tests.web.conftest import TOKEN, Client

PROPER = {200, 201, 204, 400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 503}
MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))

terms = st.sampled_from(
    [
        "?s",
        "?p",
        "?o",
        "<http://e/a>",
        "e:a",
        "_:b",
        "[]",
        "1",
        "1.5e3",
        "true",
        "'x'@en",
        '"""y\n"""',
        "a",
        "()",
    ]
)
paths = st.sampled_from(["?p", "a", "e:p", "e:p*", "(e:p|^e:q)+", "!(e:p|^a)", "e:p/e:q?"])
expressions = st.sampled_from(
    [
        "?o > 1", "REGEX(STR(?o), '(a+)+$')", "EXISTS { ?s ?p ?o }", "?o IN (1, ?s)", "COALESCE(1/0, ?o)",
        "xsd:integer(?o)", "!BOUND(?o)", "STRLEN(?o) = 1", "IF(?o, 1, 2)", "<http://e/f>(?o)",
        "LANG(?o) = ''",
    ]
)  # fmt: skip
triples = st.builds(lambda s, p, o: f"{s} {p} {o} .", terms, paths, terms)


@st.composite
def groups(draw: st.DrawFn, depth: int = 2) -> str:
    """A group graph pattern."""
    parts = draw(st.lists(triples, max_size=3))
    if depth:
        inner = groups(depth - 1)
        kinds = [
            st.builds(lambda one: f"OPTIONAL {one}", inner),
            st.builds(lambda one, two: f"{one} UNION {two}", inner, inner),
            st.builds(lambda one: f"MINUS {one}", inner),
            st.builds(lambda one: f"GRAPH ?g {one}", inner),
            st.builds(lambda one: f"FILTER({one})", expressions),
            st.builds(lambda one: f"BIND({one} AS ?x)", expressions),
            st.just("VALUES (?s ?o) { (1 UNDEF) (<http://e/a> 'x') }"),
            st.builds(lambda one: f"{{ SELECT ?s (COUNT(*) AS ?n) WHERE {one} GROUP BY ?s }}", inner),
            st.builds(lambda one: f"SERVICE SILENT <http://127.0.0.1:9/> {one}", inner),
        ]
        parts += draw(st.lists(st.one_of(kinds), max_size=3))
    return "{ " + " ".join(parts) + " }"


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query; most are valid, some only nearly."""
    start = draw(
        st.sampled_from(
            [
                "SELECT *",
                "SELECT DISTINCT ?s",
                "SELECT (SUM(?o) AS ?n)",
                "ASK",
                "DESCRIBE ?s",
                "CONSTRUCT { ?s ?p ?o }",
            ]
        )
    )
    clause = draw(
        st.sampled_from(["", "FROM <http://e/g>", "FROM NAMED <http://e/g> FROM e:h", "FROM <rel>"])
    )
    end = draw(
        st.sampled_from(["", "LIMIT 3", "ORDER BY DESC(?s) ?o OFFSET 1", "GROUP BY ?s HAVING(COUNT(*) > 1)"])
    )
    declared = "PREFIX e: <http://e/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
    text = f"{declared}{start} {clause} WHERE {draw(groups())} {end}"
    return mutated(draw, text) if draw(st.booleans()) else text


@st.composite
def updates(draw: st.DrawFn) -> str:
    """An update of several operations; most are valid."""
    kinds = [
        st.builds(lambda one: f"INSERT {{ ?s ?p ?o }} WHERE {one}", groups(1)),
        st.builds(
            lambda one: f"DELETE {{ GRAPH ?g {{ ?s ?p ?o }} }} INSERT {{ ?o ?p ?s }} WHERE {one}", groups(1)
        ),
        st.builds(lambda s, o: f"INSERT DATA {{ {s} e:p {o} }}", terms, terms),
        st.sampled_from(
            [
                "CLEAR ALL",
                "DROP GRAPH e:g",
                "COPY DEFAULT TO e:g",
                "LOAD <file:///etc/passwd>",
                "CREATE GRAPH e:g",
            ]
        ),
    ]
    text = "PREFIX e: <http://e/> " + " ; ".join(draw(st.lists(st.one_of(kinds), max_size=3)))
    return mutated(draw, text) if draw(st.booleans()) else text


def mutated(draw: st.DrawFn, text: str) -> str:
    at = draw(st.integers(0, len(text)))
    junk = draw(
        st.one_of(
            st.text(max_size=3), st.sampled_from(["{", "}", ")", "'", '"', "<", "\\u12", "#", "\0", "\ud800"])
        )
    )
    return text[:at] + junk + text[at + draw(st.integers(0, 5)) :]


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as place, Store.open(Path(place) / "store") as store:
        store.update(
            "INSERT DATA { <http://e/a> <http://e/p> 1, 'x'@en GRAPH <http://e/g> { <http://e/a> a 1 } }"
        )
        chosen = Settings(content=Path(place), store=Path(place), limits=Limits(body_bytes=50_000))
        yield Client(create_app(store, chosen, Tokens.read({"NCPC_KG_TOKENS": f"update:{TOKEN}"})))


def proper(reply: httpx.Response) -> None:
    assert reply.status_code in PROPER, reply.text
    if reply.status_code >= 400:
        assert reply.headers["content-type"] == "application/problem+json", reply.text
        problem = json.loads(reply.content)
        assert problem["status"] == reply.status_code
        assert problem["detail"]
    elif reply.headers.get("content-type") == "application/sparql-results+json":
        json.loads(reply.content)


@MANY
@given(
    text=queries(),
    accept=st.sampled_from(["*/*", "text/csv", "application/sparql-results+xml", "text/turtle"]),
)
def test_queries(fuzzed: Client, text: str, accept: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    headers = {"content-type": "application/sparql-query", "accept": accept}
    proper(fuzzed.post("/sparql", content=body, headers=headers))


@MANY
@given(text=updates())
def test_updates(fuzzed: Client, text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    headers = {"content-type": "application/sparql-update"}
    proper(fuzzed.post("/sparql", content=body, headers=headers, token=TOKEN))


words = st.sampled_from(
    [
        "query",
        "update",
        "default-graph-uri",
        "using-graph-uri",
        "format",
        "results",
        "graph",
        "default",
        "x",
        "",
    ]
)
values = st.one_of(
    st.text(max_size=20), st.sampled_from(["ASK {}", "CLEAR ALL", "http://e/g", "json", "turtle", "", "%"])
)


@MANY
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    path=st.sampled_from(
        ["/sparql", "/sparql/", "/graphs", "/graphs/a%20b", "/graph/x", "/nothing", "/problems/x"]
    ),
    asked=st.lists(st.tuples(words, values), max_size=4),
    kind=st.sampled_from(
        [
            "",
            "text/turtle",
            "application/x-www-form-urlencoded",
            "application/sparql-update",
            "multipart/form-data; boundary=x",
            "\xe9",
        ]
    ),
    body=st.one_of(st.binary(max_size=60), st.just(b"<a> <b> <c> ."), st.just(b"query=ASK%7B%7D")),
    accept=st.one_of(st.none(), st.text(alphabet="*/abq=;,. 01", max_size=20), st.just("application/json")),
    token=st.sampled_from([None, TOKEN, "wrong"]),
)
def test_requests(
    fuzzed: Client, method: str, path: str, asked: list[tuple[str, str]], kind: str, body: bytes,
    accept: str | None, token: str | None,
) -> None:  # fmt: skip
    headers: dict[str, Any] = {"content-type": kind.encode("latin-1"), "accept": accept or "*/*"}
    params = [(name, value.encode("utf-8", "replace").decode()) for name, value in asked]
    reply = fuzzed.request(method, path, token=token, params=params, content=body, headers=headers)
    assert reply.status_code in PROPER | {304}, reply.text
    assert len(reply.headers.get_list("x-content-type-options")) == 1
