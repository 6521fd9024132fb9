"""Bodies: how they end, and how slowly they may come."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from ncpc_kg.errors import RequestError, TooSlow, UnsupportedCoding
from ncpc_kg.web import transport
from ncpc_kg.web.exchange import Exchange

EXCHANGE = Exchange("POST", "/sparql", "", {"content-length": "500"}, b"")


def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that comes byte by byte: a part gives little more time."""
    monkeypatch.setattr(transport, "_GRACE", 0.05)

    async def receive() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"a", "more_body": True}

    with pytest.raises(TooSlow) as caught:
        asyncio.run(asyncio.wait_for(transport.read_body(EXCHANGE, receive, 1000), 5))
    assert caught.value.http_status == 408


def test_a_body_that_ends_early_is_an_error() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(RequestError, match="before its body was whole"):
        asyncio.run(transport.read_body(EXCHANGE, receive, 1000))


def test_a_compressed_body_is_not_even_read() -> None:
    """RFC 9110, section 15.5.16."""

    async def receive() -> Message:
        raise AssertionError

    packed = Exchange("POST", "/entries", "", {"content-encoding": "gzip"}, b"")
    with pytest.raises(UnsupportedCoding) as caught:
        asyncio.run(transport.read_body(packed, receive, 1000))
    assert caught.value.http_status == 415
