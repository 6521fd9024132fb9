"""The gate of writes: what does not conform is refused, what conforms brings its closure along.

SPARQL Update, the Graph Store Protocol and the acceptance of entries all end in a `Change`
that passes here before it is committed, on exactly the state it will change.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, cast

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, Store, Triple
from pyoxigraph import Literal as RdfLiteral
from rdflib import OWL, RDFS

from ncpc_kg import store as stores
from ncpc_kg.closure import Rules, close, close_addition, close_removal, read_rules
from ncpc_kg.engine import Change, Quads, Reader, Subject, Term
from ncpc_kg.entries import provenance, render
from ncpc_kg.entries.check import Checker, disjoint_types
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.entries.model import Entry, Marks
from ncpc_kg.entries.profile import TYPE
from ncpc_kg.errors import Conflict, NotConforming, ServiceError
from ncpc_kg.graph import Dataset
from ncpc_kg.validation import VIOLATION, Finding, validate, validate_change
from ncpc_kg.validation.run import HIDDEN

OnViolation = Literal["refuse", "warn"]
logger = logging.getLogger("ncpc_kg.gate")

_LARGE = 5_000
_SHOWN = 10
_AXIOMS = tuple(
    NamedNode(str(name))
    for name in (
        *(RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, OWL.inverseOf),
        *(OWL.propertyChainAxiom, OWL.disjointWith, OWL.members, OWL.equivalentClass, OWL.equivalentProperty),
    )
)
_AXIOM_TYPES = tuple(
    NamedNode(str(name)) for name in (OWL.SymmetricProperty, OWL.TransitiveProperty, OWL.AllDisjointClasses)
)


class WriteGate:
    """Checks and completes writes; a `Gate`.

    Args:
        checker: Checks entries; holds shapes and rules.
        on_violation: What happens to a write that breaks a shape of the graph. Entries are
            refused in any case.
    """

    def __init__(self, checker: Checker, on_violation: OnViolation = "refuse") -> None:
        self.checker = checker
        self.on_violation = on_violation
        self.inferred = checker.rules.inferred
        self._rules: tuple[frozenset[str], Rules] | None = None

    def __call__(self, change: Change, reader: Reader) -> Change:
        """Check a change and add what follows from it.

        Args:
            change: What is about to be written.
            reader: The store, in the state before.

        Returns:
            The change with its effect on the inferred graph.

        Raises:
            NotConforming: It breaks a shape, an entry is not right, or it contradicts an axiom.
            Conflict: An entry describes what another one describes already.
        """
        if not isinstance(reader, stores.Store):
            raise ServiceError("The gate of writes works on the embedded store only.")
        named = reader.snapshot.named
        effect = self._effect(named, change)
        for name in self._entry_graphs(effect):
            self._check_entry(named, effect, name)
        notes = self._check_shapes(named, effect)
        return replace(self._completed(named, effect), notes=notes)

    # ------------------------------------------------------------------ shapes

    def _effect(self, named: Store, change: Change) -> Change:
        """What the change really changes: statements written twice or gone already fall out."""
        gone = frozenset(change.deleted) - frozenset(change.inserted)
        return replace(
            change,
            inserted=tuple(quad for quad in dict.fromkeys(change.inserted) if quad not in named),
            deleted=tuple(quad for quad in gone if quad in named),
        )

    def _check_shapes(self, named: Store, change: Change) -> tuple[str, ...]:
        found = validate_change(named, change, self.checker.shapes).findings
        broken = [finding for finding in found if finding.severity == VIOLATION]
        if broken:
            before = Dataset()
            before.store = named
            old = set(validate(before, self.checker.shapes, {finding.focus for finding in broken}).findings)
            broken = [finding for finding in broken if finding not in old]
        if not broken:
            return ()
        words = tuple(_words(finding) for finding in broken)
        if self.on_violation == "warn":
            for text in words:
                logger.warning("written although it does not conform: %s", text)
            return words
        error = NotConforming(
            "The write was refused: the graph would no longer conform to its shapes. Nothing was changed.",
            found="\n            ".join((*words[:_SHOWN], *_and_more(words))),
            hint="correct what is named, and send the whole write again",
        )
        error.report = {"conforms": False, "findings": [_plain(finding) for finding in broken]}
        raise error

    # ------------------------------------------------------------------ entries

    def _entry_graphs(self, change: Change) -> tuple[NamedNode, ...]:
        names = dict.fromkeys(quad.graph_name for quad in (*change.inserted, *change.deleted))
        return tuple(
            name
            for name in names
            if isinstance(name, NamedNode) and provenance.entry_name(self.checker.base, name.value)
        )

    def _check_entry(self, named: Store, change: Change, graph: NamedNode) -> None:
        """An entry stays a whole, conforming entry, or becomes a withdrawn one for good."""
        before = list(named.quads_for_pattern(None, None, None, graph))
        if any(quad.predicate == provenance.WITHDRAWN for quad in before):
            raise Conflict(
                "This entry was withdrawn; it stays as it is.",
                found=graph.value,
                hint="hand the centre in again as a new entry",
            )
        gone = set(change.deleted)
        after = [quad.triple for quad in before if quad not in gone]
        after += [quad.triple for quad in change.inserted if quad.graph_name == graph]
        if not after:
            return
        self._check_acceptance(graph, after)
        body = [triple for triple in after if not provenance.is_about(graph, triple)]
        if not body:
            return
        centres = [
            t.subject for t in body if t.predicate == TYPE and t.object == self.checker.profile.centre.kind
        ]
        if len(centres) != 1:
            raise NotConforming(
                "The graph of an entry describes exactly one centre.",
                found=f"{len(centres)} in {graph.value}",
                hint="give each centre an entry of its own, or write into another graph",
            )
        centre = cast(NamedNode | BlankNode, centres[0])
        entry = Entry(centre, tuple(body), Marks(), (), "", "", "")
        own = frozenset(quad for quad in (*before, *change.deleted) if isinstance(quad, Quad))
        checked = self.checker.check(named, entry, own)
        if checked.report.conforms:
            return
        if checked.taken_by is not None:
            raise self._taken(named, checked.report, checked.taken_by)
        raise refusal(checked.report)

    def _check_acceptance(self, graph: NamedNode, after: list[Triple]) -> None:
        """Two who accept the same submission at once write two dates; the second one is told."""
        dates = [t.object for t in after if t.subject == graph and t.predicate == provenance.ACCEPTED]
        if len(dates) > 1:
            raise Conflict(
                "This submission was accepted already.",
                found=min(cast(RdfLiteral, when).value for when in dates),
                hint="look at it under the address of the entry",
            )

    def _taken(self, named: Store, report: EntryReport, graph: str) -> Conflict:
        origin = {
            quad.predicate: quad.object.value  # type: ignore[union-attr]
            for quad in named.quads_for_pattern(NamedNode(graph), None, None, None)
        }
        by = f", handed in by {origin[provenance.CREATOR]}" if provenance.CREATOR in origin else ""
        at = f" on {origin[provenance.CREATED]}" if provenance.CREATED in origin else ""
        error = Conflict(
            f"{report.label} is in the graph already; the other submission won.",
            found=f"{graph}{by}{at}",
            hint="look at that entry; to correct it, hand in an entry that supersedes it",
        )
        error.report = render.as_dict(report)
        return error

    # ------------------------------------------------------------------ closure

    def _completed(self, named: Store, change: Change) -> Change:
        """Add to a change what it does to the inferred statements."""
        new = {q.triple for q in change.inserted if not _asserted(named, q.triple)}
        gone_quads = frozenset(change.deleted)
        back = {q.triple for q in change.inserted}
        gone = {
            q.triple
            for q in gone_quads
            if q.triple not in back and not _asserted(named, q.triple, gone_quads)
        }
        if not new and not gone:
            return change
        rules = self._current_rules(named)
        large = len(new) + len(gone) > _LARGE
        if large or rules.are_changed_by((*new, *gone)):
            return self._closed_again(named, change)
        drop, again = close_removal(named, gone, rules) if gone else (frozenset(), frozenset())
        state = _Overlay(named, gone, self.inferred, drop, again)
        added = close_addition(state, new, rules) - new
        # The inferred graph holds no statement that is asserted.
        drop |= {t for t in new if Quad(t.subject, t.predicate, t.object, self.inferred) in named}
        for node, pair in disjoint_types(named, (*new, *added), rules):
            if any(Triple(node, TYPE, one) in new or Triple(node, TYPE, one) in added for one in pair):
                raise _contradiction(node, pair)
        stays = again | added
        return replace(
            change,
            inserted=(*change.inserted, *(self._quad(t) for t in stays - drop)),
            deleted=(*change.deleted, *(self._quad(t) for t in drop - stays)),
        )

    def _closed_again(self, named: Store, change: Change) -> Change:
        """Close everything again: for changes of axioms, and for very large ones."""
        after = Dataset()
        after.store.bulk_extend(quad for quad in named if quad.graph_name != self.inferred)
        for quad in change.deleted:
            after.store.remove(quad)
        after.store.extend(change.inserted)
        close(after, self._read_rules(after))
        old = set(named.quads_for_pattern(None, None, None, self.inferred))
        new = set(after.store.quads_for_pattern(None, None, None, self.inferred))
        return replace(
            change, inserted=(*change.inserted, *(new - old)), deleted=(*change.deleted, *(old - new))
        )

    def _current_rules(self, named: Store) -> Rules:
        """The rules of the axioms that are in the store now; read again when those changed."""
        found = frozenset(str(quad) for quad in _axioms(named, self.inferred))
        if self._rules is None or self._rules[0] != found:
            state = Dataset()
            state.store = named
            self._rules = found, self._read_rules(state)
        return self._rules[1]

    def _read_rules(self, dataset: Dataset) -> Rules:
        checker = self.checker
        return read_rules(dataset, None, checker.base, checker.rules.shortcuts)

    def _quad(self, triple: Triple) -> Quad:
        return Quad(triple.subject, triple.predicate, triple.object, self.inferred)


def refusal(report: EntryReport) -> NotConforming:
    """The error for an entry that does not conform; it carries the report.

    Args:
        report: The report.

    Returns:
        The error, to be raised by the caller.
    """
    violations = [one for one in report.findings if one.severity == "violation"]
    texts = [f"{render.heading(one)}: {one.message}" for one in violations]
    error = NotConforming(
        f"The entry of {report.label} was refused; nothing was changed.",
        found="\n            ".join((*texts[:_SHOWN], *_and_more(texts))),
        hint="correct what is named, and hand it in again",
    )
    error.report = render.as_dict(report)
    return error


@dataclass(frozen=True)
class _Overlay:
    """A closed store from which some statements went, as the closure of an addition sees it."""

    store: Store
    gone: set[Triple]
    inferred: NamedNode
    dropped: frozenset[Triple]
    added: frozenset[Triple]

    def quads_for_pattern(
        self,
        subject: Subject | Triple | None,
        predicate: NamedNode | None,
        object: Term | Triple | None,
        graph_name: NamedNode | BlankNode | DefaultGraph | None = None,
    ) -> Iterator[Quad]:
        for quad in self.store.quads_for_pattern(subject, predicate, object, graph_name):
            inferred = quad.graph_name == self.inferred
            if quad.triple not in (self.dropped if inferred else self.gone):
                yield quad
        for triple in self.added:
            if (
                subject in (None, triple.subject)
                and predicate in (None, triple.predicate)
                and object in (None, triple.object)
            ):
                yield Quad(triple.subject, triple.predicate, triple.object, self.inferred)


def _axioms(named: Quads, inferred: NamedNode) -> Iterator[Quad]:
    for name in _AXIOMS:
        yield from (q for q in named.quads_for_pattern(None, name, None, None) if q.graph_name != inferred)
    for kind in _AXIOM_TYPES:
        yield from (q for q in named.quads_for_pattern(None, TYPE, kind, None) if q.graph_name != inferred)


def _asserted(named: Store, triple: Triple, without: frozenset[Quad] = frozenset()) -> bool:
    quads = named.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
    return any(quad.graph_name not in HIDDEN and quad not in without for quad in quads)


def _contradiction(node: Subject, pair: Iterable[NamedNode]) -> NotConforming:
    return NotConforming(
        f"The write was refused: {node} would belong to two disjoint classes.",
        found=" and ".join(sorted(str(one) for one in pair)),
        hint="correct its type, or the property whose domain or range gives the other type",
    )


def _words(finding: Finding) -> str:
    value = f" = {finding.value}" if finding.value is not None else ""
    path = f" {finding.path}" if finding.path is not None else ""
    return f"{finding.focus}{path}{value}: {finding.message}"


def _and_more(texts: Iterable[str]) -> tuple[str, ...]:
    count = len(list(texts)) - _SHOWN
    return (f"and {count} more",) if count > 0 else ()


def _plain(finding: Finding) -> dict[str, object]:
    return {
        "node": finding.focus.value,
        "path": str(finding.path) if finding.path is not None else None,
        "value": finding.value.value if finding.value is not None else None,
        "message": finding.message,
        "severity": finding.level,
        "shape": finding.shape.value if isinstance(finding.shape, NamedNode) else None,
    }
