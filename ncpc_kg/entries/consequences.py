"""What follows from a write: its effect on the inferred graph, by increments where that is enough."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Quad, Store, Triple
from rdflib import OWL, RDFS

from ncpc_kg.closure import Rules, close, close_addition, close_removal, read_rules
from ncpc_kg.engine import Change, Quads, Subject, Term
from ncpc_kg.entries.check import disjoint_types
from ncpc_kg.entries.profile import TYPE
from ncpc_kg.errors import NotConforming
from ncpc_kg.graph import Dataset
from ncpc_kg.validation.run import HIDDEN

_LARGE = 5_000
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


class Consequences:
    """Completes changes of a closed graph, so that it is closed again.

    Args:
        rules: The rules of the closure.
        base: Base IRI the graph is published under.
    """

    def __init__(self, rules: Rules, base: str) -> None:
        self.base = base
        self.inferred = rules.inferred
        self.shortcuts = rules.shortcuts
        self._rules: tuple[frozenset[str], Rules] | None = None

    def __call__(self, named: Store, change: Change) -> Change:
        """Add to a change what it does to the inferred statements.

        Args:
            named: The store, in the state before.
            change: What is about to be written, without what is there or gone already.

        Returns:
            The change with its effect on the inferred graph.

        Raises:
            NotConforming: It contradicts an axiom.
        """
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
        return read_rules(dataset, None, self.base, self.shortcuts)

    def _quad(self, triple: Triple) -> Quad:
        return Quad(triple.subject, triple.predicate, triple.object, self.inferred)


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
