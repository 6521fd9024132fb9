"""What all resources share: the engine, the pages, and what is read once for each state of the graph."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, TypeVar

from ncpc_kg import __version__
from ncpc_kg.catalogue import Catalogue
from ncpc_kg.dataset import About, read_about
from ncpc_kg.description import Lexicon, lexicon_query, read_lexicon
from ncpc_kg.description.rows import TSV, read_rows
from ncpc_kg.engine import Formats
from ncpc_kg.errors import ParameterError
from ncpc_kg.settings import Settings
from ncpc_kg.web.engines import AsyncEngine
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.nearest import Names
from ncpc_kg.web.pages import Pages
from ncpc_kg.web.site import Alternate, Head, Site

_NAMES = """\
SELECT DISTINCT ?s WHERE { ?s a ?kind FILTER(ISIRI(?s) && STRSTARTS(STR(?s), "BASE")) } LIMIT MOST
"""
_LAST_PAGE = 10_000
MOST_NAMES = 20_000
_MINUTE = 60.0

T = TypeVar("T")


class Context:
    """Shared by the endpoints of one application.

    Args:
        engine: Where the graph is.
        settings: Settings of the service.
        catalogue: The ready questions.
        pages: Makes the pages.
    """

    def __init__(self, engine: AsyncEngine, settings: Settings, catalogue: Catalogue, pages: Pages) -> None:
        self.engine = engine
        self.settings = settings
        self.catalogue = catalogue
        self.pages = pages
        self.about: About = read_about(settings.base)
        self._kept: dict[str, tuple[str, float, asyncio.Future[Any]]] = {}
        self._seen: tuple[str, datetime] = ("", datetime.now(UTC))

    async def once(self, name: str, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives, made once for each state of the graph, however many ask at the same time.

        An engine that does not tell its state is asked again after a minute.

        Args:
            name: Name of the value.
            make: Makes it.
        """
        version = self.engine.version
        kept = self._kept.get(name)
        now = time.monotonic()
        if kept is not None and kept[0] == version and not _failed(kept[2]):
            fresh = bool(version) or now - kept[1] < _MINUTE
            if fresh:
                found: T = await asyncio.shield(kept[2])
                return found
        future = asyncio.ensure_future(make())
        self._kept[name] = (version, now, future)
        made: T = await asyncio.shield(future)
        return made

    async def lexicon(self) -> Lexicon:
        """Labels of the terms of the graph."""

        async def make() -> Lexicon:
            text, formats = lexicon_query()
            return read_lexicon(await self.engine.query(text, formats), self.settings.base)

        return await self.once("lexicon", make)

    async def names(self) -> Names:
        """The names of things, for those who mistype one."""

        async def make() -> Names:
            text = _NAMES.replace("BASE", self.settings.base).replace("MOST", str(MOST_NAMES))
            rows = read_rows(await self.engine.query(text, Formats(bindings=TSV)))
            return Names(row[0][1:-1] for row in rows)

        return await self.once("names", make)

    def modified(self) -> datetime:
        """When the present state of the graph was first seen by this process, to the second."""
        version = self.engine.version
        if version != self._seen[0]:
            self._seen = (version, datetime.now(UTC).replace(microsecond=0))
        return self._seen[1]

    def tag(self, *parts: str) -> str:
        """An entity tag for what depends on the state of the graph and on `parts`; empty if unknown."""
        version = self.engine.version
        if not version:
            return ""
        digest = hashlib.sha256("\0".join((__version__, *parts)).encode()).hexdigest()[:16]
        return f'"{version}-{digest}"'

    def site(self, exchange: Exchange) -> Site:
        """Where the site lies for the client of a request."""
        return Site(self.settings.base, exchange.root)

    def head(
        self, exchange: Exchange, path: str, alternates: Iterable[Alternate], structured: str = ""
    ) -> Head:
        """What a page about the IRI with a path needs beside its content."""
        site = self.site(exchange)
        iri = self.settings.base + path.lstrip("/")
        return Head(site, iri, site.path(exchange.path), tuple(alternates), structured)

    def links(self, exchange: Exchange, alternates: Iterable[Alternate] = (), *more: str) -> str:
        """The Link header that every resource has (RFC 8288).

        Args:
            exchange: The request.
            alternates: Other forms of the resource.
            more: Further links, ready to send.
        """
        found = [f'<{one.href}>; rel="alternate"; type="{one.media_type}"' for one in alternates]
        found.append(f'<{self.site(exchange).path("/.well-known/void")}>; rel="describedby"')
        found += (f'<{license}>; rel="license"' for license in self.about.texts("dcterms:license"))
        return ", ".join((*found, *more))

    def headers(
        self,
        exchange: Exchange,
        media_type: str,
        tag: str,
        alternates: Iterable[Alternate] = (),
        *links: str,
    ) -> tuple[tuple[str, str], ...]:
        """Headers of a representation that depends on the state of the graph.

        Args:
            exchange: The request.
            media_type: Its media type.
            tag: Its entity tag; empty if it has none.
            alternates: Other forms of the resource.
            links: Further links, ready to send.
        """
        charset = media_type.startswith("text/") or media_type == "application/ld+json"
        found = [
            ("content-type", f"{media_type}; charset=utf-8" if charset else media_type),
            ("vary", "Accept, Accept-Encoding"),
            ("cache-control", "no-cache"),
            ("last-modified", format_datetime(self.modified(), usegmt=True)),
            ("link", self.links(exchange, alternates, *links)),
        ]
        if tag:
            found.append(("etag", tag))
        return tuple(found)

    def unchanged(self, exchange: Exchange, tag: str) -> Reply | None:
        """304 if the client has this representation already (RFC 9110, section 13.2.2)."""
        headers = (("etag", tag), ("vary", "Accept, Accept-Encoding"), ("cache-control", "no-cache"))
        if wanted := exchange.header("if-none-match"):
            known = re.findall(r'"[^"]*"', wanted.replace('-gzip"', '"'))
            return Reply(304, headers=headers, label="resource") if tag and tag in known else None
        since = exchange.header("if-modified-since")
        if since and self.engine.version:
            try:
                earlier = parsedate_to_datetime(since)
            except ValueError:
                return None  # RFC 9110, section 13.1.3: a date that cannot be read is ignored
            if earlier.tzinfo is not None and earlier >= self.modified():
                return Reply(304, headers=headers, label="resource")
        return None


def whole_number(parameters: dict[str, list[str]], name: str, default: int, most: int = _LAST_PAGE) -> int:
    """A parameter that is a whole number from 1 on.

    Raises:
        ParameterError: It is something else.
    """
    values = parameters.get(name)
    if not values:
        return default
    text = values[-1]
    if len(values) > 1 or not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise ParameterError(
            f"The parameter {name} is no whole number in its range.",
            found=", ".join(values)[:60],
            expected=f"a whole number from 1 to {most}",
        )
    return int(text)


def _failed(future: asyncio.Future[Any]) -> bool:
    return future.done() and (future.cancelled() or future.exception() is not None)
