"""Who handed in an entry, when, from what: statements in the entry's own named graph."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from pyoxigraph import Literal, NamedNode, Triple
from rdflib import DCTERMS, FOAF, PROV, RDF, XSD

from ncpc_kg.entries.model import Entry

DRAFT = "draft"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TYPE = NamedNode(str(RDF.type))
PROVENANCE = NamedNode(str(DCTERMS.provenance))
_STATEMENT = NamedNode(str(DCTERMS.ProvenanceStatement))
CREATOR, CREATED, IDENTIFIER, TITLE = (
    NamedNode(str(DCTERMS[name])) for name in ("creator", "created", "identifier", "title")
)
FORMAT = NamedNode("https://schema.org/encodingFormat")
ACCEPTED, REPLACES, REPLACED_BY = (
    NamedNode(str(DCTERMS[name])) for name in ("dateAccepted", "replaces", "isReplacedBy")
)
WITHDRAWN = NamedNode(str(PROV.invalidatedAtTime))
WITHDRAWN_BY = NamedNode(str(DCTERMS.contributor))
ACCEPTED_BY = NamedNode(str(DCTERMS.publisher))
ABOUT = NamedNode(str(DCTERMS.description))
TOPIC = NamedNode(str(FOAF.primaryTopic))
_TIME = NamedNode(str(XSD.dateTime))


def new_id() -> str:
    """A name for a new entry."""
    return str(uuid.uuid4())


def graph_iri(base: str, name: str) -> str:
    """IRI of the graph of an entry."""
    return f"{base}graph/entry/{name}"


def entry_name(base: str, graph: str) -> str | None:
    """Name of the entry whose graph this is, or None if it is another graph."""
    start = f"{base}graph/entry/"
    return graph.removeprefix(start) if graph.startswith(start) else None


def of(entry: Entry, graph: NamedNode, who: str, when: datetime) -> Iterator[Triple]:
    """Yield the provenance of an entry, and of each of its nodes the pointer to it.

    Args:
        entry: The entry.
        graph: IRI of its graph, which stands for the submission.
        who: Name of the person or token that handed it in.
        when: When.
    """
    yield Triple(graph, _TYPE, _STATEMENT)
    yield Triple(graph, CREATOR, Literal(who))
    yield Triple(graph, CREATED, time_literal(when))
    yield Triple(graph, IDENTIFIER, Literal(f"sha256:{entry.digest}"))
    if entry.media_type:
        yield Triple(graph, FORMAT, Literal(entry.media_type))
    if entry.name:
        yield Triple(graph, TITLE, Literal(entry.name))
    for node in entry.nodes():
        yield Triple(node, PROVENANCE, graph)


def time_literal(when: datetime) -> Literal:
    """A point in time, in UTC, to the second."""
    return Literal(when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), datatype=_TIME)


def is_about(graph: NamedNode, triple: Triple) -> bool:
    """Whether a statement is provenance: about the submission, or pointing to it."""
    return triple.subject == graph or triple.predicate == PROVENANCE
