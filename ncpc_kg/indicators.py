"""The indicator table: one row a centre, one column an indicator, gaps and contradictions kept."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ncpc_kg.engine import TRUE, Answer

MOST_CELLS = 3000


@dataclass(frozen=True)
class Mark:
    """A contradiction that a figure is part of."""

    iri: str
    text: str


@dataclass(frozen=True)
class Figure:
    """One cell of the table.

    Attributes:
        iri: IRI of the cell.
        value: The figure, verdict or tick; None where no usable value is printed.
        printed: The characters printed in a cell without value.
        reason: Why there is no value.
        marks: Contradictions it is part of.
    """

    iri: str
    value: str | None
    printed: str = ""
    reason: str = ""
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Row:
    """What is reported for one centre, or for all of them.

    Attributes:
        iri: IRI of the centre or of the programme.
        label: Its country, or the programme's name.
        whole: Whether the row is for the whole programme.
        figures: One for each column; None where the table has no such cell.
    """

    iri: str
    label: str
    whole: bool
    figures: tuple[Figure | None, ...]


@dataclass(frozen=True)
class IndicatorTable:
    """The table.

    Attributes:
        columns: IRI and label of each indicator.
        rows: The centres, and the whole programme last.
        complete: Whether the graph has no more cells than these.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    complete: bool = True

    @property
    def gaps(self) -> int:
        """Cells without a usable value."""
        return sum(1 for row in self.rows for figure in row.figures if figure and figure.value is None)

    @property
    def contested(self) -> int:
        """Cells that a contradiction is about."""
        return sum(1 for row in self.rows for figure in row.figures if figure and figure.marks)


def read_indicator_table(answer: Answer) -> IndicatorTable:
    """Read the answer to `queries/pages/indicator-table.rq`.

    Args:
        answer: The result in SPARQL JSON.

    Returns:
        The table; rows in the order of the answer, columns by label.
    """
    columns: dict[str, str] = {}
    units: dict[str, tuple[str, bool]] = {}
    cells: dict[tuple[str, str], Figure] = {}
    for found in json.loads(answer.body)["results"]["bindings"]:
        text = {name: value["value"] for name, value in found.items()}
        unit, indicator = text["unit"], text["indicator"]
        columns.setdefault(indicator, text["indicatorLabel"])
        units.setdefault(unit, (text.get("unitLabel", unit), text["whole"] in TRUE))
        held = cells.get((unit, indicator))
        marks = held.marks if held else ()
        if "contradiction" in text:
            mark = Mark(text["contradiction"], text["contradictionText"])
            marks = marks if mark in marks else (*marks, mark)
        cells[unit, indicator] = Figure(
            text["cell"], text.get("value"), text.get("marker", ""), text.get("reason", ""), marks
        )
    order = sorted(columns, key=lambda iri: columns[iri])
    return IndicatorTable(
        tuple((iri, columns[iri]) for iri in order),
        tuple(
            Row(unit, label, whole, tuple(cells.get((unit, indicator)) for indicator in order))
            for unit, (label, whole) in units.items()
        ),
        complete=len(cells) < MOST_CELLS,
    )
