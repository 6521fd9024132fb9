"""What stands before the application: the cache, request ids, logs, figures, health.

SPARQL requests take the short way from here to the endpoint; everything else goes through
the application.
"""

from __future__ import annotations

import asyncio
import re
import time

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from ncpc_kg.errors import LimitReached, NcpcError, RequestError
from ncpc_kg.web import problems
from ncpc_kg.web.access_log import AccessLog
from ncpc_kg.web.cache import Key, ReplyCache
from ncpc_kg.web.exchange import Reply
from ncpc_kg.web.headers import METHODS, PREFLIGHT
from ncpc_kg.web.metrics import CONTENT_TYPE, Metrics
from ncpc_kg.web.shortcut import Shortcut
from ncpc_kg.web.transport import exchange_of, identify, respond

_SPARQL = ("/sparql", "/sparql/")
_HOST = re.compile(rb"[A-Za-z0-9\-._~!$&'()*+,;=%:\[\]]+\Z")
_HEALTH = "GET, HEAD, OPTIONS"
_TEXT = (("content-type", "text/plain; charset=utf-8"), ("cache-control", "no-store"))
# Everything of a request that its reply may depend on, beside method, query and body.
_KEY_HEADERS = {
    b"accept",
    b"accept-encoding",
    b"host",
    b"content-type",
    b"content-encoding",
    b"x-forwarded-proto",
}


class Front:
    """The ASGI application that the server runs.

    Args:
        app: What `create_app` made.
        metrics: Where figures are kept.
        access_log: Where each request is noted; None: nowhere.
    """

    def __init__(self, app: FastAPI, metrics: Metrics, access_log: AccessLog | None = None) -> None:
        self.app = app
        self.engine = app.state.engine
        self.sparql = app.state.sparql_endpoint
        self.shortcut = Shortcut(app.state.sparql)
        self.metrics = metrics
        self.access_log = access_log
        self.cache = ReplyCache()
        self.draining = False
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        self.running += 1
        reply = Reply(500)
        try:
            reply = await self._serve(scope, receive, send)
        finally:
            self.running -= 1
            seconds = time.perf_counter() - start
            self.metrics.request(reply, seconds)
            if self.access_log is not None:
                name = scope.get("ncpc_request_id", "")
                self.access_log.add(name, scope["method"], scope["path"], reply, seconds)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> Reply:
        path = scope["path"]
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        named = len(hosts) == 1 and _HOST.match(hosts[0])
        if not named and (scope["http_version"] == "1.1" or any(hosts)):
            error: NcpcError = RequestError(
                "The request must name one host.", hint="send one Host header (RFC 9112, section 3.2)"
            )
            return await self._refuse(error, scope, send)
        if path in _SPARQL and not self.draining:
            return await self._sparql(scope, receive, send)
        if not path.startswith("/"):
            reply = self._whole_server(scope)
        elif path in ("/healthz", "/readyz", "/metrics"):
            reply = await self._health(scope, path)
        elif self.draining:
            error = LimitReached("The service is shutting down.", hint="try again in a few seconds")
            return await self._refuse(error, scope, send)
        else:
            return await self._application(scope, receive, send)
        identify(scope)
        await respond(scope, send, reply)
        return reply

    async def _refuse(self, error: NcpcError, scope: Scope, send: Send) -> Reply:
        reply = problems.reply(error, exchange_of(scope), self.app.state.views)
        await respond(scope, send, reply)
        return reply

    async def _sparql(self, scope: Scope, receive: Receive, send: Send) -> Reply:
        method, version = scope["method"], self.engine.version
        key = _key(scope) if method in ("GET", "HEAD") and version else None
        kept = self.cache.get(key, version) if key else None
        if kept is not None:
            identify(scope)
            self.metrics.cached()
            await respond(scope, send, kept)
            return kept
        quick = await self.shortcut.reply(scope, receive)
        reply: Reply = quick if quick is not None else await self.sparql.reply(scope, receive)
        if key and reply.cacheable and version == self.engine.version:
            self.cache.put(key, version, reply)
        await respond(scope, send, reply)
        return reply

    async def _application(self, scope: Scope, receive: Receive, send: Send) -> Reply:
        """Everything but SPARQL; the status is taken from what is sent."""
        name = identify(scope).encode()
        status, sent = 500, 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {key for key, _ in message["headers"]}
                if b"x-request-id" not in present:
                    message["headers"] = [*message["headers"], (b"x-request-id", name)]
            sent += len(message.get("body", b""))
            await send(message)

        await self.app(scope, receive, watched)
        return Reply(status, label="page", sent=sent)

    def _whole_server(self, scope: Scope) -> Reply:
        """The reply to `OPTIONS *`; no other method is about the whole server (RFC 9112, 3.2.3 and 3.2.4)."""
        if scope["method"] == "OPTIONS":
            return Reply(204, headers=(("allow", METHODS), *PREFLIGHT), label="options")
        error = problems.MethodNotAllowed(scope["method"], "OPTIONS")
        return problems.reply(error, exchange_of(scope), self.app.state.views)

    async def _health(self, scope: Scope, path: str) -> Reply:
        if scope["method"] == "OPTIONS":
            return Reply(204, headers=(("allow", _HEALTH), *PREFLIGHT), label="options")
        if scope["method"] not in ("GET", "HEAD"):
            error = problems.MethodNotAllowed(scope["method"], _HEALTH)
            return problems.reply(error, exchange_of(scope), self.app.state.views)
        if path == "/healthz":
            return Reply(200, b"alive\n", _TEXT, label="health")
        if path == "/metrics":
            headers = (("content-type", CONTENT_TYPE), ("cache-control", "no-store"))
            return Reply(200, self.metrics.text(), headers, label="health")
        try:
            ready = not self.draining and await asyncio.wait_for(self.engine.ready(), 5)
        except (NcpcError, TimeoutError):
            ready = False
        return Reply(200 if ready else 503, b"ready\n" if ready else b"not ready\n", _TEXT, label="health")


def _key(scope: Scope) -> Key:
    key: list[str | bytes] = [
        scope["path"], scope["query_string"], scope["scheme"], scope.get("ncpc_root", "")
    ]  # fmt: skip
    for name, value in scope["headers"]:
        if name in _KEY_HEADERS:
            key += (name, value)
    return tuple(key)
