"""Between the server's events and `Exchange`/`Reply`: bounded bodies, hang-ups, HEAD."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from ncpc_kg.errors import (
    NcpcError,
    PreconditionFailed,
    RequestError,
    TooLarge,
    TooSlow,
    UnsupportedCoding,
)
from ncpc_kg.web import problems
from ncpc_kg.web.exchange import Exchange, Reply, joined
from ncpc_kg.web.headers import SECURITY_BYTES
from ncpc_kg.web.views import Views

log = logging.getLogger("ncpc_kg.server")

Handler = Callable[[Exchange], Awaitable[Reply]]

CLIENT_GONE = Reply(499, label="gone")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}\Z")
LONGEST_ADDRESS = 32 * 1024
_PATIENCE = 0.05
_GRACE, _SLOWEST = 15.0, 10_000
_CONDITIONS = (b"if-match", b"if-none-match")
_OF_UNCHANGED = (b"etag", b"vary", b"cache-control", b"location")
_CHANGED = PreconditionFailed(
    "This is not the state that the request expects.", hint="ask again without If-Match"
)
_START = secrets.token_hex(6)
_NUMBERS = itertools.count(1)


class Endpoint:
    """An ASGI application around a function from request to reply.

    Args:
        handler: The function; cancelled when the client hangs up.
        body_bytes: Largest body it takes.
        views: Makes pages for errors.
    """

    def __init__(self, handler: Handler, body_bytes: int, views: Views) -> None:
        self.handler = handler
        self.body_bytes = body_bytes
        self.views = views

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await respond(scope, send, await self.reply(scope, receive))

    async def reply(self, scope: Scope, receive: Receive) -> Reply:
        """Read the request and have it answered."""
        exchange = exchange_of(scope)
        try:
            if len(exchange.query) > LONGEST_ADDRESS:
                raise problems.AddressTooLong(
                    "The address is too long.",
                    expected=f"at most {LONGEST_ADDRESS} bytes",
                    hint="send the query with POST",
                )
            if has_body(exchange):
                exchange = replace(exchange, body=await read_body(exchange, receive, self.body_bytes))
        except NcpcError as error:
            return problems.reply(error, exchange, self.views)
        try:
            return await unless_gone(self.handler(exchange), receive)
        except Exception as error:
            log.error("a request failed", extra={"request": exchange.request_id}, exc_info=error)
            return problems.reply(unforeseen(error), exchange, self.views)


def exchange_of(scope: Scope) -> Exchange:
    """The request without its body; keeps the request id it was given, or makes one."""
    headers = joined(scope["headers"])
    request_id = identify(scope)
    return Exchange(
        scope["method"],
        scope["path"],
        scope["query_string"].decode("latin-1"),
        headers,
        b"",
        scope.get("scheme", "http"),
        request_id,
        scope.get("ncpc_root", ""),
        scope.get("raw_path", b"").decode("latin-1"),
    )


def identify(scope: Scope) -> str:
    """The request's id: the one it came with, if that is harmless, or a new one."""
    known: str | None = scope.get("ncpc_request_id")
    if known is None:
        known = ""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                known = value.decode("latin-1")
        if not _REQUEST_ID.match(known):
            known = f"{_START}-{next(_NUMBERS):x}"
        scope["ncpc_request_id"] = known
    return known


def unforeseen(error: Exception) -> NcpcError:
    """The error for an exception that is none of ours; tells no more than its kind."""
    return NcpcError(
        "The service failed for a reason that nobody foresaw.",
        found=type(error).__name__,
        hint="report it with the number of this request",
    )


def has_body(exchange: Exchange) -> bool:
    """Whether a body follows the headers (RFC 9112, section 6.3)."""
    return (
        exchange.method not in ("GET", "HEAD")
        or exchange.headers.get("content-length", "0") != "0"
        or "transfer-encoding" in exchange.headers
    )


async def read_body(exchange: Exchange, receive: Receive, limit: int) -> bytes:
    """Read the body of a request.

    Raises:
        UnsupportedCoding: It is compressed.
        TooLarge: It is larger than `limit` bytes, or says so.
        TooSlow: It does not come as fast as any client can send.
        RequestError: It ends before it is whole, or its chunks are broken.
    """
    coding = exchange.headers.get("content-encoding", "identity")
    if coding.strip().lower() != "identity":
        raise UnsupportedCoding(
            "Compressed bodies are not taken.",
            found=coding[:60],
            expected="identity (RFC 9110, section 8.4)",
            hint="send the body as it is",
        )
    length = exchange.headers.get("content-length", "0")
    too_large = TooLarge("The body of the request is too large.", expected=f"at most {limit} bytes")
    if length.isdecimal() and int(length) > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    start = asyncio.get_running_loop().time()
    while True:
        try:
            async with asyncio.timeout_at(start + _GRACE + size / _SLOWEST):
                message = await receive()
        except TimeoutError as error:
            raise TooSlow(
                "The body of the request does not come.",
                found=f"{size} bytes",
                expected=f"{_SLOWEST} bytes a second, after {_GRACE:.0f} seconds",
            ) from error
        if message["type"] == "http.disconnect":
            raise RequestError(
                "The request ended before its body was whole.",
                found=f"{size} bytes",
                hint="send as many bytes as Content-Length says, or whole chunks",
            )
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def unless_gone(answering: Awaitable[Reply], receive: Receive) -> Reply:
    """Wait for an answer, and give it up when the client hangs up.

    Nobody listens for a hang-up in the first moment, which is all that most answers take.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    gone = False
    watching: list[asyncio.Task[None]] = []

    async def watch() -> None:
        nonlocal gone
        while (await receive())["type"] != "http.disconnect":
            pass
        gone = True
        if task is not None:
            task.cancel()

    later = loop.call_later(_PATIENCE, lambda: watching.append(loop.create_task(watch())))
    try:
        return await answering
    except asyncio.CancelledError:
        if not gone or task is None:
            raise
        task.uncancel()
        return CLIENT_GONE
    finally:
        later.cancel()
        for one in watching:
            one.cancel()


async def respond(scope: Scope, send: Send, reply: Reply) -> None:
    """Send a reply; answers conditional requests (RFC 9110, section 13.2.2) and HEAD."""
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in reply.headers]
    body, status = reply.body, reply.status
    if status == 200 and scope["method"] in ("GET", "HEAD"):
        conditions = [pair for pair in scope["headers"] if pair[0] in _CONDITIONS]
        if conditions:
            status = _decided(conditions, reply.header("etag"))
        if status == 304:
            body, headers = b"", [pair for pair in headers if pair[0] in _OF_UNCHANGED]
        elif status == 412:
            body = json.dumps(problems.document(_CHANGED, identify(scope))).encode()
            headers = [(b"content-type", problems.PROBLEM.encode())]
    if status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    headers.append((b"x-request-id", identify(scope).encode()))
    headers += SECURITY_BYTES
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _decided(conditions: list[tuple[bytes, bytes]], tag: str | None) -> int:
    """The status of a reply under conditions: strong comparison for If-Match, else weak (section 13.1)."""
    for header, status, wanted in ((b"if-match", 412, True), (b"if-none-match", 304, False)):
        given = ", ".join(value.decode("latin-1") for name, value in conditions if name == header)
        tags = re.findall(r'(?:W/)?"[^"]*"', given if wanted else given.replace("W/", ""))
        if given and (given.strip() == "*" or tag in tags) != wanted:
            return status
    return 200
