"""The whole site in front of other people's servers: it answers as it does from its own store."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest

from ncpc_kg.catalogue import read_catalogue
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import GRAPH
from ncpc_kg.web import create_app
from ncpc_kg.web.tokens import Tokens
from tests import servers
from tests.samples import ROOT
from tests.web.conftest import TOKEN, Client

pytestmark = pytest.mark.server
CENTRE = "/id/centre-brazil"
PAGE, TURTLE = {"accept": "text/html"}, {"accept": "text/turtle"}
QUESTIONS = read_catalogue(ROOT / "queries").questions


@dataclass
class Sites:
    """The same content behind another server and behind our own engine, and what is known to fail there."""

    remote: httpx.Client
    own: Client
    fails: str


@pytest.fixture(scope="module", params=["oxigraph", "virtuoso"])
def sites(
    request: pytest.FixtureRequest, built: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sites]:
    place = tmp_path_factory.mktemp(request.param)
    url = f"http://127.0.0.1:{servers.free_port()}"
    with getattr(servers, request.param)(place) as engine, Store.open(built.store, read_only=True) as store:
        command = [sys.executable, "-m", "ncpc_kg", "serve", "--engine", engine.query]
        command += ["--content", str(ROOT), "--store", str(place / "store"), "--port", url.rpartition(":")[2]]
        more = {"NCPC_KG_ENGINE_UPDATE": engine.update, "NCPC_KG_TOKENS": f"update,submit:{TOKEN}"}
        with (
            servers.started(command, f"{url}/sparql", Path.cwd(), 120, {**os.environ, **more}),
            httpx.Client(base_url=url, timeout=60) as remote,
        ):
            text = (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
            fails = [line for line in text.splitlines() if line.lower().startswith(f"{request.param}: ")]
            yield Sites(remote, Client(create_app(store, built, Tokens())), " ".join(fails))


@pytest.mark.parametrize(
    "path",
    ["/", "/centres", "/people", "/indicators", "/search?q=senai", f"{CENTRE}.html"],
)
def test_pages_are_the_same(sites: Sites, path: str) -> None:
    """But for the order of what has none, such as the parts of GROUP_CONCAT (Query, section 18.5.1.7)."""
    reply = sites.remote.get(path, headers=PAGE)
    assert reply.status_code == 200
    assert words(reply.text) == words(sites.own.get(path, headers=PAGE).text)


def test_contradictions_stand_side_by_side(sites: Sites) -> None:
    """The names within a heading have no order, and not all of them fit in."""
    remote, own = (one.get("/contradictions", headers=PAGE).text for one in (sites.remote, sites.own))
    assert re.findall(r'id="[^"]*"', remote) == re.findall(r'id="[^"]*"', own)
    assert remote.count("<article") == own.count("<article") > 10


def words(text: str) -> list[str]:
    return sorted(re.split(r'[\s,<>"]+', text))


def test_a_thing_redirects_to_its_turtle(sites: Sites) -> None:
    reply = sites.remote.get(CENTRE, headers=TURTLE)
    assert (reply.status_code, reply.headers["location"]) == (303, f"{CENTRE}.ttl")
    found, own = sites.remote.get(f"{CENTRE}.ttl").content, sites.own.get(f"{CENTRE}.ttl").content
    assert set(ox.parse(found, ox.RdfFormat.TURTLE)) == set(ox.parse(own, ox.RdfFormat.TURTLE))
    assert len(found) > 1000


@pytest.mark.parametrize("name", [one.name for one in QUESTIONS])
def test_answers_are_the_same(sites: Sites, name: str) -> None:
    """But for the questions that the documentation names, and truth values worked out by Virtuoso."""
    path = f"/questions/{name}.csv"
    reply = sites.remote.get(path)
    if f"`{name}`" in sites.fails:
        assert reply.text != sites.own.get(path).text
        return
    assert reply.status_code == 200, reply.text
    assert table(reply.text, sites) == table(sites.own.get(path).text, sites)


def table(text: str, sites: Sites) -> list[list[list[str]]]:
    """The cells as words in any order; truth values as digits where the engine has them so."""
    if "1 and 0" in sites.fails:
        text = re.sub(r"\btrue\b", "1", re.sub(r"\bfalse\b", "0", text))
    return [[sorted(cell.split()) for cell in row] for row in csv.reader(io.StringIO(text))]


def test_an_answer_in_json(sites: Sites) -> None:
    remote, own = (
        one.get("/questions/host-of-centre.json?centre=china") for one in (sites.remote, sites.own)
    )
    assert words(remote.text) == words(own.text)
    assert len(remote.json()["rows"]) == 1


def test_it_is_written_and_read(sites: Sites) -> None:
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "text/turtle"}
    url, body = "/graphs?graph=http://e/g", b'<http://e/a> <http://e/p> 2, true, "x"@en .'
    assert sites.remote.put(url, content=body, headers=headers).status_code == 201
    found = sites.remote.get(url, headers={"accept": "application/n-triples"}).content
    assert set(ox.parse(found, ox.RdfFormat.N_TRIPLES)) == set(ox.parse(body, ox.RdfFormat.TURTLE))
    asked = {"query": "SELECT (COUNT(*) AS ?n) { <http://e/a> ?p ?o }", "format": "csv"}
    assert sites.remote.get("/sparql", params=asked).text == "n\r\n3\r\n"
    assert sites.remote.delete(url, headers=headers).status_code == 200
    assert sites.remote.get(url).status_code == 404


def test_the_service_describes_what_it_has(sites: Sites) -> None:
    described = sites.remote.get("/sparql", headers={"accept": "application/n-triples"}).text
    assert f"{GRAPH['20-brazil']}>" in described
    assert "SPARQL11Update" in described
    assert "EmptyGraphs" not in described


def test_it_takes_no_entries_and_says_so(sites: Sites) -> None:
    assert "/entries/new" not in sites.remote.get("/", headers=PAGE).text
    reply = sites.remote.post("/entries/check", content=b"", headers={"content-type": "application/yaml"})
    assert (reply.status_code, reply.json()["detail"]) == (404, "This engine takes no entries.")
