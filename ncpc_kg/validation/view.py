"""What was asserted, as validation sees it: a store, perhaps with a change over it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from functools import lru_cache
from itertools import product
from typing import cast

from pyoxigraph import NamedNode, Triple
from rdflib import RDF, RDFS

from ncpc_kg.engine import Change, Quads, Subject, Term
from ncpc_kg.vocabulary import BASE, INFERRED

TYPE = NamedNode(str(RDF.type))
SUBCLASS = NamedNode(str(RDFS.subClassOf))


class _Inferred:
    """The names of graphs of inferred statements, under whatever base they are published."""

    def __contains__(self, name: object) -> bool:
        return _is_inferred(name)


@lru_cache(maxsize=1024)
def _is_inferred(name: object) -> bool:
    return isinstance(name, NamedNode) and name.value.endswith(_INFERRED)


_INFERRED = str(INFERRED).removeprefix(BASE)
HIDDEN = _Inferred()


class View:
    """The asserted statements of a store after a change that is not made yet.

    Inferred statements stay out of sight: they would make every value a member of the
    class that a range demands, and a finding must point at a statement that can be edited.

    Args:
        store: The statements in their graphs.
        hidden: The graphs to leave out; those of inferred statements by default.
        change: What is about to be added and removed.
    """

    def __init__(
        self, store: Quads, hidden: Container[object] = HIDDEN, change: Change | None = None
    ) -> None:
        self._store = store
        self._hidden = hidden
        self._gone = frozenset(change.deleted) if change else frozenset()
        # What is new, by every pattern that it matches.
        self._new: dict[tuple[object, object, object], list[Triple]] = {}
        new = {quad.triple for quad in change.inserted if quad.graph_name not in hidden} if change else ()
        for triple in new:
            subject, predicate, value = triple.subject, triple.predicate, triple.object
            for key in product((subject, None), (predicate, None), (value, None)):
                self._new.setdefault(key, []).append(triple)
        self._supers: dict[Term, frozenset[Term]] = {}

    def match(
        self, subject: Subject | None, predicate: NamedNode | None, object: Term | None
    ) -> Iterator[Triple]:
        """Yield the matching statements, each once, whatever graphs hold it."""
        new = self._new.get((subject, predicate, object), ())
        yield from new
        seen: set[Triple] = set(new)
        for quad in self._store.quads_for_pattern(subject, predicate, object, None):
            if quad.graph_name in self._hidden or (self._gone and quad in self._gone):
                continue
            triple = quad.triple
            if triple not in seen:
                seen.add(triple)
                yield triple

    def has(self, subject: Subject | None, predicate: NamedNode | None, object: Term | None) -> bool:
        """Say whether any statement matches."""
        if (subject, predicate, object) in self._new:
            return True
        return any(
            quad.graph_name not in self._hidden and quad not in self._gone
            for quad in self._store.quads_for_pattern(subject, predicate, object, None)
        )

    def types(self, node: Term) -> frozenset[Term]:
        """Return the classes of a node, superclasses included."""
        if not isinstance(node, Subject):
            return frozenset()
        found: set[Term] = set()
        for triple in self.match(node, TYPE, None):
            found |= self.supers(cast(Term, triple.object))
        return frozenset(found)

    def supers(self, name: Term) -> frozenset[Term]:
        """Return a class and its superclasses, as far as they are asserted."""
        if name not in self._supers:
            self._supers[name] = frozenset(_reachable(name, self._super))
        return self._supers[name]

    def subclasses(self, name: Term) -> frozenset[Term]:
        """Return a class and its subclasses, as far as they are asserted."""
        return frozenset(_reachable(name, self._sub))

    def _super(self, name: Term) -> Iterator[Term]:
        return (cast(Term, t.object) for t in self.match(cast(Subject, name), SUBCLASS, None))

    def _sub(self, name: Term) -> Iterator[Term]:
        return (cast(Term, t.subject) for t in self.match(None, SUBCLASS, name))


def _reachable(start: Term, step: Callable[[Term], Iterable[Term]]) -> set[Term]:
    found = {start}
    waiting = [start]
    while waiting:
        for other in step(waiting.pop()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found
