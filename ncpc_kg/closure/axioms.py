"""Read the ontology's axioms and saturate them into rules.

Covers the OWL 2 RL rules (OWL 2 Profiles, section 4.3) that our axioms use: cax-sco,
cax-eqc, prp-dom, prp-rng, prp-spo1, prp-spo2, prp-eqp, prp-inv, prp-symp, prp-trp, cax-dw
and cax-adc. An axiom of any other kind is an error, so nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from pyoxigraph import BlankNode, NamedNode, Quad

from ncpc_kg.closure.rules import TYPE, Chain, Entailed, Rules, Table
from ncpc_kg.content import find_content
from ncpc_kg.engine import Subject
from ncpc_kg.errors import VocabularyError
from ncpc_kg.graph import Dataset
from ncpc_kg.sources import read_text
from ncpc_kg.vocabulary import BASE, PREFIXES, abbreviate, expand

SHORTCUTS = "queries/internal/construct-current.rq"

_FIRST, _REST, _NIL = map(expand, ("rdf:first", "rdf:rest", "rdf:nil"))
_SUBCLASS, _SUBPROPERTY = expand("rdfs:subClassOf"), expand("rdfs:subPropertyOf")
_DOMAIN, _RANGE, _LITERAL = map(expand, ("rdfs:domain", "rdfs:range", "rdfs:Literal"))
_INVERSE, _CHAIN, _MEMBERS = map(expand, ("owl:inverseOf", "owl:propertyChainAxiom", "owl:members"))
_DISJOINT, _ALL_DISJOINT = expand("owl:disjointWith"), expand("owl:AllDisjointClasses")
_EQUIVALENT_CLASS, _EQUIVALENT_PROPERTY = expand("owl:equivalentClass"), expand("owl:equivalentProperty")
_SYMMETRIC, _TRANSITIVE = expand("owl:SymmetricProperty"), expand("owl:TransitiveProperty")


def _names(text: str) -> frozenset[NamedNode]:
    return frozenset(expand(f"owl:{name}") for name in text.split())


# Terms of OWL that have a rule here, and those that entail nothing about data.
_PREDICATES = frozenset(
    {_INVERSE, _CHAIN, _MEMBERS, _DISJOINT, _EQUIVALENT_CLASS, _EQUIVALENT_PROPERTY}
) | _names("versionIRI versionInfo priorVersion backwardCompatibleWith incompatibleWith deprecated")
_TYPES = frozenset({_ALL_DISJOINT, _SYMMETRIC, _TRANSITIVE}) | _names(
    "Ontology Class ObjectProperty DatatypeProperty AnnotationProperty NamedIndividual "
    "DeprecatedClass DeprecatedProperty"
)


def read_rules(
    dataset: Dataset, content: Path | None = None, base: str = BASE, shortcuts: str | None = None
) -> Rules:
    """Read the axioms of a dataset and saturate them.

    Args:
        dataset: Holds the ontology; other statements do no harm.
        content: The content directory, for the shortcuts query; None finds it.
        base: Base IRI the graph is published under.
        shortcuts: The text of that query, where it was read before and no file may be opened.

    Raises:
        VocabularyError: An OWL term is used that no rule here covers.
        SourceError: The shortcuts query cannot be read.
    """
    if shortcuts is None:
        shortcuts = read_text((content or find_content()) / SHORTCUTS).replace(BASE, base)
    _refuse_unknown(dataset)
    sub_properties = _pairs(dataset, _SUBPROPERTY) | _both_ways(dataset, _EQUIVALENT_PROPERTY)
    sub_classes = _pairs(dataset, _SUBCLASS) | _both_ways(dataset, _EQUIVALENT_CLASS)
    classes = _saturate(sub_classes)
    symmetric, transitive = (_instances(dataset, name) for name in (_SYMMETRIC, _TRANSITIVE))
    inverse = _both_ways(dataset, _INVERSE)
    chains = [
        Chain(cast(NamedNode, quad.subject), tuple(_items(dataset, quad.object)))
        for quad in dataset.match(None, _CHAIN, None)
    ]
    chains += [Chain(name, (name, name)) for name in transitive]
    disjoint = [frozenset(pair) for pair in _pairs(dataset, _DISJOINT)]
    for quad in dataset.match(None, TYPE, _ALL_DISJOINT):
        for members in dataset.match(cast(BlankNode, quad.subject), _MEMBERS, None):
            disjoint.append(frozenset(_items(dataset, members.object)))
    domains, ranges = _pairs(dataset, _DOMAIN), _pairs(dataset, _RANGE)
    names = {name for pair in sub_properties | inverse for name in pair}
    names |= {name for name, _ in domains | ranges} | symmetric
    steps: dict[NamedNode, set[tuple[NamedNode, bool]]] = {}
    for lower, upper in sub_properties:
        steps.setdefault(lower, set()).add((upper, False))
    for one, other in inverse | {(name, name) for name in symmetric}:
        steps.setdefault(one, set()).add((other, True))
    return Rules(
        {name: _entailed(name, steps, domains, ranges, classes) for name in sorted(names, key=str)},
        classes,
        tuple(sorted(chains, key=lambda chain: str(chain.head))),
        tuple(sorted(disjoint, key=lambda names: sorted(map(str, names)))),
        shortcuts,
        NamedNode(base + "graph/inferred"),
    )


def _entailed(
    name: NamedNode,
    steps: dict[NamedNode, set[tuple[NamedNode, bool]]],
    domains: set[tuple[NamedNode, NamedNode]],
    ranges: set[tuple[NamedNode, NamedNode]],
    classes: Table,
) -> Entailed:
    reached = {(name, False)}
    waiting = list(reached)
    while waiting:
        current, turned = waiting.pop()
        for other, turns in steps.get(current, ()):
            if (state := (other, turned != turns)) not in reached:
                reached.add(state)
                waiting.append(state)
    subject: set[NamedNode] = set()
    value: set[NamedNode] = set()
    for current, turned in reached:
        subject |= {kind for owner, kind in (ranges if turned else domains) if owner == current}
        value |= {kind for owner, kind in (domains if turned else ranges) if owner == current}
    return Entailed(
        frozenset(other for other, turned in reached if not turned and other != name),
        frozenset(other for other, turned in reached if turned),
        _with_supers(subject, classes),
        _with_supers(value, classes),
    )


def _with_supers(names: set[NamedNode], classes: Table) -> frozenset[NamedNode]:
    return frozenset(
        name
        for start in names
        for name in (start, *classes.get(start, ()))
        # A datatype says something of literals only, and no statement has a literal as subject.
        if not name.value.startswith(PREFIXES["xsd"]) and name != _LITERAL
    )


def _saturate(pairs: set[tuple[NamedNode, NamedNode]]) -> Table:
    direct: dict[NamedNode, set[NamedNode]] = {}
    for lower, upper in pairs:
        direct.setdefault(lower, set()).add(upper)
    result = {}
    for name in direct:
        reached: set[NamedNode] = set()
        waiting = [name]
        while waiting:
            for upper in direct.get(waiting.pop(), ()):
                if upper not in reached:
                    reached.add(upper)
                    waiting.append(upper)
        result[name] = frozenset(reached - {name})
    return result


def _pairs(dataset: Dataset, predicate: NamedNode) -> set[tuple[NamedNode, NamedNode]]:
    found = set()
    for quad in dataset.match(None, predicate, None):
        if not isinstance(quad.subject, NamedNode) or not isinstance(quad.object, NamedNode):
            raise VocabularyError(
                "The closure has no rule for a class expression.",
                found=f"{quad.subject} {predicate} {quad.object}",
                expected="names of classes or properties on both sides",
                hint="name the class, or add the rule to ncpc_kg/closure/axioms.py",
                place=dataset.place(cast(Subject, quad.subject), predicate),
            )
        found.add((quad.subject, quad.object))
    return found


def _both_ways(dataset: Dataset, predicate: NamedNode) -> set[tuple[NamedNode, NamedNode]]:
    pairs = _pairs(dataset, predicate)
    return pairs | {(other, one) for one, other in pairs}


def _instances(dataset: Dataset, name: NamedNode) -> set[NamedNode]:
    return {cast(NamedNode, quad.subject) for quad in dataset.match(None, TYPE, name)}


def _items(dataset: Dataset, head: object) -> Iterator[NamedNode]:
    while head != _NIL:
        first = next(dataset.match(cast(BlankNode, head), _FIRST, None))
        yield cast(NamedNode, first.object)
        head = next(dataset.match(cast(BlankNode, head), _REST, None)).object


def _refuse_unknown(dataset: Dataset) -> None:
    """Raise for the first OWL term without a rule."""
    found = dataset.query("SELECT DISTINCT ?p WHERE { ?s ?p ?o FILTER(STRSTARTS(STR(?p), STR(owl:))) }")
    for row in cast(Iterable[tuple[NamedNode]], found):
        if row[0] not in _PREDICATES:
            raise _no_rule(dataset, row[0], next(dataset.match(None, row[0], None)))
    kinds = dataset.query("SELECT DISTINCT ?o WHERE { ?s a ?o FILTER(STRSTARTS(STR(?o), STR(owl:))) }")
    for row in cast(Iterable[tuple[NamedNode]], kinds):
        if row[0] not in _TYPES:
            raise _no_rule(dataset, row[0], next(dataset.match(None, TYPE, row[0])))


def _no_rule(dataset: Dataset, term: NamedNode, quad: Quad) -> VocabularyError:
    return VocabularyError(
        f"The closure has no rule for {abbreviate(term.value)}.",
        found=f"{quad.subject} uses it",
        expected="subclasses, subproperties, inverses, chains, domains, ranges, disjointness",
        hint="say it with one of these, or in SHACL, or add the rule to ncpc_kg/closure/axioms.py",
        place=dataset.place(cast(Subject, quad.subject), quad.predicate),
    )
