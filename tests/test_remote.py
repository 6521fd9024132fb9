"""Remote engines: the client side against a fake, and two real servers under `server`."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest

from ncpc_kg.engine import DatasetClause, Engine, Formats, GraphStore, GraphWrite
from ncpc_kg.errors import (
    Forbidden,
    LimitReached,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    QueryError,
    ServiceError,
    StoreError,
    TooLarge,
)
from ncpc_kg.remote import Endpoints, Remote
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.store import Store
from tests import servers
from tests.samples import ROOT

CSV = Formats(bindings="text/csv")
G, H = "http://e.org/g", "http://e.org/h"


class Fake(BaseHTTPRequestHandler):
    """A server that replies what a test has laid out, and remembers what it was sent."""

    replies: ClassVar[list[tuple[int, str, bytes]]] = []
    seen: ClassVar[list[tuple[str, dict[str, list[str]], dict[str, str]]]] = []
    wait = threading.Event()
    drips = False
    cut: int | None = None

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", "0"))
        form = parse_qs(self.rfile.read(length).decode())
        self.seen.append((self.path, form, {key.lower(): value for key, value in self.headers.items()}))
        status, media_type, body = self.replies.pop(0)
        if status == 0:
            self.wait.wait(5)
            return
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        for byte in range(len(body)) if self.drips else ():
            self.wfile.write(body[byte : byte + 1])
            self.wait.wait(0.2)
        self.wfile.write(b"" if self.drips else body[: self.cut])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def fake() -> Iterator[str]:
    Fake.replies.clear()
    Fake.seen.clear()
    Fake.wait.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Fake) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        Fake.wait.set()
        server.shutdown()
        thread.join()


def remote(*urls: str, **more: object) -> Remote:
    limits = Limits(seconds=1, result_bytes=1000)
    settings = Settings(content=Path(), limits=limits, **more)  # type: ignore[arg-type]
    return Remote(Endpoints(tuple(urls), urls[0] + "/update", "me", "secret"), settings)


def solutions(value: str) -> tuple[int, str, bytes]:
    body = '{"head":{"vars":["x"]},"results":{"bindings":[{"x":{"type":"literal","value":"%s"}}]}}'
    return (200, "application/sparql-results+json", (body % value).encode())


def test_answers_come_in_the_format_that_was_asked(fake: str) -> None:
    Fake.replies += [
        solutions("a"),
        (200, "application/n-triples", b"<http://e/a> <http://e/p> 'x' .".replace(b"'", b'"')),
    ]
    assert remote(fake).query("SELECT ?x {}", CSV).body == b"x\r\na\r\n"
    answer = remote(fake).query("CONSTRUCT { ?s ?p ?o } {}", Formats(graph="application/rdf+xml"))
    assert b"rdf:Description" in answer.body
    assert Fake.seen[0][2]["accept"] == "application/sparql-results+json"


def test_dataset_base_and_log_in_are_passed_on(fake: str) -> None:
    Fake.replies.append(solutions("a"))
    clause = DatasetClause((G,), (H,), "http://base/")
    remote(fake).query("SELECT ?x { <r> ?p ?x }", CSV, clause)
    _, form, headers = Fake.seen[0]
    assert form["default-graph-uri"] == [G]
    assert form["named-graph-uri"] == [H]
    assert form["query"] == ["BASE <http://base/> SELECT ?x { <r> ?p ?x }"]
    assert headers["authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_query_is_tried_again_and_an_update_is_not(fake: str, status: int) -> None:
    Fake.replies += [(status, "text/plain", b"busy"), solutions("a")]
    assert remote(fake).query("SELECT ?x {}", CSV).body == b"x\r\na\r\n"
    assert len(Fake.seen) == 2
    Fake.replies += [(status, "text/plain", b"busy")]
    with pytest.raises(ServiceError):
        remote(fake).update("CLEAR ALL")
    assert len(Fake.seen) == 3


def test_the_kind_is_that_of_the_text_and_not_of_its_comments(fake: str) -> None:
    Fake.replies += [solutions("a"), (200, "text/plain", b"")]
    comments = "# one\n# its address, deleted\n"
    remote(fake).query(comments + "PREFIX add: <http://e/> SELECT ?x { ?x add:insert 'drop' }", CSV)
    remote(fake).update("# one\n# ask\nCLEAR ALL")
    Fake.replies.append(solutions("a"))
    remote(fake).query("PREFIX x: <http://www.w3.org/2001/XMLSchema#> SELECT (x:date('1990') AS ?x) {}", CSV)
    assert [list(form) for _, form, _ in Fake.seen] == [["query"], ["update"], ["query"]]


def test_replicas_take_turns_and_the_writer_gets_the_updates(fake: str) -> None:
    Fake.replies += [solutions("a")] * 4 + [(200, "text/plain", b"")]
    engine = remote(fake + "/one", fake + "/two")
    for _ in range(4):
        engine.query("SELECT ?x {}", CSV)
    engine.update("CLEAR ALL")
    assert [path for path, _, _ in Fake.seen] == ["/one", "/two", "/one", "/two", "/one/update"]


def test_failures_are_told(fake: str) -> None:
    Fake.replies += [
        (400, "text/plain", b"line 1: no"),
        (401, "text/plain", b""),
        (500, "text/plain", b"oops"),
    ]
    with pytest.raises(QueryError, match="cannot run"):
        remote(fake).query("SELECT ?x {}", CSV)
    with pytest.raises(ServiceError, match="log-in") as caught:
        remote(fake).query("SELECT ?x {}", CSV)
    assert "secret" not in str(caught.value)
    with pytest.raises(ServiceError, match="does not answer"):
        remote(fake).query("SELECT ?x {}", CSV)
    Fake.replies += [
        (200, "text/html", b"<html>"),
        (200, "application/sparql-results+json", b" " * 1001),
        (0, "", b""),
    ]
    with pytest.raises(ServiceError, match="cannot be read"):
        remote(fake).query("SELECT ?x {}", CSV)
    with pytest.raises(TooLarge):
        remote(fake).query("SELECT ?x {}", CSV)
    with pytest.raises(LimitReached, match="too long"):
        remote(fake).query("SELECT ?x {}", CSV)
    with pytest.raises(ServiceError, match="does not answer"):
        remote(f"http://127.0.0.1:{servers.free_port()}").query("SELECT ?x {}", CSV)


def test_an_answer_that_breaks_off_is_an_error(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut between two lines, what arrives would pass for the whole."""
    line = b"<http://e/a> <http://e/p> <http://e/b> .\n"
    Fake.replies += [(200, "application/n-triples", line * 2)] * 3
    monkeypatch.setattr(Fake, "cut", len(line))
    with pytest.raises(ServiceError, match="does not answer") as caught:
        remote(fake).query("CONSTRUCT WHERE { ?s ?p ?o }")
    assert "broke off" in (caught.value.found or "")
    assert len(Fake.seen) == 3, "a query is tried again"


