"""The commands that keep the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ncpc_kg.cli import app
from ncpc_kg.entries.inbox import Inbox, Submission
from ncpc_kg.entries.provenance import new_id
from ncpc_kg.errors import StoreError
from ncpc_kg.store import Store
from ncpc_kg.store.files import ENTRIES

WAITING = Submission(
    new_id(), "me", "2026-11-24T12:00:00Z", "http://e/c", "C", "", "text/turtle", "c.ttl", "0"
)


def run(*arguments: object) -> None:
    result = CliRunner().invoke(app, ["store", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0


def test_backup_restore_compact(tmp_path: Path) -> None:
    place, copy = tmp_path / "store", tmp_path / "copy"
    with Store.open(place) as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        Inbox(place / ENTRIES).put(WAITING)
        run("backup", copy, "--store", place)
        store.update("CLEAR ALL")
        Inbox(place / ENTRIES).remove(WAITING.name)
    run("restore", copy, "--store", place)
    assert Inbox(place / ENTRIES).all() == (WAITING,)
    run("compact", "--store", place)
    with Store.open(place) as store:
        assert len(store) == 1
        assert store.journal_bytes == 0


def test_what_is_no_backup_is_refused_and_the_store_stays(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        run("restore", tmp_path / "none", "--store", tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_damaged_store_is_restored_as_its_message_says(tmp_path: Path) -> None:
    place, copy = tmp_path / "store", tmp_path / "copy"
    with Store.open(place) as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
    run("backup", copy, "--store", place)
    (place / "1" / "base.nq").write_text("?")
    with pytest.raises(StoreError, match="damaged"):
        run("compact", "--store", place)
    run("restore", copy, "--store", place)
    run("compact", "--store", place)
