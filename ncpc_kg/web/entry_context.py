"""What the routes of entries share: engine, sessions, inbox, and how requests are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response

from ncpc_kg.entries import Inbox
from ncpc_kg.entries.read import BOOK_BYTES
from ncpc_kg.entries.service import JSON
from ncpc_kg.errors import NotFound, ParameterError
from ncpc_kg.store.files import ENTRIES
from ncpc_kg.web.exchange import Exchange
from ncpc_kg.web.protocol import known_only, parameters
from ncpc_kg.web.sessions import Sessions
from ncpc_kg.web.site import Site
from ncpc_kg.web.transport import exchange_of, read_body

HTML = "text/html"


class EntryContext:
    """What all resources below `/entries` share.

    Args:
        app: The application, with engine, settings, tokens and views in its `state`.
    """

    def __init__(self, app: FastAPI) -> None:
        state = app.state
        self.engine = state.engine
        self.settings = state.settings
        self.views = state.views
        self.sessions = Sessions(state.tokens)
        self.inbox = Inbox(self.settings.store / ENTRIES)

    async def ask(self, question: Mapping[str, Any], body: bytes = b"") -> Any:
        """Ask the process that holds the graph; see `ncpc_kg.entries.service`."""
        if not hasattr(self.engine, "consult"):
            raise NotFound("This engine takes no entries.", hint="serve the graph from the embedded store")
        answer = await self.engine.consult(question, body)
        return json.loads(answer.body)

    def page(self, exchange: Exchange, template: str, status: int = 200, **data: Any) -> Response:
        """A page, which no cache keeps."""
        session = self.sessions.read(exchange)
        site = Site(self.settings.base, exchange.root)
        text = self.views.render(template, site, session=session, section="entries", **data)
        return Response(text, status, media_type=HTML, headers={"cache-control": "no-store"})


async def exchange_with_body(request: Request) -> Exchange:
    """The request with its body, which may be as large as an entry may be."""
    exchange = exchange_of(request.scope)
    body = await read_body(exchange, request.receive, BOOK_BYTES + 1024**2)
    return replace(exchange, body=body)


def given(exchange: Exchange, *names: str) -> dict[str, str]:
    """The parameters of a request, which may have these names only."""
    found = parameters(exchange.query)
    known_only(found, names)
    return {name: values[-1] for name, values in found.items()}


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a form that was sent.

    Raises:
        ParameterError: They cannot be read.
    """
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=2_000,
            errors="strict",
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise ParameterError("The fields of the form cannot be read.", found=str(error)[:200]) from error
    return dict(pairs)


def json_response(values: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer in JSON, which no cache keeps."""
    text = json.dumps(values, ensure_ascii=False)
    return Response(text, status, {"cache-control": "no-store", **(headers or {})}, JSON)
