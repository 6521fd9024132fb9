"""SPARQL 1.1 Graph Store HTTP Protocol: whole graphs over HTTP, both ways of naming them.

Indirect (section 4.2): `/graphs?graph=IRI` and `/graphs?default`. Direct (section 4.1):
`/graphs/...` names the graph by the address itself, `/graph/NAME` the graph of that name
under the base IRI of the service.
"""

from __future__ import annotations

import re
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import quote, urljoin

from ncpc_kg.engine import GraphWrite
from ncpc_kg.errors import NcpcError, QueryError, UnsupportedMediaType
from ncpc_kg.mediatypes import GRAPH_FORMATS, GRAPHS_BY_MEDIA_TYPE
from ncpc_kg.negotiation import FORMAT_PARAMETERS, graph_format
from ncpc_kg.settings import Settings
from ncpc_kg.web import problems, service_description
from ncpc_kg.web.compression import compressed
from ncpc_kg.web.engines import AsyncEngine
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.headers import PREFLIGHT
from ncpc_kg.web.protocol import absolute, content_type, known_only, parameters
from ncpc_kg.web.tokens import Tokens
from ncpc_kg.web.views import Views

STORE = "/graphs"
NAMED = "/graph/"
ALLOWED = "GET, HEAD, PUT, POST, DELETE, OPTIONS"
_XML = (b"<?xml", b"<!DOCTYPE", b"<rdf:RDF")
_SAFE = "/:@!$&'()*+,;=-._~"


