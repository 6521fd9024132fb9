"""What the README promises is run, so that it stays true."""

from __future__ import annotations

import re

import rdflib
from pyoxigraph import QuerySolutions
from samples import ROOT

from ncpc_kg import cli
from ncpc_kg.graph import Dataset
from ncpc_kg.query import shorten
from ncpc_kg.vocabulary import PREFIXES

README = (ROOT / "README.md").read_text(encoding="utf-8")


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


def test_files_the_documents_point_at_exist() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (ROOT / target).exists(), target
