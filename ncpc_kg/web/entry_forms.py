"""The web form of an entry as plain data for its template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

# Longer lists are offered as suggestions.
LONGEST_DROP_DOWN = 60


@dataclass(frozen=True)
class Choices:
    """What a field offers.

    Attributes:
        name: Id of the list.
        options: The choices.
        closed: Whether they are shown in a drop-down, not as suggestions.
    """

    name: str
    options: tuple[str, ...]
    closed: bool


@dataclass(frozen=True)
class Input:
    """One field.

    Attributes:
        name: Its name in the form.
        label: Its label.
        help: What belongs there.
        example: An example, or an empty text.
        needed: Whether it must be filled in.
        value: What stands in it.
        choices: What it offers, if it does.
        languages: Languages to choose from; empty if its value has none.
        language: The language chosen.
        findings: What is wrong with it.
    """

    name: str
    label: str
    help: str
    example: str
    needed: bool
    value: str
    choices: Choices | None
    languages: tuple[str, ...]
    language: str
    findings: tuple[Mapping[str, Any], ...]

    @property
    def wrong(self) -> bool:
        """Whether something must be corrected; remarks let an entry pass."""
        return any(one["severity"] == "violation" for one in self.findings)

    @property
    def long(self) -> bool:
        """Whether it takes several lines."""
        return "\n" in self.value or "line by line" in self.help


@dataclass(frozen=True)
class Box:
    """Fields that belong together, or one place for another of them.

    Attributes:
        legend: Title.
        help: What belongs there.
        parts: Fields and boxes.
        add: What a button that adds another one sends, or an empty text.
        open: Whether it is shown unfolded.
        needed: Whether it must be filled in.
    """

    legend: str
    help: str
    parts: tuple[Input | Box, ...]
    add: str = ""
    open: bool = True
    needed: bool = False


def build(
    form: Mapping[str, Any],
    cells: Mapping[str, str],
    findings: Sequence[Mapping[str, Any]] = (),
    add: str = "",
) -> tuple[Box, ...]:
    """Make the form.

    Args:
        form: Fields and lists, as the entries service describes them.
        cells: What stands in the fields, by name.
        findings: What is wrong.
        add: Name of a field of which one more place is wanted.

    Returns:
        The parts of the form.
    """
    made = _Builder(form["lists"], cells, findings, add)
    fields = sorted(form["form"]["fields"], key=lambda of: of["section_order"])
    return tuple(
        Box(title, "", tuple(part for of in members for part in made.field(of, "")))
        for title, members in groupby(fields, key=lambda of: of["section"])
    )


class _Builder:
    def __init__(
        self,
        lists: Mapping[str, list[str]],
        cells: Mapping[str, str],
        findings: Sequence[Mapping[str, Any]],
        add: str,
    ) -> None:
        self.lists = lists
        self.cells = cells
        self.findings = findings
        self.add = add

    def field(self, of: Mapping[str, Any], start: str) -> Iterator[Input | Box]:
        """The inputs or boxes of a field, one for each place."""
        if of["constant"]:
            return
        name = start + of["name"]
        count = self._count(of, name)
        for number in range(1, count + 1):
            here = f"{name}-{number}" if of["many"] else name
            last = number == count
            more = name if of["many"] and last and count < (of["maximum"] or 1_000) else ""
            title = f"{of['label']} {number}" if of["many"] and count > 1 else of["label"]
            if "group" in of:
                parts = tuple(part for one in of["group"]["fields"] for part in self.field(one, f"{here}."))
                filled = self._has_content(here) or bool(of["needed"])
                yield Box(title, of["help"], parts, more, filled, bool(of["needed"]))
                continue
            yield self._input(of, here, title)
            if "new" in of:
                parts = tuple(part for one in of["new"]["fields"] for part in self.field(one, f"{here}."))
                label = f"Not in the list: a new {of['new']['label'].lower()}"
                yield Box(label, "", parts, "", self._has_content(f"{here}."))
            if more and not start:
                yield Box("", "", (), more)

    def _input(self, of: Mapping[str, Any], name: str, title: str) -> Input:
        value = self.cells.get(name, "")
        choices = None
        if "list" in of:
            options = tuple(self.lists[of["list"]])
            closed = len(options) <= LONGEST_DROP_DOWN
            if closed and value and value not in options:
                options = (value, *options)
            choices = Choices(of["list"], options, closed)
        languages = tuple(of["languages"] or ("en",)) if of["tagged"] else ()
        language = self.cells.get(f"{name}.language") or (languages[0] if languages and not value else "")
        found = tuple(one for one in self.findings if one.get("place", {}).get("field") == name)
        help_text = " ".join(part for part in (of["help"], _sentence(of["form"])) if part)
        return Input(
            name,
            title,
            help_text,
            "" if of["form"] else of["example"],
            bool(of["needed"]),
            value,
            choices,
            languages,
            language,
            found,
        )

    def _count(self, of: Mapping[str, Any], name: str) -> int:
        if not of["many"]:
            return 1
        pattern = re.compile(re.escape(name) + r"-(\d{1,3})(?:\.|$)")
        numbers = [int(match[1]) for key in self.cells if (match := pattern.match(key))]
        wanted = max(numbers, default=1) + (self.add == name)
        return min(wanted, of["maximum"] or wanted)

    def _has_content(self, start: str) -> bool:
        return any(
            value and not key.endswith(".language")
            for key, value in self.cells.items()
            if key.startswith(f"{start}." if not start.endswith(".") else start)
        ) or any(
            str(one.get("place", {}).get("field", "")).startswith(start)
            for one in self.findings
            if one["severity"] == "violation"
        )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
