"""A state of the graph whose look-ups are remembered, because entries ask the same again and again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple
from rdflib import RDF

from ncpc_kg.engine import Change, Quads
from ncpc_kg.store import Store

TYPE = NamedNode(str(RDF.type))
# Longer answers are not kept, and no more answers than these.
_LONG, _MOST = 16, 50_000


class Remembered:
    """A store, and what it answered to patterns with two or three terms.

    The engine finds the types of a thing by walking all its statements, or all that point at
    it: milliseconds for a donor of thousands of centres, asked for several times by every check.
    Whoever writes to the store tells of it with `follow`.

    Args:
        store: The store.
    """

    def __init__(self, store: Quads) -> None:
        self._store = store
        self._kept: dict[tuple[object, ...], tuple[Quad, ...]] = {}

    def quads_for_pattern(
        self,
        subject: NamedNode | BlankNode | Triple | None,
        predicate: NamedNode | None,
        object: NamedNode | BlankNode | Literal | Triple | None,
        graph_name: NamedNode | BlankNode | DefaultGraph | None = None,
    ) -> Iterator[Quad]:
        """Yield the matching quads."""
        if graph_name is not None or (subject, predicate, object).count(None) > 1:
            return self._store.quads_for_pattern(subject, predicate, object, graph_name)
        if predicate == TYPE and subject is not None and object is not None:
            # All types of a thing are as quickly found as one.
            return (quad for quad in self.quads_for_pattern(subject, TYPE, None) if quad.object == object)
        key = (subject, predicate, object)
        if (kept := self._kept.get(key)) is not None:
            return iter(kept)
        quads = iter(self._store.quads_for_pattern(subject, predicate, object, None))
        found = tuple(islice(quads, _LONG))
        if len(found) == _LONG:
            return chain(found, quads)
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key] = found
        return iter(found)

    def follow(self, change: Change) -> None:
        """Forget what a write, which the store has taken, gives another answer."""
        for quad in (*change.inserted, *change.deleted):
            subject, predicate, value = quad.subject, quad.predicate, quad.object
            for key in (
                (subject, predicate, value),
                (subject, predicate, None),
                (subject, None, value),
                (None, predicate, value),
            ):
                self._kept.pop(key, None)


class Present:
    """Whatever state an opened store is in, also after its statements were put into a new one.

    Args:
        store: The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def quads_for_pattern(self, *pattern: Any, **named: Any) -> Iterator[Quad]:
        """Yield the matching quads."""
        return self._store.snapshot.named.quads_for_pattern(*pattern, **named)
