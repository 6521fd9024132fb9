"""Every IRI of the graph answers: 303 to a page or to data, then the description of the thing.

`/id/...`, `/code/...`, `/source/...` and `/graph/...` are things: the address
itself redirects by Accept (Cool URIs for the Semantic Web, section 4.2), the address with a
suffix is the document.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from pyoxigraph import NamedNode

from ncpc_kg.engine import Formats
from ncpc_kg.errors import NotFound, RequestError
from ncpc_kg.web.cache import Key, ReplyCache
from ncpc_kg.web.compression import accepts_gzip
from ncpc_kg.web.context import Context, whole_number
from ncpc_kg.web.describing import SAFE, Asked, Describer
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.forms import GRAPHS, HTML, SUFFIXES, alternates, split_suffix, suffix_for
from ncpc_kg.web.protocol import known_only, parameters
from ncpc_kg.web.reading import read_only

_LONGEST_PATH = 2000
_CACHE_BYTES = 32 * 1024**2


class ResourceEndpoint:
    """Answers requests to things.

    Args:
        context: What all resources share.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.describer = Describer(context)
        self.cache = ReplyCache(_CACHE_BYTES)

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request; every error of our tree becomes a problem document."""
        version, key = self.context.engine.version, _key(exchange)
        if key and version and (kept := self.cache.get(key, version)):
            return kept
        reply = await read_only(exchange, self.context.pages.views, self._answer)
        if key and reply.cacheable and version == self.context.engine.version:
            self.cache.put(key, version, reply)
        return reply

    async def _answer(self, exchange: Exchange) -> Reply:
        path, suffix = split_suffix(exchange.path)
        if suffix is None:
            return await self._redirect(exchange)
        asked = parameters(exchange.query)
        known_only(asked, () if path.startswith("/graph/") and suffix in GRAPHS else ("page",))
        page = whole_number(asked, "page", 1)
        tag = self.context.tag(exchange.path, str(page), exchange.root)
        if unchanged := self.context.unchanged(exchange, tag):
            return unchanged
        if path.startswith("/graph/") and suffix in GRAPHS:
            return await self._graph(exchange, path, suffix, tag)
        lexicon, site = await self.context.lexicon(), self.context.site(exchange)
        iris = self._iris(exchange, path)
        for iri in iris:
            found = await self.describer.document(Asked(iri, suffix, page, site), lexicon)
            if found:
                headers = self.context.headers(exchange, SUFFIXES[suffix], tag, found.forms, *found.links)
                label = "page" if suffix == "html" else "resource"
                return Reply(found.status, found.body, headers, cacheable=bool(tag), label=label)
        raise await self._missing(iris[0])

    async def _graph(self, exchange: Exchange, path: str, suffix: str, tag: str) -> Reply:
        """The statements of a named graph, in the format of the suffix."""
        site = self.context.site(exchange)
        iri = self._iris(exchange, path)[0]
        answer = await self.context.engine.read_graph(iri, GRAPHS[suffix])
        forms = alternates(site, "/" + quote(iri[len(site.base) :], safe=SAFE), without=suffix)
        headers = self.context.headers(
            exchange, GRAPHS[suffix], tag, forms, f'<{quote(iri, safe=SAFE)}>; rel="cite-as"'
        )
        return Reply(200, answer.body, headers, cacheable=bool(tag), label="resource")

    async def _redirect(self, exchange: Exchange) -> Reply:
        """303 from the thing to the document about it that the client prefers."""
        known_only(parameters(exchange.query), ("page",))
        suffix = suffix_for(exchange.header("accept"))
        iris = self._iris(exchange, exchange.path)
        for iri in iris:
            if await self._known(iri):
                break
        else:
            raise await self._missing(iris[0])
        site = self.context.site(exchange)
        path = "/" + quote(iri[len(site.base) :], safe=SAFE)
        query = f"?{exchange.query}" if exchange.query else ""
        forms = alternates(site, path)
        headers = (
            ("location", f"{site.path(path)}.{suffix}{query}"),
            ("vary", "Accept"),
            ("cache-control", "no-cache"),
            ("link", self.context.links(exchange, forms)),
        )
        return Reply(303, headers=headers, cacheable=True, label="redirect")

    async def _known(self, iri: str) -> bool:
        thing = str(NamedNode(iri))
        pattern = f"{{ {thing} ?p ?o }} UNION {{ ?s ?q {thing} }}"
        if iri.startswith(f"{self.context.settings.base}graph/"):
            pattern += f" UNION {{ GRAPH {thing} {{ ?a ?b ?c }} }}"
        answer = await self.context.engine.query(f"ASK {{ {pattern} }}", Formats())
        return b"true" in answer.body

    def _iris(self, exchange: Exchange, path: str) -> tuple[str, ...]:
        """The IRIs that an address may stand for: decoded, and percent-encoded as it was sent.

        Raises:
            RequestError: The address is not UTF-8, or too long.
            NotFound: It is no part of an IRI.
        """
        raw = exchange.raw_path
        if "\ufffd" in path or len(path) > _LONGEST_PATH:
            raise RequestError(
                "The address cannot be read.",
                found=(raw or path)[:100],
                expected=f"percent-encoded UTF-8 of at most {_LONGEST_PATH} characters",
            )
        sent = raw[: len(raw) - (len(exchange.path) - len(path))]
        found: dict[str, None] = {}
        for spelled in (path, sent):
            if spelled:
                with suppress(ValueError):  # an address that is no IRI in one spelling may be in the other
                    found[NamedNode(self.context.settings.base + spelled.lstrip("/")).value] = None
        if not found:
            raise NotFound(
                "There is nothing at this address: it is no IRI.",
                found=path[:200],
                expected="an address without spaces, quotes and angle brackets",
            )
        return tuple(found)

    async def _missing(self, iri: str) -> NotFound:
        """The error for an IRI that the graph does not know, with names that are near."""
        names = (await self.context.names()).near(iri)
        local, dot, suffix = iri.rpartition("/")[2].rpartition(".")
        hint = f"did you mean {' or '.join(names)}?" if names else "search for its name, or look at /dataset"
        if local and dot and 1 <= len(suffix) <= 6 and await self._known(iri[: -len(suffix) - 1]):
            hint = f"the address without .{suffix}, or with another suffix, names something"
        return NotFound(
            "The graph says nothing about this.",
            found=iri[:300],
            expected="the IRI of a thing in the graph, alone or with ." + ", .".join(SUFFIXES),
            hint=hint,
        )


def _key(exchange: Exchange) -> Key | None:
    """What the reply to a request depends on beside the graph; None if it is not to be kept."""
    if exchange.method not in ("GET", "HEAD") or exchange.header("if-modified-since"):
        return None
    gzip = "gzip" if accepts_gzip(exchange.header("accept-encoding")) else ""
    asked_for = (exchange.path, exchange.raw_path, exchange.query, exchange.root)
    return (*asked_for, exchange.header("accept") or "", gzip)


def prefers_page(exchange: Exchange) -> bool:
    """Whether a client would rather have a page than data."""
    accept = exchange.header("accept") or ""
    return HTML in accept and suffix_for(accept) == "html"
