"""Behind a reverse proxy: a path prefix, another scheme and host, another base IRI."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from ncpc_kg.entries import make_gate
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web import create_app
from ncpc_kg.web.front import Front
from ncpc_kg.web.metrics import Metrics
from ncpc_kg.web.prefix import Prefix, cleaned
from ncpc_kg.web.tokens import Tokens
from tests.web import sample
from tests.web.conftest import Client, CountingStore

PAGE = {"accept": "text/html"}


@pytest.fixture
def behind(network: CountingStore, tokens: Tokens, tmp_path: Path) -> Client:
    settings = replace(sample.write_content(tmp_path), root_path="/kg/")
    return Client(create_app(network, settings, tokens))


@pytest.mark.parametrize("start", ["", "/kg"])
def test_the_prefix_may_come_or_be_taken_away(behind: Client, start: str) -> None:
    reply = behind.get(f"{start}/id/centre-brazil", headers=PAGE)
    assert (reply.status_code, reply.headers["location"]) == (303, "/kg/id/centre-brazil.html")
    page = behind.get(f"{start}/id/centre-brazil.html")
    assert page.status_code == 200
    assert '"/kg/id/country-brazil"' in page.text
    assert "</kg/id/centre-brazil.ttl>" in page.headers["link"]
    assert (
        behind.get(f"{start}/questions/links-of-hub.json?limit=5").json()["next"].startswith("/kg/questions/")
    )
    assert behind.get(f"{start}/sparql", params={"query": "ASK {}"}).status_code == 200


def test_no_link_of_a_page_leaves_the_prefix(behind: Client) -> None:
    for path in (
        "/id/centre-brazil.html",
        "/questions.html",
        "/dataset.html",
        "/ontology.html",
        "/questions/starts.html",
    ):
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', behind.get(path).text):
            assert link.startswith("/kg/"), f"{link} on {path}"


def test_data_keep_their_iris(behind: Client) -> None:
    assert f"<{BASE}id/centre-brazil>" in behind.get("/kg/id/centre-brazil.nt").text


def test_addresses_of_dumps_are_those_of_the_client(behind: Client) -> None:
    assert "http://www.example/kg/dumps/ncpc.ttl.gz" in behind.get("/kg/dataset.nt").text
    assert "http://www.example/kg/sitemap.xml" in behind.get("/kg/robots.txt").text
    assert "<loc>http://www.example/kg/id/centre-brazil</loc>" in behind.get("/kg/sitemap.xml").text


def test_a_similar_path_is_not_the_prefix(behind: Client) -> None:
    assert behind.get("/kgb/id/centre-brazil").status_code == 404


def test_forwarded_headers_count_only_where_they_are_trusted(
    network: CountingStore, tokens: Tokens, tmp_path: Path
) -> None:
    settings = sample.write_content(tmp_path)
    told = {
        "x-forwarded-prefix": "/ncpc",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "data.example",
        "accept": "text/html",
    }
    plain = Client(create_app(network, settings, tokens))
    assert plain.get("/id/centre-brazil", headers=told).headers["location"] == "/id/centre-brazil.html"
    rooted = Client(create_app(network, replace(settings, root_path="/kg"), tokens))
    assert rooted.get("/id/centre-brazil", headers=told).headers["location"] == "/kg/id/centre-brazil.html"
    assert "data.example" not in rooted.get("/robots.txt", headers=told).text
    trusting = Client(create_app(network, replace(settings, trust_proxy=True), tokens))
    assert (
        trusting.get("/id/centre-brazil", headers=told).headers["location"] == "/ncpc/id/centre-brazil.html"
    )
    assert "https://data.example/ncpc/sitemap.xml" in trusting.get("/robots.txt", headers=told).text


def test_the_front_knows_the_proxy_too(network: CountingStore, tokens: Tokens, tmp_path: Path) -> None:
    """Queries go past the application, and are kept apart by what the proxy tells."""
    settings = replace(sample.write_content(tmp_path), trust_proxy=True)
    client = Client(Prefix(Front(create_app(network, settings, tokens), Metrics()), trusting=True))
    told = {"x-forwarded-prefix": "/ncpc", "x-forwarded-proto": "https", "x-forwarded-host": "data.example"}
    described = client.get("/sparql", headers={**told, "accept": "application/n-triples"}).text
    assert "<https://data.example/ncpc/sparql>" in described
    asked = {"query": "SELECT (<x> AS ?y) {}", "format": "csv"}
    for headers, address in ((told, "https://data.example/ncpc/x"), ({}, "http://www.example/x")):
        assert client.get("/sparql", params=asked, headers=headers).text.split() == ["y", address]
    assert '"/ncpc/id/country-brazil"' in client.get("/ncpc/id/centre-brazil.html", headers=told).text
    assert client.get("/ncpc/healthz", headers=told).status_code == 200


def test_the_list_of_graphs_names_the_endpoint_under_the_prefix(behind: Client) -> None:
    """SPARQL 1.1 Service Description, section 3.2.1."""
    accept = {"accept": "application/n-triples"}
    for path in ("/kg/graphs", "/kg/sparql"):
        assert "#endpoint> <http://www.example/kg/sparql>" in behind.get(path, headers=accept).text


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "/a b", "/../x", '/"><script>', "javascript:alert(1)", "kg"]
)
def test_a_hostile_prefix_is_ignored(prefix: str) -> None:
    assert cleaned(prefix) == ""


def test_another_base(tmp_path: Path, tokens: Tokens) -> None:
    base = "https://data.example/cleaner/"
    with Store.open(tmp_path / "moved") as store:
        moved = [str(quad).replace(BASE, base) + " .\n" for quad in sample.quads()]
        store.update("INSERT DATA { <http://x/s> <http://x/p> 1 }")
        store.replace_built(ox.parse("".join(moved).encode(), ox.RdfFormat.N_QUADS), "moved")
        settings: Settings = replace(sample.write_content(tmp_path), base=base)
        site = Client(create_app(store, settings, tokens))
        assert site.get("/id/centre-brazil", headers=PAGE).headers["location"] == "/id/centre-brazil.html"
        data = site.get("/id/centre-brazil.nt").text
        assert f"<{base}id/centre-brazil>" in data
        assert BASE not in data
        page = site.get("/id/centre-brazil.html").text
        assert 'href="/id/country-brazil"' in page
        assert "SENAI" in page
        assert len(site.get("/questions/hosts-of-centre.json").json()["rows"]) == 1
        assert f"<{base}dataset>" in site.get("/dataset.nt").text
        assert BASE not in site.get("/questions.ttl").text
        assert site.get("/ontology", headers={"accept": "text/turtle"}).status_code == 200


def test_the_gate_reads_the_shapes_of_a_fork(real_settings: Settings) -> None:
    moved = replace(real_settings, base="https://data.example/cleaner/")
    assert callable(make_gate(moved)), "shape:reads of a fork stands under its own base"
