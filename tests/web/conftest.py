"""An application over a small store, called without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyoxigraph as ox
import pytest
from starlette.types import ASGIApp

from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.store import Store
from ncpc_kg.web import create_app
from ncpc_kg.web.tokens import Tokens
from tests.web import sample

TOKEN = "only-for-the-tests-0123456789"
HOST = "http://www.example"
DATA = "http://kasei.us/2009/09/sparql/data/data"


class Client:
    """Sends requests to an application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def request(self, method: str, url: str, token: str | None = None, **rest: Any) -> httpx.Response:
        headers = httpx.Headers(rest.pop("headers", None))
        if token:
            headers["authorization"] = f"Bearer {token}"

        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                return await client.request(method, url, headers=headers, **rest)

        return asyncio.run(go())

    def get(self, url: str, **rest: Any) -> httpx.Response:
        return self.request("GET", url, **rest)

    def post(self, url: str, **rest: Any) -> httpx.Response:
        return self.request("POST", url, **rest)

    def query(self, text: str, accept: str = "application/sparql-results+json") -> httpx.Response:
        return self.get("/sparql", params={"query": text}, headers={"accept": accept})

    def update(self, text: str, **rest: Any) -> httpx.Response:
        headers = {"content-type": "application/sparql-update"}
        return self.post("/sparql", token=TOKEN, content=text.encode(), headers=headers, **rest)

    def ask(self, text: str) -> bool:
        found = self.query(text).json()["boolean"]
        assert isinstance(found, bool)
        return found


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as made:
        quads = [
            ox.Quad(
                ox.NamedNode(f"{DATA}{n}.rdf"),
                ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
                ox.NamedNode("http://xmlns.com/foaf/0.1/Document"),
                ox.NamedNode(f"{DATA}{n}.rdf"),
            )
            for n in (1, 2, 3)
        ]
        made.replace_built(quads, "test")
        yield made


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(content=tmp_path, store=tmp_path / "store", limits=Limits(body_bytes=100_000))


@pytest.fixture
def tokens() -> Tokens:
    return Tokens.read({"NCPC_KG_TOKENS": f"update:{TOKEN} submit:{TOKEN[::-1]}"})


@pytest.fixture
def client(store: Store, settings: Settings, tokens: Tokens) -> Client:
    return Client(create_app(store, settings, tokens))


class CountingStore:
    """A store that remembers the queries that reach it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        self.asked.append(text)
        return self.store.query(text, formats, dataset)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[CountingStore]:
    """The small network of `sample`."""
    with Store.open(tmp_path / "network") as made:
        made.replace_built(sample.quads(), "test")
        yield CountingStore(made)


@pytest.fixture
def site(network: CountingStore, tokens: Tokens, tmp_path: Path) -> Client:
    """An application over the small network."""
    return Client(create_app(network, sample.write_content(tmp_path), tokens))
