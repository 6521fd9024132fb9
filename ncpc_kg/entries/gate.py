"""The gate of writes: what does not conform is refused, what conforms brings its closure along.

SPARQL Update, the Graph Store Protocol and the acceptance of entries all end in a `Change`
that passes here before it is committed, on exactly the state it will change.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, cast

from pyoxigraph import BlankNode, NamedNode, Quad, Store, Triple
from pyoxigraph import Literal as RdfLiteral

from ncpc_kg import store as stores
from ncpc_kg.engine import Change
from ncpc_kg.entries import provenance, render
from ncpc_kg.entries.check import Checker
from ncpc_kg.entries.consequences import Consequences
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, Marks
from ncpc_kg.entries.profile import TYPE
from ncpc_kg.entries.register import Register
from ncpc_kg.errors import Conflict, NotConforming
from ncpc_kg.validation import VIOLATION, Finding, validate_change, validate_nodes

OnViolation = Literal["refuse", "warn"]
logger = logging.getLogger("ncpc_kg.gate")

_SHOWN = 10


class WriteGate(stores.Gate):
    """Refuses what does not conform, completes the rest.

    Args:
        checker: Checks entries; holds shapes and rules.
        on_violation: What happens to a write that breaks a shape of the graph. Entries are
            refused in any case.
    """

    def __init__(self, checker: Checker, on_violation: OnViolation = "refuse") -> None:
        self.checker = checker
        self.on_violation = on_violation
        self.consequences = Consequences(checker.rules, checker.base)
        self.register = Register(checker.base, checker.profile.centre.kind)

    def __call__(self, change: Change, store: stores.Store) -> Change:
        """Check a change and add what follows from it.

        Args:
            change: What is about to be written.
            store: The store, in the state before.

        Returns:
            The change with its effect on the inferred graph.

        Raises:
            NotConforming: It breaks a shape, an entry is not right, or it contradicts an axiom.
            Conflict: An entry describes what another one describes already.
        """
        named, known = store.snapshot.named, self.checker.known(store)
        effect = self._effect(named, change)
        for name in self._entry_graphs(effect):
            self._check_entry(named, effect, name, known)
        notes = self._check_shapes(effect, known)
        return replace(self.consequences(named, effect), notes=notes)

    def follow(self, store: stores.Store, change: Change, before: str) -> None:
        """Take note of a write that a store has taken; see `Checker.follow`."""
        self.checker.follow(store, change, before)

    # ------------------------------------------------------------------ shapes

    def _effect(self, named: Store, change: Change) -> Change:
        """What the change really changes: statements written twice or gone already fall out."""
        gone = frozenset(change.deleted) - frozenset(change.inserted)
        return replace(
            change,
            inserted=tuple(quad for quad in dict.fromkeys(change.inserted) if quad not in named),
            deleted=tuple(quad for quad in gone if quad in named),
        )

    def _check_shapes(self, change: Change, known: Known) -> tuple[str, ...]:
        found = validate_change(known.store, change, self.checker.shapes).findings
        broken = [finding for finding in found if finding.severity == VIOLATION]
        if broken:
            focus = {finding.focus for finding in broken}
            old = set(validate_nodes(known.store, self.checker.shapes, focus).findings)
            broken = [finding for finding in broken if finding not in old]
        if not broken:
            return ()
        words = tuple(_words(finding, known) for finding in broken)
        if self.on_violation == "warn":
            for text in words:
                logger.warning("written although it does not conform: %s", text)
            return words
        error = NotConforming(
            "The write was refused: the graph would no longer conform to its shapes. Nothing was changed.",
            found="\n".join((*words[:_SHOWN], *_and_more(words))),
            hint="correct what is named, and send the whole write again",
        )
        error.report = {"conforms": False, "findings": [_plain(finding, known) for finding in broken]}
        raise error

    # ------------------------------------------------------------------ entries

    def _entry_graphs(self, change: Change) -> tuple[NamedNode, ...]:
        names = dict.fromkeys(quad.graph_name for quad in (*change.inserted, *change.deleted))
        return tuple(
            name
            for name in names
            if isinstance(name, NamedNode) and provenance.entry_name(self.checker.base, name.value)
        )

    def _check_entry(self, named: Store, change: Change, graph: NamedNode, known: Known) -> None:
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
        checked = self.checker.check(entry, known, own)
        if checked.report.conforms:
            return
        if checked.taken_by is not None:
            raise self.register.taken(named, checked.report, checked.taken_by)
        raise refusal(checked.report)

    def _check_acceptance(self, graph: NamedNode, after: list[Triple]) -> None:
        """Two who accept the same submission at once write two dates or names; the second is told."""
        for predicate in (provenance.ACCEPTED, provenance.ACCEPTED_BY):
            values = [t.object for t in after if t.subject == graph and t.predicate == predicate]
            if len(values) > 1:
                raise Conflict(
                    "This submission was accepted already.",
                    found=min(cast(RdfLiteral, value).value for value in values),
                    hint="look at it under the address of the entry",
                )


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
        found="\n".join((*texts[:_SHOWN], *_and_more(texts))),
        hint="correct what is named, and hand it in again",
    )
    error.report = render.as_dict(report)
    return error


def _words(finding: Finding, known: Known) -> str:
    value = f" = {known.shown(finding.value)}" if finding.value is not None else ""
    path = f" {finding.path}" if finding.path is not None else ""
    return f"{known.shown(finding.focus)}{path}{value}: {finding.message}"


def _and_more(texts: Iterable[str]) -> tuple[str, ...]:
    count = len(list(texts)) - _SHOWN
    return (f"and {count} more",) if count > 0 else ()


def _plain(finding: Finding, known: Known) -> dict[str, object]:
    return {
        "node": finding.focus.value,
        "label": known.label(finding.focus),
        "path": str(finding.path) if finding.path is not None else None,
        "value": finding.value.value if finding.value is not None else None,
        "message": finding.message,
        "severity": finding.level,
        "shape": finding.shape.value if isinstance(finding.shape, NamedNode) else None,
    }
