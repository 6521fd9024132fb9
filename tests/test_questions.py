"""The catalogue against the real content: both engines must give the expected answers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import QueryResultsFormat, QuerySolutions
from samples import ROOT, DatasetEngine

from ncpc_kg.catalogue import Question, read_catalogue
from ncpc_kg.graph import Dataset
from ncpc_kg.query import choices, declare_prefixes
from ncpc_kg.store.syntax import tokens

QUESTIONS = read_catalogue(ROOT / "queries").questions
Rows = list[tuple[str, ...]]

by_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)


def read_rows(text: str) -> Rows:
    """Read CSV; what GROUP_CONCAT joins has no order in SPARQL, so it is sorted here."""
    header, *rows = csv.reader(io.StringIO(text))
    return [tuple(header), *(tuple(map(_sorted_parts, row)) for row in rows)]


def _sorted_parts(cell: str) -> str:
    if cell.startswith("L"):
        return " ".join(sorted(cell.split()))
    return "; ".join(sorted(cell.split("; ")))


def expected(question: Question) -> Rows:
    assert question.expected, f"{question.path} has no expected answer beside it"
    return read_rows(question.expected.read_text(encoding="utf-8"))


def plain(value: object) -> str:
    """Write a term as SPARQL CSV does, with booleans and numbers in canonical form."""
    if isinstance(value, rdflib.Literal) and isinstance(value.value, bool | int):
        return str(value.value).lower()
    return "" if value is None else str(value)


@by_question
def test_pyoxigraph_gives_the_expected_answer(question: Question, closed: Dataset) -> None:
    found = closed.query(question.text)
    assert isinstance(found, QuerySolutions)
    text = found.serialize(format=QueryResultsFormat.CSV)
    assert text is not None

    assert read_rows(text.decode()) == expected(question)


@by_question
def test_rdflib_gives_the_expected_answer(question: Question, closed_graph: rdflib.Graph) -> None:
    found = closed_graph.query(question.text)
    assert found.vars is not None
    header = tuple(map(str, found.vars))
    rows: Iterable[Iterable[object]] = found  # type: ignore[assignment]

    assert [
        header,
        *(tuple(_sorted_parts(plain(value)) for value in row) for row in rows),
    ] == expected(question)


@by_question
def test_a_question_is_ordered_tagged_and_answered_by_something(question: Question) -> None:
    words = {token.word for token in tokens(question.text)}

    assert question.tags
    assert question.title.endswith("?")
    assert question.description
    assert "ORDER" in words or "SELECT" not in words
    assert len(expected(question)) > 1


@by_question
def test_every_list_of_values_holds_the_default(question: Question, closed: Dataset) -> None:
    engine = DatasetEngine(closed)
    for parameter in question.parameters:
        found = choices(engine, parameter)
        if parameter.values is None or parameter.default == "UNDEF":
            continue
        assert len({choice.term for choice in found}) == len(found) > 1
        asked = declare_prefixes(f"SELECT ?x {{ VALUES ?x {{ {parameter.default} }} }}")
        solutions = closed.query(asked)
        assert isinstance(solutions, QuerySolutions)
        assert {row["x"] for row in solutions} <= {choice.term for choice in found}


def test_there_are_at_least_twelve_questions_with_names_of_their_own() -> None:
    identifiers = [question.identifier for question in QUESTIONS if question.identifier]

    assert len(QUESTIONS) >= 12
    assert len(identifiers) == len(set(identifiers))


def test_every_expected_answer_belongs_to_a_question() -> None:
    assert {path.stem for path in Path(ROOT / "queries").glob("*.csv")} == {each.name for each in QUESTIONS}
