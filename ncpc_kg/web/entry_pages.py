"""Pages of entries: the form, a file from the browser, signing in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from fastapi import Request, Response
from starlette.responses import RedirectResponse

from ncpc_kg.entries import inbox
from ncpc_kg.errors import NotConforming, ParameterError, Unauthorized
from ncpc_kg.web import entry_forms
from ncpc_kg.web.entry_context import EntryContext, exchange_with_body, form_fields, given, json_response
from ncpc_kg.web.exchange import Exchange
from ncpc_kg.web.sessions import cookie_header

_CONTROLS = ("csrf", "action", "supersedes")


class EntryPages:
    """What people meet on their way to hand an entry in.

    Args:
        context: What all resources below `/entries` share.
    """

    def __init__(self, context: EntryContext) -> None:
        self.context = context

    async def new(self, request: Request) -> Response:
        """The form: empty, or with what was typed and what is wrong with it."""
        exchange = await exchange_with_body(request)
        if request.method != "POST":
            asked = given(exchange, "supersedes")
            cells: dict[str, str] = {}
            if name := asked.get("supersedes"):
                cells = await self.context.ask({"ask": "record", "name": name})
            return await self._form(exchange, cells, supersedes=name or "")
        sent = form_fields(exchange.body)
        action, supersedes = sent.get("action", "check"), sent.get("supersedes", "")
        cells = _cells(sent)
        if action.startswith("add:"):
            return await self._form(exchange, cells, supersedes=supersedes, add=action[4:])
        if action == "submit":
            return await self._submit_form(exchange, cells, sent)
        question = {"ask": "fields", "preview": True, "repair": action == "repair"}
        report = await self.context.ask(
            {**question, "supersedes": supersedes or None}, json.dumps(cells).encode()
        )
        return await self._form(exchange, report["cells"], report, supersedes)

    async def _submit_form(
        self, exchange: Exchange, cells: dict[str, str], sent: Mapping[str, str]
    ) -> Response:
        supersedes = sent.get("supersedes") or None
        who = self.context.sessions.check(exchange, "submit", sent.get("csrf"))
        question = {"ask": "submission", "fields": True, "who": who, "when": inbox.stamp(inbox.now())}
        body = json.dumps(cells).encode()
        try:
            found = await self.context.ask({**question, "supersedes": supersedes}, body)
        except NotConforming:
            report = await self.context.ask({"ask": "fields", "supersedes": supersedes}, body)
            return await self._form(exchange, cells, report, supersedes or "", status=422)
        kept = self.context.inbox.put(inbox.Submission(**found["submissions"][0]))
        return RedirectResponse(f"{exchange.root}/entries/{kept.name}", 303)

    async def _form(
        self,
        exchange: Exchange,
        cells: Mapping[str, str],
        report: Mapping[str, Any] | None = None,
        supersedes: str = "",
        add: str = "",
        status: int = 200,
    ) -> Response:
        form = await self.context.ask({"ask": "form"})
        report = _whole(report) if report else None
        findings = report["findings"] if report else ()
        boxes = entry_forms.build(form, cells, findings, add)
        lists = {
            name: options
            for name, options in form["lists"].items()
            if len(options) > entry_forms.LONGEST_DROP_DOWN
        }
        return self.context.page(
            exchange,
            "entry-form.html",
            status,
            boxes=boxes,
            lists=lists,
            report=report,
            supersedes=supersedes,
            hidden={name: text for name, text in cells.items() if _is_hidden(name)},
            repairs=sum(one["repair"] is not None for one in findings),
        )

    async def fields(self, request: Request) -> Response:
        """Check what stands in the form, for its script; JSON both ways."""
        exchange = await exchange_with_body(request)
        sent = form_fields(exchange.body)
        cells = _cells(sent)
        question = {"ask": "fields", "supersedes": sent.get("supersedes") or None}
        return json_response(await self.context.ask(question, json.dumps(cells).encode()))

    async def upload(self, request: Request) -> Response:
        """A file from the browser: one centre fills the form, several get a report."""
        exchange = await exchange_with_body(request)
        name, media_type, data = _uploaded(exchange)
        head = {"media_type": media_type, "file": name}
        found = await self.context.ask({"ask": "check", **head}, data)
        if len(found["entries"]) == 1:
            cells = await self.context.ask({"ask": "record", **head}, data)
            report = await self.context.ask({"ask": "fields", "preview": True}, json.dumps(cells).encode())
            return await self._form(exchange, cells, report)
        return self.context.page(
            exchange, "entry-reports.html", reports=[_whole(one) for one in found["entries"]], name=name
        )

    async def session(self, request: Request) -> Response:
        """Sign in with a token, or out."""
        exchange = await exchange_with_body(request)
        if request.method != "POST":
            return self.context.page(exchange, "entry-session.html", problem=None)
        sent = form_fields(exchange.body)
        secure = exchange.scheme == "https"
        _same_origin(exchange)
        if sent.get("action") == "out":
            response: Response = RedirectResponse(f"{exchange.root}/entries/session", 303)
            response.headers["set-cookie"] = cookie_header("", secure)
            return response
        try:
            value = self.context.sessions.sign_in(sent.get("token", ""), sent.get("name", ""))
        except Unauthorized as error:
            return self.context.page(exchange, "entry-session.html", 401, problem=error.problem)
        response = RedirectResponse(f"{exchange.root}/entries", 303)
        response.headers["set-cookie"] = cookie_header(value, secure)
        return response


def _cells(sent: Mapping[str, str]) -> dict[str, str]:
    """What stands in the fields; the hidden name of a node goes where its fields were emptied."""
    cells = {name: text for name, text in sent.items() if name not in _CONTROLS}

    def is_empty(start: str) -> bool:
        inside = (one for one in cells if one.startswith(start) and not one.endswith((".iri", ".language")))
        return not any(cells[one].strip() for one in inside)

    emptied = [name for name in cells if name.endswith(".iri") and is_empty(name.removesuffix("iri"))]
    return {name: text for name, text in cells.items() if name not in emptied}


def _uploaded(exchange: Exchange) -> tuple[str, str | None, bytes]:
    """The file of a multipart/form-data body: its name, media type and content."""
    head = f"Content-Type: {exchange.header('content-type')}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + exchange.body)
    for part in message.iter_parts() if message.is_multipart() else ():
        if name := part.get_filename():
            data = part.get_payload(decode=True)
            return str(name), None, data if isinstance(data, bytes) else b""
    raise ParameterError("No file came with the form.", hint="choose a file first")


def _is_hidden(name: str) -> bool:
    return name.rpartition(".")[2] in ("iri", "other-statements")


def _whole(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report in which everything that a template may ask for is there."""
    nothing: dict[str, Any] = dict.fromkeys(("field", "value", "expected", "hint", "rule", "reason"), "")
    nothing |= {"suggestions": (), "repair": None, "place": {}}
    spots: dict[str, Any] = dict.fromkeys(("line", "column", "sheet", "cell", "field"))
    findings = [
        nothing | dict(one) | {"place": spots | dict(one.get("place", {}))} for one in report["findings"]
    ]
    return {"preview": None, **report, "findings": findings, "counts": {"violation": 0} | report["counts"]}


def _same_origin(exchange: Exchange) -> None:
    origin = exchange.header("origin")
    host = exchange.header("host") or ""
    if origin and origin != "null" and origin.partition("://")[2] != host:
        raise Unauthorized("The form comes from another site; nothing was changed.", found=origin[:100])
