"""The seam between what asks and what answers: protocols and plain data, no implementation.

`store` (embedded), `workers` (processes that can be killed) and `remote` (any SPARQL 1.1
server) implement `Engine`; everything above knows only this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, Triple
from pyoxigraph import Literal as RdfLiteral

Subject = NamedNode | BlankNode
Term = NamedNode | BlankNode | RdfLiteral
Kind = Literal["bindings", "boolean", "graph"]


@dataclass(frozen=True)
class Formats:
    """The media type to answer in, per kind of result; None where the client accepts none.

    Which one applies is known only when the query is parsed, so all three travel with it.
    """

    bindings: str | None = "application/sparql-results+json"
    boolean: str | None = "application/sparql-results+json"
    graph: str | None = "text/turtle"


@dataclass(frozen=True)
class DatasetClause:
    """What comes beside a query text (SPARQL 1.1 Protocol, section 2.1.4); IRIs as text.

    Attributes:
        default_graphs: Graphs whose union is the default graph; none: what the text says.
        named_graphs: Graphs that GRAPH may reach; none: what the text says.
        base: What relative IRIs in the text are resolved against, if it has no BASE.
    """

    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    base: str | None = None


TRUE = ("true", "1")
"""How engines spell true (XML Schema Datatypes, section 3.3.2.2)."""


@dataclass(frozen=True)
class Answer:
    """A complete serialised result.

    Attributes:
        kind: What the query asked for.
        media_type: Media type of `body`.
        body: The serialised result.
        tag: For a graph: changes whenever its statements do, whatever the media type.
    """

    kind: Kind
    media_type: str
    body: bytes
    tag: str | None = None


class Quads(Protocol):
    """Reads quads by pattern, in every graph or in one; a pyoxigraph store does."""

    def quads_for_pattern(
        self,
        subject: NamedNode | BlankNode | Triple | None,
        predicate: NamedNode | None,
        object: NamedNode | BlankNode | RdfLiteral | Triple | None,
        graph_name: NamedNode | BlankNode | DefaultGraph | None = None,
    ) -> Iterator[Quad]:
        """Yield the matching quads."""
        ...


@dataclass(frozen=True)
class Change:
    """The exact effect of one write: what is new and what goes, in no particular order.

    Attributes:
        inserted: Statements that were not there before.
        deleted: Statements that were there before.
        created: Named graphs that come into being, empty ones included.
        dropped: Named graphs that cease to be.
        notes: What the gate let pass and still wants to be known.
    """

    inserted: tuple[Quad, ...] = ()
    deleted: tuple[Quad, ...] = ()
    created: tuple[NamedNode | BlankNode, ...] = ()
    dropped: tuple[NamedNode | BlankNode, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inserted or self.deleted or self.created or self.dropped)


@dataclass(frozen=True)
class GraphWrite:
    """A write to one graph (SPARQL 1.1 Graph Store HTTP Protocol, section 5).

    Attributes:
        method: `put` replaces the graph, `post` adds to it, `delete` removes it.
        name: IRI of the graph; None for the unnamed one.
        parts: Documents with their media types; none for `delete`.
        base: What relative IRIs in them are resolved against.
        if_match: Tags of which the graph must have one (`*`: it must exist); None: any.
        if_none_match: Tags of which it may have none (`*`: it must not exist); None: any.
    """

    method: Literal["put", "post", "delete"]
    name: str | None
    parts: tuple[tuple[bytes, str], ...] = ()
    base: str = ""
    if_match: tuple[str, ...] | None = None
    if_none_match: tuple[str, ...] | None = None


class GraphStore(Protocol):
    """Reads and writes whole graphs; engines that offer the Graph Store Protocol have it."""

    def read_graph(self, name: str | None, media_type: str) -> Answer:
        """Serialise a graph; None is the unnamed one. Raises `NotFound` if it does not exist."""
        ...

    def write_graph(self, write: GraphWrite) -> bool:
        """Replace, extend or remove a graph in one atomic, durable step.

        Returns whether the graph was made by it. Raises `NotFound`, `PreconditionFailed`,
        `QueryError` for a document that is not well-formed.
        """
        ...


class Engine(Protocol):
    """Answers SPARQL 1.1 queries and updates over one dataset.

    The default graph of a query without FROM is the set union of the unnamed graph and
    all named graphs. Raises `QueryError` for text it cannot run, `NotAcceptable` where
    `formats` has no media type for the kind of result, `LimitReached` or `TooLarge` at a
    limit, `Forbidden` for a SERVICE outside the allow-list, `ServiceError` if it is down.
    """

    @property
    def version(self) -> str:
        """Changes with every committed write and every rebuild; usable in an ETag."""
        ...

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        """Run a query to its end and serialise its result."""
        ...

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        """Apply an update as one atomic, durable step."""
        ...
