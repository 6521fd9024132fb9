"""Say in people's words what a rule found: which thing, which field, what belongs there."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import cast

import rdflib
from pyoxigraph import Literal, NamedNode, Triple
from rdflib import RDFS, SH, SKOS
from rdflib.term import Node

from ncpc_kg.engine import Subject, Term
from ncpc_kg.entries.choices import Choice
from ncpc_kg.entries.findings import EntryFinding, Repair
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, Note, Severity, Spot, objects
from ncpc_kg.entries.profile import TYPE, Field, Group, Profile, describe
from ncpc_kg.entries.repair import propose
from ncpc_kg.validation import Finding, Shapes
from ncpc_kg.validation.paths import Inverse, Predicate

_LABEL = NamedNode(str(SKOS.prefLabel))
_LISTED = 12
_CLOSED = str(SH.ClosedConstraintComponent)
_QUALIFIED = str(SH.QualifiedMinCountConstraintComponent), str(SH.QualifiedMaxCountConstraintComponent)


class Words:
    """Words for findings, from the shapes.

    Args:
        shapes: The shapes.
        profile: What an entry consists of.
    """

    def __init__(self, shapes: Shapes, profile: Profile) -> None:
        self.shapes = shapes
        self.profile = profile
        self.groups = profile.groups
        self._fields = {of.shape: of for group in self.groups for of in group.fields}
        named = {str(shape) for shape, _ in shapes.profile}
        parts = {
            str(part) for shape, _ in shapes.profile for part in shapes.graph.objects(shape, SH.property)
        }
        self.own_shapes = frozenset(named | parts | set(self._fields))
        self._texts: dict[tuple[str, Node], str] = {}

    def explained(self, raw: list[Finding], entry: Entry, known: Known) -> list[EntryFinding]:
        """Explain what rules found; of several that say the same of a value, one."""
        # Of two rules that say the same about a value, the entry's own speaks first.
        raw = sorted(dict.fromkeys(raw), key=lambda finding: shape_of(finding) not in self.own_shapes)
        broken = {finding.focus for finding in raw if str(finding.severity.value).endswith("Violation")}
        seen: set[tuple[object, ...]] = set()
        found: list[EntryFinding] = []
        for finding in raw:
            of = self._fields.get(shape_of(finding))
            if of is not None and of.group is not None and finding.component.value in _QUALIFIED:
                nodes = [
                    node
                    for node in objects(entry.triples, cast(Subject, finding.focus), of.path, of.turned)
                    if Triple(cast(Subject, node), TYPE, of.group.kind) in entry.triples
                ]
                within = of.minimum <= len(nodes) and (of.maximum is None or len(nodes) <= of.maximum)
                if within and any(node in broken for node in nodes):
                    continue  # the nodes' own findings say what is wrong with them
            parts = (str(finding.path), finding.value, finding.severity)
            key = (finding.focus, of.shape if of and of.turned else parts)
            if key in seen and (of is None or finding.value is not None):
                continue
            seen.add(key)
            found.append(self._explain(finding, of, entry, known))
        return found

    def _explain(self, finding: Finding, of: Field | None, entry: Entry, known: Known) -> EntryFinding:
        focus, value = finding.focus, finding.value
        if of is None:
            of = self._field_of(finding, entry) or self._replacing(finding)
        near: tuple[Choice, ...] = ()
        repair: Repair | None = None
        suggestions: tuple[str, ...] = ()
        if of is not None and value is not None:
            if of.is_choice and not known.fits(of, value):
                near = known.near(of, known.shorten(value))
                suggestions = tuple(known.text(of, choice.term) for choice in near)
            if isinstance(focus, Subject):
                repair = propose(of, focus, value, near, known)
        message = finding.message
        if finding.component.value == _CLOSED and isinstance(finding.path, Predicate):
            message, suggestions = self._unknown_property(finding.path.name, focus, entry, known)
        return EntryFinding(
            cast(Severity, finding.level),
            known.shorten(focus),
            self.label(focus, entry, known),
            self._path_label(of, focus, entry) if of else self._words(finding),
            None if value is None or value == focus else known.shown(value),
            message,
            _expected(of, known) if of else "",
            suggestions,
            repair,
            known.shorten(cast(Term, finding.shape)) if isinstance(finding.shape, NamedNode) else "",
            self._reason(finding.shape),
            self._spot(finding, of, entry),
            finding,
        )

    def _unknown_property(
        self, name: NamedNode, focus: Term, entry: Entry, known: Known
    ) -> tuple[str, tuple[str, ...]]:
        group = self._group_of(focus, entry)
        allowed = {known.shorten(of.path): of for of in group.fields if not of.turned}
        written = known.shorten(name)
        near = get_close_matches(written, allowed, n=2, cutoff=0.5)
        message = (
            f"An entry has no place for {written} on a node of the kind {group.label}, so it is not taken. "
            f"Take the statement out, or use one of: {', '.join(allowed)}."
        )
        return message, tuple(near)

    def noted(self, note: Note, entry: Entry, known: Known) -> EntryFinding:
        """Explain what the form itself shows."""
        node = note.focus or entry.centre
        return EntryFinding(
            note.severity,
            known.shorten(node),
            self.label(node, entry, known),
            note.field,
            note.value,
            note.message,
            suggestions=note.suggestions,
            rule=note.rule,
            spot=note.spot,
        )

    def about(
        self,
        node: Subject,
        entry: Entry,
        known: Known,
        spot: Spot | None,
        message: str,
        rule: str,
        suggestions: tuple[str, ...] = (),
    ) -> EntryFinding:
        """Say something of a node as a whole."""
        return EntryFinding(
            "violation",
            known.shorten(node) if isinstance(node, NamedNode) else str(node),
            self.label(node, entry, known),
            "",
            None,
            message,
            suggestions=suggestions,
            rule=rule,
            spot=spot,
        )

    def label(self, node: Term, entry: Entry, known: Known) -> str:
        """The name of a node: its own, or what it is for which centre."""
        if isinstance(node, Subject):
            texts = [t for t in objects(entry.triples, node, _LABEL, False) if isinstance(t, Literal)]
            if texts:
                return sorted(texts, key=lambda text: (text.language != "en", text.value))[0].value
            kinds = set(objects(entry.triples, node, TYPE, False))
            if node == entry.centre or self.profile.group_of(kinds) is not None:
                group = self._group_of(node, entry)
                return (
                    group.label
                    if node == entry.centre
                    else f"{group.label} of {self.label(entry.centre, entry, known)}"
                )
            return known.label(node) or known.shorten(node)
        return known.shown(node)

    def _group_of(self, node: Term, entry: Entry) -> Group:
        kinds = set(objects(entry.triples, node, TYPE, False)) if isinstance(node, Subject) else set()
        return next((group for group in self.groups if group.kind in kinds), self.groups[0])

    def _field_of(self, finding: Finding, entry: Entry) -> Field | None:
        """The field that a rule of the graph's shapes is about, by its property."""
        path, turned = finding.path, False
        if isinstance(path, Inverse):
            path, turned = path.path, True
        if not isinstance(path, Predicate):
            return None
        fields = self._group_of(finding.focus, entry).fields
        fitting = [of for of in fields if of.path == path.name and of.turned == turned]
        return fitting[0] if len(fitting) == 1 else None

    def _replacing(self, finding: Finding) -> Field | None:
        """The field that says a rule of the graph in its own words, if only one does."""
        fitting = [of for of in self._fields.values() if shape_of(finding) in of.replaces]
        return fitting[0] if len(fitting) == 1 else None

    def field_label(self, path: NamedNode) -> str:
        """The label of the field of a centre that stands for a property."""
        return next((of.label for of in self.profile.centre.fields if of.path == path), "")

    def _path_label(self, of: Field, focus: Term, entry: Entry) -> str:
        """The label of a field, after those of the groups it is within."""
        labels = [of.label]
        group = self._group_of(focus, entry)
        while group is not self.groups[0]:
            outer = next(
                (
                    (one, inner)
                    for one in self.groups
                    for inner in one.fields
                    if inner.inner and inner.inner.shape == group.shape
                ),
                None,
            )
            if outer is None:
                break
            labels.insert(0, outer[1].label)
            group = outer[0]
        return ": ".join(labels)

    def _words(self, finding: Finding) -> str:
        """A path that is no field of the entry, in words: the name its shape gives it."""
        if finding.path is None:
            return ""
        return self._text_of(finding.shape, SH.name) or str(finding.path)

    def _reason(self, shape: Term) -> str:
        for predicate in (SH.description, SKOS.definition, RDFS.comment, SKOS.prefLabel):
            if text := self._text_of(shape, predicate):
                return text
        return ""

    def _text_of(self, shape: Term, predicate: Node) -> str:
        key = (str(shape), predicate)
        if key not in self._texts:
            node = (
                rdflib.URIRef(shape.value) if isinstance(shape, NamedNode) else rdflib.BNode(str(shape)[2:])
            )
            texts = sorted(
                cast(Iterable[rdflib.Literal], self.shapes.graph.objects(node, predicate)),
                key=lambda text: (text.language not in ("en", None), str(text)),
            )
            self._texts[key] = str(texts[0]) if texts else ""
        return self._texts[key]

    def _spot(self, finding: Finding, of: Field | None, entry: Entry) -> Spot | None:
        focus, value = finding.focus, finding.value
        if not isinstance(focus, Subject):
            return None
        if of is not None and value is None:
            return entry.marks.find(focus, of.shape)
        if isinstance(finding.path, Predicate) and value is not None:
            return entry.marks.find(focus, finding.path.name, value)
        if isinstance(value, Subject) and value in set(entry.nodes()):
            return entry.marks.find(value)
        return entry.marks.find(focus)


def shape_of(finding: Finding) -> str:
    """IRI of the shape of a finding; empty for a shape without one."""
    return finding.shape.value if isinstance(finding.shape, NamedNode) else ""


def _expected(of: Field, known: Known) -> str:
    """What belongs in a field: its help, the form of a value, the choices if they are few."""
    parts = [of.help]
    if of.group is not None:
        parts.append("Its fields: " + ", ".join(one.key for one in of.group.fields) + ".")
    if form := describe(of):
        parts.append(form[:1].upper() + form[1:] + ".")
    if of.is_choice and of.schemes:
        choices = known.choices(of).listed
        names = ", ".join(choice.label for choice in choices[:_LISTED])
        parts.append(f"One of: {names}" + (", ..." if len(choices) > _LISTED else "."))
    return " ".join(part for part in parts if part)
