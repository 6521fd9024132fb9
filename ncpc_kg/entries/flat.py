"""A record as flat cells: how spreadsheets and web forms name its values.

A slot is written `counterpart 2: start date` in a heading and `counterpart-2.start-date` in
a web form; `name (language)` is the language of `name`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from ncpc_kg.entries.model import IRI, OTHER, Item, Record, Spot
from ncpc_kg.entries.profile import Field, Group

_MANY = 3
_NUMBERED = re.compile(r"(.+?)[ -](\d{1,3})$")
_LANGUAGE = re.compile(r"\s*\(language\)$|\.language$")


@dataclass(frozen=True)
class Slot:
    """A place for one text.

    Attributes:
        path: Keys of the fields that lead there, each with its number from 1.
        part: What of the value it holds: its text, its language, or the IRI of a node.
        field: The field; None for the IRI of a node and for other statements.
        numbered: For each step, whether its number is written.
    """

    path: tuple[tuple[str, int], ...]
    part: str
    field: Field | None
    numbered: tuple[bool, ...] = ()

    @property
    def heading(self) -> str:
        """Its name in the heading of a column."""
        steps = [
            f"{key} {number}" if numbered else key
            for (key, number), numbered in zip(self.path, self.numbered, strict=True)
        ]
        if self.part == "language":
            return ": ".join(steps) + " (language)"
        return ": ".join([*steps, self.part] if self.part in (IRI, OTHER) else steps)

    @property
    def name(self) -> str:
        """Its name in a web form."""
        steps = [
            f"{key.replace(' ', '-')}-{number}" if numbered else key.replace(" ", "-")
            for (key, number), numbered in zip(self.path, self.numbered, strict=True)
        ]
        if self.part != "text":
            steps.append(self.part.replace(" ", "-"))
        return ".".join(steps)


def slots(group: Group, records: Iterable[Record], spare: int = 0) -> tuple[Slot, ...]:
    """List the slots that records need, in the order of the fields.

    Args:
        group: The fields of a centre.
        records: What has to find a place.
        spare: How many empty places a field with many values gets beyond those in use.

    Returns:
        The slots.
    """
    found = tuple(records)
    made = [*_slots(group, found, (), (), spare), Slot((), IRI, None)]
    if any(record.other for record in found):
        made.append(Slot((), OTHER, None))
    return tuple(made)


def text_in(record: Record, slot: Slot) -> str:
    """The text that a record has in a slot; empty if there is none."""
    current, item = record, None
    for key, number in slot.path:
        if item is not None:
            if item.record is None:
                return ""
            current = item.record
        items = current.get(key)
        if len(items) < number:
            return ""
        item = items[number - 1]
    if slot.part in (IRI, OTHER):
        inner = record if item is None else item.record
        return "" if inner is None else (inner.iri or "") if slot.part == IRI else inner.other
    if item is None:
        return ""
    return (item.language if slot.part == "language" else item.text) or ""


def to_record(group: Group, cells: Mapping[str, tuple[str, Spot | None]]) -> tuple[Record, tuple[str, ...]]:
    """Put cells together to a record.

    Args:
        group: The fields of a centre.
        cells: Text and place by heading of a column or name in a form.

    Returns:
        The record, and the names that are those of no field.
    """
    record = Record()
    unknown = [name for name, (text, spot) in cells.items() if not _put(group, record, name, text, spot)]
    return _without_gaps(record), tuple(unknown)


def known_names(group: Group) -> tuple[str, ...]:
    """The headings that a spreadsheet may have, for suggestions."""
    return tuple(slot.heading for slot in slots(group, (), spare=_MANY))


def _slots(
    group: Group,
    records: tuple[Record, ...],
    path: tuple[tuple[str, int], ...],
    numbered: tuple[bool, ...],
    spare: int,
) -> Iterator[Slot]:
    for of in group.fields:
        used = max((len(record.get(of.key)) for record in records), default=0)
        wanted = max(used + (spare if of.many else 0), of.minimum, 1)
        count = max(used, min(wanted, of.maximum) if of.maximum else wanted)
        many = of.many or count > 1
        for number in range(1, count + 1):
            here, marked = (*path, (of.key, number)), (*numbered, many)
            if of.inner is not None and (of.group is not None or spare or _has_new(records, of.key, number)):
                items = [
                    record.get(of.key)[number - 1] for record in records if len(record.get(of.key)) >= number
                ]
                inner = tuple(item.record for item in items if item.record is not None)
                if of.group is None:
                    yield Slot(here, "text", of, marked)
                yield from _slots(of.inner, inner, here, marked, min(spare, 1) if of.group else 0)
                yield Slot(here, IRI, None, marked)
            elif of.constant is None or used:
                yield Slot(here, "text", of, marked)
                if of.tagged:
                    yield Slot(here, "language", of, marked)


def _has_new(records: tuple[Record, ...], key: str, number: int) -> bool:
    found = (record.get(key) for record in records)
    return any(len(items) >= number and items[number - 1].record is not None for items in found)


def _put(group: Group, record: Record, name: str, text: str, spot: Spot | None) -> bool:
    """Put a text where its name says; False if no field has that name."""
    bare = _LANGUAGE.sub("", name.strip())
    steps = [step.strip() for step in re.split(r":\s|:$|\.", bare) if step.strip()]
    part = "language" if bare != name.strip() else "text"
    current, inside = record, group
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        if last and _same(step, IRI):
            current.iri = text.strip() or None
            return True
        if last and _same(step, OTHER):
            current.other = text
            return True
        of, number = _field(inside, step)
        if of is None:
            return False
        items = current.items.setdefault(of.key, [])
        while len(items) < number:
            items.append(Item(spot=spot))
        item = items[number - 1]
        if of.group is None and (last or of.new is None):
            if not last:
                return False
            if part == "language":
                item.language = text.strip() or None
            else:
                item.text, item.spot = text, spot
            return True
        if last:
            return False
        if item.record is None:
            item.record = Record(spot=spot)
        current, inside = item.record, cast(Group, of.inner)
    return False


def _field(group: Group, step: str) -> tuple[Field | None, int]:
    for of in group.fields:
        if _same(step, of.key):
            return of, 1
    if match := _NUMBERED.fullmatch(step):
        for of in group.fields:
            if _same(match[1], of.key):
                return of, max(int(match[2]), 1)
    return None, 1


def _same(one: str, other: str) -> bool:
    return one.casefold().replace("-", " ") == other.casefold().replace("-", " ")


def _without_gaps(record: Record) -> Record:
    """Take out places that were only counted, so that numbers with gaps do no harm."""
    for items in record.items.values():
        items[:] = [
            replace(item, record=_without_gaps(item.record)) if item.record is not None else item
            for item in items
            if item.record is not None or item.text is not None or item.language
        ]
    return record
