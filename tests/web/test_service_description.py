"""SPARQL 1.1 Service Description."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.web import create_app
from ncpc_kg.web.tokens import Tokens
from tests.web.conftest import DATA, HOST, Client

SD = "PREFIX sd: <http://www.w3.org/ns/sparql-service-description#> "


def description(client: Client, accept: str = "text/turtle", url: str = "/sparql") -> ox.Store:
    reply = client.get(url, headers={"accept": accept})
    assert reply.status_code == 200
    store = ox.Store()
    form = ox.RdfFormat.from_media_type(reply.headers["content-type"].partition(";")[0])
    store.load(reply.content, form)
    return store


@pytest.mark.parametrize("accept", ["text/turtle", "application/rdf+xml", "application/ld+json", "*/*"])
def test_get_on_the_endpoint_returns_rdf(client: Client, accept: str) -> None:
    """Section 2: a GET without query parameters returns the description in RDF."""
    assert len(description(client, accept)) > 10


def test_it_names_the_endpoint(client: Client) -> None:
    """Section 3.2.1: sd:endpoint is the address that was asked."""
    assert description(client).query(SD + f"ASK {{ ?s a sd:Service ; sd:endpoint <{HOST}/sparql> }}")


def test_it_conforms_to_the_vocabulary(client: Client) -> None:
    """Section 3: domains and ranges of the terms used."""
    found = description(client)
    for pattern in (
        "?s sd:endpoint ?o FILTER NOT EXISTS { ?s a sd:Service }",
        "?s sd:defaultDataset ?o FILTER NOT EXISTS { ?o a sd:Dataset }",
        "?s sd:defaultGraph ?o FILTER NOT EXISTS { ?s a sd:Dataset . ?o a sd:Graph }",
        "?s sd:namedGraph ?o FILTER NOT EXISTS { ?o a sd:NamedGraph ; sd:name ?n ; sd:graph [ a sd:Graph ] }",
        "?s sd:resultFormat ?o FILTER(!isIRI(?o))",
    ):
        assert not found.query(SD + f"ASK {{ {pattern} }}"), pattern


def test_it_says_what_the_default_graph_is_and_which_graphs_there_are(client: Client) -> None:
    """Sections 3.2.8 and 3.4."""
    found = description(client)
    assert found.query(SD + "ASK { ?s sd:feature sd:UnionDefaultGraph, sd:EmptyGraphs }")
    rows = found.query(SD + "SELECT ?n { ?s sd:defaultDataset/sd:namedGraph/sd:name ?n }")
    assert {row["n"].value for row in rows} == {f"{DATA}{n}.rdf" for n in (1, 2, 3)}  # type: ignore[union-attr]


def test_it_offers_update_only_where_somebody_may(client: Client, store: Store, settings: Settings) -> None:
    """Section 3.2.3: sd:supportedLanguage."""
    ask = SD + "ASK { ?s sd:supportedLanguage sd:SPARQL11Update }"
    assert description(client).query(ask)
    assert not description(Client(create_app(store, settings, Tokens()))).query(ask)
    assert description(client).query(SD + "ASK { ?s sd:supportedLanguage sd:SPARQL11Query }")


def test_nothing_acceptable_for_a_description_says_so(client: Client) -> None:
    reply = client.get("/sparql", headers={"accept": "text/csv"})
    assert reply.status_code == 406
    assert "query" in reply.json()["hint"]


def test_the_graph_store_lists_its_graphs(client: Client) -> None:
    assert description(client, url="/graphs").query(SD + f"ASK {{ ?g sd:name <{DATA}1.rdf> }}")


@pytest.mark.parametrize("url", ["/sparql", "/graphs"])
def test_it_says_the_same_each_time(client: Client, url: str) -> None:
    """RFC 9110, section 9.3.2: HEAD tells the length that GET would have."""
    lengths = {client.request(method, url).headers["content-length"] for method in ("GET", "HEAD", "GET")}
    assert len(lengths) == 1
    assert client.get(url).content == client.get(url).content
