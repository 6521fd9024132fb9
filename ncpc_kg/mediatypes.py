"""The result and graph formats that are read and written, with all their names, in one table.

The order is the order of preference where a client takes several equally.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyoxigraph import QueryResultsFormat, RdfFormat


@dataclass(frozen=True)
class Format:
    """A format with its names.

    Attributes:
        name: Short name, as in `format=csv`.
        media_type: Registered media type.
        aliases: Other media types clients ask for; answered under the name they used.
        short: Other short names.
    """

    name: str
    media_type: str
    aliases: tuple[str, ...]
    short: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that a client may call it."""
        return (self.name, *self.short, self.media_type, *self.aliases)


@dataclass(frozen=True)
class ResultFormat(Format):
    """A format for the solutions of SELECT or the truth value of ASK.

    Attributes:
        boolean: Whether it is defined for ASK (CSV and TSV are for SELECT alone).
        engine: The engine's own object for it.
    """

    boolean: bool
    engine: QueryResultsFormat


@dataclass(frozen=True)
class GraphFormat(Format):
    """A format for triples or quads.

    Attributes:
        extension: File extension, without the dot.
        engine: The engine's own object for it.
    """

    extension: str
    engine: RdfFormat


RESULT_FORMATS: tuple[ResultFormat, ...] = (
    ResultFormat(
        "json", "application/sparql-results+json", ("application/json", "text/json"),
        ("sparql-json", "srj"), True, QueryResultsFormat.JSON,
    ),
    ResultFormat(
        "xml", "application/sparql-results+xml", ("application/xml", "text/xml"),
        ("sparql-xml", "srx"), True, QueryResultsFormat.XML,
    ),
    ResultFormat("csv", "text/csv", (), (), False, QueryResultsFormat.CSV),
    ResultFormat("tsv", "text/tab-separated-values", (), (), False, QueryResultsFormat.TSV),
)  # fmt: skip

GRAPH_FORMATS: tuple[GraphFormat, ...] = (
    GraphFormat(
        "turtle", "text/turtle", ("application/x-turtle", "text/n3", "text/rdf+n3"),
        ("ttl", "n3"), "ttl", RdfFormat.TURTLE,
    ),
    GraphFormat(
        "ntriples", "application/n-triples", ("text/plain",), ("n-triples", "nt"), "nt", RdfFormat.N_TRIPLES
    ),
    GraphFormat(
        "nquads", "application/n-quads", ("text/x-nquads",), ("n-quads", "nq"), "nq", RdfFormat.N_QUADS
    ),
    GraphFormat("trig", "application/trig", ("application/x-trig",), (), "trig", RdfFormat.TRIG),
    GraphFormat(
        "json-ld", "application/ld+json", ("application/json",),
        ("jsonld", "json"), "jsonld", RdfFormat.JSON_LD,
    ),
    GraphFormat(
        "rdf+xml", "application/rdf+xml", ("application/xml", "text/xml"),
        ("rdfxml", "rdf/xml", "rdf", "xml"), "rdf", RdfFormat.RDF_XML,
    ),
)  # fmt: skip

RESULTS_BY_MEDIA_TYPE: dict[str, ResultFormat] = {
    media_type: one for one in RESULT_FORMATS for media_type in (one.media_type, *one.aliases)
}
GRAPHS_BY_MEDIA_TYPE: dict[str, GraphFormat] = {
    media_type: one for one in GRAPH_FORMATS for media_type in (one.media_type, *one.aliases)
}
