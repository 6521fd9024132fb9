"""The same closure by owlrl: slow, written by others, and so a check of ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import owlrl
import rdflib
from owlrl.Namespaces import ERRNS
from pyoxigraph import Literal, NamedNode, QueryTriples, Triple
from rdflib import OWL, RDF, RDFS

from ncpc_kg.closure.axioms import read_rules
from ncpc_kg.closure.rules import TYPE, Rules
from ncpc_kg.engine import Subject, Term
from ncpc_kg.errors import NotConforming
from ncpc_kg.graph import Converter, Dataset, from_rdflib
from ncpc_kg.validation import VIOLATION, Finding
from ncpc_kg.validation.paths import Predicate
from ncpc_kg.vocabulary import SHAPE

_RULE = NamedNode(SHAPE["SameAsOwlrl"])
_ERROR = rdflib.URIRef(f"{ERRNS}error")


def close_reference(dataset: Dataset, rules: Rules | None = None) -> Dataset:
    """Close a dataset with owlrl; the reference for `close`.

    Args:
        dataset: Ontology and data. Its graph of inferred statements is made anew.
        rules: Where the shortcuts query and the graph's name are taken from.

    Returns:
        The same dataset. Its inferred graph holds what owlrl finds, statements about the
        ontology's own terms included; left out are literals as subjects, statements of a
        thing with itself, and types that everything has.

    Raises:
        NotConforming: owlrl reports an inconsistency.
    """
    rules = rules or read_rules(dataset)
    if dataset.store.contains_named_graph(rules.inferred):
        dataset.store.remove_graph(rules.inferred)
    graph = dataset.to_rdflib()
    asserted = set(graph)
    convert = Converter()
    for triple in cast(QueryTriples, dataset.query(rules.shortcuts)):
        graph.add((convert(triple.subject), convert(triple.predicate), convert(triple.object)))
    # What the language itself holds true (axiomatic triples) says nothing about our data.
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(
        graph
    )
    for message in graph.objects(None, _ERROR):
        raise NotConforming(f"owlrl finds an inconsistency: {message}")
    dataset.add(
        rules.inferred,
        [_triple(statement) for statement in graph if statement not in asserted and _is_useful(statement)],
    )
    return dataset


def compare_with_owlrl(dataset: Dataset, rules: Rules) -> tuple[Finding, ...]:
    """Close a dataset again with owlrl, and compare every inferred statement about the data.

    No rule of ours looks at what a literal says, so that one stands for all of its datatype;
    owlrl compares each with each, which takes minutes.

    Args:
        dataset: A closed dataset; it is not changed.
        rules: The rules it was closed with.

    Returns:
        A violation for each statement that one of the two infers alone.

    Raises:
        NotConforming: owlrl reports an inconsistency.
    """
    samples: dict[NamedNode, Literal] = {}

    def sampled(triples: Iterable[Triple]) -> frozenset[Triple]:
        return frozenset(
            Triple(one.subject, one.predicate, samples.setdefault(one.object.datatype, one.object))
            if isinstance(one.object, Literal)
            else one
            for one in triples
        )

    again = Dataset()
    for name in dataset.graphs():
        if name != rules.inferred:
            again.add(name, sampled(dataset.graph(name)))
    close_reference(again, rules)
    terms = {
        quad.subject
        for quad in again.match(None, TYPE, None)
        if isinstance(quad.object, NamedNode) and quad.object.value.startswith((str(OWL), str(RDFS)))
    }
    ours, theirs = (
        {one for one in found if one.subject not in terms and one.subject != one.object}
        for found in (sampled(dataset.graph(rules.inferred)), again.graph(rules.inferred))
    )
    return (
        *(_differing("owlrl does not infer this.", one, dataset) for one in ours - theirs),
        *(_differing("Only owlrl infers this.", one, dataset) for one in theirs - ours),
    )


def _differing(problem: str, statement: Triple, dataset: Dataset) -> Finding:
    subject = cast(Subject, statement.subject)
    return Finding(
        focus=subject,
        path=Predicate(statement.predicate),
        value=cast(Term, statement.object),
        component=_RULE,
        shape=_RULE,
        severity=VIOLATION,
        message=f"{problem} Report it: one of the two is wrong.",
        where=dataset.place(subject),
    )


def _is_useful(statement: tuple[rdflib.term.Node, ...]) -> bool:
    subject, predicate, value = statement
    if isinstance(subject, rdflib.Literal) or subject == value:
        return False
    return not (predicate == RDF.type and value in (OWL.Thing, RDFS.Resource))


def _triple(statement: tuple[rdflib.term.Node, ...]) -> Triple:
    subject, predicate, value = map(from_rdflib, statement)
    return Triple(subject, predicate, value)  # type: ignore[arg-type]
