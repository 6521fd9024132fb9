"""Follow one change of the asserted statements: what it adds to the closure, what it takes away.

The same tables as the full closure, applied to the changed statements and joined with the
rest through look-ups, so that the cost depends on the change and not on the graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import cast

from pyoxigraph import Literal, NamedNode, Quad, QueryTriples, Store, Triple

from ncpc_kg.closure.rules import TYPE, Rules
from ncpc_kg.engine import Quads, Subject, Term
from ncpc_kg.errors import Conflict


def close_addition(store: Quads, new_triples: Iterable[Triple], rules: Rules) -> frozenset[Triple]:
    """Work out what new asserted statements entail, given a closed store.

    Args:
        store: A closed store, inferred graph included; not changed.
        new_triples: Statements about to be asserted.
        rules: The rules.

    Returns:
        The statements to add to the inferred graph; together with those there they equal
        the closure of everything. Those of the inferred graph that are now asserted
        are among `new_triples`: the caller takes them out of the inferred graph.

    Raises:
        Conflict: A new statement is an axiom: read the rules again and close everything.
    """
    asserted = frozenset(new_triples)
    _refuse_axioms(asserted, rules)
    state = _State(store)
    for triple in asserted:
        state.add(triple)
    waiting = [*asserted, *_shortcuts(state, _subjects(asserted), rules)]
    added: set[Triple] = set()
    while waiting:
        triple = waiting.pop()
        if triple not in asserted:
            if state.holds(triple):
                continue
            added.add(triple)
            state.add(triple)
        waiting.extend(other for other in rules.entailed(triple) if not state.holds(other))
        waiting.extend(other for other in _chained(state, triple, rules) if not state.holds(other))
    return frozenset(added)


def close_removal(
    store: Quads, removed: Iterable[Triple], rules: Rules
) -> tuple[frozenset[Triple], frozenset[Triple]]:
    """Work out what is no longer entailed when asserted statements go (delete and rederive).

    Args:
        store: A closed store, inferred graph included; not changed.
        removed: Statements that will be asserted in no graph any more.
        rules: The rules.

    Returns:
        The statements to delete from the inferred graph, and those to add to it: removed
        ones that still follow from what remains.

    Raises:
        Conflict: A removed statement is an axiom: read the rules again and close everything.
    """
    gone = frozenset(removed)
    _refuse_axioms(gone, rules)
    before = _State(store)
    # Delete: whatever a removed statement had a part in.
    doubtful: set[Triple] = set()
    current = {
        triple
        for triple in _shortcuts(before, _subjects(gone), rules)
        if not before.is_asserted(triple, rules.inferred, gone)
    }
    waiting = [*gone, *current]
    while waiting:
        triple = waiting.pop()
        if triple in doubtful or not before.holds(triple):
            continue
        doubtful.add(triple)
        for other in (*rules.entailed(triple), *_chained(before, triple, rules)):
            if other not in doubtful and not before.is_asserted(other, rules.inferred, gone):
                waiting.append(other)
    # Rederive: keep what one step from the rest gives, until nothing more comes back.
    after = _State(store, without=doubtful)
    others = {subject for triple in current for subject in after.naming_both(triple)}
    follow = set(_shortcuts(after, _subjects(gone) | others, rules))
    while back := {t for t in doubtful if t in follow or _follows(after, t, rules)}:
        doubtful -= back
        after.restore(back)
    inferred = {t for t in doubtful if t not in gone}
    return frozenset(inferred), frozenset(t for t in gone if after.holds(t))


class _State:
    """A store with statements over it, or with some of its statements taken away."""

    def __init__(self, store: Quads, without: Iterable[Triple] = ()) -> None:
        self._store = store
        self._hidden = set(without)
        self._new: set[Triple] = set()
        self._by_subject: dict[tuple[object, object], list[Triple]] = {}
        self._by_object: dict[tuple[object, object], list[Triple]] = {}

    def add(self, triple: Triple) -> None:
        if triple in self._new:
            return
        self._new.add(triple)
        self._by_subject.setdefault((triple.subject, triple.predicate), []).append(triple)
        self._by_object.setdefault((triple.predicate, triple.object), []).append(triple)

    def restore(self, triples: Iterable[Triple]) -> None:
        self._hidden.difference_update(triples)

    def holds(self, triple: Triple) -> bool:
        if triple in self._new:
            return True
        if triple in self._hidden:
            return False
        pattern = (triple.subject, triple.predicate, triple.object)
        return next(self._store.quads_for_pattern(*pattern, None), None) is not None

    def is_asserted(self, triple: Triple, inferred: NamedNode, gone: frozenset[Triple]) -> bool:
        quads = self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object, None)
        return triple not in gone and any(quad.graph_name != inferred for quad in quads)

    def objects(self, subject: Subject, predicate: NamedNode) -> set[Term]:
        return {cast(Term, triple.object) for triple in self.match(subject, predicate, None)}

    def subjects(self, predicate: NamedNode, value: Term) -> set[Subject]:
        return {cast(Subject, triple.subject) for triple in self.match(None, predicate, value)}

    def has(self, subject: Subject | None, predicate: NamedNode, value: Term | None) -> bool:
        return next(self.match(subject, predicate, value), None) is not None

    def naming_both(self, triple: Triple) -> Iterator[Subject]:
        """Yield nodes that name both ends of a statement, and so may be another reason for it."""
        for quad in self._store.quads_for_pattern(None, None, triple.subject, None):
            if next(self._store.quads_for_pattern(quad.subject, None, triple.object, None), None):
                yield cast(Subject, quad.subject)

    def asserted_about(self, subject: Subject, inferred: NamedNode) -> Iterator[Triple]:
        """Yield what is asserted of a subject; right only before inferred statements are added."""
        for quad in self._store.quads_for_pattern(subject, None, None, None):
            if quad.graph_name != inferred and quad.triple not in self._hidden:
                yield quad.triple
        yield from (triple for triple in self._new if triple.subject == subject)

    def match(self, subject: Subject | None, predicate: NamedNode, value: Term | None) -> Iterator[Triple]:
        for quad in self._store.quads_for_pattern(subject, predicate, value, None):
            if not self._hidden or quad.triple not in self._hidden:
                yield quad.triple
        if value is None:
            yield from self._by_subject.get((subject, predicate), ())
        else:
            yield from self._by_object.get((predicate, value), ())


def _refuse_axioms(triples: frozenset[Triple], rules: Rules) -> None:
    if rules.are_changed_by(triples):
        raise Conflict(
            "The change touches the ontology's axioms.",
            hint="close the whole dataset again",
        )


def _shortcuts(state: _State, subjects: set[Subject], rules: Rules) -> Iterator[Triple]:
    """Run the shortcuts query on what the subjects assert; each of its patterns starts at one."""
    about = {triple for subject in subjects for triple in state.asserted_about(subject, rules.inferred)}
    small = Store()
    small.extend(Quad(triple.subject, triple.predicate, triple.object) for triple in about)
    return iter(cast(QueryTriples, small.query(rules.shortcuts)))


def _subjects(triples: Iterable[Triple]) -> set[Subject]:
    return {cast(Subject, triple.subject) for triple in triples}


def _chained(state: _State, triple: Triple, rules: Rules) -> Iterator[Triple]:
    """Yield the heads of chains in whose body one statement takes part."""
    for chain, position in rules.chain_steps.get(triple.predicate, ()):
        starts: set[Subject] = {cast(Subject, triple.subject)}
        for step in reversed(chain.body[:position]):
            starts = {subject for value in starts for subject in state.subjects(step, value)}
        ends = _walk(state, {cast(Term, triple.object)}, chain.body[position + 1 :]) if starts else ()
        yield from (Triple(start, chain.head, end) for start in starts for end in ends)


def _walk(state: _State, nodes: set[Term], steps: tuple[NamedNode, ...]) -> set[Term]:
    for step in steps:
        nodes = {
            value for node in nodes if not isinstance(node, Literal) for value in state.objects(node, step)
        }
    return nodes


def _follows(state: _State, triple: Triple, rules: Rules) -> bool:
    """Say whether a statement follows in one step from what a state holds."""
    subject, value = cast(Subject, triple.subject), cast(Term, triple.object)
    if triple.predicate == TYPE:
        name = cast(NamedNode, value)
        return (
            any(state.has(subject, TYPE, kind) for kind in rules.subclasses.get(name, ()))
            or any(state.has(subject, source, None) for source in rules.typing_subject.get(name, ()))
            or any(state.has(None, source, subject) for source in rules.typing_object.get(name, ()))
        )
    if any(state.has(subject, source, value) for source in rules.giving_forward.get(triple.predicate, ())):
        return True
    if not isinstance(value, Literal) and any(
        state.has(value, source, subject) for source in rules.giving_backward.get(triple.predicate, ())
    ):
        return True
    return any(
        value in _walk(state, {subject}, chain.body)
        for chain in rules.chains
        if chain.head == triple.predicate
    )
