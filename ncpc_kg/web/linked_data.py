"""Puts the published resources into the application: `add_resources(app, ...)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ncpc_kg.catalogue import Catalogue, read_catalogue
from ncpc_kg.settings import Settings
from ncpc_kg.web import openapi, protocol_document
from ncpc_kg.web.context import Context
from ncpc_kg.web.dataset import DatasetEndpoint
from ncpc_kg.web.documents import DocumentEndpoint
from ncpc_kg.web.engines import AsyncEngine
from ncpc_kg.web.forms import split_suffix
from ncpc_kg.web.pages import HtmlPages
from ncpc_kg.web.prefix import Prefix
from ncpc_kg.web.questions import QuestionEndpoint
from ncpc_kg.web.resources import ResourceEndpoint, prefers_page
from ncpc_kg.web.site import Pages
from ncpc_kg.web.transport import Endpoint, Handler, exchange_of
from ncpc_kg.web.views import Views

_DATASET = (
    "/dataset", "/dataset.{suffix}", "/.well-known/void", "/.well-known/void.{suffix}", "/dumps",
    "/dumps/{name:path}", "/sitemap.xml", "/robots.txt",
)  # fmt: skip


def add_resources(
    app: FastAPI,
    engine: AsyncEngine,
    settings: Settings,
    views: Views,
    graph_store: ASGIApp,
    pages: Pages | None = None,
    catalogue: Catalogue | None = None,
) -> Context:
    """Add the routes of things, documents, questions and the dataset.

    Args:
        app: The application.
        engine: Where the graph is.
        settings: Settings of the service.
        views: Makes the pages of problems.
        graph_store: Answers what is no page under `/graph/` (Graph Store Protocol).
        pages: Makes the pages of resources; the project's own by default.
        catalogue: The questions; those of the content directory by default.

    Returns:
        What the added endpoints share.
    """
    known = (
        catalogue if catalogue is not None else read_catalogue(settings.content / "queries", settings.base)
    )
    context = Context(engine, settings, known, pages or HtmlPages(views))

    def add(handler: Handler, *paths: str) -> None:
        endpoint = Endpoint(handler, settings.limits.body_bytes, views)
        for path in paths:
            app.router.routes.append(Route(path, endpoint, include_in_schema=False))

    things = ResourceEndpoint(context, views)
    add(things, *(f"{start}{{rest:path}}" for start in ("/id/", "/code/", "/source/")))
    graphs = GraphDocuments(Endpoint(things, settings.limits.body_bytes, views), graph_store)
    app.router.routes.insert(0, Route("/graph/{rest:path}", graphs, include_in_schema=False))
    add(
        DocumentEndpoint(context, views, "ontology"),
        "/ontology",
        "/ontology.{suffix}",
        "/ontology/{rest:path}",
    )
    add(DocumentEndpoint(context, views, "shapes"), "/shapes", "/shapes.{suffix}", "/shapes/{rest:path}")
    add(QuestionEndpoint(context, views), "/questions", "/questions.{suffix}", "/questions/{rest:path}")
    add(DatasetEndpoint(context, views), *_DATASET, "/dataset.{suffix}", "/dumps/{name:path}")
    add(DatasetEndpoint(context, views), "/.well-known/void.{suffix}")
    app.openapi = _documented(app.openapi, known)  # type: ignore[method-assign]
    app.add_middleware(Prefix, root=settings.root_path, trusting=settings.trust_proxy)
    app.state.context, app.state.things = context, things
    return context


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


def _documented(original: Callable[[], dict[str, Any]], catalogue: Catalogue) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document with our paths added to those that the framework knows."""

    def document() -> dict[str, Any]:
        found = original()
        found["paths"] = {**protocol_document.paths(), **openapi.paths(catalogue), **found["paths"]}
        schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes.update(protocol_document.SECURITY_SCHEMES)
        return found

    return document
