"""The indicator table of the real graph: its gaps and contradictions, counted from the data."""

from __future__ import annotations

import pytest
from conftest import ROOT
from samples import DatasetEngine

from ncpc_kg.catalogue import read_question
from ncpc_kg.graph import Dataset
from ncpc_kg.indicators import IndicatorTable, read_indicator_table


@pytest.fixture(scope="module")
def table(closed: Dataset) -> IndicatorTable:
    engine = DatasetEngine(closed)
    return read_indicator_table(engine.query(read_question(ROOT / "queries/pages/indicator-table.rq").text))


def test_ten_centres_and_the_programme_by_twelve_indicators(table: IndicatorTable) -> None:
    assert len(table.columns) == 12
    assert len(table.rows) == 11
    assert [row.whole for row in table.rows] == [False] * 10 + [True]


def test_the_cells_are_those_of_the_paper(table: IndicatorTable) -> None:
    cells = [figure for row in table.rows for figure in row.figures if figure]

    assert len(cells) == 129
    assert table.gaps == 25
    assert sum(figure.value == "true" for figure in cells) == 19


def test_a_gap_keeps_what_is_printed_and_why_it_is_one(table: IndicatorTable) -> None:
    labels = [label for _, label in table.columns]
    tanzania = next(row for row in table.rows if row.label == "Tanzania")
    figure = tanzania.figures[labels.index("Assessors trained")]

    assert figure is not None
    assert (figure.value, figure.printed) == (None, "0.00")
    assert figure.reason


def test_a_contested_figure_has_each_contradiction_once(table: IndicatorTable) -> None:
    labels = [label for _, label in table.columns]
    brazil = next(row for row in table.rows if row.label == "Brazil")
    figure = brazil.figures[labels.index("Publications issued")]

    assert figure is not None
    assert figure.value == "5"
    assert [mark.text for mark in figure.marks] == sorted({mark.text for mark in figure.marks})
    assert "D01" in [mark.text for mark in figure.marks]
