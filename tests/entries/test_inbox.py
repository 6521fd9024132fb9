"""Entries that wait: one file each, under no other name than their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ncpc_kg.entries.inbox import Inbox, Submission
from ncpc_kg.errors import NotFound, StoreError

FIRST = Submission(
    name="0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52",
    who="Maria Lopez",
    when="2026-11-25T01:00:00+00:00",
    node="https://w3id.org/ncpc/id/centre-utopia",
    label="Centre of Utopia",
    turtle="<urn:s> <urn:p> <urn:o> .\n",
    media_type="application/yaml",
    file="utopia.yaml",
    digest="ab" * 32,
)
OTHER = replace(FIRST, name="1" + FIRST.name[1:], digest="cd" * 32, when="2026-11-24T01:00:00+00:00")


def test_what_is_put_in_waits_the_oldest_first(tmp_path: Path) -> None:
    box = Inbox(tmp_path / "entries")
    assert box.all() == ()

    assert (box.put(FIRST), box.put(OTHER)) == (FIRST, OTHER)
    (tmp_path / "entries" / "notes.json").write_text("{}")

    assert box.all() == (OTHER, FIRST)
    assert box.find(FIRST.name) == FIRST
    box.remove(OTHER.name)
    box.remove(OTHER.name)
    assert Inbox(tmp_path / "entries").all() == (FIRST,)


def test_the_same_from_the_same_person_is_kept_once(tmp_path: Path) -> None:
    box = Inbox(tmp_path)
    box.put(FIRST)

    assert box.put(replace(FIRST, name=OTHER.name)) == FIRST
    assert box.put(replace(FIRST, name=OTHER.name, who="Another")).name == OTHER.name


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "", ".", "secret", FIRST.name.upper()])
def test_no_other_file_is_reached(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    box = Inbox(tmp_path / "entries")
    box.put(FIRST)

    assert box.find(name) is None
    with pytest.raises(NotFound, match="No entry has such a name"):
        box.remove(name)
    assert secret.exists()


def test_a_name_that_nothing_has_is_not_found(tmp_path: Path) -> None:
    assert Inbox(tmp_path).find(FIRST.name) is None


@pytest.mark.parametrize("text", ["", "[]", '{"name": "x"}'])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / f"{FIRST.name}.json").write_text(text)

    with pytest.raises(StoreError, match=f"{FIRST.name} cannot be read"):
        Inbox(tmp_path).find(FIRST.name)
