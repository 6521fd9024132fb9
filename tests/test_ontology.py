"""Quality of the ontology: every term documented, used and asked for; metadata complete.

The pitfalls are those of the OOPS! catalogue that apply here; the metadata those that FOOPS! and
Widoco look for.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
import rdflib
from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, VANN, URIRef

from ncpc_kg.pipeline import Content
from ncpc_kg.vocabulary import CODE, NCPC, ONTOLOGY

PROPERTY_TYPES = (OWL.ObjectProperty, OWL.DatatypeProperty)
NAMED_INVERSES = {NCPC.hasFact, NCPC.hasHosted, NCPC.hasAdvised, NCPC.hasFunded, NCPC.isInvolvedIn}


def graph_of(content: Content, *roles: str, starting: str = "") -> rdflib.Graph:
    names = [file.graph for file in content.files if file.role in roles and file.name.startswith(starting)]
    return content.asserted.to_rdflib(*names)


@pytest.fixture(scope="module")
def ontology(real: Content) -> rdflib.Graph:
    return graph_of(real, "ontology", starting="ontology/ncpc.ttl")


@pytest.fixture(scope="module")
def codes(real: Content) -> rdflib.Graph:
    return graph_of(real, "ontology", starting="ontology/codes/")


@pytest.fixture(scope="module")
def data(real: Content) -> rdflib.Graph:
    return graph_of(real, "data")


@pytest.fixture(scope="module")
def asked(real: Content) -> str:
    """All text that may name a term: shapes and queries."""
    shapes = "\n".join(file.path.read_text(encoding="utf-8") for file in real.files if file.role == "shapes")
    queries = sorted((real.files[0].path.parents[1] / "queries").rglob("*.rq"))
    return "\n".join((shapes, *(path.read_text(encoding="utf-8") for path in queries)))


def classes(graph: rdflib.Graph) -> set[URIRef]:
    return {c for c in graph.subjects(RDF.type, OWL.Class) if isinstance(c, URIRef)}


def properties(graph: rdflib.Graph) -> set[URIRef]:
    return {p for kind in PROPERTY_TYPES for p in graph.subjects(RDF.type, kind) if isinstance(p, URIRef)}


def terms(graph: rdflib.Graph) -> set[URIRef]:
    return classes(graph) | properties(graph)


def test_every_term_has_one_label_and_one_definition(ontology: rdflib.Graph, codes: rdflib.Graph) -> None:
    concepts = {c for kind in (SKOS.Concept, SKOS.ConceptScheme) for c in codes.subjects(RDF.type, kind)}
    for graph, nodes in ((ontology, terms(ontology)), (codes, concepts)):
        for node in nodes:
            for predicate in (SKOS.prefLabel, SKOS.definition):
                values = list(graph.objects(node, predicate))
                assert len(values) == 1, (node, predicate, values)
                assert str(values[0]).strip() == str(values[0]) != ""


def test_labels_and_definitions_are_unique(ontology: rdflib.Graph) -> None:
    for predicate in (SKOS.prefLabel, SKOS.definition):
        counted = Counter(
            (str(value).casefold(), term in classes(ontology))
            for term, value in ontology.subject_objects(predicate)
        )
        assert [value for value, count in counted.items() if count > 1] == []


def test_labels_of_a_code_list_are_unique(codes: rdflib.Graph) -> None:
    counted = Counter(
        (codes.value(code, SKOS.inScheme), str(label).casefold())
        for code, label in codes.subject_objects(SKOS.prefLabel)
        if codes.value(code, SKOS.inScheme)
    )
    assert [value for value, count in counted.items() if count > 1] == []


def test_names_follow_the_rules(ontology: rdflib.Graph, codes: rdflib.Graph) -> None:
    for term in classes(ontology):
        assert re.fullmatch(r"([A-Z][a-z]+)+", term.removeprefix(NCPC)), term
    for term in properties(ontology):
        assert re.fullmatch(r"[a-z]+\d*([A-Z][a-z]+)*", term.removeprefix(NCPC)), term
    for concept, scheme in codes.subject_objects(SKOS.inScheme):
        assert re.fullmatch(re.escape(str(scheme)) + r"(-[a-z0-9]+)+", str(concept)), concept


def test_a_class_or_property_is_used_by_data_or_follows_from_it(
    ontology: rdflib.Graph, data: rdflib.Graph
) -> None:
    used = set(data.predicates()) | set(data.objects(None, RDF.type))
    grown = True
    while grown:
        follows = {
            target
            for link in (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, OWL.inverseOf)
            for term in used
            for target in (
                *ontology.objects(term, link),
                *(ontology.subjects(link, term) if link == OWL.inverseOf else ()),
            )
        }
        for shortcut, chain in ontology.subject_objects(OWL.propertyChainAxiom):
            if set(rdflib.collection.Collection(ontology, chain)) <= used:
                follows.add(shortcut)
                follows |= set(ontology.subjects(RDFS.subPropertyOf, shortcut))
        grown = not follows <= used
        used |= follows
    assert sorted(terms(ontology) - used) == []


def test_a_code_is_used_by_data(codes: rdflib.Graph, data: rdflib.Graph) -> None:
    used = set(data.objects())
    assert sorted(str(code) for code in codes.subjects(RDF.type, SKOS.Concept) if code not in used) == []


def test_a_class_or_property_is_named_by_a_shape_or_query(ontology: rdflib.Graph, asked: str) -> None:
    named = set(re.findall(r"\bncpc:(\w+)", asked))
    assert sorted(t for t in terms(ontology) if t.removeprefix(NCPC) not in named) == []


def test_only_five_inverses_have_a_name(ontology: rdflib.Graph) -> None:
    assert set(ontology.subjects(OWL.inverseOf, None)) == NAMED_INVERSES


def test_no_property_is_functional(ontology: rdflib.Graph) -> None:
    """Under OWL 2 RL two hosts of one hosting would become one by owl:sameAs."""
    for kind in (OWL.FunctionalProperty, OWL.InverseFunctionalProperty):
        assert list(ontology.subjects(RDF.type, kind)) == []


def test_no_cycle_and_no_term_above_itself(ontology: rdflib.Graph) -> None:
    for link in (RDFS.subClassOf, RDFS.subPropertyOf):
        for term in terms(ontology):
            assert term not in set(ontology.transitive_objects(term, link)) - {term}
            assert (term, link, term) not in ontology


def test_an_inverse_swaps_domain_and_range(ontology: rdflib.Graph) -> None:
    for inverse, property_ in ontology.subject_objects(OWL.inverseOf):
        assert inverse != property_
        for one, other in ((RDFS.domain, RDFS.range), (RDFS.range, RDFS.domain)):
            stated = ontology.value(inverse, one)
            assert stated is None or stated == ontology.value(property_, other)


def test_disjoint_classes_share_no_subclass(ontology: rdflib.Graph) -> None:
    for axiom in ontology.subjects(RDF.type, OWL.AllDisjointClasses):
        head = ontology.value(axiom, OWL.members)
        assert head is not None
        members = set(rdflib.collection.Collection(ontology, head))
        for term in classes(ontology):
            above = set(ontology.transitive_objects(term, RDFS.subClassOf))
            assert len(above & members) <= 1, term


@pytest.mark.parametrize(
    "predicate",
    [
        DCTERMS.title,
        DCTERMS.description,
        DCTERMS.creator,
        DCTERMS.license,
        DCTERMS.created,
        DCTERMS.modified,
        DCTERMS.source,
        OWL.versionIRI,
        OWL.versionInfo,
        VANN.preferredNamespacePrefix,
        VANN.preferredNamespaceUri,
    ],
)
def test_the_header_is_complete(ontology: rdflib.Graph, predicate: URIRef) -> None:
    assert ontology.value(URIRef(ONTOLOGY), predicate) is not None


def test_the_version_iri_names_the_version(ontology: rdflib.Graph) -> None:
    header = URIRef(ONTOLOGY)
    assert (
        str(ontology.value(header, OWL.versionIRI)) == f"{ONTOLOGY}/{ontology.value(header, OWL.versionInfo)}"
    )


def test_every_code_is_in_the_list_of_its_file(real: Content) -> None:
    for file in real.files:
        if file.name.startswith("ontology/codes/"):
            graph = real.asserted.to_rdflib(file.graph)
            assert set(graph.objects(None, SKOS.inScheme)) == {CODE[file.path.stem]}
