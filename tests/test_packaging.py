"""What a stranger gets: the wheel, the lock files, and the Makefile's words when Python cannot do it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from typer.main import get_command

from ncpc_kg.cli import app
from ncpc_kg.content import FOLDERS

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(target)]
    # Without npm in reach nothing is fetched; a wheel may go without map and editor.
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env={"PATH": str(target)})
    (path,) = target.glob("*.whl")
    return path


def test_the_wheel_carries_every_file_of_the_content(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())

    files = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".ttl", ".rq", ".csv"}
    ]
    assert len(files) > 30
    assert {f"ncpc_kg/content/{path.relative_to(ROOT).as_posix()}" for path in files} <= inside


def test_the_wheel_carries_every_module_and_template(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())

    files = [
        path for path in (ROOT / "ncpc_kg").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]
    assert {path.relative_to(ROOT).as_posix() for path in files} <= inside


def test_the_source_distribution_carries_every_folder() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    include = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    made = {"build", "dist"}

    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"} - made
    assert {f"/{name}" for name in folders} <= set(include)


def test_the_installed_wheel_finds_its_content_from_any_directory(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = "from ncpc_kg.content import find_content; print(find_content())"

    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        check=True,
        capture_output=True,
        text=True,
    )

    assert Path(found.stdout.strip()) == (site / "ncpc_kg" / "content").resolve()


@pytest.mark.parametrize("name", LOCKS)
def test_the_locks_name_no_index_and_no_path(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")

    assert re.findall(r"https?:|--(?:extra-)?index|--find-links|file:|(?<!\w)/\w+", text) == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[a-zA-Z])", text.strip())

    assert len(blocks) > 20
    for block in blocks:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", block), block
        assert "--hash=sha256:" in block, block


def test_the_lock_holds_every_dependency_and_what_builds_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["build"]
    locked = {
        name.lower().replace("_", "-") for name in re.findall(r"(?m)^([A-Za-z0-9._-]+)==", _lock(LOCKS[0]))
    }

    names = {re.split(r"[\[<>=~ ]", entry)[0].lower().replace(".", "-") for entry in wanted}
    assert names <= {name.replace(".", "-") for name in locked}


def test_the_development_lock_repeats_the_runtime_lock() -> None:
    pins = [set(re.findall(r"(?m)^([A-Za-z0-9._-]+==[^\s;\\]+)", _lock(name))) for name in LOCKS]

    assert pins[0] <= pins[1]


# Imported through the packages that bring them along, or under another name.
BROUGHT = {"markupsafe": "jinja2", "starlette": "fastapi", "yaml": "pyyaml"}


def test_the_dependencies_are_those_that_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [re.split(r"[\[<>=~ ]", entry)[0].lower() for entry in project["dependencies"]]
    imported: set[str] = set()
    for path in (ROOT / "ncpc_kg").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module)
    outside = {
        name.partition(".")[0].lower().replace("_", "-")
        for name in imported
        if name.partition(".")[0] not in sys.stdlib_module_names | {"ncpc_kg", "_typeshed"}
    }

    assert sorted({BROUGHT.get(name, name) for name in outside}) == listed, "each once, in this order"


def test_every_runtime_dependency_has_its_line_in_the_decisions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[\[<>=~ ]", entry)[0].lower() for entry in project["dependencies"]}
    table = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8").lower()

    assert {name for name in declared if f"| {name} |" not in table} == set()


def test_the_contract_against_web_frameworks_covers_all_below_web() -> None:
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = (each for each in linter["contracts"] if each["type"] == "forbidden")
    modules = {f"ncpc_kg.{path.stem}" for path in (ROOT / "ncpc_kg").glob("*.py")}
    modules |= {f"ncpc_kg.{path.parent.name}" for path in (ROOT / "ncpc_kg").glob("*/__init__.py")}

    assert set(contract["source_modules"]) == modules - {
        f"ncpc_kg.{name}" for name in ("__init__", "__main__", "cli", "web")
    }


@pytest.mark.parametrize("name", ["Containerfile", "ncpc-kg.service"])
def test_what_runs_the_service_gives_options_that_exist(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    known = {option for each in get_command(app).commands["serve"].params for option in each.opts}  # type: ignore[attr-defined]

    given = re.findall(r"--[a-z-]+", "".join(re.findall(r'(?m)^(?:CMD|ExecStart).*serve"?,?(.*)$', text)))

    assert given
    assert set(given) <= known


def test_the_container_copies_what_the_wheel_is_made_of() -> None:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")
    copied = {name for line in re.findall(r"(?m)^COPY (?!--)(.*) \S+$", text) for name in line.split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]

    parts = {Path(name).parts[0] for name in (*wheel["packages"], *wheel["force-include"])}
    parts |= {
        "pyproject.toml",
        "hatch_build.py",
        "frontend",
        "requirements.lock",
        project["project"]["readme"],
    }
    parts |= set(project["project"]["license-files"])
    assert copied == parts
    assert all((ROOT / name).exists() for name in copied)


@pytest.mark.parametrize(
    ("refuses", "words"),
    [
        ("version_info", ["needs Python 3.11 or later", "PYTHON=/path/to/python3.11"]),
        ("ensurepip", ["cannot make virtual environments", "apt install python3-venv"]),
    ],
)
def test_make_says_what_is_wrong_with_a_python_that_cannot_do_it(
    tmp_path: Path, refuses: str, words: list[str]
) -> None:
    if shutil.which("make") is None:
        pytest.fail("make is needed by the project and by this test; install it")
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *{refuses}*) exit 1;; esac\nexit 0\n')
    python.chmod(0o755)

    made = subprocess.run(
        ["make", "serve", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert made.returncode == 2
    for word in words:
        assert word in made.stderr
    assert "Traceback" not in made.stderr


def test_make_says_so_where_no_python_is_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)

    made = subprocess.run(
        ["make", "test", "PYTHON="], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert made.returncode == 2
    assert "no such python3 was found" in made.stderr


def _lock(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
