"""Bombs for parsers, and text that tries to become markup, headers or log lines."""

from __future__ import annotations

import gzip
import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from tests.web.conftest import TOKEN, Client

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/"'
SCRIPT = "<script>alert(1)</script>"
DEEP = 50_000  # bytes
FITS = 2_500
TURTLE = {"content-type": "text/turtle"}


@contextmanager
def cheap(seconds: float = 10.0, megabytes: int = 400) -> Iterator[None]:
    """Fails where the block takes far more time or memory than a refusal needs."""
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - start < seconds
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < megabytes * 1024


def test_plain_entities_are_expanded(client: Client) -> None:
    """Many RDF/XML documents have short names for namespaces."""
    text = (
        f'<!DOCTYPE r [<!ENTITY e "http://e/&#97;"><!ENTITY f "x">]><rdf:RDF {RDF}>'
        '<rdf:Description rdf:about="&e;"><e:p rdf:resource="&e;&f;"/></rdf:Description></rdf:RDF>'
    )
    headers = {"content-type": "application/rdf+xml"}
    reply = client.request("PUT", "/graphs?default", token=TOKEN, content=text.encode(), headers=headers)
    assert reply.status_code == 201
    assert client.ask("ASK { <http://e/a> <http://e/p> <http://e/ax> }")


def laughs(levels: int) -> str:
    """An RDF/XML document whose entities multiply tenfold at each level."""
    entities = ['<!ENTITY l0 "haha">']
    entities += [f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(levels)]
    return (
        f'<?xml version="1.0"?><!DOCTYPE rdf:RDF [{"".join(entities)}]>'
        f'<rdf:RDF {RDF}><rdf:Description rdf:about="http://e/a"><e:p>&l{levels};</e:p>'
        "</rdf:Description></rdf:RDF>"
    )


BOMBS = {
    "entities that multiply": ("application/rdf+xml", laughs(12)),
    "an entity from a file": (
        "application/rdf+xml",
        f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><rdf:RDF {RDF}>'
        '<rdf:Description rdf:about="http://e/a"><e:p>&x;</e:p></rdf:Description></rdf:RDF>',
    ),
    "an entity from a host": (
        "application/rdf+xml",
        f'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><rdf:RDF {RDF}>'
        '<rdf:Description rdf:about="http://e/a"><e:p>&x;</e:p></rdf:Description></rdf:RDF>',
    ),
    "nested XML": (
        "application/rdf+xml",
        f"<rdf:RDF {RDF}>" + "<rdf:Description><e:p>" * FITS,
    ),
    "nested collections": ("text/turtle", "<http://e/a> <http://e/p> " + "(" * FITS),
    "nested blank nodes": ("text/turtle", "<http://e/a> <http://e/p> " + "[ <http://e/p> " * FITS),
    "nested triple terms": (
        "text/turtle",
        "<http://e/a> <http://e/p> " + "<<( <http://e/a> <http://e/p> " * FITS,
    ),
    "an entity that is used too often": (
        "application/rdf+xml",
        f'<!DOCTYPE r [<!ENTITY x "{"a" * 10_000}">]><rdf:RDF {RDF}>'
        f'<rdf:Description rdf:about="http://e/a"><e:p>{"&x;" * 8_000}</e:p></rdf:Description></rdf:RDF>',
    ),
    "nested JSON lists": ("application/ld+json", '{"http://e/p": ' + "[" * FITS),
    "nested JSON objects": ("application/ld+json", '{"http://e/p": ' * FITS),
    "nested JSON-LD contexts": ("application/ld+json", '{"@context": ' * FITS),
    "a context that names itself": (
        "application/ld+json",
        json.dumps({"@context": {"a": "b:x", "b": "a:x"}, "a": 1}),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_for_parsers_are_refused(client: Client, name: str) -> None:
    media_type, text = BOMBS[name]
    with cheap():
        reply = client.request(
            "PUT", "/graphs?default", token=TOKEN, content=text.encode(), headers={"content-type": media_type}
        )
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/problem+json"
    assert client.get("/graphs?default").content.strip() == b""


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("text/turtle", "<http://e/a> <http://e/p> " + "(" * 5_000 + ")" * 5_000 + " ."),
        ("text/turtle", "<http://e/a> <http://e/p> " + "[ <http://e/p> " * 5_000 + "1" + "]" * 5_000 + " ."),
        ("application/ld+json", '{"http://e/p": ' * 5_000 + "1" + "}" * 5_000),
        ("application/ld+json", '{"http://e/p": ' + "[" * 5_000 + "1" + "]" * 5_000 + "}"),
        (
            "application/rdf+xml",
            f"<rdf:RDF {RDF}>"
            + "<rdf:Description><e:p>" * 5_000
            + "</e:p></rdf:Description>" * 5_000
            + "</rdf:RDF>",
        ),
    ],
)
def test_deep_but_whole_documents_end_one_way_or_the_other(
    client: Client, media_type: str, text: str
) -> None:
    with cheap():
        reply = client.request(
            "PUT", "/graphs?default", token=TOKEN, content=text.encode(), headers={"content-type": media_type}
        )
    assert reply.status_code in (201, 400, 413)
    assert client.query("ASK {}").status_code == 200


