"""Routes of entries: the form, checks for programs, the list, acceptance and withdrawal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from starlette.responses import RedirectResponse
from starlette.routing import Route

from ncpc_kg.entries import inbox
from ncpc_kg.entries.inbox import Inbox
from ncpc_kg.entries.read import BOOK_BYTES, FORMS, XLSX, YAML
from ncpc_kg.entries.service import JSON, REPORTS, SARIF, TEXT, TURTLE
from ncpc_kg.errors import NotAcceptable, NotConforming, NotFound, ParameterError, Unauthorized
from ncpc_kg.negotiation import choose
from ncpc_kg.store.files import ENTRIES
from ncpc_kg.web import entry_forms, problems
from ncpc_kg.web.exchange import Exchange
from ncpc_kg.web.protocol import known_only, parameters
from ncpc_kg.web.sessions import Session, Sessions, cookie_header
from ncpc_kg.web.site import Site
from ncpc_kg.web.transport import HangUp, exchange_of, read_body

HTML = "text/html"
_FORM = "application/x-www-form-urlencoded"
_CONTROLS = ("csrf", "action", "supersedes")
_REPORT_NAMES = {"json": JSON, "sarif": SARIF, "turtle": TURTLE, "text": TEXT, "xlsx": XLSX}
_SUFFIXES = {suffix.lstrip("."): form.media_type for form in FORMS for suffix in form.suffixes}


def add_entries(app: FastAPI) -> None:
    """Add the routes to an application that `create_app` made.

    Args:
        app: The application, with engine, settings, tokens and views in its `state`.
    """
    routes = EntryRoutes(app)
    app.state.views.takes_entries = True
    table = (
        ("/entries/new", routes.new, ["GET", "HEAD", "POST"]),
        ("/entries/fields", routes.fields, ["POST"]),
        ("/entries/check", routes.check, ["POST"]),
        ("/entries/preview", routes.preview, ["POST"]),
        ("/entries/upload", routes.upload, ["POST"]),
        ("/entries/session", routes.session, ["GET", "HEAD", "POST"]),
        ("/entries/template.{suffix}", routes.template, ["GET", "HEAD"]),
        ("/entries/{name}/accept", routes.accept, ["POST"]),
        ("/entries/{name}/withdraw", routes.withdraw, ["POST"]),
        ("/entries/{name}", routes.show, ["GET", "HEAD"]),
        ("/entries", routes.entries, ["GET", "HEAD", "POST"]),
    )
    # Before the pages of things, which take every address.
    app.router.routes[:0] = [Route(path, handler, methods=methods) for path, handler, methods in table]


class EntryRoutes:
    """What answers below `/entries`."""

    def __init__(self, app: FastAPI) -> None:
        state = app.state
        self.engine = state.engine
        self.settings = state.settings
        self.views = state.views
        self.sessions = Sessions(state.tokens)
        self.inbox = Inbox(self.settings.store / ENTRIES)

    # ------------------------------------------------------------------ the form

    async def new(self, request: Request) -> Response:
        """The form: empty, or with what was typed and what is wrong with it."""
        exchange = await _exchange(request)
        if request.method != "POST":
            asked = _given(exchange, "supersedes")
            cells: dict[str, str] = {}
            if name := asked.get("supersedes"):
                cells = await self._ask({"ask": "record", "name": name})
            return await self._form(exchange, cells, supersedes=name or "")
        sent = _form_fields(exchange.body)
        action, supersedes = sent.get("action", "check"), sent.get("supersedes", "")
        cells = _cells(sent)
        if action.startswith("add:"):
            return await self._form(exchange, cells, supersedes=supersedes, add=action[4:])
        if action == "submit":
            return await self._submit_form(exchange, cells, sent)
        question = {"ask": "fields", "preview": True, "repair": action == "repair"}
        report = await self._ask({**question, "supersedes": supersedes or None}, json.dumps(cells).encode())
        return await self._form(exchange, report["cells"], report, supersedes)

    async def _submit_form(
        self, exchange: Exchange, cells: dict[str, str], sent: Mapping[str, str]
    ) -> Response:
        supersedes = sent.get("supersedes") or None
        who = self.sessions.check(exchange, "submit", sent.get("csrf"))
        question = {"ask": "submission", "fields": True, "who": who, "when": inbox.stamp(inbox.now())}
        body = json.dumps(cells).encode()
        try:
            found = await self._ask({**question, "supersedes": supersedes}, body)
        except NotConforming:
            report = await self._ask({"ask": "fields", "supersedes": supersedes}, body)
            return await self._form(exchange, cells, report, supersedes or "", status=422)
        kept = self.inbox.put(inbox.Submission(**found["submissions"][0]))
        return RedirectResponse(f"{_root(exchange)}/entries/{kept.name}", 303)

    async def _form(
        self,
        exchange: Exchange,
        cells: Mapping[str, str],
        report: Mapping[str, Any] | None = None,
        supersedes: str = "",
        add: str = "",
        status: int = 200,
    ) -> Response:
        form = await self._ask({"ask": "form"})
        report = _whole(report) if report else None
        findings = report["findings"] if report else ()
        boxes, rest = entry_forms.build(form, cells, findings, add)
        lists = {
            name: options for name, options in form["lists"].items() if len(options) > entry_forms._SELECT
        }
        return self._page(
            exchange,
            "entry-form.html",
            status,
            boxes=boxes,
            lists=lists,
            report=report,
            rest=rest,
            supersedes=supersedes,
            hidden={name: text for name, text in cells.items() if _is_hidden(name)},
            repairs=sum(one["repair"] is not None for one in findings),
        )

    async def fields(self, request: Request) -> Response:
        """Check what stands in the form, for its script; JSON both ways."""
        exchange = await _exchange(request)
        sent = _form_fields(exchange.body)
        cells = _cells(sent)
        question = {"ask": "fields", "supersedes": sent.get("supersedes") or None}
        return _json_response(await self._ask(question, json.dumps(cells).encode()))

    async def upload(self, request: Request) -> Response:
        """A file from the browser: one centre fills the form, several get a report."""
        exchange = await _exchange(request)
        name, media_type, data = _uploaded(exchange)
        head = {"media_type": media_type, "file": name}
        found = await self._ask({"ask": "check", **head}, data)
        if len(found["entries"]) == 1:
            cells = await self._ask({"ask": "record", **head}, data)
            report = await self._ask({"ask": "fields", "preview": True}, json.dumps(cells).encode())
            return await self._form(exchange, cells, report)
        return self._page(
            exchange, "entry-reports.html", reports=[_whole(one) for one in found["entries"]], name=name
        )

    # ------------------------------------------------------------------ for programs

    async def check(self, request: Request) -> Response:
        """Check entries in any form; the report in the form that is asked for."""
        exchange = await _exchange(request)
        asked = _given(exchange, "format", "file", "supersedes")
        media_type = _REPORT_NAMES.get(asked.get("format", "")) or _chosen(exchange, "*/*", REPORTS)
        answer = await self.engine.consult(
            {"ask": "check", **_head(exchange, asked), "accept": media_type}, exchange.body
        )
        return Response(answer.body, media_type=answer.media_type, headers={"cache-control": "no-store"})

    async def preview(self, request: Request) -> Response:
        """What accepting entries would do, as JSON."""
        exchange = await _exchange(request)
        asked = _given(exchange, "file", "supersedes")
        return _json_response(await self._ask({"ask": "preview", **_head(exchange, asked)}, exchange.body))

    async def entries(self, request: Request) -> Response:
        """The list of entries; POST hands one in, in any form."""
        exchange = await _exchange(request)
        if request.method != "POST":
            accepted = (await self._ask({"ask": "list"}))["entries"]
            known = {one["name"] for one in accepted}
            waiting = [one for one in self.inbox.all() if one.name not in known]
            if _wants_page(exchange):
                return self._page(exchange, "entry-list.html", waiting=waiting, accepted=accepted)
            return _json_response({"waiting": [_public(one) for one in waiting], "entries": accepted})
        asked = _given(exchange, "file", "supersedes", "who")
        who = self.sessions.check(exchange, "submit", exchange.header("x-csrf-token"))
        question = {"ask": "submission", **_head(exchange, asked)}
        question |= {"who": asked.get("who") or who, "when": inbox.stamp(inbox.now())}
        found = await self._ask(question, exchange.body)
        kept = [self.inbox.put(inbox.Submission(**one)) for one in found["submissions"]]
        body = {"submissions": [_public(one) for one in kept]}
        return _json_response(body, 201, {"location": f"{_root(exchange)}/entries/{kept[0].name}"})

    async def template(self, request: Request) -> Response:
        """An empty entry to fill in."""
        suffix = request.path_params["suffix"]
        if suffix not in ("yaml", "xlsx"):
            raise NotFound(
                "There is no such template.", found=suffix[:20], expected="template.yaml or template.xlsx"
            )
        media_type = YAML if suffix == "yaml" else XLSX
        answer = await self.engine.consult({"ask": "template", "accept": media_type})
        return _file(answer.body, media_type, f"new-centre.{suffix}")

    async def show(self, request: Request) -> Response:
        """One entry: a page, or its data in the form that is asked for."""
        exchange = await _exchange(request)
        name = request.path_params["name"]
        asked = _given(exchange, "format")
        waiting = next((one for one in self.inbox.all() if one.name == name), None)
        listed = (await self._ask({"ask": "list"}))["entries"]
        accepted = next((one for one in listed if one["name"] == name), None)
        if accepted is None and waiting is None:
            raise NotFound("There is no entry of this name.", found=name[:60], hint="see /entries")
        if not asked.get("format") and _wants_page(exchange):
            turtle = ""
            if accepted is None or accepted["state"] == "accepted":
                turtle = (await self._export(name, accepted, waiting, TURTLE)).decode()
            return self._page(
                exchange, "entry.html", entry=accepted, waiting=waiting, turtle=turtle, name=name
            )
        offered = tuple(form.media_type for form in FORMS)
        media_type = _SUFFIXES.get(asked.get("format", "")) or _chosen(exchange, TURTLE, offered)
        suffix = next(form.suffixes[0] for form in FORMS if form.media_type == media_type)
        body = await self._export(name, accepted, waiting, media_type)
        return _file(body, media_type, f"{name}{suffix}")

    async def _export(
        self, name: str, accepted: Mapping[str, Any] | None, waiting: inbox.Submission | None, media_type: str
    ) -> bytes:
        question = {"ask": "export", "accept": media_type, "name": name, "provenance": True}
        body = b"" if accepted is not None or waiting is None else json.dumps(_public(waiting)).encode()
        return bytes((await self.engine.consult(question, body)).body)

    # ------------------------------------------------------------------ decisions

    async def accept(self, request: Request) -> Response:
        """Make a submission part of the graph."""
        exchange = await _exchange(request)
        name = request.path_params["name"]
        who = self.sessions.check(exchange, "accept", _form_fields(exchange.body).get("csrf"))
        submission = self.inbox.get(name)
        question = {"ask": "acceptance", "who": who, "when": inbox.stamp(inbox.now())}
        update = await self.engine.consult(question, json.dumps(_public(submission)).encode())
        await self.engine.update(update.body.decode())
        self.inbox.remove(name)
        return self._done(exchange, name, "accepted")

    async def withdraw(self, request: Request) -> Response:
        """Take an accepted entry out of the graph, or a submission back."""
        exchange = await _exchange(request)
        name = request.path_params["name"]
        sent = _form_fields(exchange.body)
        listed = (await self._ask({"ask": "list"}))["entries"]
        if any(one["name"] == name for one in listed):
            who = self.sessions.check(exchange, "accept", sent.get("csrf"))
            question = {"ask": "withdrawal", "name": name, "who": who, "when": inbox.stamp(inbox.now())}
            update = await self.engine.consult(question)
            await self.engine.update(update.body.decode())
            return self._done(exchange, name, "withdrawn")
        self.sessions.check(exchange, "submit", sent.get("csrf"))
        self.inbox.get(name)
        self.inbox.remove(name)
        return self._done(exchange, "", "withdrawn")

    def _done(self, exchange: Exchange, name: str, state: str) -> Response:
        if _wants_page(exchange):
            return RedirectResponse(f"{_root(exchange)}/entries" + (f"/{name}" if name else ""), 303)
        return _json_response({"name": name, "state": state})

    async def session(self, request: Request) -> Response:
        """Sign in with a token, or out."""
        exchange = await _exchange(request)
        if request.method != "POST":
            return self._page(exchange, "entry-session.html", problem=None)
        sent = _form_fields(exchange.body)
        secure = exchange.scheme == "https"
        _same_origin(exchange)
        if sent.get("action") == "out":
            response: Response = RedirectResponse(f"{_root(exchange)}/entries/session", 303)
            response.headers["set-cookie"] = cookie_header("", secure)
            return response
        try:
            value = self.sessions.sign_in(sent.get("token", ""), sent.get("name", ""))
        except Unauthorized as error:
            return self._page(exchange, "entry-session.html", 401, problem=error.problem)
        response = RedirectResponse(f"{_root(exchange)}/entries", 303)
        response.headers["set-cookie"] = cookie_header(value, secure)
        return response

    # ------------------------------------------------------------------ inside

    async def _ask(self, question: Mapping[str, Any], body: bytes = b"") -> Any:
        if not hasattr(self.engine, "consult"):
            raise NotFound("This engine takes no entries.", hint="serve the graph from the embedded store")
        answer = await self.engine.consult(question, body)
        return json.loads(answer.body)

    def _page(self, exchange: Exchange, template: str, status: int = 200, **data: Any) -> Response:
        session: Session | None = self.sessions.read(exchange)
        site = Site(self.settings.base, _root(exchange))
        text = self.views.render(template, site, session=session, section="entries", **data)
        return Response(text, status, media_type=HTML, headers={"cache-control": "no-store"})


async def _exchange(request: Request) -> Exchange:
    """The request with its body, which may be as large as an entry may be."""
    exchange = exchange_of(request.scope)
    try:
        body = await read_body(exchange, request.receive, BOOK_BYTES + 1024**2)
    except HangUp as error:
        raise ParameterError("The client left before its request was whole.") from error
    return replace(exchange, body=body)


def _given(exchange: Exchange, *names: str) -> dict[str, str]:
    found = parameters(exchange.query)
    known_only(found, names)
    return {name: values[-1] for name, values in found.items()}


def _form_fields(body: bytes) -> dict[str, str]:
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


def _head(exchange: Exchange, asked: Mapping[str, str]) -> dict[str, str | None]:
    return {
        "media_type": exchange.header("content-type"),
        "file": asked.get("file"),
        "supersedes": asked.get("supersedes"),
    }


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


def _public(submission: inbox.Submission) -> dict[str, Any]:
    return {name: getattr(submission, name) for name in submission.__dataclass_fields__}


def _same_origin(exchange: Exchange) -> None:
    origin = exchange.header("origin")
    host = exchange.header("host") or ""
    if origin and origin != "null" and origin.partition("://")[2] != host:
        raise Unauthorized("The form comes from another site; nothing was changed.", found=origin[:100])


def _chosen(exchange: Exchange, otherwise: str, offered: tuple[str, ...]) -> str:
    found = choose(exchange.header("accept") or otherwise, offered)
    if found is None:
        raise NotAcceptable("None of the forms you accept is offered.", expected=", ".join(offered))
    return found


def _wants_page(exchange: Exchange) -> bool:
    return problems.wants_page(exchange.headers)


def _root(exchange: Exchange) -> str:
    return exchange.root


def _json_response(values: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(values, ensure_ascii=False)
    return Response(text, status, {"cache-control": "no-store", **(headers or {})}, JSON)


def _file(body: bytes, media_type: str, name: str) -> Response:
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = {"content-disposition": f'attachment; filename="{name}"', "vary": "Accept"}
    return Response(body, headers=headers, media_type=media_type + charset)