def test_an_answer_that_never_ends_is_given_up(fake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Fake.replies.append(solutions("a"))
    monkeypatch.setattr(Fake, "drips", True)
    with pytest.raises(LimitReached, match="too long"):
        remote(fake).query("SELECT ?x {}", CSV)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }", Forbidden),
        ('DEFINE get:soft "replace" SELECT * { ?s ?p ?o }', QueryError),
        ("nothing", QueryError),
        ("INSERT { <a:a> <a:b> 1 } WHERE { SELECT * {} }", QueryError),
        ("# SELECT\nclear all # ASK", QueryError),
        ("SELECT * {} ; DROP ALL", QueryError),
        ("SELECT * {} \\u0044ROP ALL", QueryError),
        ("ALTER QUAD STORAGE x { SELECT }", QueryError),
        ("SELECT (bif:http_get('http://127.0.0.1/') AS ?x) {}", Forbidden),
        ("SELECT (<LONG::bif:exec>('x') AS ?x) {}", Forbidden),
        ("PREFIX p: <bif:http_> SELECT (p:get('x') AS ?x) {}", Forbidden),
        ("SELECT (<http://e/f> # with a comment\n ('x') AS ?x) {}", Forbidden),
        ("PREFIX xsd: <http://e/> SELECT (xsd:f('x') AS ?x) {}", Forbidden),
        ("SELECT (sql:rnd (1) AS ?x) {}", Forbidden),
        ('SELECT # \r """ \n (<bif:exec>(\'x\') AS ?r) {} # """', QueryError),
        ("SELECT * { FILTER('''a'''' = <bif:exec>(1) || '''b''') }", QueryError),
    ],
)
def test_what_is_not_allowed_never_leaves(fake: str, text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        remote(fake).query(text, CSV)
    for update in ("LOAD <http://127.0.0.1/x>", "SELECT * {}"):
        with pytest.raises(QueryError):
            remote(fake).update(update)
    with pytest.raises(NotAcceptable):
        remote(fake).query("CONSTRUCT WHERE { ?s ?p ?o }", Formats(graph=None))
    assert Fake.seen == []


def test_addresses_and_log_in_come_from_the_environment() -> None:
    settings = Settings(content=Path(), engine_url="http://a/")
    found = Endpoints.of(settings, {
        "NCPC_KG_ENGINE_REPLICAS": "http://b/ http://c/", "NCPC_KG_ENGINE_UPDATE": "http://w/",
        "NCPC_KG_ENGINE_USER": "u", "NCPC_KG_ENGINE_PASSWORD": "p", "NCPC_KG_ENGINE_AUTH": "digest",
    })  # fmt: skip
    assert found == Endpoints(("http://a/", "http://b/", "http://c/"), "http://w/", "u", "p", True)
    assert "p" not in repr(found).split("digest")[0].split("user='u'")[1]
    with pytest.raises(ServiceError, match="No remote engine"):
        Endpoints.of(Settings(content=Path()), {})


# ---------------------------------------------------------------- one behaviour, all engines


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("oxigraph", marks=pytest.mark.server),
        pytest.param("virtuoso", marks=pytest.mark.server),
    ],
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    place = tmp_path_factory.mktemp(request.param)
    if request.param == "embedded":
        with Store.open(place / "store") as store:
            yield store
        return
    with getattr(servers, request.param)(place) as server:
        settings = Settings(content=place, limits=Limits(seconds=20))
        yield Remote(Endpoints((server.query,), server.update), settings)


