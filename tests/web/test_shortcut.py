"""The short way answers as the long way does."""

from __future__ import annotations

import asyncio
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope

from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.web import create_app
from ncpc_kg.web.exchange import Reply
from ncpc_kg.web.shortcut import Shortcut
from ncpc_kg.web.tokens import Tokens
from tests.web.conftest import HOST

QUERIES = (
    "SELECT * { ?s ?p ?o } ORDER BY ?s",
    "ASK { <relative> ?p 'ü + %' }",
    "CONSTRUCT WHERE { ?s ?p ?o }",
    "DESCRIBE <x>",
    "SELECT (RAND() * 0 AS ?x) {}",
    "SELECT * { ?s ?p ",
    "SELECT * FROM <http://e/none> { ?s ?p ?o }",
    "SELECT * { SERVICE <http://127.0.0.1/> {} }",
    "SELECT (1 AS ?x) {} ",
    "",
)
ACCEPTS = (
    None, "*/*", "text/csv", "text/html", "text/html;q=0.1, text/csv", "image/png", "text/turtle", ";;", "",
    "application/sparql-results+xml, */*;q=0.5",
)  # fmt: skip


def scope_of(query: bytes, headers: list[tuple[bytes, bytes]], method: str = "GET") -> Scope:
    """A request as the server hands it over."""
    return {
        "type": "http", "method": method, "path": "/sparql", "raw_path": b"/sparql", "query_string": query,
        "headers": headers, "scheme": "http", "ncpc_request_id": "same",
    }  # fmt: skip


async def nothing() -> Message:
    """A client that sends no more and stays."""
    await asyncio.Event().wait()
    raise AssertionError


def both(shortcut: Shortcut, scope: Scope, long_way: object) -> tuple[Reply | None, Reply]:
    """The replies of both ways."""

    async def go() -> tuple[Reply | None, Reply]:
        return await shortcut.reply(dict(scope), nothing), await long_way.reply(dict(scope), nothing)  # type: ignore[attr-defined]

    return asyncio.run(go())


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(QUERIES) | st.text(max_size=20),
    st.sampled_from(ACCEPTS),
    st.sampled_from([b"www.example", b"a b", b"[::1]:80"]),
    st.sampled_from([None, b"gzip", b"identity"]),
    st.booleans(),
)
def test_both_ways_give_the_same(
    store: Store, settings: Settings, tokens: Tokens,
    text: str, accept: str | None, host: bytes, encoding: bytes | None, plus: bool,
) -> None:  # fmt: skip
    app = create_app(store, settings, tokens)
    escaped = quote(text.encode("utf-8", "replace"), safe="")
    query = f"query={escaped.replace('%20', '+') if plus else escaped}".encode()
    headers = [(b"host", host)]
    if accept is not None:
        headers.append((b"accept", accept.encode()))
    if encoding is not None:
        headers.append((b"accept-encoding", encoding))
    quick, slow = both(Shortcut(app.state.sparql), scope_of(query, headers), app.state.sparql_endpoint)
    assert quick is None or quick == slow


@pytest.mark.parametrize(
    ("query", "more", "method"),
    [
        (b"query=ASK%7B%7D", (), "HEAD"),
        (b"query=ASK%7B%7D&format=json", (), "GET"),
        (b"query=ASK%7B%7D", ((b"content-length", b"5"),), "GET"),
        (b"query=ASK%7B%7D", ((b"accept", b"text/csv"), (b"accept", b"*/*")), "GET"),
        (b"query=ASK%FF", (), "GET"),
        (b"query=" + b"a" * 33_000, (), "GET"),
        (b"", (), "GET"),
    ],
)
def test_the_unusual_takes_the_long_way(
    store: Store, settings: Settings, tokens: Tokens,
    query: bytes, more: tuple[tuple[bytes, bytes], ...], method: str,
) -> None:  # fmt: skip
    shortcut = Shortcut(create_app(store, settings, tokens).state.sparql)
    scope = scope_of(query, [(b"host", HOST.encode()), *more], method)
    assert asyncio.run(shortcut.reply(scope, nothing)) is None


def test_the_usual_takes_the_short_way(store: Store, settings: Settings, tokens: Tokens) -> None:
    app = create_app(store, settings, tokens)
    scope = scope_of(b"query=ASK%7B%7D", [(b"host", b"www.example"), (b"user-agent", b"x")])
    quick, slow = both(Shortcut(app.state.sparql), scope, app.state.sparql_endpoint)
    assert quick == slow
    assert quick is not None
    assert quick.status == 200
