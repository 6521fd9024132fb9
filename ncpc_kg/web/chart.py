"""Charts of answers as plain geometry: bars for counts, a time line for dates.

A question says which of its columns are worth drawing.
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
LABEL_WIDTH = 320
WIDTH = 860
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?")
_YEAR = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?$")
_LONGEST = 44
_MOST_YEARS = 60


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
    """Draw the columns of an answer that its question names in `#+ chart:`.

    Args:
        view: The answer of a question.

    Returns:
        The chart; None where the question names no column, or the answer has less than 2 or
        more than 40 rows, or a value that cannot be drawn.
    """
    columns = [view.columns.index(name) for name in view.question.chart if name in view.columns]
    if not columns or not 2 <= len(view.rows) <= MOST_ROWS:
        return None
    names = _names(view, min(columns))
    if all(_all(view, at, _is_number) for at in columns):
        return _bars(view, names, columns[:2])
    return _times(view, names, columns[0]) if _all(view, columns[0], _is_date) else None


def _names(view: QuestionView, first: int) -> list[str]:
    """What each row is called: the columns before those that are drawn, or the one after."""
    at = list(range(first))[:2] or [first + 1]
    return [", ".join(value.text for a in at if a < len(row) and (value := row[a])) for row in view.rows]


def _all(view: QuestionView, at: int, fits: Callable[[Value], bool]) -> bool:
    values = [value for row in view.rows if (value := row[at]) is not None]
    return bool(values) and all(map(fits, values))


def _is_number(value: Value) -> bool:
    return value.iri is None and bool(_NUMBER.fullmatch(value.text))


def _is_date(value: Value) -> bool:
    return value.iri is None and bool(_YEAR.match(value.text))


def _bars(view: QuestionView, names: list[str], columns: list[int]) -> Chart:
    values = [[_number(row[at]) for at in columns] for row in view.rows]
    most = max((value for row in values for value in row), default=0.0) or 1.0
    room = WIDTH - LABEL_WIDTH - 70
    height = ROW_HEIGHT * len(columns) * 0.7 + 8
    labels, marks = [], []
    for number, (row, found) in enumerate(zip(view.rows, values, strict=True)):
        top = number * height
        label = _short(names[number])
        labels.append((label, round(top + height / 2 + 1, 1)))
        for series, (at, value) in enumerate(zip(columns, found, strict=True)):
            shown = row[at]
            if shown is not None:
                y = round(top + 4 + series * ROW_HEIGHT * 0.7, 1)
                width = round(max(value, 0.0) / most * room, 1)
                marks.append(Mark(label, shown.text, series, LABEL_WIDTH, y, width))
    series_names = tuple(view.columns[at] for at in columns)
    return Chart("bars", round(len(view.rows) * height, 1), series_names, tuple(labels), tuple(marks))


def _times(view: QuestionView, names: list[str], column: int) -> Chart | None:
    rows = zip(names, view.rows, strict=True)
    known = [(name, value.text, _year(value)) for name, row in rows if (value := row[column])]
    first = int(min(time for _, _, time in known))
    last = int(max(time for _, _, time in known)) + 1
    if last - first > _MOST_YEARS:
        return None
    room = WIDTH - LABEL_WIDTH - 40
    places: dict[str, float] = {}
    marks = []
    for name, text, time in known:
        y = places.setdefault(name, len(places) * ROW_HEIGHT + ROW_HEIGHT / 2)
        x = LABEL_WIDTH + (time - first) / (last - first) * room
        marks.append(Mark(_short(name), text, 0, round(x, 1), round(y, 1)))
    step = max(1, (last - first) // 10)
    ticks = tuple(
        Tick(round(LABEL_WIDTH + (year - first) / (last - first) * room, 1), str(year))
        for year in range(first, last + 1, step)
    )
    labels = tuple((_short(name), y) for name, y in places.items())
    return Chart("times", len(places) * ROW_HEIGHT, (view.columns[column],), labels, tuple(marks), ticks)


def _number(value: Value | None) -> float:
    return float(value.text) if value is not None else 0.0


def _year(value: Value) -> float:
    found = _YEAR.match(value.text)
    month = int(found[2]) - 0.5 if found and found[2] else 6.0
    return (int(found[1]) if found else 0) + month / 12


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
