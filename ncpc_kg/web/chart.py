"""Charts of answers as plain geometry: bars for counts, a time line for dates.

The form of the answer decides: whole or decimal numbers in a column make bars, dates make
a time line, anything else has no chart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ncpc_kg.description import Value
from ncpc_kg.web.site import QuestionView

MOST_ROWS = 40
ROW_HEIGHT = 26
LABEL_WIDTH = 210
WIDTH = 720
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_DATES = ("xsd:date", "xsd:gYearMonth", "xsd:gYear")
_YEAR = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?$")
_LONGEST = 34


@dataclass(frozen=True)
class Mark:
    """A bar or a dot.

    Attributes:
        label: What it stands for, shortened.
        text: Its value, for people.
        series: Which column it belongs to, from 0.
        x: Left edge of a bar or middle of a dot.
        y: Upper edge of a bar or middle of a dot.
        width: Width of a bar; 0 for a dot.
    """

    label: str
    text: str
    series: int
    x: float
    y: float
    width: float = 0.0


@dataclass(frozen=True)
class Tick:
    """A year on the axis of a time line."""

    x: float
    text: str


@dataclass(frozen=True)
class Chart:
    """What the template draws.

    Attributes:
        kind: Bars or a time line.
        height: Height in units; the width is `WIDTH`.
        series: Names of the columns that are drawn.
        labels: Text and place of each row's label.
        marks: Bars or dots.
        ticks: Years, on a time line.
    """

    kind: Literal["bars", "times"]
    height: float
    series: tuple[str, ...]
    labels: tuple[tuple[str, float], ...]
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...] = ()
    width: int = WIDTH
    label_width: int = LABEL_WIDTH


def chart(view: QuestionView) -> Chart | None:
    """Draw an answer.

    Args:
        view: The answer of a question.

    Returns:
        The chart, or None where the answer has none: no numbers or dates, or less than 2 or
        more than 40 rows.
    """
    if not 2 <= len(view.rows) <= MOST_ROWS:
        return None
    numbers = [at for at in range(len(view.columns)) if _all(view, at, _is_number)]
    dates = [at for at in range(len(view.columns)) if _all(view, at, _is_date)]
    names = [at for at in range(len(view.columns)) if at not in numbers and at not in dates]
    if not names:
        return None
    if numbers:
        return _bars(view, names[0], numbers[:2])
    if dates and all(row[dates[0]] is not None for row in view.rows):
        return _times(view, names[0], dates[0])
    return None


def _all(view: QuestionView, at: int, fits: Callable[[Value], bool]) -> bool:
    values = [value for row in view.rows if (value := row[at]) is not None]
    return bool(values) and all(map(fits, values))


def _is_number(value: Value) -> bool:
    # Numbers come bare in SPARQL's TSV, so that they have no datatype here.
    plain = value.iri is None and value.language is None
    return (
        plain
        and value.datatype in (None, "xsd:integer", "xsd:decimal")
        and bool(_NUMBER.fullmatch(value.text))
    )


def _is_date(value: Value) -> bool:
    return value.datatype in _DATES


def _bars(view: QuestionView, name: int, columns: list[int]) -> Chart:
    values = [[_number(row[at]) for at in columns] for row in view.rows]
    most = max((value for row in values for value in row), default=0.0) or 1.0
    room = WIDTH - LABEL_WIDTH - 70
    height = ROW_HEIGHT * len(columns) * 0.7 + 8
    labels, marks = [], []
    for number, (row, found) in enumerate(zip(view.rows, values, strict=True)):
        top = number * height
        labels.append((_short(row[name]), top + height / 2 + 1))
        for series, (at, value) in enumerate(zip(columns, found, strict=True)):
            shown = row[at]
            if shown is not None:
                y = top + 4 + series * ROW_HEIGHT * 0.7
                width = max(value, 0.0) / most * room
                marks.append(
                    Mark(_short(row[name]), shown.text, series, LABEL_WIDTH, round(y, 1), round(width, 1))
                )
    series_names = tuple(view.columns[at] for at in columns)
    return Chart("bars", len(view.rows) * height, series_names, tuple(labels), tuple(marks))


def _times(view: QuestionView, name: int, column: int) -> Chart | None:
    times = [_year(row[column]) for row in view.rows]
    if any(time is None for time in times):
        return None
    known = [time for time in times if time is not None]
    first, last = int(min(known)), int(max(known)) + 1
    if last - first > 60:
        return None
    room = WIDTH - LABEL_WIDTH - 110
    places: dict[str, float] = {}
    marks = []
    for row, time in zip(view.rows, known, strict=True):
        label = _short(row[name])
        y = places.setdefault(label, len(places) * ROW_HEIGHT + ROW_HEIGHT / 2)
        shown = row[column]
        x = LABEL_WIDTH + (time - first) / (last - first) * room
        marks.append(Mark(label, shown.text if shown else "", 0, round(x, 1), round(y, 1)))
    step = max(1, (last - first) // 10)
    ticks = tuple(
        Tick(round(LABEL_WIDTH + (year - first) / (last - first) * room, 1), str(year))
        for year in range(first, last + 1, step)
    )
    height = len(places) * ROW_HEIGHT
    return Chart("times", height, (view.columns[column],), tuple(places.items()), tuple(marks), ticks)


def _number(value: Value | None) -> float:
    return float(value.text) if value is not None else 0.0


def _year(value: Value | None) -> float | None:
    found = _YEAR.match(value.text) if value is not None else None
    if not found:
        return None
    month = int(found[2]) - 0.5 if found[2] else 6.0
    return int(found[1]) + month / 12


def _short(value: Value | None) -> str:
    text = value.text if value is not None else ""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
