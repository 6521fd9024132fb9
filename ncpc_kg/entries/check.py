"""Check an entry against the whole graph by looking only at what it touches."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from rdflib import SKOS

from ncpc_kg.closure import Rules, close_addition
from ncpc_kg.engine import Change, Quads, Subject, Term
from ncpc_kg.entries import provenance
from ncpc_kg.entries.findings import EntryFinding, EntryReport
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, objects
from ncpc_kg.entries.profile import TYPE, Profile
from ncpc_kg.entries.remembered import Present
from ncpc_kg.entries.words import Words, shape_of
from ncpc_kg.store import Store
from ncpc_kg.validation import Finding, Shapes, validate_entry, validate_nodes
from ncpc_kg.validation.run import HIDDEN

_LABEL = NamedNode(str(SKOS.prefLabel))
# Control characters, what turns the direction of other text, and marks of a lost encoding.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffd]")


@dataclass(frozen=True)
class Checked:
    """What checking an entry gives.

    Attributes:
        entry: The entry.
        report: What is wrong.
        change: The statements to add, provenance included.
        inferred: What follows from them.
        taken_by: IRI of an accepted entry that describes the same centre, if one does.
    """

    entry: Entry
    report: EntryReport
    change: Change
    inferred: frozenset[Triple]
    taken_by: str | None = None


class Checker:
    """Checks entries; make it once for a set of shapes.

    Args:
        shapes: The shapes of the graph, the entry shape among them.
        profile: What an entry consists of.
        rules: The rules of the closure.
        base: Base IRI the graph is published under.
    """

    def __init__(self, shapes: Shapes, profile: Profile, rules: Rules, base: str) -> None:
        self.shapes = shapes
        self.profile = profile
        self.rules = rules
        self.base = base
        self.words = Words(shapes, profile)
        self._known: tuple[Path, str, Known] | None = None

    def known(self, store: Store) -> Known:
        """What a graph knows; kept through the writes that it is told of with `follow`."""
        if self._known is None or self._known[:2] != (store.directory, store.version):
            self._known = store.directory, store.version, Known(Present(store), self.base)
        return self._known[2]

    def follow(self, store: Store, change: Change, before: str) -> None:
        """Take note of a write that a store has taken.

        Args:
            store: The store.
            change: The write.
            before: The version of the store before it.
        """
        if self._known is not None and self._known[:2] == (store.directory, before):
            self._known[2].follow(change)
            self._known = store.directory, store.version, self._known[2]

    def check(self, entry: Entry, known: Known, without: frozenset[Quad] = frozenset()) -> Checked:
        """Check one entry.

        Args:
            entry: The entry.
            known: What the graph knows.
            without: Statements that go at the same time, such as those of an entry that
                this one supersedes.

        Returns:
            The findings, and what accepting it would add.
        """
        draft = NamedNode(provenance.graph_iri(self.base, provenance.DRAFT))
        axioms = [triple for triple in entry.triples if self.rules.are_changed_by((triple,))]
        said = [triple for triple in entry.triples if triple not in axioms] if axioms else entry.triples
        statements = [*said, *provenance.of(entry, draft, "draft", provenance.EPOCH)]
        change = Change(
            tuple(Quad(t.subject, t.predicate, t.object, draft) for t in statements), tuple(without)
        )
        findings = [self.words.noted(note, entry, known) for note in entry.notes]
        kinds = {group.kind for group in self.profile.groups}
        typed = {t.subject for t in entry.triples if t.predicate == TYPE and t.object in kinds}
        foreign = set(entry.nodes()) - typed - {entry.centre}
        owned = list(self._ownership(entry, foreign, known, without))
        findings += [finding for finding, _ in owned]
        findings += self._unseen(entry, known)
        findings += (self._axiom(triple, entry, known) for triple in axioms)
        taken = next((graph for _, graph in owned if graph), None)
        raw = validate_entry(known.store, change, self.shapes).findings
        # The submission itself is described, too, but is no node of the entry.
        raw = tuple(one for one in raw if one.focus != draft or shape_of(one) not in self.words.own_shapes)
        # What is not the entry's to describe is not held against the rules of entries.
        raw = tuple(one for one in raw if one.focus not in foreign)
        findings += self.words.explained(list(self._new_only(entry, raw, known)), entry, known)
        inferred: frozenset[Triple] = frozenset()
        if not any(isinstance(node, BlankNode) for node in entry.nodes()):
            inferred = close_addition(known.store, statements, self.rules)
            findings += self._contradictions(entry, inferred, known)
        if taken is not None:
            # Whatever else is wrong, it is wrong because the centre is there already.
            findings = [finding for finding in findings if finding.rule == "taken"]
        label = self.words.label(entry.centre, entry, known)
        report = EntryReport(
            known.shorten(entry.centre),
            label,
            tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.key)),
            entry.name,
            entry.media_type,
            len(entry.triples),
        )
        return Checked(entry, report, change, inferred, taken)

    # ------------------------------------------------------------------ rules

    def _new_only(self, entry: Entry, findings: Iterable[Finding], known: Known) -> Iterator[Finding]:
        """Leave out what was found in the graph before, which is not the entry's doing."""
        own = set(entry.nodes())
        found = list(findings)
        others = {finding.focus for finding in found} - own
        before: set[Finding] = set()
        if others:
            before = set(validate_nodes(known.store, self.shapes, others).findings)
        return (finding for finding in found if finding not in before)

    def _ownership(
        self, entry: Entry, foreign: set[Subject], known: Known, without: frozenset[Quad]
    ) -> Iterator[tuple[EntryFinding, str | None]]:
        """An entry describes its own nodes, each named in our namespace, and no others."""
        for node in entry.nodes():
            spot = entry.marks.find(node)
            if isinstance(node, BlankNode) and node not in foreign:
                continue  # the shape of all nodes of an entry says so
            about = known.store.quads_for_pattern(node, None, None, None)
            there = next((q for q in about if q.graph_name not in HIDDEN and q not in without), None)
            where = known.shorten(cast(Term, there.graph_name)) if there else ""
            if node in foreign:
                already = f"It is in the graph already ({where}). " if there else ""
                message = (
                    f"This node is no part of an entry. {already}Take out its statements, or hand them in "
                    "as a change of the graph."
                )
                twins = self._twins(node, entry, known)
                yield self.words.about(node, entry, known, spot, message, "foreign-node", twins), None
                continue
            if not node.value.startswith(self.base + "id/"):
                message = (
                    "This IRI is not one of ours, and an entry describes only things of its own. "
                    f"Use one that starts with {self.base}id/."
                )
                yield self.words.about(node, entry, known, spot, message, "namespace"), None
            if there:
                graph = there.graph_name
                message = (
                    f"{known.label(node) or 'This node'} is in the graph already ({where}). "
                    "Choose another IRI, or supersede the entry that describes it."
                )
                found = self.words.about(node, entry, known, spot, message, "taken")
                yield found, graph.value if node == entry.centre and isinstance(graph, NamedNode) else None
        yield from ((finding, None) for finding in self._same_name(entry, known, without))

    def _same_name(self, entry: Entry, known: Known, without: frozenset[Quad]) -> Iterator[EntryFinding]:
        for value in objects(entry.triples, entry.centre, _LABEL, False):
            for quad in known.store.quads_for_pattern(None, _LABEL, value, None):
                twin = cast(Subject, quad.subject)
                kind = self.profile.centre.kind
                is_centre = next(known.store.quads_for_pattern(twin, TYPE, kind, None), None)
                if twin != entry.centre and is_centre and quad not in without:
                    spot = entry.marks.find(entry.centre, _LABEL, value)
                    message = (
                        f"A centre of this name exists: {known.shorten(twin)}. "
                        "If it is the same centre, do not enter it again."
                    )
                    found = self.words.about(
                        entry.centre, entry, known, spot, message, "duplicate", (known.shorten(twin),)
                    )
                    yield replace(found, value=known.shown(value), field=self.words.field_label(_LABEL))

    def _twins(self, node: Subject, entry: Entry, known: Known) -> tuple[str, ...]:
        """Things of the graph with the same name as a node that does not belong in an entry."""
        found = []
        for value in objects(entry.triples, node, _LABEL, False):
            for quad in known.store.quads_for_pattern(None, _LABEL, value, None):
                found.append(
                    f"{known.shorten(cast(Term, quad.subject))} ({known.shown(value)}), which exists"
                )
        return tuple(dict.fromkeys(found))[:3]

    def _unseen(self, entry: Entry, known: Known) -> Iterator[EntryFinding]:
        """Texts with characters that nobody sees, or with nothing else."""
        for triple in entry.triples:
            if not isinstance(triple.object, Literal):
                continue
            text = triple.object.value
            lost = sorted(set(_UNSEEN.findall(text)))
            if not lost and any(unicodedata.category(one)[0] in "LNPS" for one in text):
                continue
            names = ", ".join(f"U+{ord(one):04X}" for one in lost) or "nothing that can be seen"
            message = f"This text holds {names}. Type it again, with what can be read alone."
            subject = cast(Subject, triple.subject)
            spot = entry.marks.find(subject, triple.predicate, triple.object)
            found = self.words.about(subject, entry, known, spot, message, "unseen")
            field = self.words.field_label(triple.predicate)
            yield replace(found, value=_UNSEEN.sub("\ufffd", text), field=field)

    def _axiom(self, triple: Triple, entry: Entry, known: Known) -> EntryFinding:
        """A statement from which anything could follow; it is not looked at further."""
        message = (
            f"{known.shorten(triple.predicate)} belongs in the ontology, and no entry uses it so. "
            "Take this statement out."
        )
        subject = cast(Subject, triple.subject)
        spot = entry.marks.find(subject, triple.predicate, triple.object)
        return self.words.about(subject, entry, known, spot, message, "axiom")

    def _contradictions(
        self, entry: Entry, inferred: frozenset[Triple], known: Known
    ) -> Iterator[EntryFinding]:
        """Nodes that would belong to two disjoint classes (rules cax-dw and cax-adc)."""
        for node, pair in disjoint_types(known.store, (*entry.triples, *inferred), self.rules):
            names = " and ".join(sorted(known.shorten(one) for one in pair))
            message = (
                f"This would be {names} at once, and nothing is both. "
                "Look at its type and at what refers to it."
            )
            yield self.words.about(node, entry, known, entry.marks.find(node), message, "disjoint-classes")


def disjoint_types(
    store: Quads, triples: Iterable[Triple], rules: Rules
) -> Iterator[tuple[Subject, frozenset[NamedNode]]]:
    """Yield nodes that new statements would make members of two disjoint classes.

    Args:
        store: The graph before.
        triples: The new statements, those that follow included.
        rules: The rules.

    Yields:
        The node, with two of the classes.
    """
    added: dict[Subject, set[NamedNode]] = {}
    for triple in triples:
        if triple.predicate == TYPE:
            added.setdefault(cast(Subject, triple.subject), set()).add(cast(NamedNode, triple.object))
    for node, kinds in added.items():
        kinds |= {cast(NamedNode, quad.object) for quad in store.quads_for_pattern(node, TYPE, None, None)}
        for names in rules.disjoint:
            both = sorted(kinds & names, key=lambda name: name.value)
            if len(both) > 1:
                yield node, frozenset(both[:2])
