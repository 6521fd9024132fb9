"""The HTTP application: `create_app(engine, settings) -> FastAPI`."""

from __future__ import annotations

import logging
import os
from inspect import iscoroutinefunction
from typing import cast

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ncpc_kg import __version__
from ncpc_kg.engine import Engine
from ncpc_kg.errors import NcpcError, NotFound
from ncpc_kg.settings import Settings
from ncpc_kg.web import problems
from ncpc_kg.web.engines import AsyncEngine, Threaded
from ncpc_kg.web.graph_store import NAMED, STORE, GraphStoreEndpoint
from ncpc_kg.web.headers import PREFLIGHT, SECURITY_BYTES
from ncpc_kg.web.linked_data import add_resources
from ncpc_kg.web.routes import add_browse
from ncpc_kg.web.site import Site
from ncpc_kg.web.sparql import SparqlEndpoint
from ncpc_kg.web.tokens import Tokens
from ncpc_kg.web.transport import Endpoint, exchange_of, respond, unforeseen
from ncpc_kg.web.views import STATIC, Views

log = logging.getLogger("ncpc_kg.server")

_READING = ["GET", "HEAD"]


def create_app(engine: Engine | AsyncEngine, settings: Settings, tokens: Tokens | None = None) -> FastAPI:
    """Make the application.

    Args:
        engine: Where the graph is; one that blocks is run in threads.
        settings: Settings of the service.
        tokens: Who may write; read from the environment and `settings.tokens_file` if absent.
    """
    answering = (
        cast(AsyncEngine, engine) if iscoroutinefunction(engine.query) else Threaded(cast(Engine, engine))
    )
    known = tokens if tokens is not None else Tokens.read(os.environ, settings.tokens_file)
    views = Views(Site(settings.base))
    app = FastAPI(
        title="ncpc-kg",
        summary="The NCPC programme of 1998 as a knowledge graph",
        version=__version__,
        docs_url=None,
        redoc_url=None,
    )
    sparql = SparqlEndpoint(answering, settings, known, views)
    app.state.sparql, app.state.engine = sparql, answering
    app.state.settings, app.state.tokens, app.state.views = settings, known, views
    browse = add_browse(app, settings)
    sparql.form = browse.sparql if browse else None
    _add_routes(app, views)
    limit = settings.limits.body_bytes
    app.state.sparql_endpoint = Endpoint(sparql, limit, views)
    graph_endpoint = Endpoint(GraphStoreEndpoint(answering, settings, known, views), limit, views)
    for path in ("/sparql", "/sparql/"):
        app.router.routes.append(Route(path, app.state.sparql_endpoint, include_in_schema=False))
    for path in (STORE, f"{STORE}/{{rest:path}}", f"{NAMED}{{rest:path}}"):
        app.router.routes.append(Route(path, graph_endpoint, include_in_schema=False))
    add_resources(app, answering, settings, views, graph_endpoint)
    app.add_middleware(SafeReplies, views=views)
    return app


def _add_routes(app: FastAPI, views: Views) -> None:
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allowed = f"{(error.headers or {}).get('Allow', 'GET, HEAD')}, OPTIONS"
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"allow": allowed, **dict(PREFLIGHT)})
            raise problems.MethodNotAllowed(request.method, allowed)
        found = NotFound("There is nothing at this address.", found=request.url.path[:200])
        found.http_status = error.status_code
        raise found

    @app.api_route("/", methods=_READING, response_class=HTMLResponse, include_in_schema=False)
    async def home(query: str | None = None) -> str:
        return views.home(query)

    @app.api_route("/problems/{name}", methods=_READING, response_class=HTMLResponse, include_in_schema=False)
    async def problem_kinds(name: str) -> str:
        kinds = problems.kinds()
        if name not in kinds:
            raise NotFound("There is no problem of that kind.", found=name[:60], expected=", ".join(kinds))
        return views.kinds({name: kinds[name]})


class SafeReplies:
    """Adds the headers that every response carries, and makes a problem document of every error.

    Args:
        app: The application.
        views: Makes the page of a problem.
    """

    def __init__(self, app: ASGIApp, views: Views) -> None:
        self.app = app
        self.views = views

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def secured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                present = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(pair for pair in SECURITY_BYTES if pair[0] not in present),
                ]
            await send(message)

        try:
            await self.app(scope, receive, secured)
        except Exception as error:
            if started:
                raise
            exchange = exchange_of(scope)
            if not isinstance(error, NcpcError):
                log.error("a request failed", extra={"request": exchange.request_id}, exc_info=error)
                error = unforeseen(error)
            await respond(scope, send, problems.reply(error, exchange, self.views))
