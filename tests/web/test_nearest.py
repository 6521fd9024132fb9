"""Names near a mistyped one."""

from __future__ import annotations

import pytest

from ncpc_kg.web.nearest import Names

NAMES = Names(
    [f"http://x/id/{name}" for name in ("centre-brazil", "centre-china", "org-senai", "L497-499", "été")]
)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("centre-brasil", "centre-brazil"),
        ("brazil-centre", "centre-brazil"),
        ("Centre-Brazil", "centre-brazil"),
        ("org-senay", "org-senai"),
        ("L497-498", "L497-499"),
        ("centrebrazil", "centre-brazil"),
    ],
)
def test_the_nearest_comes_first(wrong: str, meant: str) -> None:
    assert NAMES.near(f"http://x/id/{wrong}")[0] == f"http://x/id/{meant}"


@pytest.mark.parametrize("wrong", ["", "zzz", "!!!", "x" * 5000, "\u4e2d"])
def test_nothing_near(wrong: str) -> None:
    assert NAMES.near(f"http://x/id/{wrong}") == ()


def test_a_word_that_all_share_says_nothing() -> None:
    many = Names(f"http://x/id/centre-{number}" for number in range(10_000))
    assert many.near("http://x/id/centre-77")[0] == "http://x/id/centre-77"
    assert many.near("http://x/id/centers-77") == ("http://x/id/centre-77",)
