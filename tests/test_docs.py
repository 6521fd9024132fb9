"""What the README promises is run, so that it stays true."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest
import rdflib
import typer
from pyoxigraph import QuerySolutions
from samples import ROOT

from ncpc_kg import cli
from ncpc_kg.graph import Dataset
from ncpc_kg.query import shorten
from ncpc_kg.settings import Limits, limits_from
from ncpc_kg.vocabulary import PREFIXES

README = (ROOT / "README.md").read_text(encoding="utf-8")


DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))
)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_question_of_the_readme_has_the_answer_it_shows(closed: Dataset) -> None:
    (query,), (answer,) = blocks("sparql"), blocks("text")

    found = closed.query(query)
    assert isinstance(found, QuerySolutions)
    names = [variable.value for variable in found.variables]
    rows = [[shorten(row[name]) for name in names] for row in found]

    assert [re.split(r"  +", line) for line in answer.splitlines()] == [names, *rows]


def test_both_commands_and_the_question_stand_on_the_first_screen() -> None:
    screen = "\n".join(README.splitlines()[:40])

    for wanted in ("make serve", "make test", "```sparql", "```text"):
        assert wanted in screen


def test_the_turtle_of_the_readme_stands_in_the_data(closed: Dataset) -> None:
    (text,) = blocks("turtle")
    prefixes = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())

    shown = set(rdflib.Graph().parse(data=prefixes + text, format="turtle"))

    assert shown <= set(closed.to_rdflib())


def test_every_command_is_in_the_readme() -> None:
    names = {command.name for command in cli.app.registered_commands}
    names |= {
        str(group.typer_instance.info.name) for group in cli.app.registered_groups if group.typer_instance
    }

    assert names <= set(re.findall(r"ncpc-kg (\w+)", README))


def test_the_map_of_the_house_names_every_room() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| Room | What it does |")[2].partition("\n\n")[0]
    rooms = {path.stem for path in (ROOT / "ncpc_kg").glob("*.py") if not path.stem.startswith("__")}
    rooms |= {path.parent.name for path in (ROOT / "ncpc_kg").glob("*/__init__.py")}

    named = re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in table.splitlines() if line))

    assert sorted(named) == sorted(rooms)


def test_every_stop_of_the_ways_through_the_house_exists() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    ways = text.partition("Three ways from the front door")[2].partition("\n## ")[0]
    stops = re.findall(r"`([a-z_]+/[a-z_]+)`", ways)

    assert len(stops) > 20
    assert [stop for stop in stops if not (ROOT / "ncpc_kg" / f"{stop}.py").is_file()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_the_documents_point_at_exist(name: str) -> None:
    path = ROOT / name
    text = path.read_text(encoding="utf-8")

    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_in_the_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    commands = typer.main.get_command(cli.app)

    for words in re.findall(r"ncpc-kg ([a-z]+(?: [a-z]+)?)", text):
        first, _, second = words.partition(" ")
        group = commands.commands.get(first)
        assert group is not None, words
        assert not second or second in getattr(group, "commands", {second: None}), words


def test_operations_tells_every_limit_and_every_option_of_serve_it_names_exists() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    variables = set(re.findall(r"NCPC_KG_LIMIT_\w+", text))
    serve = typer.main.get_command(cli.app).commands["serve"]  # type: ignore[attr-defined]

    assert len(variables) == len(fields(Limits))
    assert all(limits_from({variable: "7"}) != Limits() for variable in variables)
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= {
        option for each in serve.params for option in (*each.opts, *each.secondary_opts)
    }
