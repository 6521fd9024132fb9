"""The cache in front, health, figures, logs."""

from __future__ import annotations

import json

import pytest

from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.web import create_app
from ncpc_kg.web.access_log import AccessLog
from ncpc_kg.web.cache import ReplyCache
from ncpc_kg.web.exchange import Reply
from ncpc_kg.web.front import Front
from ncpc_kg.web.metrics import Metrics
from ncpc_kg.web.tokens import Tokens
from tests.web.conftest import TOKEN, Client


class Counting:
    """A store that counts the queries that reach it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked = 0

    @property
    def version(self) -> str:
        return self.store.version

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        self.asked += 1
        return self.store.query(text, formats, dataset)

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        self.store.update(text, using)


@pytest.fixture
def counting(store: Store) -> Counting:
    return Counting(store)


@pytest.fixture
def front(counting: Counting, settings: Settings, tokens: Tokens) -> Client:
    return Client(Front(create_app(counting, settings, tokens), Metrics()))


def test_the_same_question_is_asked_once(front: Client, counting: Counting) -> None:
    replies = [front.query("SELECT * { ?s ?p ?o }") for _ in range(3)]
    assert counting.asked == 1
    assert len({reply.content for reply in replies}) == 1
    assert len({reply.headers["x-request-id"] for reply in replies}) == 3
    front.query("SELECT * { ?s ?p ?o }", "text/csv")
    assert counting.asked == 2


def test_a_write_ends_what_was_kept(front: Client, counting: Counting) -> None:
    before = front.query("SELECT * { ?s ?p ?o }").json()
    front.update("CLEAR ALL")
    after = front.query("SELECT * { ?s ?p ?o }").json()
    assert len(before["results"]["bindings"]) == 3
    assert after["results"]["bindings"] == []
    assert counting.asked == 2


@pytest.mark.parametrize("text", ["SELECT (RAND() AS ?x) {}", "SELECT * {"])
def test_what_may_differ_next_time_is_not_kept(front: Client, counting: Counting, text: str) -> None:
    for _ in range(2):
        front.query(text)
    assert counting.asked == 2


def test_kept_replies_answer_conditions_and_head(front: Client) -> None:
    tag = front.query("ASK {}").headers["etag"]
    headers = {"accept": "application/sparql-results+json", "if-none-match": tag}
    assert front.get("/sparql", params={"query": "ASK {}"}, headers=headers).status_code == 304
    assert front.request("HEAD", "/sparql", params={"query": "ASK {}"}).content == b""


def test_the_cache_keeps_within_its_memory() -> None:
    cache = ReplyCache(most_bytes=20_000, largest=4_000)
    cache.get(("",), "v")
    for number in range(50):
        cache.put((str(number),), "v", Reply(200, bytes(1000)))
    assert 0 < cache.bytes <= 20_000
    assert cache.get(("49",), "v") is not None
    assert cache.get(("0",), "v") is None
    cache.put(("large",), "v", Reply(200, bytes(5000)))
    assert cache.get(("large",), "v") is None
    assert cache.get(("49",), "w") is None
    assert (len(cache), cache.bytes) == (0, 0)
    cache.put(("late",), "v", Reply(200, b""))
    assert cache.get(("late",), "w") is None


def test_health_and_figures(front: Client) -> None:
    assert front.get("/healthz").text == "alive\n"
    assert front.get("/readyz").status_code == 200
    assert front.request("DELETE", "/healthz").status_code == 405
    front.query("SELECT * {}")
    front.query("SELECT * {")
    text = front.get("/metrics").text
    assert 'ncpc_kg_replies_total{kind="bindings",status="200"} 1.0' in text
    assert 'ncpc_kg_replies_total{kind="problem",status="400"} 1.0' in text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_options_of_health_and_figures(front: Client, path: str) -> None:
    """RFC 9110, section 9.3.7."""
    reply = front.request("OPTIONS", path)
    assert (reply.status_code, reply.content) == (204, b"")
    assert reply.headers["allow"] == front.post(path).headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("host", ["a b", "a/b", 'a"b', "a\\b", "é", ""])
@pytest.mark.parametrize("path", ["/sparql?query=ASK%7B%7D", "/healthz", "/"])
def test_what_cannot_be_a_host_is_refused(front: Client, path: str, host: str) -> None:
    """RFC 9112, section 3.2."""
    assert front.get(path, headers={"host": host.encode()}).status_code == 400
    assert front.get(path, headers={"host": "my_app.local:8000"}).status_code == 200


def test_not_ready_while_stopping(front: Client) -> None:
    assert isinstance(front.app, Front)
    front.app.draining = True
    assert front.get("/readyz").status_code == 503
    assert front.query("ASK {}").status_code == 503
    assert front.get("/").status_code == 503
    assert front.get("/healthz").status_code == 200


def test_logs_hold_no_secret_and_no_foreign_line(
    counting: Counting, settings: Settings, tokens: Tokens
) -> None:
    written: list[str] = []
    access_log = AccessLog(written.append)
    front = Client(Front(create_app(counting, settings, tokens), Metrics(), access_log))
    front.post("/sparql", token=TOKEN, data={"update": "CLEAR ALL"})
    front.get("/sparql?query=secret", headers={"x-request-id": 'mine", "status": 200'})
    front.get("/%0a%0dforged%22 line\u2028")
    front.request('GET"\n', "/healthz")
    assert written == []
    access_log.flush()
    lines = "".join(written).splitlines()
    assert [json.loads(line)["status"] for line in lines] == [204, 400, 404, 405]
    assert all(json.loads(line)["bytes"] > 0 for line in lines[1:])
    for line in lines:
        entry = json.loads(line)
        assert entry["request"]
        assert 'mine"' not in entry["request"]
        assert TOKEN not in line
        assert "secret" not in line


def test_the_unforeseen_behind_any_route_is_a_problem_document(
    store: Store, settings: Settings, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(store, settings, tokens)

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("a secret detail")

    reply = Client(app).get("/broken", headers={"accept": "application/json"})
    assert reply.status_code == 500
    assert reply.json()["found"] == "ZeroDivisionError"
    assert "secret detail" not in reply.text
    assert reply.json()["request_id"] in [getattr(one, "request", None) for one in caplog.records]
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_the_unforeseen_is_a_problem_document(
    store: Store, settings: Settings, tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Counting):
        def query(
            self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None
        ) -> Answer:
            raise ZeroDivisionError("a secret detail")

    reply = Client(create_app(Broken(store), settings, tokens)).query("ASK {}")
    assert reply.status_code == 500
    assert reply.json()["found"] == "ZeroDivisionError"
    assert "secret detail" not in reply.text
    assert reply.json()["request_id"] in [getattr(one, "request", None) for one in caplog.records]