@pytest.fixture
def clean(engine: Engine) -> Engine:
    for graph in (G, H):
        engine.update(f"DROP SILENT GRAPH <{graph}>")
    return engine


def rows(engine: Engine, text: str, dataset: DatasetClause | None = None) -> list[bytes]:
    return engine.query(text, CSV, dataset).body.split()[1:]


def test_updates_and_queries(clean: Engine) -> None:
    clean.update(f"INSERT DATA {{ GRAPH <{G}> {{ <http://e/a> <http://e/p> 1, 'x'@en, 'y' }} }}")
    everything = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{G}> {{ ?s ?p ?o }} }}"
    assert rows(clean, everything) == [b"3"]
    clean.update(f"WITH <{G}> DELETE {{ ?s ?p ?o }} INSERT {{ ?s ?p 2 }} WHERE {{ ?s ?p ?o FILTER(?o = 1) }}")
    assert rows(clean, f"SELECT ?o {{ GRAPH <{G}> {{ ?s ?p ?o FILTER(isNumeric(?o)) }} }}") == [b"2"]
    ask = clean.query(
        f"ASK {{ GRAPH <{G}> {{ ?s ?p 'x'@en }} }}", Formats(boolean="application/sparql-results+xml")
    )
    assert b"<boolean>true</boolean>" in ask.body
    answer = clean.query(
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{G}> {{ ?s ?p ?o }} }}",
        Formats(graph="application/n-triples"),
    )
    assert len(list(ox.parse(answer.body, ox.RdfFormat.N_TRIPLES))) == 3


def test_named_graphs_are_seen_without_being_named(clean: Engine) -> None:
    clean.update(
        f"INSERT DATA {{ GRAPH <{G}> {{ <http://e/union> <http://e/p> 1 }} "
        f"GRAPH <{H}> {{ <http://e/union> <http://e/p> 2 }} }}"
    )
    assert sorted(rows(clean, "SELECT ?o { <http://e/union> ?p ?o }")) == [b"1", b"2"]
    assert rows(clean, "SELECT ?o { <http://e/union> ?p ?o }", DatasetClause((G,))) == [b"1"]
    assert rows(clean, "SELECT ?o { GRAPH ?g { <http://e/union> ?p ?o } }", DatasetClause((), (H,))) == [b"2"]


