"""SPARQL 1.1 Protocol: what a request asks for (sections 2.1 and 2.2), read without running it."""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from urllib.parse import parse_qsl

from pyoxigraph import NamedNode

from ncpc_kg.engine import DatasetClause
from ncpc_kg.errors import ParameterError, QueryError, UnsupportedMediaType
from ncpc_kg.negotiation import FORMAT_PARAMETERS
from ncpc_kg.web.exchange import Exchange

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\x00-\x20<>\"{}|^`\\]*$")
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LONG_FORM = 64 * 1024
_QUERY_GRAPHS = ("default-graph-uri", "named-graph-uri")
# SIB's SPARQL editor marks its own requests with ac=1, for statistics; nothing is to be honoured.
_MARKS = ("ac",)
_UPDATE_GRAPHS = ("using-graph-uri", "using-named-graph-uri")

Parameters = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Query:
    """A query operation (section 2.1)."""

    text: str
    dataset: DatasetClause
    parameters: Parameters


@dataclass(frozen=True)
class Update:
    """An update operation (section 2.2)."""

    text: str
    using: DatasetClause


@dataclass(frozen=True)
class Description:
    """A request without operation: the client wants to know the service (section 2.1)."""

    parameters: Parameters


Operation = Query | Update | Description


def operation(exchange: Exchange, base: str) -> Operation:
    """Read the operation from a request.

    Args:
        exchange: A GET, HEAD or POST request.
        base: What relative IRIs in the text are resolved against.

    Raises:
        QueryError: There is not exactly one operation, or a parameter is unknown.
        UnsupportedMediaType: The body of a POST is of another type.
    """
    in_address = parameters(exchange.query)
    if exchange.method != "POST":
        if "update" in in_address:
            raise QueryError(
                "An update cannot be sent with GET.", hint="send it with POST (Protocol, section 2.2)"
            )
        return _query(in_address, None, base) if "query" in in_address else _description(in_address)
    media_type = content_type(exchange)
    if media_type == FORM:
        found: dict[str, list[str]] = {name: list(values) for name, values in in_address.items()}
        for name, values in parameters(text_body(exchange)).items():
            found.setdefault(name, []).extend(values)
        if "query" in found and "update" in found:
            raise QueryError("The request has a query and an update.", hint="send them one after the other")
        if "update" in found:
            return _update(found, None, base)
        return _query(found, None, base)
    if media_type == QUERY:
        return _query(in_address, text_body(exchange), base)
    if media_type == UPDATE:
        return _update(in_address, text_body(exchange), base)
    raise UnsupportedMediaType(
        "The body of this POST is of a type that is no SPARQL operation.",
        found=exchange.header("content-type") or "no Content-Type header",
        expected=f"{FORM}, {QUERY} or {UPDATE}",
        hint="set the Content-Type header (SPARQL 1.1 Protocol, sections 2.1 and 2.2)",
    )


def plain_query(raw: bytes) -> str | None:
    """The text of a query string that is nothing but `query=...` in ASCII; None for any other."""
    if not raw.startswith(b"query=") or b"&" in raw or not raw.isascii():
        return None
    try:
        pairs = _pairs(raw.decode("ascii"))
    except ValueError:
        return None
    return pairs[0][1] if len(pairs) == 1 and pairs[0][0] == "query" else None


def parameters(text: str) -> dict[str, list[str]]:
    """Parameters of a query string or form.

    Raises:
        ParameterError: It is not UTF-8 in percent-encoding, or has too many parts.
    """
    try:
        pairs = _pairs(text)
    except ValueError as error:
        raise ParameterError(
            "The parameters of the request cannot be read.",
            found=str(error)[:200],
            expected="at most 1000 pairs name=value, percent-encoded UTF-8",
        ) from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _pairs(text: str) -> list[tuple[str, str]]:
    """As `parse_qsl` of the standard library, but with the decoding done in one go.

    Quoted-printable differs from percent-encoding by its mark alone, and its decoder is quick;
    what it might read differently is left to the library.
    """
    raw = text.replace("+", " ").replace("%20", " ")
    ends_in_space = raw.endswith(" ") or " &" in raw  # the decoder would take it away
    plain = raw.isascii() and raw.isprintable() and not ends_in_space and len(text) <= _LONG_FORM
    if not plain or _NO_ESCAPE.search(raw):
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)
    parts = [part.partition("=") for part in raw.split("&") if part]
    return [(_decoded(name), _decoded(value)) for name, _, value in parts]


def _decoded(text: str) -> str:
    if "%" not in text:
        return text
    quoted = text.replace("=", "=3D").replace("%", "=")
    return a2b_qp(quoted).decode("utf-8")


def content_type(exchange: Exchange) -> str:
    """Media type of the body, without parameters; empty if the request says none.

    Raises:
        UnsupportedMediaType: Its charset is not UTF-8.
    """
    said = exchange.header("content-type") or ""
    header = Message()
    header["Content-Type"] = said
    charset = str(header.get_param("charset") or "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("The body is not in UTF-8.", found=charset, hint="send it in UTF-8")
    return said.partition(";")[0].strip().lower()


def text_body(exchange: Exchange) -> str:
    """The body as text.

    Raises:
        QueryError: It is not UTF-8.
    """
    try:
        return exchange.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueryError(
            "The body is not UTF-8.", found=f"byte {error.start} of {len(exchange.body)}"
        ) from error


def known_only(found: Parameters, known: Sequence[str]) -> None:
    """Refuse parameters that would not be honoured.

    Raises:
        QueryError: One of them is not known.
    """
    for name in found:
        if name not in known:
            raise QueryError(
                f"The parameter {name[:60]!r} is not known here.",
                expected=", ".join(known) or "no parameters",
                hint="leave it out: what is not honoured is refused, not ignored",
            )


def absolute(iri: str, parameter: str) -> str:
    """An IRI from a parameter.

    Raises:
        QueryError: It is not an absolute IRI.
    """
    try:
        if _IRI.match(iri):
            return NamedNode(iri).value
        reason = None
    except ValueError as error:
        reason = str(error)
    raise QueryError(f"{parameter} is not an absolute IRI.", found=iri[:200] or "nothing", expected=reason)


def _query(found: Parameters, body: str | None, base: str) -> Query:
    known_only(found, ("query", *_QUERY_GRAPHS, *FORMAT_PARAMETERS, *_MARKS))
    return Query(_single(found, "query", body), _dataset(found, _QUERY_GRAPHS, base), found)


def _update(found: Parameters, body: str | None, base: str) -> Update:
    known_only(found, ("update", *_UPDATE_GRAPHS))
    return Update(_single(found, "update", body), _dataset(found, _UPDATE_GRAPHS, base))


def _description(found: Parameters) -> Description:
    if any(name in found for name in _QUERY_GRAPHS):
        raise QueryError("The request names graphs, but no query.", hint="add the parameter query")
    known_only(found, ("query", *FORMAT_PARAMETERS))
    return Description(found)


def _single(found: Parameters, name: str, body: str | None) -> str:
    values = [*found.get(name, ()), *([body] if body is not None else [])]
    if len(values) != 1:
        raise QueryError(
            f"The request must have exactly one {name}.",
            found=f"{len(values)}",
            hint=f"send one {name}, as a parameter or as the body (SPARQL 1.1 Protocol, section 2)",
        )
    return values[0]


def _dataset(found: Parameters, names: tuple[str, str], base: str) -> DatasetClause:
    if names[0] not in found and names[1] not in found:
        return DatasetClause(base=base)
    default, named = (tuple(absolute(iri, name) for iri in found.get(name, ())) for name in names)
    return DatasetClause(default, named, base)
