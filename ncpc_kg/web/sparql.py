"""The SPARQL endpoint: one function from request to reply (SPARQL 1.1 Protocol)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from hashlib import blake2b

from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.errors import NcpcError, NotAcceptable
from ncpc_kg.mediatypes import GRAPHS_BY_MEDIA_TYPE, RESULTS_BY_MEDIA_TYPE
from ncpc_kg.negotiation import asked_format, choose, formats, graph_format
from ncpc_kg.settings import Settings
from ncpc_kg.web import problems, service_description
from ncpc_kg.web.compression import compressed
from ncpc_kg.web.engines import AsyncEngine
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.headers import PREFLIGHT
from ncpc_kg.web.protocol import Description, Parameters, Query, Update, operation
from ncpc_kg.web.site import Site
from ncpc_kg.web.tokens import Tokens
from ncpc_kg.web.views import Views

ALLOWED = "GET, HEAD, POST, OPTIONS"
PAGE = "text/html"
_RESULT_MEDIA_TYPES = (*RESULTS_BY_MEDIA_TYPE, *GRAPHS_BY_MEDIA_TYPE)
_CHANGING = ("rand", "now", "uuid", "service")
_CHANGING_WORD = re.compile(r"\b(?:RAND|NOW|UUID|STRUUID|SERVICE)\b", re.IGNORECASE)


class SparqlEndpoint:
    """Answers requests to `/sparql`.

    Args:
        engine: Where the graph is.
        settings: Settings of the service.
        tokens: Who may send updates.
        views: Makes pages for browsers.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, tokens: Tokens, views: Views) -> None:
        self.engine = engine
        self.settings = settings
        self.tokens = tokens
        self.views = views
        self.form: Callable[[str | None, Site], Awaitable[str]] | None = None

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request; every error of our tree becomes a problem document."""
        asked: list[str] = []
        try:
            reply = await self._answer(exchange, asked)
        except NcpcError as error:
            return problems.reply(error, exchange, self.views, asked[0] if asked else None)
        return await compressed(reply, exchange.header("accept-encoding"))

    async def _answer(self, exchange: Exchange, asked: list[str]) -> Reply:
        if exchange.method == "OPTIONS":
            return Reply(204, headers=(("allow", ALLOWED), *PREFLIGHT), label="options")
        if exchange.method not in ("GET", "HEAD", "POST"):
            raise problems.MethodNotAllowed(exchange.method, ALLOWED)
        base = exchange.url(self.settings.base)
        wanted = operation(exchange, base)
        if isinstance(wanted, Description):
            return await self._describe(exchange, wanted, base)
        asked.append(wanted.text)
        if isinstance(wanted, Update):
            self.tokens.check(exchange, "update")
            await self.engine.update(wanted.text, wanted.using)
            return Reply(204, headers=(("cache-control", "no-store"),), label="update")
        return await self._query(exchange, wanted)

    async def _query(self, exchange: Exchange, wanted: Query) -> Reply:
        as_page = wants_page(exchange.header("accept"), wanted.parameters)
        chosen = Formats() if as_page else formats(exchange.header("accept"), wanted.parameters)
        site = Site(self.settings.base, exchange.root) if as_page else None
        return await self.answer(wanted.text, chosen, wanted.dataset, site)

    async def answer(
        self, text: str, chosen: Formats, dataset: DatasetClause, page_of: Site | None = None
    ) -> Reply:
        """Run a query and make a reply of its answer.

        Args:
            text: The query.
            chosen: Media types to answer in.
            dataset: Graphs and base that come beside the text.
            page_of: The site, where the answer is to be a page for people.
        """
        version = self.engine.version
        answer = await self.engine.query(text, chosen, dataset)
        stable = bool(version) and version == self.engine.version and not _changing(text)
        body, media_type = answer.body, _with_charset(answer.media_type)
        if page_of is not None:
            body, media_type = self.views.result(answer, text, page_of).encode(), "text/html; charset=utf-8"
        if not stable:
            headers: tuple[tuple[str, str], ...] = (("cache-control", "no-store"),)
        else:
            tag = _tag(version, text, dataset, answer, media_type)
            headers = (("cache-control", "no-cache"), ("etag", tag))
        headers = (("content-type", media_type), ("vary", "Accept, Accept-Encoding"), *headers)
        return Reply(200, body, headers, cacheable=stable, label=answer.kind)

    async def _describe(self, exchange: Exchange, wanted: Description, base: str) -> Reply:
        vary = ("vary", "Accept, Accept-Encoding")
        site = Site(self.settings.base, exchange.root)
        if wants_page(exchange.header("accept"), wanted.parameters):
            page = (await self.form(None, site) if self.form else self.views.sparql(site=site)).encode()
            return Reply(200, page, (("content-type", "text/html; charset=utf-8"), vary), label="page")
        media_type = self._description_type(exchange, wanted)
        body = await service_description.describe(base, self.engine, self.settings, self.tokens, media_type)
        headers = (("content-type", _with_charset(media_type)), vary, ("cache-control", "no-cache"))
        return Reply(200, body, headers, label="description")

    def _description_type(self, exchange: Exchange, wanted: Description) -> str:
        try:
            return graph_format(exchange.header("accept"), wanted.parameters)
        except NotAcceptable as error:
            raise NotAcceptable(
                "The request has no query, and the description of the service comes in none of the "
                "formats that it accepts.",
                expected=error.expected,
                hint="add the parameter query, or accept one of these formats",
            ) from error


def wants_page(accept: str | None, parameters: Parameters) -> bool:
    """Whether a request is that of a browser, which reads a page best."""
    if not accept or PAGE not in accept or asked_format(parameters):
        return False
    return choose(accept, (PAGE, *_RESULT_MEDIA_TYPES)) == PAGE


def _changing(text: str) -> bool:
    """Whether the same query may have another result in the same state."""
    folded = text.casefold()
    return any(word in folded for word in _CHANGING) and _CHANGING_WORD.search(text) is not None


def _with_charset(media_type: str) -> str:
    """CSV and TSV name their charset, since ASCII is their default elsewhere."""
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def _tag(version: str, text: str, dataset: DatasetClause, answer: Answer, media_type: str) -> str:
    asked = "\0".join((text, *dataset.default_graphs, "\0", *dataset.named_graphs, media_type))
    digest = blake2b(asked.encode("utf-8", "surrogatepass") + answer.body[:64], digest_size=8).hexdigest()
    return f'"{version}-{digest}"'
