"""From a record, as people write it, to the statements it stands for; `records` goes back."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import cast

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse
from rdflib import XSD

from ncpc_kg.engine import Subject, Term
from ncpc_kg.entries.choices import folded
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Item, Marks, Note, Record, Spot
from ncpc_kg.entries.profile import TYPE, Field, Group

_LEXICAL = {
    str(XSD.gYear): re.compile(r"\d{4}"),
    str(XSD.gYearMonth): re.compile(r"\d{4}-\d{2}"),
    str(XSD.date): re.compile(r"\d{4}-\d{2}-\d{2}"),
    str(XSD.dateTime): re.compile(r"\d{4}-\d{2}-\d{2}T\S+"),
    str(XSD.integer): re.compile(r"[+-]?\d+"),
    str(XSD.decimal): re.compile(r"[+-]?\d+(\.\d+)?"),
    str(XSD.boolean): re.compile(r"true|false"),
    str(XSD.string): re.compile(r"[\s\S]*"),
}
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_SLUG = 48


@dataclass
class Written:
    """What a record says as statements."""

    node: NamedNode | BlankNode
    triples: dict[Triple, None] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)
    notes: list[Note] = field(default_factory=list)
    minted: set[str] = field(default_factory=set)


def to_statements(group: Group, record: Record, known: Known) -> Written:
    """Turn a record into statements.

    Args:
        group: The fields of a centre.
        record: What was written.
        known: The things that values may name.

    Returns:
        The centre and its statements, with their places; values that name nothing known
        stay texts, for the check to find.
    """
    name = _slug_of(group, record, known)
    stated = known.expand(record.iri) if record.iri else None
    written = Written(stated or NamedNode(group.stem + name))
    if stated is None:
        written.minted.add(written.node.value)
    if record.iri and stated is None:
        written.notes.append(
            Note(
                "This is no IRI. Write it in full or with a prefix, or leave it out to have one made.",
                "IRI",
                record.iri,
                spot=record.spot,
                rule="iri",
            )
        )
    _Writer(written, known, name).write(group, record, written.node)
    return written


def literal(of: Field, text: str, language: str | None = None) -> Literal:
    """The literal that a text stands for in a field.

    Args:
        of: The field.
        text: The text.
        language: Its language tag, well-formed.

    Returns:
        A literal with the first datatype of the field that the text has the form of; a
        plain one where there is none, for the check to find.
    """
    if language:
        return Literal(text, language=language)
    if of.tagged:
        return Literal(text)
    for datatype in of.datatypes:
        pattern = _LEXICAL.get(datatype.value)
        if pattern is not None and pattern.fullmatch(text):
            return Literal(text, datatype=datatype)
    return Literal(text)


def slug(text: str) -> str:
    """A text as the end of an IRI: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", folded(text))[:_SLUG].strip("-")


