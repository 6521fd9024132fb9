"""What if an entry were accepted: what it adds, what follows, which answers change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from pyoxigraph import NamedNode, Quad, Triple

from ncpc_kg.catalogue import Catalogue, Question, bind
from ncpc_kg.engine import Change, Formats, Term
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.profile import TYPE
from ncpc_kg.query import JSON_RESULTS, declare_prefixes
from ncpc_kg.store import Store
from ncpc_kg.store.snapshot import Snapshot

_MOST = 25


@dataclass(frozen=True)
class Line:
    """One statement in words.

    Attributes:
        subject: Label of what it is about.
        predicate: Name of the property.
        value: Label or text of the value.
    """

    subject: str
    predicate: str
    value: str


@dataclass(frozen=True)
class ChangedAnswer:
    """A question whose answer changes.

    Attributes:
        name: Name of the question.
        summary: What it asks.
        given: The parameter that was set and to what; empty where none was.
        columns: Names of the columns.
        added: Rows that are new, as text.
        removed: Rows that are gone, as text.
        more: How many further rows differ.
    """

    name: str
    summary: str
    given: str
    columns: tuple[str, ...]
    added: tuple[tuple[str, ...], ...]
    removed: tuple[tuple[str, ...], ...]
    more: int = 0


@dataclass(frozen=True)
class Preview:
    """What accepting an entry would do.

    Attributes:
        added: What the entry says.
        inferred: What follows from it.
        answers: Questions of the catalogue whose answers change.
        unchanged: How many questions keep their answer.
    """

    added: tuple[Line, ...]
    inferred: tuple[Line, ...]
    answers: tuple[ChangedAnswer, ...]
    unchanged: int


def preview(store: Store, checked: Checked, catalogue: Catalogue, base: str) -> Preview:
    """Work out what accepting an entry would do; the store is afterwards as it was.

    Args:
        store: The graph.
        checked: The checked entry.
        catalogue: The ready questions.
        base: Base IRI the graph is published under.

    Returns:
        The preview.
    """
    inferred_graph = NamedNode(f"{base}graph/inferred")
    asserted = {quad.triple for quad in checked.change.inserted}
    quads = [
        Quad(t.subject, t.predicate, t.object, inferred_graph) for t in checked.inferred if t not in asserted
    ]
    change = Change((*checked.change.inserted, *quads), checked.change.deleted)
    nodes = sorted(_things(checked.entry.triples), key=lambda node: node.value)
    with store.reading() as snapshot, snapshot.supposing(change):
        runs = list(_runs(catalogue, nodes, snapshot, base))
        after = [_rows(snapshot, text) for _, _, text in runs]
        words = _Words(Known(snapshot.named, base), base)
        added = tuple(_lines(checked.entry.triples, words))
        inferred = tuple(_lines(sorted(checked.inferred, key=str), words))
        for node in nodes:
            words.text(node.value)  # while the new ones have names
    answers: list[ChangedAnswer] = []
    changed: set[str] = set()
    with store.reading() as snapshot:
        old_words = _Words(Known(snapshot.named, base), base)
        for (question, given, text), (columns, rows) in zip(runs, after, strict=True):
            _, old = _rows(snapshot, text)
            before, now = set(old), set(rows)
            more = [tuple(map(words.text, row)) for row in rows if row not in before]
            fewer = [tuple(map(old_words.text, row)) for row in old if row not in now]
            if not more and not fewer:
                continue
            changed.add(question.name)
            about = f"{question.parameter(given[0]).label}: {words.text(given[1].value)}" if given else ""
            answers.append(
                ChangedAnswer(
                    question.name,
                    question.title,
                    about,
                    columns,
                    tuple(more[:_MOST]),
                    tuple(fewer[:_MOST]),
                    max(len(more) - _MOST, 0) + max(len(fewer) - _MOST, 0),
                )
            )
    unchanged = len({question.name for question, _, _ in runs} - changed)
    return Preview(added, inferred, tuple(answers), unchanged)


def as_dict(found: Preview) -> dict[str, object]:
    """A preview as plain data, for JSON."""
    return {
        "added": [[line.subject, line.predicate, line.value] for line in found.added],
        "inferred": [[line.subject, line.predicate, line.value] for line in found.inferred],
        "answers": [
            {
                "question": one.name,
                "summary": one.summary,
                "given": one.given,
                "columns": list(one.columns),
                "added": [list(row) for row in one.added],
                "removed": [list(row) for row in one.removed],
                "more": one.more,
            }
            for one in found.answers
        ],
        "unchanged": found.unchanged,
    }


Run = tuple[Question, tuple[str, NamedNode] | None, str]
Rows = tuple[tuple[str, ...], list[tuple[str, ...]]]


def _runs(catalogue: Catalogue, nodes: list[NamedNode], snapshot: Snapshot, base: str) -> Iterator[Run]:
    """Each question as it stands, and about each thing that the entry names."""
    listed: dict[str, set[str]] = {}
    for question in catalogue.questions:
        asked = [parameter for parameter in question.parameters if parameter.type == "iri"]
        if not asked or any(parameter.default == "UNDEF" for parameter in asked):
            yield question, None, bind(question, {})
        for parameter in asked:
            values = parameter.values
            if values is None:
                continue
            if values not in listed:
                _, rows = _rows(snapshot, declare_prefixes(values, base), "value")
                listed[values] = {row[0] for row in rows}
            for node in nodes:
                if node.value in listed[values]:
                    yield question, (parameter.name, node), bind(question, {parameter.name: node})


def _rows(snapshot: Snapshot, text: str, only: str | None = None) -> Rows:
    body = json.loads(snapshot.query(text, Formats(bindings=JSON_RESULTS)).body)
    names = (only,) if only else tuple(body["head"]["vars"])
    rows = body["results"]["bindings"]
    return names, [tuple(row[name]["value"] if name in row else "" for name in names) for row in rows]


class _Words:
    """Values as people read them, each looked up once."""

    def __init__(self, known: Known, base: str) -> None:
        self.known = known
        self.base = base
        self._found: dict[str, str] = {}

    def text(self, value: str) -> str:
        if not value.startswith(self.base):
            return value
        if value not in self._found:
            node = NamedNode(value)
            self._found[value] = self.known.label(node) or self.known.shorten(node)
        return self._found[value]


def _things(triples: Iterable[Triple]) -> set[NamedNode]:
    """Nodes that an entry describes or refers to."""
    found: set[NamedNode] = set()
    for triple in triples:
        if isinstance(triple.subject, NamedNode):
            found.add(triple.subject)
        if isinstance(triple.object, NamedNode) and triple.predicate != TYPE:
            found.add(triple.object)
    return found


def _lines(triples: Iterable[Triple], words: _Words) -> Iterator[Line]:
    for triple in triples:
        value = cast(Term, triple.object)
        yield Line(
            words.text(triple.subject.value)
            if isinstance(triple.subject, NamedNode)
            else str(triple.subject),
            words.known.label(triple.predicate) or words.known.shorten(triple.predicate),
            words.text(value.value) if isinstance(value, NamedNode) else value.value,
        )
