"""What everything that can only be read has in common: methods, parameters, errors, compression."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ncpc_kg.errors import NcpcError, QueryError
from ncpc_kg.web import problems
from ncpc_kg.web.compression import compressed
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.headers import PREFLIGHT
from ncpc_kg.web.protocol import known_only, parameters
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


def given(exchange: Exchange, *names: str) -> dict[str, str]:
    """The parameters of a request, each at most once.

    Args:
        exchange: The request.
        names: The parameters that are known.

    Raises:
        QueryError: A parameter is unknown, comes twice, or is not UTF-8.
    """
    found = parameters(exchange.query)
    known_only(found, names)
    for name, values in found.items():
        if len(values) > 1:
            raise QueryError(f"The parameter {name} comes more than once.", found=f"{len(values)} times")
    return {name: values[0] for name, values in found.items()}