def test_graphs_are_written_and_read(clean: Engine) -> None:
    store: GraphStore = clean  # type: ignore[assignment]
    turtle = ((b"<a> <http://e/p> 1, [] .", "text/turtle"),)
    assert store.write_graph(GraphWrite("put", G, turtle, "http://e/"))
    answer = store.read_graph(G, "application/n-triples")
    assert answer.body.count(b"<http://e/a>") == 2
    assert not store.write_graph(GraphWrite("post", G, ((b"<b> <c> <d> .", "text/turtle"),), "http://e/"))
    with pytest.raises(PreconditionFailed):
        store.write_graph(GraphWrite("put", G, turtle, "http://e/", if_match=(answer.tag or "",)))
    assert not store.write_graph(GraphWrite("put", G, turtle, "http://e/", if_match=("*",)))
    assert store.read_graph(G, "text/turtle").body.count(b"http://e/c") == 0
    store.write_graph(GraphWrite("delete", G))
    with pytest.raises(NotFound):
        store.read_graph(G, "text/turtle")
    with pytest.raises(NotFound):
        store.write_graph(GraphWrite("delete", G))


def test_an_update_never_passes_for_a_query(clean: Engine) -> None:
    """Some servers run an update that comes as a query, and queries need no token."""
    hidden = f"INSERT {{ GRAPH <{G}> {{ <http://e/a> <http://e/hidden> 1 }} }} WHERE {{ SELECT * {{}} }}"
    with pytest.raises(QueryError):
        clean.query(hidden, CSV)
    assert rows(clean, "SELECT ?s { ?s <http://e/hidden> ?o }") == []


def test_wrong_texts_are_errors(clean: Engine) -> None:
    with pytest.raises(QueryError):
        clean.query("SELECT * { ?s ?p", CSV)
    with pytest.raises(QueryError):
        clean.update("INSERT DATA { <http://e/a> <http://e/p> }")


def test_a_build_replaces_what_was_built_and_keeps_what_was_written(clean: Engine) -> None:
    built: Store = clean  # type: ignore[assignment]
    a, p = ox.NamedNode("http://e/built"), ox.NamedNode("http://e/p")
    first = [ox.Quad(a, p, ox.Literal(n), ox.NamedNode(G)) for n in range(5)]
    built.replace_built(first, "one")
    clean.update(f"INSERT DATA {{ GRAPH <{H}> {{ <http://e/written> <http://e/p> 1 }} }}")
    built.replace_built(first[:2], "two")
    assert built.fingerprint() == "two"
    assert sorted(rows(clean, "SELECT ?o { <http://e/built> ?p ?o }")) == [b"0", b"1"]
    assert rows(clean, "SELECT ?o { <http://e/written> ?p ?o }") == [b"1"]
    built.replace_built([], "three")


def promised(embedded: bool) -> dict[str, bool]:
    """What the table of the documentation says an engine can do."""
    text = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
    table = text.partition("## What a remote engine cannot promise")[2].partition("\n\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]
    return {row[0]: row[1 if embedded else 2] == "yes" for row in rows[2:]}


def test_capabilities_are_as_the_documentation_says(clean: Engine) -> None:
    embedded = isinstance(clean, Store)
    can = promised(embedded)
    assert can["queries, updates, named graphs, formats"]
    assert can["tags, kept replies"] == bool(clean.version)
    entries = "entries are checked and taken, writes are held against the shapes and closed"
    assert can[entries] == hasattr(clean, "consult")
    store: GraphStore = clean  # type: ignore[assignment]
    store.write_graph(GraphWrite("put", G, ((b"", "text/turtle"),), "http://e/"))
    try:
        kept = store.read_graph(G, "text/turtle").body is not None
    except NotFound:
        kept = False
    try:
        apart = store.read_graph(None, "text/turtle").body is not None
    except NotFound:
        apart = False
    assert can["unnamed graph apart from the union, empty graphs"] == kept == apart
    if can["a statement in two graphs counts once"]:
        triple = "<http://e/t> <http://e/p> 5"
        clean.update(f"INSERT DATA {{ GRAPH <{G}> {{ {triple} }} GRAPH <{H}> {{ {triple} }} }}")
        assert rows(clean, "SELECT (SUM(?o) AS ?n) { <http://e/t> <http://e/p> ?o }") == [b"5"]


def test_a_remote_build_takes_named_graphs_only(fake: str) -> None:
    a = ox.NamedNode("http://e/a")
    with pytest.raises(StoreError, match="named graphs"):
        remote(fake).replace_built([ox.Quad(a, a, a)], "x")
    assert Fake.seen == []
