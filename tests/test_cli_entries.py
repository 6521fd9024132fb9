"""The commands of entries: from the template to the withdrawal, and beside a process that has the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from entries.conftest import EXAMPLES
from typer.testing import CliRunner

from ncpc_kg.cli import app
from ncpc_kg.errors import Conflict, Gone, ParameterError, StoreInUse
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store

GOOD = EXAMPLES / "nicaragua-made-up.yaml"
SOURCE_ONLY = EXAMPLES / "nicaragua-source-only.yaml"


@pytest.fixture
def store(built: Settings, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.store, tmp_path / "store"))


def run(store: Path, *arguments: object, code: int = 0) -> str:
    words = ["entry", *map(str, arguments), "--store", str(store)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.stdout


def listed(store: Path) -> list[tuple[str, str]]:
    return [(one["name"], one["state"]) for one in json.loads(run(store, "list", "--json"))]


def test_from_the_template_to_the_withdrawal(store: Path, tmp_path: Path) -> None:
    made = tmp_path / "new.yaml"
    run(store, "new", made)
    with pytest.raises(ParameterError, match="exists already"):
        run(store, "new", made)
    said = run(store, "check", SOURCE_ONLY, code=1)
    assert "Hosting" in said
    assert {line[0] for line in said.splitlines() if ".yaml:" in line} == {"x", "i"}
    assert "Hosting" in run(store, "submit", SOURCE_ONLY, code=1)
    assert "host-of-centre" in run(store, "preview", GOOD)

    name = run(store, "submit", GOOD, "--who", "Maria").split()[0]
    assert listed(store) == [(name, "waiting")]
    run(store, "accept", name, "--who", "Ana")
    with pytest.raises(Conflict, match="accepted already"):
        run(store, "accept", name)
    exported = tmp_path / "nicaragua.yaml"
    run(store, "export", name, exported)
    exported.write_text(exported.read_text(encoding="utf-8").replace("1998-02-13", "1998-02-14"))
    newer = run(store, "supersede", name, exported).split()[0]
    assert sorted(listed(store)) == sorted([(newer, "accepted"), (name, "superseded")])
    run(store, "withdraw", newer)
    with pytest.raises(Gone):
        run(store, "withdraw", newer)


def test_safe_repairs_are_made_in_the_file(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    file.write_text(GOOD.read_text(encoding="utf-8").replace("1998-02-13", "13.02.1998"), encoding="utf-8")
    run(store, "check", file, code=1)
    run(store, "check", file, "--fix")
    assert "1998-02-13" in file.read_text(encoding="utf-8")


def test_beside_a_process_that_has_the_store_one_is_told_what_to_do(store: Path) -> None:
    with Store.open(store):
        name = run(store, "submit", GOOD).split()[0]
        assert listed(store) == [(name, "waiting")]
        for action in ("accept", "withdraw"):
            with pytest.raises(StoreInUse) as caught:
                run(store, action, name)
            assert "curl -X POST -H 'Authorization: Bearer TOKEN' http" in str(caught.value.hint)
            assert f"/entries/{name}/{action}" in str(caught.value.hint)
        with pytest.raises(StoreInUse) as caught:
            run(store, "supersede", name, GOOD)
        assert f"ncpc-kg entry submit {GOOD} --supersedes {name}" in str(caught.value.hint)
