"""Compressed responses (RFC 9110, section 8.4)."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import replace
from functools import lru_cache

from ncpc_kg.web.exchange import Reply

SMALLEST = 1024
_IN_THREAD = 256 * 1024
_LEAST = 0.001  # what is not named may be sent, but is liked least


def accepts_gzip(header: str | None) -> bool:
    """Whether an Accept-Encoding header takes gzip, and likes nothing better that is offered."""
    gzip, identity = _weights(header)
    return 0 < gzip >= identity


@lru_cache(maxsize=256)
def _weights(header: str | None) -> tuple[float, float]:
    """Weights of gzip and of no coding (RFC 9110, section 12.5.3)."""
    best: dict[str, float] = {}
    for part in (header or "").lower().split(","):
        name, _, parameters = part.strip().partition(";")
        _, _, weight = parameters.replace(" ", "").partition("q=")
        try:
            best[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            best[name.strip()] = 0.0
    rest = best.get("*")
    gzip = best.get("gzip", best.get("x-gzip", rest or 0.0))
    return gzip, best.get("identity", _LEAST if rest is None else rest)


async def compressed(reply: Reply, accept_encoding: str | None) -> Reply:
    """The reply with its body compressed, if the client takes that and it is worth it."""
    worth_it = len(reply.body) >= SMALLEST or not _weights(accept_encoding)[1]
    if not reply.body or not worth_it or not accepts_gzip(accept_encoding):
        return reply
    if len(reply.body) > _IN_THREAD:
        body = await asyncio.to_thread(gzip.compress, reply.body, 5, mtime=0)
    else:
        body = gzip.compress(reply.body, 5, mtime=0)
    headers = tuple(
        (name, value[:-1] + '-gzip"' if name == "etag" else value) for name, value in reply.headers
    )
    return replace(reply, body=body, headers=(*headers, ("content-encoding", "gzip")))
