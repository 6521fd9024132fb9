"""What everything that can only be read has in common: methods, errors, compression."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ncpc_kg.errors import NcpcError
from ncpc_kg.web import problems
from ncpc_kg.web.compression import compressed
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.headers import PREFLIGHT
from ncpc_kg.web.views import Views

ALLOWED = "GET, HEAD, OPTIONS"


async def read_only(
    exchange: Exchange, views: Views, answer: Callable[[Exchange], Awaitable[Reply]]
) -> Reply:
    """Answer GET, HEAD and OPTIONS; every error of our tree becomes a problem document.

    Args:
        exchange: The request.
        views: Makes the pages of problems.
        answer: Makes the reply to GET and HEAD.

    Returns:
        The reply, compressed where the client takes that and it is not compressed already.
    """
    try:
        if exchange.method == "OPTIONS":
            return Reply(204, headers=(("allow", ALLOWED), *PREFLIGHT), label="options")
        if exchange.method not in ("GET", "HEAD"):
            raise problems.MethodNotAllowed(exchange.method, ALLOWED)
        reply = await answer(exchange)
    except NcpcError as error:
        return problems.reply(error, exchange, views)
    if reply.header("content-type") == "application/gzip":
        return reply
    return await compressed(reply, exchange.header("accept-encoding"))
