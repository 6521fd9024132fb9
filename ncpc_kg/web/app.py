"""The HTTP application: `create_app(engine, settings) -> FastAPI`."""

from __future__ import annotations

import logging
import os

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ncpc_kg import __version__
from ncpc_kg.engine import Engine
from ncpc_kg.errors import NcpcError, NotFound
from ncpc_kg.settings import Settings
from ncpc_kg.web import problems
from ncpc_kg.web.engines import AsyncEngine, Threaded
from ncpc_kg.web.exchange import Reply
from ncpc_kg.web.graph_store import NAMED, STORE, GraphStoreEndpoint
from ncpc_kg.web.headers import SECURITY_BYTES
from ncpc_kg.web.linked_data import add_resources
from ncpc_kg.web.routes import add_browse
from ncpc_kg.web.site import Site
from ncpc_kg.web.sparql import SparqlEndpoint
from ncpc_kg.web.tokens import Tokens
from ncpc_kg.web.transport import Endpoint, exchange_of, respond, unforeseen
from ncpc_kg.web.views import STATIC, Views

log = logging.getLogger("ncpc_kg.server")


def create_app(
    engine: Engine | AsyncEngine, settings: Settings, tokens: Tokens | None = None, views: Views | None = None
) -> FastAPI:
    """Make the application.

    Args:
        engine: Where the graph is; one that blocks is run in threads.
        settings: Settings of the service.
        tokens: Who may write; read from the environment and `settings.tokens_file` if absent.
        views: Makes the pages.
    """
    waited = engine if isinstance(engine, AsyncEngine) and not hasattr(engine, "match") else None
    answering: AsyncEngine = waited if waited is not None else Threaded(engine)  # type: ignore[arg-type]
    known = tokens if tokens is not None else Tokens.read(os.environ, settings.tokens_file)
    pages = views or Views(Site(settings.base))
    app = FastAPI(
        title="ncpc-kg",
        summary="The NCPC programme of 1998 as a knowledge graph",
        version=__version__,
        docs_url=None,
        redoc_url=None,
    )
    sparql = SparqlEndpoint(answering, settings, known, pages)
    graphs = GraphStoreEndpoint(answering, settings, known, pages)
    app.state.sparql, app.state.graphs, app.state.engine = sparql, graphs, answering
    app.state.settings, app.state.tokens, app.state.views = settings, known, pages
    _add_error_handlers(app, pages)
    browse = add_browse(app, settings)
    sparql.form = browse.sparql if browse else None
    _add_routes(app, pages)
    limit = settings.limits.body_bytes
    app.state.sparql_endpoint = Endpoint(sparql, limit, pages)
    graph_endpoint = Endpoint(graphs, limit, pages)
    for path in ("/sparql", "/sparql/"):
        app.router.routes.append(Route(path, app.state.sparql_endpoint, include_in_schema=False))
    for path in (STORE, f"{STORE}/{{rest:path}}", f"{NAMED}{{rest:path}}"):
        app.router.routes.append(Route(path, graph_endpoint, include_in_schema=False))
    add_resources(app, answering, settings, pages, graph_endpoint)
    app.add_middleware(SafeReplies, views=pages)
    return app


def _add_error_handlers(app: FastAPI, views: Views) -> None:
    @app.exception_handler(NcpcError)
    async def ours(request: Request, error: NcpcError) -> Response:
        return to_response(problems.reply(error, exchange_of(request.scope), views), request.method)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> Response:
        exchange = exchange_of(request.scope)
        if error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            found: NcpcError = problems.MethodNotAllowed(request.method, allowed)
        else:
            found = NotFound("There is nothing at this address.", found=request.url.path[:200])
            found.http_status = error.status_code
        return to_response(problems.reply(found, exchange, views), request.method)


def _add_routes(app: FastAPI, views: Views) -> None:
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def home(query: str | None = None) -> str:
        return views.home(query)

    @app.get("/problems/{name}", response_class=HTMLResponse, include_in_schema=False)
    async def problem_kinds(name: str) -> str:
        kinds = problems.kinds()
        if name not in kinds:
            raise NotFound("There is no problem of that kind.", found=name[:60], expected=", ".join(kinds))
        return views.kinds({name: kinds[name]})


def to_response(reply: Reply, method: str = "GET") -> Response:
    """A reply as the framework's response; HEAD has the length of the body, not the body."""
    response = Response(b"" if method == "HEAD" else reply.body, reply.status)
    for name, value in reply.headers:
        response.headers.append(name, value)
    if method == "HEAD" and reply.body:
        response.headers["content-length"] = str(len(reply.body))
    return response


class SafeReplies:
    """Adds the headers that every response carries, and tells an error that nobody foresaw.

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
            log.error("request %s failed", exchange.request_id, exc_info=error)
            await respond(scope, send, problems.reply(unforeseen(error), exchange, self.views))
