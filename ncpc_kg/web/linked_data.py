"""Puts the published resources into the application: `add_resources(app, ...)`."""

from __future__ import annotations

from functools import partial

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ncpc_kg.catalogue import read_catalogue
from ncpc_kg.settings import Settings
from ncpc_kg.web import openapi
from ncpc_kg.web.context import Context
from ncpc_kg.web.dataset import DatasetEndpoint
from ncpc_kg.web.documents import DocumentEndpoint
from ncpc_kg.web.engines import AsyncEngine
from ncpc_kg.web.forms import split_suffix
from ncpc_kg.web.pages import Pages
from ncpc_kg.web.prefix import Prefix
from ncpc_kg.web.questions import QuestionEndpoint
from ncpc_kg.web.reading import read_only
from ncpc_kg.web.resources import ResourceEndpoint, prefers_page
from ncpc_kg.web.transport import Endpoint, Handler, exchange_of
from ncpc_kg.web.views import Views

_DATASET = (
    "/dataset", "/dataset.{suffix}", "/.well-known/void", "/.well-known/void.{suffix}", "/dumps",
    "/dumps/{name:path}", "/sitemap.xml", "/robots.txt",
)  # fmt: skip


def add_resources(
    app: FastAPI, engine: AsyncEngine, settings: Settings, views: Views, graph_store: ASGIApp
) -> None:
    """Add the routes of things, documents, questions and the dataset.

    Args:
        app: The application.
        engine: Where the graph is.
        settings: Settings of the service.
        views: The templates.
        graph_store: Answers what is no page under `/graph/` (Graph Store Protocol).
    """
    catalogue = read_catalogue(settings.content / "queries", settings.base)
    context = Context(engine, settings, catalogue, Pages(views))

    def endpoint(handler: Handler) -> Endpoint:
        return Endpoint(handler, settings.limits.body_bytes, views)

    def add(handler: Handler, *paths: str) -> None:
        for path in paths:
            app.router.routes.append(Route(path, endpoint(handler), include_in_schema=False))

    def add_document(handler: Handler, *paths: str) -> None:
        add(partial(read_only, views=views, answer=handler), *paths)

    things = ResourceEndpoint(context)
    add(things, *(f"{start}{{rest:path}}" for start in ("/id/", "/code/", "/source/")))
    graphs = GraphDocuments(endpoint(things), graph_store)
    app.router.routes.insert(0, Route("/graph/{rest:path}", graphs, include_in_schema=False))
    for kind in ("ontology", "shapes"):
        document = DocumentEndpoint(context, kind)
        add_document(document, f"/{kind}", f"/{kind}.{{suffix}}", f"/{kind}/{{rest:path}}")
    add_document(QuestionEndpoint(context), "/questions", "/questions.{suffix}", "/questions/{rest:path}")
    add_document(DatasetEndpoint(context), *_DATASET)
    app.openapi = openapi.documented(app.openapi, catalogue)  # type: ignore[method-assign]
    app.add_middleware(Prefix, root=settings.root_path, trusting=settings.trust_proxy)
    app.state.context, app.state.things = context, things


class GraphDocuments:
    """Under `/graph/`: pages and documents with a suffix here, the Graph Store Protocol there.

    Args:
        documents: Answers for pages and documents.
        store: Answers everything else.
    """

    def __init__(self, documents: ASGIApp, store: ASGIApp) -> None:
        self.documents = documents
        self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        exchange = exchange_of(scope)
        reading = exchange.method in ("GET", "HEAD")
        ours = reading and (split_suffix(exchange.path)[1] is not None or prefers_page(exchange))
        await (self.documents if ours else self.store)(scope, receive, send)
