"""What the endpoint says of itself (SPARQL 1.1 Service Description)."""

from __future__ import annotations

from collections.abc import Iterable

from pyoxigraph import BlankNode, NamedNode, Triple

from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS
from ncpc_kg.settings import Settings
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.web.engines import AsyncEngine, graph_names, keeps_empty_graphs
from ncpc_kg.web.tokens import Tokens

SD = "http://www.w3.org/ns/sparql-service-description#"
_FORMATS = "http://www.w3.org/ns/formats/"
_TYPE = NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_RESULT_IRIS = {
    "json": "SPARQL_Results_JSON",
    "xml": "SPARQL_Results_XML",
    "csv": "SPARQL_Results_CSV",
    "tsv": "SPARQL_Results_TSV",
}


async def describe(
    endpoint: str, engine: AsyncEngine, settings: Settings, tokens: Tokens, media_type: str
) -> bytes:
    """Serialise the service description.

    Args:
        endpoint: Address of the endpoint, as the client reached it.
        engine: Where the graph is.
        settings: Settings of the service.
        tokens: Who may send updates; where nobody may, there are none.
        media_type: What to serialise it in.
    """
    features = ["UnionDefaultGraph"]
    if keeps_empty_graphs(engine):
        features.append("EmptyGraphs")
    if settings.allowed_services:
        features.append("BasicFederatedQuery")
    triples = _triples(endpoint, await graph_names(engine), features, tokens.grant("update"))
    return graph_bytes(triples, media_type)


def _triples(endpoint: str, graphs: Iterable[str], features: Iterable[str], writable: bool) -> list[Triple]:
    service, dataset, default = BlankNode("service"), BlankNode("dataset"), BlankNode("default")
    found = [
        Triple(service, _TYPE, _sd("Service")),
        Triple(service, _sd("endpoint"), NamedNode(endpoint)),
        Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Query")),
        *(Triple(service, _sd("feature"), _sd(name)) for name in features),
        Triple(service, _sd("defaultDataset"), dataset),
        Triple(dataset, _TYPE, _sd("Dataset")),
        Triple(dataset, _sd("defaultGraph"), default),
        Triple(default, _TYPE, _sd("Graph")),
    ]
    if writable:
        found.append(Triple(service, _sd("supportedLanguage"), _sd("SPARQL11Update")))
    for result in RESULT_FORMATS:
        iri = NamedNode(_FORMATS + _RESULT_IRIS[result.name])
        found.append(Triple(service, _sd("resultFormat"), iri))
    for form in GRAPH_FORMATS:
        iri = NamedNode(form.engine.iri)
        found.append(Triple(service, _sd("resultFormat"), iri))
        if writable:
            found.append(Triple(service, _sd("inputFormat"), iri))
    for number, name in enumerate(graphs):
        entry, graph = BlankNode(f"entry{number}"), BlankNode(f"graph{number}")
        found += [
            Triple(dataset, _sd("namedGraph"), entry),
            Triple(entry, _TYPE, _sd("NamedGraph")),
            Triple(entry, _sd("name"), NamedNode(name)),
            Triple(entry, _sd("graph"), graph),
            Triple(graph, _TYPE, _sd("Graph")),
        ]
    return found


def _sd(name: str) -> NamedNode:
    return NamedNode(SD + name)
