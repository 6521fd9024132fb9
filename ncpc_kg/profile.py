"""OWL 2 RL: which axioms of the ontology leave the profile, and where they stand.

Follows the grammar of OWL 2 Profiles, section 4.2, over RDF: an axiom is inside only if
every class expression in it may stand in its position; what the tables do not name is out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode
from rdflib import OWL, RDF, RDFS, XSD

from ncpc_kg.engine import Subject, Term
from ncpc_kg.errors import Place
from ncpc_kg.sources import SourceFile

# Yields what is wrong with a class expression in one position.
Check = Callable[[Term], Iterator[str]]


@dataclass(frozen=True)
class Departure:
    """An axiom outside OWL 2 RL.

    Attributes:
        subject: The node the axiom is about.
        predicate: The property of the axiom's triple.
        object: The value of the axiom's triple.
        problem: What leaves the profile, in words.
        place: File and line of the triple.
    """

    subject: Subject
    predicate: NamedNode
    object: Term
    problem: str
    place: Place


def _nodes(namespace: object, names: str) -> frozenset[NamedNode]:
    return frozenset(NamedNode(f"{namespace}{name}") for name in names.split())


def _owl(name: str) -> NamedNode:
    return NamedNode(f"{OWL}{name}")


_TYPE = NamedNode(str(RDF.type))
_THING = _owl("Thing")
_NIL = NamedNode(str(RDF.nil))
_FIRST, _REST = NamedNode(str(RDF.first)), NamedNode(str(RDF.rest))

# Section 4.2.1: datatypes of OWL 2 RL. xsd:date and its kin are no OWL 2 datatypes at all.
_DATATYPES = _nodes(
    XSD,
    "decimal integer nonNegativeInteger nonPositiveInteger positiveInteger negativeInteger long int short "
    "byte unsignedLong unsignedInt unsignedShort unsignedByte float double string normalizedString token "
    "language Name NCName NMTOKEN boolean hexBinary base64Binary anyURI dateTime dateTimeStamp",
) | {NamedNode(str(RDFS.Literal)), NamedNode(str(RDF.XMLLiteral)), NamedNode(str(RDF.PlainLiteral))}

_TYPES = _nodes(
    OWL,
    "Ontology Class ObjectProperty DatatypeProperty AnnotationProperty NamedIndividual FunctionalProperty "
    "InverseFunctionalProperty IrreflexiveProperty SymmetricProperty AsymmetricProperty TransitiveProperty "
    "AllDisjointClasses AllDisjointProperties AllDifferent NegativePropertyAssertion Restriction Axiom "
    "Annotation DeprecatedClass DeprecatedProperty",
)
# Axioms and annotations whose arguments the profile does not restrict.
_FREE = _nodes(
    OWL,
    "inverseOf equivalentProperty propertyDisjointWith propertyChainAxiom sameAs differentFrom versionIRI "
    "versionInfo priorVersion backwardCompatibleWith incompatibleWith imports deprecated distinctMembers "
    "members sourceIndividual assertionProperty targetIndividual targetValue annotatedSource "
    "annotatedProperty annotatedTarget hasKey",
)
# Parts of class expressions; they are read from the axiom they belong to.
_PARTS = _nodes(
    OWL,
    "intersectionOf unionOf complementOf oneOf onProperty someValuesFrom allValuesFrom hasValue "
    "maxCardinality maxQualifiedCardinality onClass onDataRange onDatatype withRestrictions",
)
_SUBCLASS = NamedNode(str(RDFS.subClassOf))
_DOMAIN, _RANGE = NamedNode(str(RDFS.domain)), NamedNode(str(RDFS.range))


def find_departures(files: Iterable[SourceFile]) -> tuple[Departure, ...]:
    """Check the ontology files against OWL 2 RL.

    Args:
        files: All files; those of another role are left alone.

    Returns:
        The axioms outside the profile, in the order of files and lines.
    """
    ontology = [file for file in files if file.role == "ontology"]
    values: dict[tuple[Subject, NamedNode], list[Term]] = {}
    for file in ontology:
        for triple in file.triples:
            values.setdefault((triple.subject, triple.predicate), []).append(triple.object)  # type: ignore[arg-type]
    grammar = _Grammar(values)
    return tuple(
        Departure(triple.subject, triple.predicate, triple.object, problem, place)  # type: ignore[arg-type]
        for file in ontology
        for triple, place in file.statements()
        for problem in grammar.problems(triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]
    )


class _Grammar:
    """The productions of section 4.2 over an index of the ontology's triples."""

    def __init__(self, values: dict[tuple[Subject, NamedNode], list[Term]]) -> None:
        self._values = values

    def problems(self, subject: Subject, predicate: NamedNode, value: Term) -> Iterator[str]:
        """Yield what is wrong with the axiom that one triple states."""
        if predicate == _TYPE:
            yield from self._type(subject, value)
        elif predicate == _SUBCLASS:
            yield from self._sub(subject)
            yield from self._super(value)
        elif predicate == _owl("equivalentClass"):
            yield from self._equivalent(subject)
            yield from self._equivalent(value)
        elif predicate == _owl("disjointWith"):
            yield from self._sub(subject)
            yield from self._sub(value)
        elif predicate == _DOMAIN:
            yield from self._super(value)
        elif predicate == _RANGE:
            is_data = _owl("DatatypeProperty") in self._get(subject, _TYPE)
            yield from self._data_range(value) if is_data else self._super(value)
        elif predicate.value.startswith(str(OWL)) and predicate not in _FREE | _PARTS:
            yield f"owl:{predicate.value.removeprefix(str(OWL))} is not part of OWL 2 RL"

    def _type(self, subject: Subject, value: Term) -> Iterator[str]:
        if isinstance(value, BlankNode):
            yield from self._super(value)
        elif value == _owl("AllDisjointClasses"):
            for members in self._get(subject, _owl("members")):
                yield from self._each(members, self._sub)
        elif isinstance(value, NamedNode) and value.value.startswith(str(OWL)) and value not in _TYPES:
            yield f"owl:{value.value.removeprefix(str(OWL))} is not part of OWL 2 RL"

    def _sub(self, node: Term) -> Iterator[str]:
        yield from self._expression(
            node,
            "where a subclass stands",
            {
                "intersectionOf": lambda value: self._each(value, self._sub),
                "unionOf": lambda value: self._each(value, self._sub),
                "oneOf": self._anything,
                "someValuesFrom": self._filler(self._sub),
                "hasValue": self._anything,
            },
        )

    def _super(self, node: Term) -> Iterator[str]:
        yield from self._expression(
            node,
            "where a superclass, domain or range stands",
            {
                "intersectionOf": lambda value: self._each(value, self._super),
                "complementOf": self._sub,
                "allValuesFrom": self._filler(self._super, thing=False),
                "hasValue": self._anything,
                "maxCardinality": self._at_most_one,
                "maxQualifiedCardinality": self._at_most_one,
                "onClass": self._filler(self._sub),
                "onDataRange": self._data_range,
            },
        )

    def _equivalent(self, node: Term) -> Iterator[str]:
        yield from self._expression(
            node,
            "where an equivalent class stands",
            {
                "intersectionOf": lambda value: self._each(value, self._equivalent),
                "hasValue": self._anything,
            },
        )

    def _expression(self, node: Term, where: str, allowed: dict[str, Check]) -> Iterator[str]:
        if isinstance(node, NamedNode):
            if node == _THING:
                yield f"owl:Thing may not stand {where}"
            return
        if isinstance(node, Literal):
            yield f"a literal may not stand {where}"
            return
        parts = [
            part for (subject, part) in self._values if subject == node and part.value.startswith(str(OWL))
        ]
        for part in parts:
            name = part.value.removeprefix(str(OWL))
            if name == "onProperty":
                continue
            if name not in allowed:
                yield f"owl:{name} may not stand {where}"
                continue
            for value in self._get(node, part):
                yield from allowed[name](value)
        if not parts:
            yield f"an empty class expression stands {where}"

    def _anything(self, _: Term) -> Iterator[str]:
        return iter(())

    def _filler(self, position: Check, thing: bool = True) -> Check:
        def check(value: Term) -> Iterator[str]:
            if value in _DATATYPES or (thing and value == _THING):
                return iter(())
            return position(value)

        return check

    def _data_range(self, value: Term) -> Iterator[str]:
        if isinstance(value, NamedNode) and value not in _DATATYPES:
            yield f"{value} is not a datatype of OWL 2 RL"
        elif isinstance(value, BlankNode):
            parts = self._get(value, _owl("intersectionOf"))
            for part in parts:
                yield from self._each(part, self._data_range)
            if not parts:
                yield "a data range other than a datatype or an intersection is not part of OWL 2 RL"

    def _at_most_one(self, value: Term) -> Iterator[str]:
        if not isinstance(value, Literal) or value.value not in ("0", "1"):
            yield f"a maximum cardinality must be 0 or 1, not {value}"

    def _each(self, head: Term, check: Check) -> Iterator[str]:
        while head != _NIL:
            if not isinstance(head, BlankNode) or not self._get(head, _REST):
                yield "a list is broken"
                return
            for member in self._get(head, _FIRST):
                yield from check(member)
            head = self._get(head, _REST)[0]

    def _get(self, subject: Term, predicate: NamedNode) -> list[Term]:
        return self._values.get((subject, predicate), [])  # type: ignore[arg-type]
