"""The questions themselves: what they cover, that every choice can be asked, and the order of answers."""

from __future__ import annotations

import csv
import io
import re

import pytest
from pyoxigraph import Literal, NamedNode, QueryResultsFormat, QuerySolutions
from samples import ROOT, DatasetEngine

from ncpc_kg.catalogue import Question, bind, read_catalogue
from ncpc_kg.engine import Term
from ncpc_kg.graph import Dataset
from ncpc_kg.query import choices
from ncpc_kg.vocabulary import ID, PREFIXES

QUESTIONS = read_catalogue(ROOT / "queries").questions
XSD = PREFIXES["xsd"]

# Competency questions of the model that are answered by a question of the catalogue.
COMPETENCY = {f"CQ{number:02d}" for number in range(1, 64, 2)}

# A value that differs from the default, for parameters that take any value of their type.
OTHER: dict[str, Term] = {
    "year": Literal("1995", datatype=NamedNode(XSD + "gYear")),
    "first_line": Literal("1", datatype=NamedNode(XSD + "integer")),
    "last_line": Literal("1818", datatype=NamedNode(XSD + "integer")),
    "thing": NamedNode(ID["centre-brazil"]),
    "fact": NamedNode(ID["funding-brazil-trust-fund"]),
    "publication": NamedNode(ID["publication-cp-worldwide"]),
}

by_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
with_parameters = pytest.mark.parametrize(
    "question", [each for each in QUESTIONS if each.parameters], ids=lambda question: question.name
)


def ask(dataset: Dataset, text: str) -> list[list[str]]:
    """Answer a query as rows of text, header first."""
    found = dataset.query(text)
    assert isinstance(found, QuerySolutions)
    serialised = found.serialize(format=QueryResultsFormat.CSV)
    assert serialised is not None
    return list(csv.reader(io.StringIO(serialised.decode())))


def test_every_competency_question_is_answered() -> None:
    assert {question.identifier for question in QUESTIONS} - {""} == COMPETENCY


def test_there_are_at_least_forty_five_questions() -> None:
    assert len(QUESTIONS) >= 45


@by_question
def test_rows_and_lines_come_in_the_expected_order(question: Question, closed: Dataset) -> None:
    assert question.expected
    with question.expected.open(encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file))

    assert ask(closed, question.text) == expected


@by_question
def test_a_row_cites_each_passage_once_and_in_the_order_of_the_source(
    question: Question, closed: Dataset
) -> None:
    header, *rows = ask(closed, question.text)
    if "lines" not in header:
        return
    for row in rows:
        lines = row[header.index("lines")].split()
        starts = [int(match[1]) for line in lines if (match := re.fullmatch(r"L(\d+)(?:-\d+)?", line))]

        assert len(starts) == len(lines) == len(set(lines)) > 0
        assert starts == sorted(starts)


@with_parameters
def test_every_value_of_every_parameter_can_be_asked(question: Question, closed: Dataset) -> None:
    header, *_ = ask(closed, question.text)
    for parameter in question.parameters:
        listed = [choice.term for choice in choices(DatasetEngine(closed), parameter)]
        for term in listed or [OTHER[parameter.name]]:
            assert ask(closed, bind(question, {parameter.name: term}))[0] == header


@with_parameters
def test_another_value_gives_another_answer(question: Question, closed: Dataset) -> None:
    default = ask(closed, question.text)
    for parameter in question.parameters:
        listed = [choice.term for choice in choices(DatasetEngine(closed), parameter)]
        terms = listed or [OTHER[parameter.name]]
        answers = (ask(closed, bind(question, {parameter.name: term})) for term in terms)

        assert any(answer != default for answer in answers), parameter.name


@with_parameters
def test_all_is_what_the_single_values_say_together(question: Question, closed: Dataset) -> None:
    for parameter in question.parameters:
        if parameter.default != "UNDEF":
            continue
        _, *rows = ask(closed, question.text)
        single = [
            row
            for choice in choices(DatasetEngine(closed), parameter)
            for row in ask(closed, bind(question, {parameter.name: choice.term}))[1:]
        ]
        programme = [row for row in rows if row not in single]

        assert len(single) + len(programme) == len(rows)
        assert all("programme-ncpc" in " ".join(row) for row in programme)


@with_parameters
def test_nothing_is_known_about_an_unknown_thing(question: Question, closed: Dataset) -> None:
    for parameter in question.parameters:
        if parameter.type == "iri":
            unknown = bind(question, {parameter.name: NamedNode(ID["unknown"])})

            assert len(ask(closed, unknown)) == 1, parameter.name
