"""Results as bytes: solutions, truth values and triples in any offered format."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pyoxigraph import (
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Triple,
    serialize,
)

from ncpc_kg.engine import Answer, Formats, Kind
from ncpc_kg.errors import NotAcceptable, TooLarge
from ncpc_kg.mediatypes import GRAPH_FORMATS, GRAPHS_BY_MEDIA_TYPE, RESULT_FORMATS, RESULTS_BY_MEDIA_TYPE
from ncpc_kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_PREFIXED = (RdfFormat.TURTLE, RdfFormat.TRIG, RdfFormat.RDF_XML)


class _Bounded(io.BytesIO):
    """Collects bytes up to a limit, so that a huge result never stands in memory whole."""

    def __init__(self, limit: int | None) -> None:
        super().__init__()
        self.limit = sys.maxsize if limit is None else limit

    def write(self, data: ReadableBuffer, /) -> int:
        written = super().write(data)
        if self.tell() > self.limit:
            raise TooLarge(
                "The result is larger than this service sends.",
                expected=f"at most {self.limit} bytes",
                hint="add LIMIT and OFFSET, ask for fewer variables, or aggregate in the query",
            )
        return written


def solutions_bytes(result: QuerySolutions, formats: Formats, limit: int | None) -> Answer:
    """Serialise the solutions of a SELECT."""
    media_type = _required(formats.bindings, "bindings")
    buffer = _Bounded(limit)
    result.serialize(buffer, RESULTS_BY_MEDIA_TYPE[media_type].engine)
    return Answer("bindings", media_type, buffer.getvalue())


def truth_bytes(result: QueryBoolean, formats: Formats) -> Answer:
    """Serialise the answer of an ASK."""
    media_type = _required(formats.boolean, "boolean")
    return Answer(
        "boolean", media_type, result.serialize(format=RESULTS_BY_MEDIA_TYPE[media_type].engine) or b""
    )


def triples_bytes(result: QueryTriples, formats: Formats, limit: int | None) -> Answer:
    """Serialise the triples of a CONSTRUCT or DESCRIBE."""
    media_type = _required(formats.graph, "graph")
    return Answer("graph", media_type, graph_bytes(result, media_type, limit))


def graph_bytes(triples: Iterable[Triple | Quad], media_type: str, limit: int | None = None) -> bytes:
    """Serialise triples or quads; formats with prefixes use the project's, those that occur.

    Raises:
        TooLarge: The result is larger than `limit` bytes.
        NotAcceptable: A triple is a value of another one, and the format has no place for that.
    """
    form = GRAPHS_BY_MEDIA_TYPE[media_type].engine
    prefixes: Mapping[str, str] = {}
    statements: Iterable[Triple | Quad] = triples
    if form in _PREFIXED:
        kept = sorted(triples, key=_order)
        prefixes, statements = _prefixes_of(kept), kept
    buffer = _Bounded(limit)
    try:
        serialize(statements, buffer, form, prefixes=dict(prefixes))  # type: ignore[arg-type]
    except OSError as error:  # a triple as a value of another one, which not every format knows
        raise NotAcceptable(
            f"This cannot be said in {media_type}: {error}.",
            expected="text/turtle or application/n-triples",
            hint="ask for one of these formats",
        ) from error
    return buffer.getvalue()


def _order(statement: Triple | Quad) -> tuple[str, str, str, str]:
    graph = str(statement.graph_name) if isinstance(statement, Quad) else ""
    return (graph, str(statement.subject), str(statement.predicate), str(statement.object))


def _prefixes_of(statements: Iterable[Triple | Quad]) -> dict[str, str]:
    """The project's prefixes whose namespaces occur in the statements."""
    starts: set[str] = set()
    for statement in statements:
        terms = (statement.subject, statement.predicate, statement.object)
        for term in (*terms, getattr(statement, "graph_name", None), getattr(terms[2], "datatype", None)):
            if isinstance(term, NamedNode):
                cut = max(term.value.rfind("#"), term.value.rfind("/")) + 1
                starts.add(term.value[:cut] or term.value)
    return {prefix: name for prefix, name in PREFIXES.items() if name in starts}


def _required(media_type: str | None, kind: Kind) -> str:
    if media_type is None:
        raise not_acceptable(kind)
    return media_type


def not_acceptable(kind: Kind) -> NotAcceptable:
    """The error for a result that exists in no format the client takes."""
    what = {"bindings": "a SELECT", "boolean": "an ASK", "graph": "a CONSTRUCT or DESCRIBE"}[kind]
    offered = (
        [one.media_type for one in GRAPH_FORMATS]
        if kind == "graph"
        else [one.media_type for one in RESULT_FORMATS if kind == "bindings" or one.boolean]
    )
    return NotAcceptable(
        f"The result of {what} cannot be sent in any format that the request accepts.",
        expected=", ".join(offered),
        hint="send one of these in the Accept header, or leave the header out",
    )
