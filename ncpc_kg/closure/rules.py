"""What one statement entails: tables made of the ontology's axioms, saturated once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

from pyoxigraph import Literal, NamedNode, Triple

from ncpc_kg.engine import Term
from ncpc_kg.vocabulary import PREFIXES, expand

TYPE = expand("rdf:type")
_AXIOMS = frozenset(map(expand, ("rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range")))
_OWL = PREFIXES["owl"]

Table = dict[NamedNode, frozenset[NamedNode]]


@dataclass(frozen=True)
class Chain:
    """A property chain (prp-spo2): steps along `body` entail one step along `head`."""

    head: NamedNode
    body: tuple[NamedNode, ...]


@dataclass(frozen=True)
class Entailed:
    """What `x p y` entails on its own, saturated.

    Attributes:
        forward: Properties q with `x q y`.
        backward: Properties q with `y q x`.
        subject: Classes of x.
        object: Classes of y.
    """

    forward: frozenset[NamedNode]
    backward: frozenset[NamedNode]
    subject: frozenset[NamedNode]
    object: frozenset[NamedNode]


@dataclass(frozen=True)
class Rules:
    """Everything the closure has to know, read from the ontology and one query.

    Attributes:
        properties: What a statement with each property entails.
        classes: The superclasses of each class, without itself.
        chains: Property chains; a transitive property is the chain of itself with itself.
        disjoint: Sets of classes of which a node may belong to one.
        shortcuts: The query that derives what holds now.
        inferred: Name of the graph that inferred statements go into.
        subclasses: The table of classes, read the other way round.
        giving_forward: For each property q the properties p with: x p y entails x q y.
        giving_backward: For each property q the properties p with: x p y entails y q x.
        typing_subject: For each class the properties whose subject it types.
        typing_object: For each class the properties whose object it types.
        chain_steps: For each property the chains in whose body it stands, and where.
    """

    properties: dict[NamedNode, Entailed]
    classes: Table
    chains: tuple[Chain, ...]
    disjoint: tuple[frozenset[NamedNode], ...]
    shortcuts: str
    inferred: NamedNode
    subclasses: Table = field(init=False)
    giving_forward: Table = field(init=False)
    giving_backward: Table = field(init=False)
    typing_subject: Table = field(init=False)
    typing_object: Table = field(init=False)
    chain_steps: dict[NamedNode, tuple[tuple[Chain, int], ...]] = field(init=False)

    def __post_init__(self) -> None:
        found = self.properties
        for turned, table in (
            ("subclasses", self.classes),
            ("giving_forward", {name: found[name].forward for name in found}),
            ("giving_backward", {name: found[name].backward for name in found}),
            ("typing_subject", {name: found[name].subject for name in found}),
            ("typing_object", {name: found[name].object for name in found}),
        ):
            object.__setattr__(self, turned, _turned(table))
        steps: dict[NamedNode, tuple[tuple[Chain, int], ...]] = {}
        for chain in self.chains:
            for position, name in enumerate(chain.body):
                steps[name] = (*steps.get(name, ()), (chain, position))
        object.__setattr__(self, "chain_steps", steps)

    def entailed(self, triple: Triple) -> Iterator[Triple]:
        """Yield what one statement entails by the tables alone, without chains.

        Args:
            triple: The statement.

        Yields:
            Statements, some perhaps twice; none with a literal as subject.
        """
        subject, predicate, value = triple.subject, triple.predicate, cast(Term, triple.object)
        if predicate == TYPE:
            for name in self.classes.get(cast(NamedNode, value), ()):
                yield Triple(subject, TYPE, name)
            return
        found = self.properties.get(predicate)
        if found is None:
            return
        for name in found.forward:
            yield Triple(subject, name, value)
        for name in found.subject:
            yield Triple(subject, TYPE, name)
        if not isinstance(value, Literal):
            for name in found.backward:
                yield Triple(value, name, subject)
            for name in found.object:
                yield Triple(value, TYPE, name)

    def are_changed_by(self, triples: Iterable[Triple]) -> bool:
        """Say whether statements are axioms, so that the rules must be read again.

        Args:
            triples: Statements added or removed.
        """
        return any(
            triple.predicate in _AXIOMS
            or triple.predicate.value.startswith(_OWL)
            or (triple.predicate == TYPE and _is_owl(triple.object))
            for triple in triples
        )


def _turned(table: Table) -> Table:
    turned: dict[NamedNode, set[NamedNode]] = {}
    for name, others in table.items():
        for other in others:
            turned.setdefault(other, set()).add(name)
    return {name: frozenset(others) for name, others in turned.items()}


def _is_owl(term: object) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith(_OWL)