class GraphStoreEndpoint:
    """Answers requests to `/graphs`, `/graphs/...` and `/graph/...`."""

    def __init__(self, engine: AsyncEngine, settings: Settings, tokens: Tokens, views: Views) -> None:
        self.engine = engine
        self.settings = settings
        self.tokens = tokens
        self.views = views

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request; every error of our tree becomes a problem document."""
        try:
            reply = await self._answer(exchange)
        except NcpcError as error:
            return problems.reply(error, exchange, self.views)
        return await compressed(reply, exchange.header("accept-encoding"))

    async def _answer(self, exchange: Exchange) -> Reply:
        if exchange.method == "OPTIONS":
            return Reply(204, headers=(("allow", ALLOWED), *PREFLIGHT), label="options")
        if exchange.method not in ALLOWED.split(", "):
            raise problems.MethodNotAllowed(exchange.method, ALLOWED)
        asked = parameters(exchange.query)
        known_only(asked, ("graph", "default", *FORMAT_PARAMETERS))
        named, name = self._name(exchange, asked)
        if exchange.method in ("GET", "HEAD"):
            media_type = graph_format(exchange.header("accept"), asked)
            return await self._get(name, media_type) if named else await self._list(exchange, media_type)
        self.tokens.check(exchange, "update")
        if not named and exchange.method != "POST":
            raise QueryError(
                f"{exchange.method} needs the name of a graph.", hint="add ?graph=IRI or ?default"
            )
        return await self._write(exchange, named, name)

    def _name(self, exchange: Exchange, asked: dict[str, list[str]]) -> tuple[bool, str | None]:
        """Whether the request names a graph, and its IRI (None: the unnamed graph)."""
        url = exchange.url(self.settings.base)
        direct = exchange.path.rstrip("/") != STORE
        given = len(asked.get("graph", ())) + len(asked.get("default", ())) + direct
        if given > 1:
            raise QueryError(
                "The request names more than one graph.",
                hint="send one of ?graph=IRI and ?default, to /graphs (Graph Store Protocol, section 4)",
            )
        if direct:
            ours = exchange.path.startswith(NAMED)
            start = self.settings.base.rstrip("/") if ours else _root(exchange, url)
            sent = exchange.raw_path or quote(exchange.path, safe=_SAFE)
            return True, absolute(start + quote(sent, safe=_SAFE + "%"), "the address")
        if "default" in asked:
            if asked["default"] != [""]:
                raise QueryError("The parameter default takes no value.", found=asked["default"][0][:100])
            return True, None
        if "graph" in asked:
            iri = asked["graph"][0]  # the W3C's tests leave the host away
            return True, absolute(urljoin(url, iri) if iri.startswith("/") else iri, "graph")
        return False, None

    async def _get(self, name: str | None, media_type: str) -> Reply:
        answer = await self.engine.read_graph(name, media_type)
        headers = _headers(media_type)
        if answer.tag:
            suffix = GRAPHS_BY_MEDIA_TYPE[media_type].extension
            headers = (*headers, ("etag", f'"{answer.tag}-{suffix}"'))
        return Reply(200, answer.body, headers, label="graph-get")

    async def _list(self, exchange: Exchange, media_type: str) -> Reply:
        """Without a graph named: the description, which lists the graphs."""
        endpoint = _root(exchange, exchange.url(self.settings.base)) + "/sparql"
        body = await service_description.describe(
            endpoint, self.engine, self.settings, self.tokens, media_type
        )
        return Reply(200, body, _headers(media_type), label="description")

    async def _write(self, exchange: Exchange, named: bool, name: str | None) -> Reply:
        url = exchange.url(self.settings.base)
        location: tuple[tuple[str, str], ...] = ()
        if not named:  # section 5.5: POST to the store itself makes a new graph
            name = f"{url.rstrip('/')}/{uuid.uuid4()}"
            location = (("location", name),)
        parts = () if exchange.method == "DELETE" else documents(exchange)
        write = GraphWrite(
            {"PUT": "put", "POST": "post", "DELETE": "delete"}[exchange.method],  # type: ignore[arg-type]
            name,
            parts,
            name or url,
            _tags(exchange.header("if-match"), weak=False),
            _tags(exchange.header("if-none-match"), weak=True),
        )
        made = await self.engine.write_graph(write)
        told = exchange.method == "DELETE" or (exchange.method == "POST" and any(body for body, _ in parts))
        status = 201 if made else 200 if told else 204
        return Reply(status, headers=(("cache-control", "no-store"), *location), label="graph-write")


def _root(exchange: Exchange, url: str) -> str:
    """The address of the service as the client used it, without a slash at its end."""
    return url[: len(url) - len(exchange.path)]


def _headers(media_type: str) -> tuple[tuple[str, str], ...]:
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    return (
        ("content-type", media_type + charset),
        ("vary", "Accept, Accept-Encoding"),
        ("cache-control", "no-cache"),
    )


def documents(exchange: Exchange) -> tuple[tuple[bytes, str], ...]:
    """The documents in a body: one, or the parts of multipart/form-data (section 5.5).

    One without a media type is RDF/XML if it begins like that (section 5).

    Raises:
        UnsupportedMediaType: One of them is in no format that can be read.
        QueryError: The parts cannot be told apart.
    """
    media_type = content_type(exchange)
    if not media_type and exchange.body.lstrip().startswith(_XML):
        media_type = "application/rdf+xml"
    if media_type == "multipart/form-data":
        return tuple((body, _readable(found)) for body, found in _parts(exchange))
    return ((exchange.body, _readable(media_type)),)


def _parts(exchange: Exchange) -> list[tuple[bytes, str]]:
    head = f"Content-Type: {exchange.header('content-type')}\r\n\r\n".encode("latin-1")
    try:
        message = BytesParser(policy=HTTP).parsebytes(head + exchange.body)
    except RecursionError as error:
        raise QueryError("The parts of the body are nested too deeply.", hint="send them flat") from error
    if not message.is_multipart():
        raise QueryError("The parts of the body cannot be told apart.", hint="check the boundary")
    return [
        (part.get_payload(decode=True) or b"", part.get_content_type())  # type: ignore[misc]
        for part in message.walk()
        if not part.is_multipart()
    ]


def _readable(media_type: str) -> str:
    if media_type not in GRAPHS_BY_MEDIA_TYPE:
        raise UnsupportedMediaType(
            "The body is in no format that can be read here.",
            found=media_type or "no Content-Type header",
            expected=", ".join(one.media_type for one in GRAPH_FORMATS),
        )
    return media_type


def _tags(header: str | None, weak: bool) -> tuple[str, ...] | None:
    """Tags of the statements in a condition header; the format's suffix does not matter here.

    Args:
        header: The header, if there is one.
        weak: Whether tags that are marked as weak count (RFC 9110, sections 13.1.1 and 13.1.2).
    """
    if header is None:
        return None
    if header.strip() == "*":
        return ("*",)
    found = re.findall(r'(W/)?"([^"]*)"', header.replace('-gzip"', '"'))
    return tuple(tag.rpartition("-")[0] or tag for mark, tag in found if weak or not mark)
