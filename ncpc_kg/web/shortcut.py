"""The short way for the request that most clients send: GET /sparql?query=... and nothing else.

It answers exactly as `SparqlEndpoint` does, which is asked whenever a request has anything
unusual about it; a test holds the two together.
"""

from __future__ import annotations

import logging
from functools import lru_cache

from starlette.types import Receive, Scope

from ncpc_kg.engine import DatasetClause, Formats
from ncpc_kg.errors import NcpcError
from ncpc_kg.negotiation import formats
from ncpc_kg.web import problems
from ncpc_kg.web.compression import compressed
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.protocol import plain_query
from ncpc_kg.web.sparql import SparqlEndpoint, wants_page
from ncpc_kg.web.transport import LONGEST_ADDRESS, exchange_of, unforeseen, unless_gone

log = logging.getLogger("ncpc_kg.server")

_HEADERS = {b"accept": 0, b"accept-encoding": 1, b"host": 2}
_BODY = (b"content-length", b"transfer-encoding")


class Shortcut:
    """Answers plain questions; gives None for every other request.

    Args:
        endpoint: What answers them all.
    """

    def __init__(self, endpoint: SparqlEndpoint) -> None:
        self.endpoint = endpoint
        self.views = endpoint.views
        fallback = endpoint.settings.base

        @lru_cache(maxsize=256)
        def clause(scheme: str, host: bytes, root: str, path: str) -> DatasetClause:
            exchange = Exchange("GET", path, "", {"host": host.decode("latin-1")}, b"", scheme, "", root)
            return DatasetClause(base=exchange.url(fallback))

        self._clause = clause

    async def reply(self, scope: Scope, receive: Receive) -> Reply | None:
        """The reply to a plain question."""
        if scope["method"] != "GET" or len(scope["query_string"]) > LONGEST_ADDRESS:
            return None
        text = plain_query(scope["query_string"])
        if text is None:
            return None
        given: list[bytes | None] = [None, None, None]
        for name, value in scope["headers"]:
            if name in _HEADERS:
                if given[_HEADERS[name]] is not None:
                    return None
                given[_HEADERS[name]] = value
            elif name in _BODY:
                return None
        chosen = _formats(given[0] or b"")
        if chosen is None:
            return None
        root = scope.get("ncpc_root", "")
        clause = self._clause(scope.get("scheme", "http"), given[2] or b"", root, scope["path"])
        try:
            return await unless_gone(self._answer(text, chosen, clause, given[1]), receive)
        except NcpcError as error:
            return problems.reply(error, exchange_of(scope), self.views, text)
        except Exception as error:
            exchange = exchange_of(scope)
            log.error("a request failed", extra={"request": exchange.request_id}, exc_info=error)
            return problems.reply(unforeseen(error), exchange, self.views)

    async def _answer(
        self, text: str, chosen: Formats, clause: DatasetClause, encoding: bytes | None
    ) -> Reply:
        reply = await self.endpoint.answer(text, chosen, clause)
        return await compressed(reply, encoding.decode("latin-1") if encoding else None)


@lru_cache(maxsize=1024)
def _formats(accept: bytes) -> Formats | None:
    """What to answer in; None where a page is wanted or nothing can be sent."""
    header = accept.decode("latin-1")
    try:
        return None if wants_page(header, {}) else formats(header)
    except NcpcError:
        return None
