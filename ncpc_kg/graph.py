"""The dataset: one named graph for each file, in memory, each statement in one graph only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import cast

import rdflib
from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    Store,
    Triple,
)
from rdflib.term import Node

from ncpc_kg.engine import Subject, Term
from ncpc_kg.errors import Place, SourceError
from ncpc_kg.sources import SourceFile
from ncpc_kg.vocabulary import BASE, PREFIXES, prefixes_under


class Dataset:
    """Named graphs in an in-memory store, with the place of each statement that has one.

    The union of the graphs is what queries without GRAPH see.
    """

    def __init__(self) -> None:
        self.store = Store()
        self._places: dict[tuple[object, ...], Place] = {}

    def __len__(self) -> int:
        return len(self.store)

    def add(self, graph: NamedNode, triples: Iterable[Triple]) -> None:
        """Add statements to a named graph.

        Args:
            graph: The graph; made if it does not exist.
            triples: The statements.
        """
        self.store.add_graph(graph)
        self.store.bulk_extend(Quad(t.subject, t.predicate, t.object, graph) for t in triples)

    def graphs(self) -> tuple[NamedNode, ...]:
        """Return the names of the graphs, sorted."""
        names = (name for name in self.store.named_graphs() if isinstance(name, NamedNode))
        return tuple(sorted(names, key=lambda name: name.value))

    def graph(self, name: NamedNode | str) -> frozenset[Triple]:
        """Return the statements of one graph.

        Args:
            name: The graph, as a term or as the text of its IRI.

        Returns:
            Its statements; empty for a graph that does not exist.
        """
        node = NamedNode(name) if isinstance(name, str) else name
        return frozenset(quad.triple for quad in self.store.quads_for_pattern(None, None, None, node))

    def quads(self) -> Iterator[Quad]:
        """Yield every statement with its graph."""
        return iter(self.store)

    def match(
        self, subject: Subject | None, predicate: NamedNode | None, object: Term | None
    ) -> Iterator[Quad]:
        """Yield the matching statements, each once, whatever graphs hold it."""
        seen: set[Triple] = set()
        for quad in self.store.quads_for_pattern(subject, predicate, object, None):
            if quad.triple not in seen:
                seen.add(quad.triple)
                yield Quad(quad.subject, quad.predicate, quad.object, DefaultGraph())

    def query(self, text: str) -> QuerySolutions | QueryBoolean | QueryTriples:
        """Run one of the project's own queries over the union of the graphs.

        Args:
            text: SPARQL with the project's prefixes, declared or not.
        """
        return self.store.query(text, prefixes=PREFIXES, use_default_graph_as_union=True)

    def mark(self, triple: Triple, place: Place) -> None:
        """Note where a statement stands; the first place of a subject or property counts.

        Args:
            triple: The statement.
            place: Its file and line.
        """
        key = (triple.subject, triple.predicate, triple.object)
        for length in (3, 2, 1):
            self._places.setdefault(key[:length], place)

    def place(
        self, subject: Subject, predicate: NamedNode | None = None, object: Term | None = None
    ) -> Place | None:
        """Say where a statement stands, or else its property, or else its subject.

        Args:
            subject: The subject.
            predicate: The property, where known.
            object: The value, where known.

        Returns:
            File and line, or None if the subject has no statement from a file.
        """
        key = tuple(part for part in (subject, predicate, object) if part is not None)
        while key:
            if found := self._places.get(key):
                return found
            key = key[:-1]
        return None

    def to_rdflib(self, *graphs: NamedNode) -> rdflib.Graph:
        """Copy statements into an rdflib graph, for pySHACL, owlrl and serialisers.

        Args:
            graphs: The graphs to copy; none means all of them.

        Returns:
            Their union, with the project's prefixes bound.
        """
        if not graphs:
            return rdflib_graph(self.store)
        return rdflib_graph(triple for name in graphs for triple in self.graph(name))

    def rebased(self, base: str) -> Dataset:
        """Return the dataset as a fork publishes it: the project's IRIs under another base.

        Args:
            base: The new base IRI, ending in `/`.

        Returns:
            A new dataset, or this one if the base does not change.
        """
        if base == BASE:
            return self
        move = _mover(BASE, base)
        moved = Dataset()
        moved.store.bulk_extend(rebased(self.store, BASE, base))
        moved._places = {
            tuple(move(cast(Term, part)) for part in key): place for key, place in self._places.items()
        }
        return moved

    def patched(self, added: Iterable[Quad], removed: Iterable[Quad], base: str = BASE) -> Dataset:
        """Return the dataset with what users wrote.

        Args:
            added: Statements they added, under the base the graph is published with.
            removed: Statements they took away.
            base: That base.

        Returns:
            A new dataset under the project's own base.
        """
        patched = Dataset()
        patched.store.bulk_extend(self.store)
        patched._places = dict(self._places)
        for quad in rebased(removed, base, BASE):
            patched.store.remove(quad)
        patched.store.extend(rebased(added, base, BASE))
        return patched


def merge(files: Iterable[SourceFile]) -> Dataset:
    """Merge parsed files into one dataset, one named graph for each.

    Args:
        files: The files, in any order; the result does not depend on it.

    Raises:
        SourceError: A statement stands in two files.
    """
    dataset = Dataset()
    seen: dict[Triple, Place] = {}
    for file in sorted(files, key=lambda file: file.name):
        for triple, place in file.statements():
            if triple in seen:
                raise SourceError(
                    "A statement stands in two files.",
                    found=f"{triple} (first at {seen[triple]})",
                    expected="each statement in one file, so that it counts once and has one place to edit",
                    hint="delete one of the two",
                    place=place,
                )
            seen[triple] = place
            dataset.mark(triple, place)
        dataset.add(file.graph, file.triples)
    return dataset


def rdflib_graph(statements: Iterable[Triple | Quad] = (), base: str = BASE) -> rdflib.Graph:
    """Make an rdflib graph with the project's prefixes bound.

    Args:
        statements: What to copy into it.
        base: Base IRI that the graph is published under.
    """
    graph = rdflib.Graph(bind_namespaces="none")
    for prefix, iri in prefixes_under(base).items():
        graph.bind(prefix, iri)
    convert = Converter()
    for one in statements:
        graph.add((convert(one.subject), convert(one.predicate), convert(one.object)))
    return graph


class Converter:
    """Turns pyoxigraph terms into rdflib terms, keeping each IRI made so far."""

    def __init__(self) -> None:
        self._named: dict[NamedNode, rdflib.URIRef] = {}

    def __call__(self, term: object) -> Node:
        """Convert one term.

        Args:
            term: An IRI, blank node or literal.

        Returns:
            The same term for rdflib; literals keep their lexical form.

        Raises:
            TypeError: For a quoted triple, which rdflib has no term for.
        """
        if isinstance(term, NamedNode):
            if (found := self._named.get(term)) is None:
                found = self._named[term] = rdflib.URIRef(term.value)
            return found
        if isinstance(term, BlankNode):
            return rdflib.BNode(term.value)
        if isinstance(term, Literal):
            if term.language:
                return rdflib.Literal(term.value, lang=term.language)
            datatype = cast(rdflib.URIRef, self(term.datatype))
            plain = datatype == rdflib.XSD.string
            return rdflib.Literal(term.value, datatype=None if plain else datatype, normalize=False)
        raise TypeError(f"no rdflib term for {term!r}")


def from_rdflib(node: Node) -> Term:
    """Turn an rdflib term into a pyoxigraph term.

    Args:
        node: An IRI, blank node or literal.

    Raises:
        TypeError: For anything else.
    """
    if isinstance(node, rdflib.URIRef):
        return NamedNode(str(node))
    if isinstance(node, rdflib.BNode):
        return BlankNode(str(node))
    if isinstance(node, rdflib.Literal):
        if node.language:
            return Literal(str(node), language=node.language)
        return Literal(str(node), datatype=NamedNode(str(node.datatype)) if node.datatype else None)
    raise TypeError(f"no pyoxigraph term for {node!r}")


def rebased(quads: Iterable[Quad], old: str, new: str) -> Iterator[Quad]:
    """Yield statements as they are under another base.

    Args:
        quads: The statements.
        old: The base IRI they are under.
        new: The base IRI they go to.
    """
    move = _mover(old, new)
    for quad in quads:
        graph = quad.graph_name
        yield Quad(
            cast(Subject, move(cast(Subject, quad.subject))),
            cast(NamedNode, move(quad.predicate)),
            move(cast(Term, quad.object)),
            graph if isinstance(graph, DefaultGraph) else cast(Subject, move(graph)),
        )


def _mover(old: str, new: str) -> Callable[[Term], Term]:
    """Make a function that moves a term from one base to another."""

    def move(term: Term) -> Term:
        if isinstance(term, NamedNode) and term.value.startswith(old):
            return NamedNode(new + term.value.removeprefix(old))
        # Namespaces are also said as text (vann:preferredNamespaceUri, sh:namespace, sh:select).
        if isinstance(term, Literal) and not term.language and old in term.value:
            return Literal(term.value.replace(old, new), datatype=term.datatype)
        return term

    return move
