"""Values in the words of people: dates, numbers, references to lines, names of things without one."""

from __future__ import annotations

import calendar
import re

_UNSAFE_MARKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_DATE = re.compile(r"(-?\d{4,})(?:-(\d\d))?(?:-(\d\d))?")
_LINES = re.compile(r"L([1-9]\d{0,6})(?:-([1-9]\d{0,6}))?")
_ONLY_LINES = re.compile(rf"\s*{_LINES.pattern}(?:[\s,;]+{_LINES.pattern})*\s*")


def date(text: str) -> str:
    """Write a date, month or year of XML Schema in words; other texts stay as they are."""
    found = _DATE.fullmatch(text)
    if not found or not found[2] or not 1 <= int(found[2]) <= 12:
        return text
    month = f"{calendar.month_name[int(found[2])]} {found[1]}"
    return f"{int(found[3])} {month}" if found[3] else month


def number(text: str) -> str:
    """Write a whole number of five digits or more with commas; other texts, and years, stay as they are."""
    return f"{int(text):,}" if re.fullmatch(r"-?\d{5,18}", text) else text


def plain(text: str) -> str:
    """A text for titles and attributes, where no element can keep its writing direction in."""
    return _UNSAFE_MARKS.sub("", text)


def sentence(text: str) -> str:
    """A text with a capital at its start."""
    return text[:1].upper() + text[1:]


def local(iri: str) -> str:
    """The end of an IRI, for things without a name."""
    return iri.rstrip("/#").replace("#", "/").rpartition("/")[2] or iri


def is_reference(text: str) -> bool:
    """Whether a text is nothing but references to lines of the source, such as `L497-499 L770`."""
    return bool(_ONLY_LINES.fullmatch(text))


def references(text: str) -> tuple[str, ...]:
    """The single references of such a text."""
    return tuple(found[0] for found in _LINES.finditer(text))


def spoken(reference: str) -> str:
    """Write references to lines as people read them, from `L497-499` and the like."""
    return _LINES.sub(
        lambda found: f"lines {found[1]}–{found[2]}" if found[2] else f"line {found[1]}", reference
    )
