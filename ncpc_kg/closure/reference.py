"""The same closure by owlrl: slow, written by others, and so a check of ours."""

from __future__ import annotations

from typing import cast

import owlrl
import rdflib
from owlrl.Namespaces import ERRNS
from pyoxigraph import QueryTriples, Triple
from rdflib import OWL, RDF, RDFS

from ncpc_kg.closure.axioms import read_rules
from ncpc_kg.closure.rules import Rules
from ncpc_kg.errors import NotConforming
from ncpc_kg.graph import Converter, Dataset, from_rdflib

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


def _is_useful(statement: tuple[rdflib.term.Node, ...]) -> bool:
    subject, predicate, value = statement
    if isinstance(subject, rdflib.Literal) or subject == value:
        return False
    return not (predicate == RDF.type and value in (OWL.Thing, RDFS.Resource))


def _triple(statement: tuple[rdflib.term.Node, ...]) -> Triple:
    subject, predicate, value = map(from_rdflib, statement)
    return Triple(subject, predicate, value)  # type: ignore[arg-type]