@pytest.mark.parametrize(
    "opening", ["{", "(", "[", "!", "! ", "-", "EXISTS {", "{ SELECT * ", "GRAPH ?g {", "^", "a/"]
)
def test_deep_queries_are_refused_or_answered(client: Client, opening: str) -> None:
    deep = opening * (DEEP // len(opening))
    for text in (f"SELECT * {{ {deep}", f"SELECT * {{ ?s ?p ?o FILTER({deep} 1)"):
        with cheap():
            reply = client.post(
                "/sparql", content=text.encode(), headers={"content-type": "application/sparql-query"}
            )
        assert reply.status_code == 400


def test_compressed_bodies_are_no_way_in(client: Client) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    with cheap():
        for encoding in ("gzip", "deflate", "br", "gzip, gzip"):
            headers = {"content-type": "text/turtle", "content-encoding": encoding}
            reply = client.request("PUT", "/graphs?default", token=TOKEN, content=bomb, headers=headers)
            assert reply.status_code == 415


@pytest.mark.parametrize(
    "literal", [SCRIPT, "'\"><img src=x onerror=alert(1)>", "</td></table><script>", "&lt;b&gt;", "\u2028<b>"]
)
def test_literals_and_iris_never_become_markup(client: Client, literal: str) -> None:
    text = json.dumps(literal)
    client.update(f"INSERT DATA {{ <http://e/x?a=%3Cscript%3E&b='> <http://e/p> {text} , {text}@en }}")
    for query in ("SELECT * { ?s <http://e/p> ?o }", "CONSTRUCT WHERE { ?s <http://e/p> ?o }"):
        reply = client.query(query, "text/html")
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        body = reply.text
        for dangerous in ("<script>", "<img", "<b>", "b='>"):
            assert dangerous not in body
        assert "'unsafe-inline'" not in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    "text", [f"SELECT * {{ {SCRIPT}", f"SELECT * {{ ?s <http://e/{SCRIPT}> ?o }}", SCRIPT]
)
def test_queries_and_errors_never_become_markup(client: Client, text: str) -> None:
    reply = client.query(text, "text/html")
    assert reply.status_code == 400
    assert SCRIPT not in reply.text
    assert "alert(1)" in reply.text


@pytest.mark.parametrize("mark", ["\r\nSet-Cookie: a=b", "\nx: y", "\x00", "\u2028x"])
def test_nothing_sent_becomes_a_header(client: Client, mark: str) -> None:
    address = quote(f"http://e/{mark}", safe="")
    replies = [
        client.query(f"SELECT * {{ <http://e/{mark}> ?p ?o }}"),
        client.get(f"/sparql?query=ASK%7B%7D&format={quote(mark)}"),
        client.get(f"/graphs?graph={address}"),
        client.request("PUT", f"/graphs/{quote(mark)}", token=TOKEN, content="", headers=TURTLE),
        client.request("PUT", f"/graphs?graph={address}", token=TOKEN, content="", headers=TURTLE),
    ]  # fmt: skip
    for reply in replies:
        assert reply.status_code < 500
        assert "set-cookie" not in reply.headers
        assert "x" not in reply.headers
        for name, value in reply.headers.raw:
            assert not {0, 10, 13} & set(name + value)


def test_a_foreign_request_id_is_taken_only_if_it_is_harmless(client: Client) -> None:
    harmful = ("a b", "x" * 65, "<b>", '"', "a;b")
    for given, taken in (("abc-1.2_3", True), *((one, False) for one in harmful)):
        reply = client.get("/sparql?query=ASK%7B%7D", headers={"x-request-id": given})
        assert (reply.headers["x-request-id"] == given) is taken
