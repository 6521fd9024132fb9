"""Errors as problem documents (RFC 9457), or as pages where a browser asks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ncpc_kg import errors
from ncpc_kg.errors import LimitReached, NcpcError, RequestError, StoreError, Unauthorized, UnsupportedCoding
from ncpc_kg.negotiation import choose
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.site import Site
from ncpc_kg.web.views import Views

PROBLEM = "application/problem+json"


class MethodNotAllowed(RequestError):
    """The resource does not know the method."""

    http_status = 405
    title = "Method not allowed"

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(
            "This address does not take that method.", found=method[:20], expected=allowed, hint=None
        )
        self.allowed = allowed


class AddressTooLong(RequestError):
    """The address of the request is longer than the limit."""

    http_status = 414
    title = "Address too long"


def kinds() -> dict[str, str]:
    """What each kind of error means, by the name in the address of its description."""
    found = [
        value
        for value in (*vars(errors).values(), MethodNotAllowed, AddressTooLong)
        if isinstance(value, type) and issubclass(value, NcpcError)
    ]
    return dict(sorted((_name(kind), (kind.__doc__ or "").strip().splitlines()[0]) for kind in found))


def _name(kind: type[NcpcError]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def document(error: NcpcError, request_id: str) -> dict[str, object]:
    """The members of the problem document; line and column count from 1."""
    members: dict[str, object] = {
        "type": f"/problems/{_name(type(error))}",
        "title": error.title,
        "status": error.http_status,
        "detail": error.problem,
    }
    for name in ("found", "expected", "hint"):
        value = getattr(error, name)
        if value is not None:
            members[name] = value
    if error.place and error.place.line:
        members["line"] = error.place.line
        if error.place.column:
            members["column"] = error.place.column
    if error.report is not None:
        members["report"] = error.report
    if request_id:
        members["request_id"] = request_id
    return members


def reply(error: NcpcError, exchange: Exchange, views: Views, text: str | None = None) -> Reply:
    """The response that tells an error.

    Args:
        error: What went wrong.
        exchange: The request; its Accept header decides between document and page.
        views: Makes the page.
        text: The query the error points into, shown on the page.
    """
    members = document(error, exchange.request_id)
    headers: list[tuple[str, str]] = [("cache-control", "no-store"), ("vary", "Accept")]
    if isinstance(error, Unauthorized):
        headers.append(("www-authenticate", 'Bearer realm="ncpc-kg"'))
    if isinstance(error, LimitReached | StoreError):
        headers.append(("retry-after", "5"))
    if isinstance(error, MethodNotAllowed):
        headers.append(("allow", error.allowed))
    if isinstance(error, UnsupportedCoding):
        headers.append(("accept-encoding", "identity"))
    if wants_page(exchange.headers):
        body = views.problem(members, text, Site(views.site.base, exchange.root)).encode()
        headers.append(("content-type", "text/html; charset=utf-8"))
    else:
        body = json.dumps(members, ensure_ascii=False).encode()
        headers.append(("content-type", PROBLEM))
    return Reply(error.http_status, body, tuple(headers), label="problem")


def wants_page(headers: Mapping[str, str]) -> bool:
    """Whether the client prefers a page to a problem document."""
    accept = headers.get("accept")
    if not accept or "text/html" not in accept:
        return False
    return choose(accept, ("text/html", PROBLEM, "application/json")) == "text/html"
