"""Tokens: how they are read, and that a mistake in them is told at start."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from ncpc_kg.errors import Forbidden, SourceError, Unauthorized
from ncpc_kg.web.exchange import Exchange
from ncpc_kg.web.tokens import Tokens

LONG = "0123456789abcdef"


def bearing(token: str) -> Exchange:
    return Exchange("POST", "/sparql", headers={"authorization": f"Bearer {token}"})


def test_environment_and_file(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# ours\n\nsubmit,accept:{LONG}file\n")
    tokens = Tokens.read({"NCPC_KG_TOKENS": f"update:{LONG}one update:{LONG}two"}, path)
    for name in ("one", "two"):
        tokens.check(bearing(LONG + name), "update")
    tokens.check(bearing(LONG + "file"), "accept")
    with pytest.raises(Forbidden):
        tokens.check(bearing(LONG + "file"), "update")
    with pytest.raises(Unauthorized):
        tokens.check(bearing(LONG), "update")
    with pytest.raises(Unauthorized):
        tokens.check(Exchange("POST", "/sparql"), "update")


def test_the_password_of_basic_is_a_token() -> None:
    tokens = Tokens.read({"NCPC_KG_TOKENS": f"update:{LONG}"})

    def with_header(value: str) -> Exchange:
        return Exchange("POST", "/sparql", headers={"authorization": value})

    tokens.check(with_header("Basic " + b64encode(f"anyone:{LONG}".encode()).decode()), "update")
    for value in (
        f"Basic {LONG}",
        "Basic " + b64encode(LONG.encode()).decode(),
        f"Digest {LONG}",
        "Basic \xff",
    ):
        with pytest.raises(Unauthorized):
            tokens.check(with_header(value), "update")


@pytest.mark.parametrize("line", ["update", "update:short", f"root:{LONG}", f":{LONG}"])
def test_a_bad_line_is_told_without_its_token(tmp_path: Path, line: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# ours\n{line}\n")
    with pytest.raises(SourceError) as caught:
        Tokens.read({}, path)
    assert caught.value.place is not None
    assert caught.value.place.line == 2
    assert LONG not in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        Tokens.read({}, tmp_path / "none")


def test_without_tokens_nobody_writes() -> None:
    with pytest.raises(Forbidden, match="only be read"):
        Tokens().check(bearing(LONG), "update")
