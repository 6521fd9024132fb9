"""An entry on its way from a form to statements: what was written, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from pyoxigraph import BlankNode, NamedNode, Triple

from ncpc_kg.engine import Subject, Term

Severity = Literal["violation", "warning", "info"]
OTHER = "other statements"
IRI = "iri"


@dataclass(frozen=True)
class Spot:
    """Where something stands in what was handed in; lines and columns count from 1.

    Attributes:
        line: Line of a text.
        column: Column of a text.
        sheet: Name of a sheet of a workbook.
        cell: Cell of the sheet, e.g. `C4`.
        field: Name of the field in the web form.
    """

    line: int | None = None
    column: int | None = None
    sheet: str | None = None
    cell: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        if self.cell:
            return f"{self.sheet}!{self.cell}"
        if self.line:
            return f"{self.line}:{self.column}" if self.column else str(self.line)
        return self.field or ""


@dataclass
class Item:
    """One value as it was written.

    Attributes:
        text: What was written; None for a record.
        language: Language tag, if one was given.
        datatype: Datatype as given in RDF; None where the field decides.
        spot: Where it stands.
        record: The fields of a value that is a node of the entry.
    """

    text: str | None = None
    language: str | None = None
    datatype: NamedNode | None = None
    spot: Spot | None = None
    record: Record | None = None


@dataclass
class Record:
    """The values of one node, by key of the field, in the order they were written.

    Attributes:
        iri: The node, where it was named.
        items: The values.
        spot: Where the record starts.
        other: Statements that no field holds, as N-Triples.
    """

    iri: str | None = None
    items: dict[str, list[Item]] = field(default_factory=dict)
    spot: Spot | None = None
    other: str = ""

    def add(self, key: str, item: Item) -> None:
        """Add a value."""
        self.items.setdefault(key, []).append(item)

    def get(self, key: str) -> list[Item]:
        """The values of a field."""
        return self.items.get(key, [])


@dataclass(frozen=True)
class Note:
    """Something wrong that the form itself shows, before any shape is asked.

    Attributes:
        message: What is wrong and what to do.
        field: Label of the field or key, if it concerns one.
        value: What was written.
        suggestions: The nearest right spellings.
        spot: Where.
        rule: Name of the rule, one word in kebab case.
        focus: The node it concerns.
        severity: How bad it is.
        path: The property it concerns.
    """

    message: str
    field: str = ""
    value: str | None = None
    suggestions: tuple[str, ...] = ()
    spot: Spot | None = None
    rule: str = "form"
    focus: Subject | None = None
    severity: Severity = "violation"
    path: NamedNode | None = None


class Marks:
    """Where statements stand: exactly, or else their property, or else their subject."""

    def __init__(self) -> None:
        self._spots: dict[tuple[object, ...], Spot] = {}

    def add(self, spot: Spot | None, subject: Subject, *rest: object) -> None:
        """Note a place; the first one of a subject and of a property counts."""
        if spot is None:
            return
        key = (subject, *rest)
        for length in range(len(key), 0, -1):
            self._spots.setdefault(key[:length], spot)

    def find(self, *key: object) -> Spot | None:
        """The place of a statement, of its property or of its subject."""
        while key:
            if found := self._spots.get(key):
                return found
            key = key[:-1]
        return None


@dataclass(frozen=True)
class Entry:
    """One centre as it was handed in, as statements.

    Attributes:
        centre: The centre.
        triples: Its statements and those of the nodes that hang on it.
        marks: Where they stand.
        notes: What the form itself shows to be wrong.
        media_type: What it was read from.
        name: Name of the file, if it has one.
        digest: SHA-256 of what was handed in, as hexadecimal text.
        minted: IRIs that were made for it, because it named none.
    """

    centre: NamedNode | BlankNode
    triples: tuple[Triple, ...]
    marks: Marks
    notes: tuple[Note, ...]
    media_type: str
    name: str
    digest: str
    minted: frozenset[str] = frozenset()

    def nodes(self) -> tuple[Subject, ...]:
        """The nodes that the entry describes, in the order they come."""
        return tuple(dict.fromkeys(subjects(self.triples)))


def subjects(triples: Iterable[Triple]) -> Iterator[Subject]:
    """Yield the subject of each statement."""
    for triple in triples:
        if isinstance(triple.subject, Subject):
            yield triple.subject


def objects(triples: Iterable[Triple], subject: Subject, path: NamedNode, turned: bool) -> list[Term]:
    """The values of a property of a node, or the nodes that have it as a value."""
    if turned:
        return [t.subject for t in triples if t.predicate == path and t.object == subject]  # type: ignore[misc]
    return [t.object for t in triples if t.subject == subject and t.predicate == path]  # type: ignore[misc]
