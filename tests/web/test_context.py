"""What resources share: things made once, dates, tags, parameters."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ncpc_kg.catalogue import Catalogue
from ncpc_kg.errors import ParameterError
from ncpc_kg.settings import Settings
from ncpc_kg.web.context import Context, whole_number
from ncpc_kg.web.pages import Pages
from ncpc_kg.web.views import Views


class Engine:
    """An engine with nothing but a version."""

    def __init__(self, version: str) -> None:
        self.version = version


@pytest.fixture
def context(tmp_path: Path) -> Context:
    settings = Settings(content=tmp_path, store=tmp_path)
    return Context(Engine("v1"), settings, Catalogue(()), Pages(Views()))  # type: ignore[arg-type]


def test_many_who_ask_at_once_are_answered_by_one(context: Context) -> None:
    made = 0

    async def make() -> int:
        nonlocal made
        made += 1
        await asyncio.sleep(0.01)
        return made

    async def go() -> list[int]:
        return list(await asyncio.gather(*(context.once("x", make) for _ in range(20))))

    assert asyncio.run(go()) == [1] * 20
    context.engine.version = "v2"  # type: ignore[misc]
    assert asyncio.run(go()) == [2] * 20


def test_one_who_leaves_does_not_take_it_from_the_others(context: Context) -> None:
    async def make() -> str:
        await asyncio.sleep(0.02)
        return "made"

    async def go() -> str:
        first = asyncio.ensure_future(context.once("x", make))
        await asyncio.sleep(0.001)
        second = asyncio.ensure_future(context.once("x", make))
        first.cancel()
        return await second

    assert asyncio.run(go()) == "made"


def test_a_failure_is_not_kept(context: Context) -> None:
    results = [ValueError("no"), None]

    async def make() -> str:
        if error := results.pop(0):
            raise error
        return "made"

    async def go() -> str:
        with pytest.raises(ValueError, match="no"):
            await context.once("x", make)
        return await context.once("x", make)

    assert asyncio.run(go()) == "made"


def test_tags_change_with_the_state_and_the_representation(context: Context) -> None:
    assert context.tag("a", "b") == context.tag("a", "b")
    assert len({context.tag("a", "b"), context.tag("ab", ""), context.tag("a", "c")}) == 3
    before = context.tag("a")
    context.engine.version = "v2"  # type: ignore[misc]
    assert context.tag("a") != before
    context.engine.version = ""  # type: ignore[misc]
    assert context.tag("a") == "", "an engine that tells no state gives no tag"


def test_the_date_is_that_of_the_state(context: Context) -> None:
    first = context.modified()
    assert context.modified() is first
    assert first.microsecond == 0


@pytest.mark.parametrize("text", ["0", "-1", "1.0", "", "x", "\u0661", "9" * 40, "1e3", " 1"])
def test_numbers_that_are_none(text: str) -> None:
    with pytest.raises(ParameterError, match="page"):
        whole_number({"page": [text]}, "page", 1)
    assert whole_number({}, "page", 7) == 7
    assert whole_number({"page": ["12"]}, "page", 1) == 12
