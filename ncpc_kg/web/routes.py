"""Routes of the pages to look around, on an application that `create_app` made."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from ncpc_kg.catalogue import read_catalogue
from ncpc_kg.errors import QueryError
from ncpc_kg.settings import Settings
from ncpc_kg.web.browse import Browse
from ncpc_kg.web.operations import operations
from ncpc_kg.web.protocol import known_only, parameters
from ncpc_kg.web.site import Site

Show = Callable[[Request, Site], Awaitable[str]]


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

    async def home(_: Request, site: Site) -> str:
        return await browse.home(site)

    async def indicators(_: Request, site: Site) -> str:
        return await browse.indicators(site)

    async def search(request: Request, site: Site) -> str:
        return await browse.search(given(request, "q").get("q", ""), site)

    async def contradictions(request: Request, site: Site) -> str:
        return await browse.contradictions(given(request, "kind", "about", "after"), site)

    async def api(_: Request, site: Site) -> str:
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
    for path, show in shown.items():
        app.add_api_route(
            path,
            _answer(settings, show),
            methods=["GET", "HEAD"],
            response_class=HTMLResponse,
            include_in_schema=False,
        )
    return browse


def given(request: Request, *names: str) -> dict[str, str]:
    """The parameters of a request, each at most once.

    Args:
        request: The request.
        names: The parameters that are known.

    Raises:
        QueryError: A parameter is unknown, comes twice, or is not UTF-8.
    """
    found = parameters(request.url.query)
    known_only(found, names)
    for name, values in found.items():
        if len(values) > 1:
            raise QueryError(f"The parameter {name} comes more than once.", found=f"{len(values)} times")
    return {name: values[0] for name, values in found.items()}


def site_of(request: Request, settings: Settings) -> Site:
    """Where the site lies for a request: a proxy may give it a path of its own."""
    return Site(settings.base, str(request.scope.get("ncpc_root", "")))


def _list(browse: Browse, name: str) -> Show:
    async def show(request: Request, site: Site) -> str:
        return await browse.listing(name, given(request, "after").get("after", ""), site)

    return show


def _answer(settings: Settings, show: Show) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        body = (await show(request, site_of(request, settings))).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return HTMLResponse(body, headers=headers)

    return answer
