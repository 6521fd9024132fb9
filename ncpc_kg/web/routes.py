"""Routes of the pages to look around, on an application that `create_app` made."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI
from starlette.routing import Route

from ncpc_kg.catalogue import read_catalogue
from ncpc_kg.settings import Settings
from ncpc_kg.web.browse import Browse
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.operations import operations
from ncpc_kg.web.reading import given, read_only
from ncpc_kg.web.site import Site
from ncpc_kg.web.transport import Endpoint

Show = Callable[[Exchange, Site], Awaitable[str]]


def add_browse(app: FastAPI, settings: Settings) -> Browse | None:
    """Add the pages to an application.

    Args:
        app: The application, with its engine and views in `state`.
        settings: Settings of the service.

    Returns:
        What makes the pages; None where the content has no `queries/pages/`, as in a service
        that only answers SPARQL.
    """
    if not (settings.content / "queries" / "pages").is_dir():
        return None
    catalogue = read_catalogue(settings.content / "queries", settings.base)
    browse = Browse(app.state.engine, app.state.views, settings, catalogue)

    async def home(exchange: Exchange, site: Site) -> str:
        given(exchange)
        return await browse.home(site)

    async def indicators(exchange: Exchange, site: Site) -> str:
        given(exchange)
        return await browse.indicators(site)

    async def search(exchange: Exchange, site: Site) -> str:
        return await browse.search(given(exchange, "q").get("q", ""), site)

    async def contradictions(exchange: Exchange, site: Site) -> str:
        return await browse.contradictions(given(exchange, "kind", "about", "after"), site)

    async def api(exchange: Exchange, site: Site) -> str:
        given(exchange)
        return browse.views.render("api.html", site, section="api", groups=operations(app.openapi()))

    shown: dict[str, Show] = {
        "/": home,
        "/indicators": indicators,
        "/search": search,
        "/contradictions": contradictions,
        "/api": api,
    }
    for question in browse.lists.questions:
        shown[f"/{question.name}"] = _list(browse, question.name)
    views = browse.views
    for path, show in shown.items():
        handler = partial(read_only, views=views, answer=_answer(settings, show))
        endpoint = Endpoint(handler, settings.limits.body_bytes, views)
        app.router.routes.append(Route(path, endpoint, include_in_schema=False))
    return browse


def _list(browse: Browse, name: str) -> Show:
    async def show(exchange: Exchange, site: Site) -> str:
        return await browse.listing(name, given(exchange, "after").get("after", ""), site)

    return show


def _answer(settings: Settings, show: Show) -> Callable[[Exchange], Awaitable[Reply]]:
    async def answer(exchange: Exchange) -> Reply:
        body = (await show(exchange, Site(settings.base, exchange.root))).encode()
        headers = (
            ("content-type", "text/html; charset=utf-8"),
            ("vary", "Accept-Encoding"),
            ("cache-control", "no-cache"),
            ("etag", f'"{hashlib.sha256(body).hexdigest()[:20]}"'),
        )
        return Reply(200, body, headers, label="page")

    return answer