class _Writer:
    def __init__(self, written: Written, known: Known, name: str) -> None:
        self.written = written
        self.known = known
        self.name = name
        self.used: set[str] = {written.node.value}

    def write(self, group: Group, record: Record, node: NamedNode | BlankNode) -> None:
        self._say(Triple(node, TYPE, group.kind), record.spot)
        for of in group.fields:
            items = record.get(of.key)
            given = [item for item in items if item.record is not None or (item.text or "").strip()]
            for item in items:
                self.written.marks.add(item.spot, node, of.shape)
            if of.constant is not None and not given:
                self._link(of, node, of.constant, record.spot)
            for number, item in enumerate(given, 1):
                if of.group is not None or (of.new is not None and _is_new(item)):
                    self._nested(of, cast(Group, of.inner), item, node, number, len(given))
                else:
                    self._value(of, item, node)
        self._other(record)

    def _nested(self, of: Field, group: Group, item: Item, node: Subject, number: int, count: int) -> None:
        inner = item.record
        if inner is None:
            labels = ", ".join(one.key for one in group.fields)
            self.written.notes.append(
                Note(
                    f"Here belong the fields of {group.label}: {labels}. Write them one to a line below it.",
                    of.label,
                    item.text,
                    spot=item.spot,
                    rule="structure",
                    path=of.path,
                    focus=node,
                )
            )
            return
        if not inner.iri and not inner.other and not any(map(_has_content, inner.items.values())):
            for inside in group.fields:
                for one in inner.get(inside.key):
                    self.written.marks.add(one.spot, node, of.shape)
            return
        name = self._mint(group, inner, number, count)
        self.written.marks.add(inner.spot, node, of.shape)
        self._link(of, node, name, inner.spot)
        self.write(group, inner, name)

    def _mint(self, group: Group, record: Record, number: int, count: int) -> NamedNode:
        if record.iri and (stated := self.known.expand(record.iri)) is not None:
            return stated
        parts = [self.name]
        for of in group.fields:
            named = of.classes or (of.minimum and of.tagged)
            if named and not of.group and (items := record.get(of.key)) and items[0].text:
                node = self.known.resolve(of, items[0].text) if of.is_choice else None
                local = re.split(r"[#/]", node.value)[-1].partition("-")[2] if node is not None else ""
                if of.tagged:  # a person or an organisation has a name of its own
                    parts = []
                parts.append(slug(local or items[0].text))
                break
        else:
            if count > 1:
                parts.append(str(number))
        start = group.stem + "-".join(part for part in parts if part)
        name, turn = start, 1
        while name in self.used or self.known.holds(NamedNode(name)):
            turn += 1
            name = f"{start}-{turn}"
        self.used.add(name)
        self.written.minted.add(name)
        return NamedNode(name)

    def _value(self, of: Field, item: Item, node: Subject) -> None:
        if item.record is not None and of.new is not None and not (item.text or "").strip():
            return
        if item.record is not None and of.new is None:
            self.written.notes.append(
                Note(
                    "Here belongs one value, not several fields. Write it behind the colon.",
                    of.label,
                    spot=item.spot,
                    rule="structure",
                    path=of.path,
                    focus=node,
                )
            )
            return
        text, language = (item.text or "").strip(), item.language
        value: Term
        if of.is_choice or of.link:
            found = self.known.resolve(of, text) if of.is_choice else self.known.expand(text)
            value = found if found is not None else Literal(text)
        elif language and not _TAG.fullmatch(language):
            self.written.notes.append(
                Note(
                    "This is no language tag. Write the code of the language, such as en, fr or es.",
                    of.label,
                    language,
                    tuple(of.languages[:3]),
                    item.spot,
                    "language-tag",
                    node,
                    path=of.path,
                )
            )
            value = Literal(text)
        elif item.datatype is not None:
            value = Literal(text, datatype=item.datatype)
        else:
            value = literal(of, text, language)
        self._link(of, node, value, item.spot)

    def _link(self, of: Field, node: Subject, value: Term, spot: Spot | None) -> None:
        if of.turned and isinstance(value, Subject):
            self._say(Triple(value, of.path, node), spot)
            self.written.marks.add(spot, node, of.path, value)
        else:
            self._say(Triple(node, of.path, value), spot)
        self.written.marks.add(spot, node, of.shape)

    def _other(self, record: Record) -> None:
        if record.other.strip():
            try:
                quads = list(parse(record.other, format=RdfFormat.N_TRIPLES))
            except SyntaxError as error:
                self.written.notes.append(
                    Note(
                        f"The other statements are no N-Triples: {error.msg}. Correct or delete them.",
                        "other statements",
                        record.other[:100],
                        spot=record.spot,
                        rule="syntax",
                    )
                )
                return
            for quad in quads:
                self._say(quad.triple, record.spot)

    def _say(self, triple: Triple, spot: Spot | None) -> None:
        self.written.triples[triple] = None
        self.written.marks.add(spot, triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]


def _is_new(item: Item) -> bool:
    """Whether a value is a new thing that is described, not the name of a known one."""
    return item.record is not None and any(map(_has_content, item.record.items.values()))


def _has_content(items: list[Item]) -> bool:
    return any(
        (item.text or "").strip()
        or (item.record is not None and any(map(_has_content, item.record.items.values())))
        for item in items
    )


def _slug_of(group: Group, record: Record, known: Known) -> str:
    """The name of an entry in IRIs: from what it refers to first (its country), or its name."""
    for of in group.fields:
        items = record.get(of.key)
        if of.classes and of.group is None and of.constant is None and items and items[0].text:
            node = known.resolve(of, items[0].text)
            if node is not None and (found := slug(re.split(r"[#/]", node.value)[-1].partition("-")[2])):
                return found
            if found := slug(items[0].text):
                return found
    texts = [item.text for items in record.items.values() for item in items if item.text]
    for text in texts:
        if found := slug(text):
            return found
    return "entry-" + hashlib.sha256(repr(texts).encode()).hexdigest()[:8]
