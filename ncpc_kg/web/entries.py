"""Routes of entries: checks for programs, the list, acceptance and withdrawal; pages are apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse
from starlette.routing import Route

from ncpc_kg.entries import inbox
from ncpc_kg.entries.read import FORMS, XLSX, YAML
from ncpc_kg.entries.service import JSON, SARIF, TEXT, TURTLE
from ncpc_kg.errors import NotAcceptable, NotFound, ParameterError
from ncpc_kg.negotiation import choose
from ncpc_kg.web import problems
from ncpc_kg.web.entry_context import EntryContext, exchange_with_body, form_fields, given, json_response
from ncpc_kg.web.entry_pages import EntryPages
from ncpc_kg.web.exchange import Exchange

_REPORT_NAMES = {"json": JSON, "sarif": SARIF, "turtle": TURTLE, "text": TEXT, "xlsx": XLSX}
_SUFFIXES = {suffix.lstrip("."): form.media_type for form in FORMS for suffix in form.suffixes}


def add_entries(app: FastAPI) -> None:
    """Add the routes to an application that `create_app` made.

    Args:
        app: The application, with engine, settings, tokens and views in its `state`.
    """
    context = EntryContext(app)
    pages, routes = EntryPages(context), EntryRoutes(context)
    app.state.views.takes_entries = hasattr(getattr(context.engine, "engine", context.engine), "consult")
    table = (
        ("/entries/new", pages.new, ["GET", "HEAD", "POST"]),
        ("/entries/fields", pages.fields, ["POST"]),
        ("/entries/check", routes.check, ["POST"]),
        ("/entries/preview", routes.preview, ["POST"]),
        ("/entries/upload", pages.upload, ["POST"]),
        ("/entries/session", pages.session, ["GET", "HEAD", "POST"]),
        ("/entries/template.{suffix}", routes.template, ["GET", "HEAD"]),
        ("/entries/{name}/accept", routes.accept, ["POST"]),
        ("/entries/{name}/withdraw", routes.withdraw, ["POST"]),
        ("/entries/{name}", routes.show, ["GET", "HEAD"]),
        ("/entries", routes.entries, ["GET", "HEAD", "POST"]),
    )
    # Before the pages of things, which take every address.
    app.router.routes[:0] = [Route(path, handler, methods=methods) for path, handler, methods in table]


class EntryRoutes:
    """What programs ask for, and what is decided.

    Args:
        context: What all resources below `/entries` share.
    """

    def __init__(self, context: EntryContext) -> None:
        self.context = context

    # ------------------------------------------------------------------ for programs

    async def check(self, request: Request) -> Response:
        """Check entries in any form; the report in the form that is asked for."""
        exchange = await exchange_with_body(request)
        asked = given(exchange, "format", "file", "supersedes")
        media_type = _wanted(exchange, asked, _REPORT_NAMES, "*/*")
        answer = await self.context.engine.consult(
            {"ask": "check", **_head(exchange, asked), "accept": media_type}, exchange.body
        )
        return Response(answer.body, media_type=answer.media_type, headers={"cache-control": "no-store"})

    async def preview(self, request: Request) -> Response:
        """What accepting entries would do, as JSON."""
        exchange = await exchange_with_body(request)
        asked = given(exchange, "file", "supersedes")
        return json_response(
            await self.context.ask({"ask": "preview", **_head(exchange, asked)}, exchange.body)
        )

    async def entries(self, request: Request) -> Response:
        """The list of entries; POST hands one in, in any form."""
        exchange = await exchange_with_body(request)
        if request.method != "POST":
            accepted = (await self.context.ask({"ask": "list"}))["entries"]
            known = {one["name"] for one in accepted}
            waiting = [one for one in self.context.inbox.all() if one.name not in known]
            if problems.wants_page(exchange.headers):
                return self.context.page(exchange, "entry-list.html", waiting=waiting, accepted=accepted)
            return json_response({"waiting": [asdict(one) for one in waiting], "entries": accepted})
        asked = given(exchange, "file", "supersedes", "who")
        who = self.context.sessions.check(exchange, "submit", exchange.header("x-csrf-token"))
        question = {"ask": "submission", **_head(exchange, asked)}
        question |= {"who": asked.get("who") or who, "when": inbox.stamp(inbox.now())}
        found = await self.context.ask(question, exchange.body)
        kept = [self.context.inbox.put(inbox.Submission(**one)) for one in found["submissions"]]
        body = {"submissions": [asdict(one) for one in kept]}
        return json_response(body, 201, {"location": f"{exchange.root}/entries/{kept[0].name}"})

    async def template(self, request: Request) -> Response:
        """An empty entry to fill in."""
        suffix = request.path_params["suffix"]
        if suffix not in ("yaml", "xlsx"):
            raise NotFound(
                "There is no such template.", found=suffix[:20], expected="template.yaml or template.xlsx"
            )
        media_type = YAML if suffix == "yaml" else XLSX
        answer = await self.context.engine.consult({"ask": "template", "accept": media_type})
        return _file(answer.body, media_type, f"new-centre.{suffix}")

    async def show(self, request: Request) -> Response:
        """One entry: a page, or its data in the form that is asked for."""
        exchange = await exchange_with_body(request)
        name = request.path_params["name"]
        asked = given(exchange, "format")
        waiting = self.context.inbox.find(name)
        listed = (await self.context.ask({"ask": "list"}))["entries"]
        accepted = next((one for one in listed if one["name"] == name), None)
        if accepted is None and waiting is None:
            raise NotFound("There is no entry of this name.", found=name[:60], hint="see /entries")
        if not asked.get("format") and problems.wants_page(exchange.headers):
            turtle = ""
            if accepted is None or accepted["state"] == "accepted":
                turtle = (await self._export(name, accepted, waiting, TURTLE)).decode()
            return self.context.page(
                exchange, "entry.html", entry=accepted, waiting=waiting, turtle=turtle, name=name
            )
        media_type = _wanted(exchange, asked, _SUFFIXES, TURTLE)
        suffix = next(form.suffixes[0] for form in FORMS if form.media_type == media_type)
        body = await self._export(name, accepted, waiting, media_type)
        return _file(body, media_type, f"{name}{suffix}")

    async def _export(
        self, name: str, accepted: Mapping[str, Any] | None, waiting: inbox.Submission | None, media_type: str
    ) -> bytes:
        question = {"ask": "export", "accept": media_type, "name": name, "provenance": True}
        body = b"" if accepted is not None or waiting is None else json.dumps(asdict(waiting)).encode()
        return bytes((await self.context.engine.consult(question, body)).body)

    # ------------------------------------------------------------------ decisions

    async def accept(self, request: Request) -> Response:
        """Make a submission part of the graph."""
        exchange = await exchange_with_body(request)
        name = request.path_params["name"]
        who = self.context.sessions.check(exchange, "accept", form_fields(exchange.body).get("csrf"))
        submission = self.context.inbox.find(name)
        body = json.dumps(asdict(submission)).encode() if submission is not None else b""
        question = {"ask": "acceptance", "name": name, "who": who, "when": inbox.stamp(inbox.now())}
        update = await self.context.engine.consult(question, body)
        await self.context.engine.update(update.body.decode())
        self.context.inbox.remove(name)
        return self._done(exchange, name, "accepted")

    async def withdraw(self, request: Request) -> Response:
        """Take an accepted entry out of the graph, or a submission back."""
        exchange = await exchange_with_body(request)
        name = request.path_params["name"]
        sent = form_fields(exchange.body)
        listed = (await self.context.ask({"ask": "list"}))["entries"]
        if any(one["name"] == name for one in listed):
            who = self.context.sessions.check(exchange, "accept", sent.get("csrf"))
            question = {"ask": "withdrawal", "name": name, "who": who, "when": inbox.stamp(inbox.now())}
            update = await self.context.engine.consult(question)
            await self.context.engine.update(update.body.decode())
            return self._done(exchange, name, "withdrawn")
        self.context.sessions.check(exchange, "submit", sent.get("csrf"))
        if self.context.inbox.find(name) is None:
            raise NotFound("There is no entry of this name.", found=name[:60], hint="see /entries")
        self.context.inbox.remove(name)
        return self._done(exchange, "", "withdrawn")

    def _done(self, exchange: Exchange, name: str, state: str) -> Response:
        if problems.wants_page(exchange.headers):
            return RedirectResponse(f"{exchange.root}/entries" + (f"/{name}" if name else ""), 303)
        return json_response({"name": name, "state": state})


def _head(exchange: Exchange, asked: Mapping[str, str]) -> dict[str, str | None]:
    return {
        "media_type": exchange.header("content-type"),
        "file": asked.get("file"),
        "supersedes": asked.get("supersedes"),
    }


def _wanted(exchange: Exchange, asked: Mapping[str, str], names: Mapping[str, str], otherwise: str) -> str:
    """The media type that `format` names, or else the one that is accepted."""
    if name := asked.get("format"):
        if name not in names:
            raise ParameterError("There is no such form.", found=name[:60], expected=", ".join(names))
        return names[name]
    offered = tuple(dict.fromkeys(names.values()))
    found = choose(exchange.header("accept") or otherwise, offered)
    if found is None:
        raise NotAcceptable("None of the forms you accept is offered.", expected=", ".join(offered))
    return found


def _file(body: bytes, media_type: str, name: str) -> Response:
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = {"content-disposition": f'attachment; filename="{name}"', "vary": "Accept"}
    return Response(body, headers=headers, media_type=media_type + charset)
