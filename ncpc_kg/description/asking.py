"""The one query that a description is read from."""

from __future__ import annotations

from pyoxigraph import NamedNode

from ncpc_kg.description.rows import TSV
from ncpc_kg.engine import Formats

# The largest centre of the source has 127 links to it, and 67 facts around it.
OUTGOING = 300
INCOMING = 150
DETAILED = 75
ROWS = 8000
# What a fact says for machines, or says again in another way: left to its own page.
_UNTOLD = ", ".join(
    (
        *("dcterms:source", "ncpc:earliestDate", "ncpc:latestDate", "ncpc:printedMarker", "qb:dataSet"),
        *("ncpc:hasFact", "ncpc:refUnit", "ncpc:isProvidedBy", "ncpc:involves", "ncpc:prefersFact"),
    )
)


def description_query(iri: str, base: str, details: bool = True, page: int = 1) -> tuple[str, Formats]:
    """The query that a description is read from, with the format to ask for.

    Every part is limited, and each limit is reached by walking only as many statements, so
    that a thing with 100,000 links costs what one with 200 does. What pages need of the facts
    around the thing comes in the same answer.

    Args:
        iri: IRI of the thing; refused if it is none.
        base: Base IRI the graph is published under.
        details: Whether to ask for what the facts around it say.
        page: Page of links, from 1.

    Raises:
        ValueError: `iri` is not an IRI.
    """
    thing = str(NamedNode(iri))
    skip = page - 1
    bounds = f"LIMIT {INCOMING + 1} OFFSET {skip * INCOMING}"
    near = f"""
    UNION {{
      {{ SELECT DISTINCT ?s {{
        {{ {{ SELECT ?s {{ ?s ?in {thing} }} {bounds} }} FILTER EXISTS {{ ?s a ncpc:SourcedFact }} }}
        UNION {{ {{ SELECT ?s {{ {thing} ?out ?s }} LIMIT {OUTGOING} }}
          FILTER EXISTS {{ ?s a ncpc:SourcedFact }} }}
        UNION {{ {thing} ncpc:hasPropertyEvidence ?s }}
      }} LIMIT {DETAILED} }}
      BIND(3 AS ?part) ?s ?p ?o FILTER(
        ?p NOT IN ({_UNTOLD}) && (?p != ncpc:concerns || ?o != {thing}))
      OPTIONAL {{ ?o skos:prefLabel ?label }}
    }}"""
    text = f"""\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX ncpc: <{base}ontology#>
PREFIX qb: <http://purl.org/linked-data/cube#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX skosxl: <http://www.w3.org/2008/05/skos-xl#>
SELECT ?part ?s ?p ?o ?label ?form WHERE {{
  {{
    VALUES ?p {{ skos:prefLabel rdf:type skos:altLabel dcterms:description ncpc:hasEvidence }}
    BIND(0 AS ?part) {thing} ?p ?o
  }} UNION {{
    {{ SELECT (1 AS ?part) ?p ?o {{ {thing} ?p ?o }} LIMIT {OUTGOING + 1} OFFSET {skip * OUTGOING} }}
    OPTIONAL {{ ?o skos:prefLabel ?label }}
    OPTIONAL {{ ?o skosxl:literalForm ?form }}
  }} UNION {{
    {{ SELECT (2 AS ?part) ?s ?p {{ ?s ?p {thing} }} {bounds} }}
    OPTIONAL {{ ?s skos:prefLabel ?label }}
  }}{near if details else ""}
}} LIMIT {ROWS}
"""
    return text, Formats(bindings=TSV)
