"""The dataset over HTTP: its description, its dumps, and what crawlers look for.

`/dataset` and `/.well-known/void` describe it (DCAT 3, VoID), `/dumps/` has the whole graph as
compressed files with checksums, `/sitemap.xml` and `/robots.txt` lead crawlers to its pages.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote
from xml.sax.saxutils import escape

from ncpc_kg import __version__
from ncpc_kg.dataset import (
    FORMATS,
    Distribution,
    DumpFormat,
    Statistics,
    dump_query,
    make_dump,
    read_statistics,
    record,
    statistics_queries,
)
from ncpc_kg.dataset import Dump as DumpFile
from ncpc_kg.description import Link
from ncpc_kg.errors import NotAcceptable, NotFound
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web import structured
from ncpc_kg.web.context import Context
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.forms import GRAPHS, SUFFIXES, alternates, split_suffix, suffix_for
from ncpc_kg.web.reading import given
from ncpc_kg.web.site import DatasetView, Dump

log = logging.getLogger("ncpc_kg.server")

# A larger graph is dumped when somebody asks for the file, not to fill in its checksum.
MADE_AHEAD = 500_000
PATIENCE = 2.0  # seconds; those who harvest come once, and want the checksums
_GLANCE = 0.05  # seconds: who looks at the page is not kept waiting
_SITEMAP_LIMIT = 50_000  # of the sitemap protocol
_SAFE = "/:@!$&'()*+,;=-._~%"
_PATHS = ("", "dataset", "ontology", "shapes", "questions")


class DatasetEndpoint:
    """Answers requests to the dataset as a whole.

    Args:
        context: What all resources share.
        patience: Seconds that the description waits for dumps that are not made yet.
    """

    def __init__(self, context: Context, patience: float = PATIENCE) -> None:
        self.context = context
        self.patience = patience

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request."""
        given(exchange)
        path = exchange.path.rstrip("/")
        if path.startswith("/dumps"):
            return await self._dumps(exchange, path.removeprefix("/dumps").strip("/"))
        if path == "/sitemap.xml":
            return await self._sitemap(exchange)
        if path == "/robots.txt":
            return self._robots(exchange)
        return await self._describe(exchange, path)

    # ------------------------------------------------------------------ description

    async def statistics(self) -> Statistics:
        """Counts of the graph, made once for each of its states."""

        async def make() -> Statistics:
            queries = statistics_queries(self.context.settings.base)
            return read_statistics([await self.context.engine.query(*query) for query in queries])

        return await self.context.once("statistics", make)

    async def view(self, exchange: Exchange, patience: float | None) -> DatasetView:
        """The dataset as its page shows it.

        Args:
            exchange: The request.
            patience: Seconds to wait for dumps that are not made yet; they are told without size and
                checksum if they take longer, and go on being made. None: as long as it takes.
        """
        context, statistics = self.context, await self.statistics()
        about, site = context.about, context.site(exchange)
        modified = context.modified().isoformat()
        making = {}
        if statistics.triples <= MADE_AHEAD or patience is None:
            making = {form: asyncio.ensure_future(self.dump(form)) for form in FORMATS}
            await asyncio.wait(making.values(), timeout=patience)
        dumps = []
        for form in FORMATS:
            task = making.get(form)
            made, error = None, None
            if task is not None and task.done():
                error = task.exception()
                made = None if error else task.result()
            if isinstance(error, NotAcceptable):
                continue  # the graph holds what this format cannot say, so there is no such file
            if error is not None:
                log.error("the dump %s was not made", form.name, exc_info=error)
            size, sha256 = (len(made.body), made.sha256) if made else (None, None)
            href = site.path(f"/dumps/{form.name}")
            dumps.append(Dump(form.name, form.label, form.media_type, href, size, sha256, modified))
        source = about.texts("dcterms:source")[0]
        publisher = about.texts_of(source, "dcterms:publisher")[0]
        return DatasetView(
            title=about.texts("dcterms:title")[0],
            text=about.texts("dcterms:description")[0],
            license=about.texts("dcterms:license")[0],
            source=Link(source, about.texts_of(source, "dcterms:title")[0]),
            publisher=Link(publisher, about.texts_of(publisher, "foaf:name")[0]),
            statistics=statistics,
            dumps=tuple(dumps),
            modified=modified,
        )

    async def _describe(self, exchange: Exchange, path: str) -> Reply:
        context, site = self.context, self.context.site(exchange)
        stem, suffix = split_suffix(path)
        well_known = stem == "/.well-known/void"
        form = suffix or suffix_for(exchange.header("accept"))
        if well_known and form == "html":
            form = "ttl"
        here = exchange.url(site.base)[: -len(exchange.path)]
        tag = context.tag(path, form, here, context.modified().isoformat())
        if unchanged := context.unchanged(exchange, tag):
            return unchanged
        forms = alternates(site, "/dataset", without=form)
        view = await self.view(exchange, min(self.patience, _GLANCE) if form == "html" else self.patience)
        if view.statistics.triples <= MADE_AHEAD and any(one.sha256 is None for one in view.dumps):
            tag = ""  # what is told changes once the dumps are made
        if form == "html":
            data = structured.of_dataset(context.about, view.statistics, view.dumps, view.modified)
            head = replace(context.head(exchange, "/dataset", forms), structured=data)
            body = context.pages.dataset(view, head).encode()
        else:
            distributions = [
                Distribution(
                    one.name, one.label, one.media_type, f"{here}/dumps/{one.name}", one.size, one.sha256
                )
                for one in view.dumps
            ]
            triples = record(
                context.about, view.statistics, distributions, view.modified, __version__, f"{here}/sparql"
            )
            body = graph_bytes(triples, GRAPHS[form])
        headers = context.headers(exchange, SUFFIXES[form], tag, forms)
        return Reply(200, body, headers, cacheable=bool(tag), label="page" if form == "html" else "resource")

    # ------------------------------------------------------------------ dumps

    async def dump(self, form: DumpFormat) -> DumpFile:
        """A dump, made once for each state of the graph, outside the event loop.

        Args:
            form: Its format.
        """

        async def make() -> DumpFile:
            path = self.context.settings.content / "queries" / "internal" / "export-rdf12.rq"
            reify = ""
            if form.holds == "reified":
                reify = await asyncio.to_thread(path.read_text, encoding="utf-8")
                reify = reify.replace(BASE, self.context.settings.base)
            text, formats = dump_query(form, reify)
            return await asyncio.to_thread(make_dump, form, await self.context.engine.query(text, formats))

        return await self.context.once(f"dump {form.name}", make)

    async def _dumps(self, exchange: Exchange, name: str) -> Reply:
        context, site = self.context, self.context.site(exchange)
        if not name:
            location = (("location", site.path("/dataset")), ("cache-control", "no-cache"))
            return Reply(303, headers=location, label="redirect")
        tag = context.tag(name)
        if unchanged := context.unchanged(exchange, tag):
            return unchanged
        if name == "SHA256SUMS":
            view = await self.view(exchange, patience=None)
            sums = [f"{one.sha256}  {one.name}\n" for one in view.dumps if one.sha256]
            headers = context.headers(exchange, "text/plain", tag)
            return Reply(200, "".join(sums).encode(), headers, label="dump")
        form = next((one for one in FORMATS if one.name == name), None)
        if form is None:
            raise NotFound(
                "There is no such dump.",
                found=name[:100],
                expected=", ".join((*(one.name for one in FORMATS), "SHA256SUMS")),
            )
        made = await self.dump(form)
        more = (
            f'<{site.path("/dumps/SHA256SUMS")}>; rel="describedby"; type="text/plain"',
            f'<{site.base}dataset>; rel="collection"',
        )
        digest = bytes.fromhex(made.sha256)
        headers = (
            *context.headers(exchange, "application/gzip", tag, (), *more),
            ("content-disposition", f'attachment; filename="{name}"'),
            ("repr-digest", f"sha-256=:{b64encode(digest).decode()}:"),
        )
        return Reply(200, made.body, headers, label="dump")

    # ------------------------------------------------------------------ crawlers

    async def _sitemap(self, exchange: Exchange) -> Reply:
        """Pages for crawlers, as the sitemap protocol wants them."""
        context, site = self.context, self.context.site(exchange)
        here = exchange.url(site.base)[: -len(exchange.path)]
        day = context.modified().date().isoformat()
        tag = context.tag("sitemap", here, day)
        if unchanged := context.unchanged(exchange, tag):
            return unchanged
        names = await context.names()
        paths = [*_PATHS, *(f"questions/{one.name}" for one in context.catalogue.questions)]
        paths += sorted(iri[len(site.base) :] for iri in names.iris if "#" not in iri and "?" not in iri)
        lines = [
            f"<url><loc>{escape(here)}/{escape(quote(path, safe=_SAFE))}</loc><lastmod>{day}</lastmod></url>"
            for path in list(dict.fromkeys(paths))[:_SITEMAP_LIMIT]
        ]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            + "\n".join(lines)
            + "\n</urlset>\n"
        )
        return Reply(200, body.encode(), context.headers(exchange, "application/xml", tag), label="page")

    def _robots(self, exchange: Exchange) -> Reply:
        site = self.context.site(exchange)
        here = exchange.url(site.base)[: -len(exchange.path)]
        closed = "".join(f"Disallow: {site.path(path)}\n" for path in ("/sparql", "/graphs", "/questions/*?"))
        body = f"User-agent: *\n{closed}\nSitemap: {here}/sitemap.xml\n"
        headers = (("content-type", "text/plain; charset=utf-8"), ("cache-control", "max-age=3600"))
        return Reply(200, body.encode(), headers, label="page")
