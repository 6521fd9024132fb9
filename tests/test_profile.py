from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from ncpc_kg.pipeline import Content
from ncpc_kg.profile import find_departures
from ncpc_kg.sources import SourceFile, parse_turtle
from ncpc_kg.vocabulary import NCPC

HEAD = """\
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
ncpc:A a owl:Class . ncpc:B a owl:Class . ncpc:p a owl:ObjectProperty . ncpc:d a owl:DatatypeProperty .
"""


def ontology(body: str) -> SourceFile:
    path = Path("ncpc.ttl")
    triples, lines = parse_turtle(HEAD + body, path)
    return SourceFile(path, path.name, "ontology", NamedNode(NCPC["x"]), triples, lines, "")


def some(property_and_filler: str) -> str:
    return f"[ a owl:Restriction ; owl:onProperty ncpc:p ; {property_and_filler} ]"


@pytest.mark.parametrize(
    "body",
    [
        "ncpc:A rdfs:subClassOf ncpc:B .",
        f"{some('owl:someValuesFrom ncpc:A')} rdfs:subClassOf ncpc:B .",
        f"{some('owl:someValuesFrom owl:Thing')} rdfs:subClassOf ncpc:B .",
        f"ncpc:A rdfs:subClassOf {some('owl:allValuesFrom ncpc:B')} .",
        f"ncpc:A rdfs:subClassOf {some('owl:hasValue ncpc:x')} .",
        f"ncpc:A rdfs:subClassOf {some('owl:maxCardinality 1')} .",
        f"ncpc:A rdfs:subClassOf {some('owl:maxQualifiedCardinality 0 ; owl:onClass ncpc:B')} .",
        "ncpc:A rdfs:subClassOf [ owl:complementOf ncpc:B ] .",
        "[ owl:unionOf ( ncpc:A ncpc:B ) ] rdfs:subClassOf ncpc:B .",
        "[ owl:oneOf ( ncpc:x ncpc:y ) ] rdfs:subClassOf ncpc:B .",
        "ncpc:A owl:equivalentClass [ owl:intersectionOf ( ncpc:A ncpc:B ) ] .",
        "ncpc:A owl:disjointWith ncpc:B .",
        "[] a owl:AllDisjointClasses ; owl:members ( ncpc:A ncpc:B ) .",
        "ncpc:p a owl:TransitiveProperty ; owl:inverseOf ncpc:q ; owl:propertyChainAxiom ( ncpc:p ncpc:q ) .",
        "ncpc:d rdfs:range xsd:integer .",
        "ncpc:d rdfs:range rdfs:Literal .",
        "ncpc:p rdfs:domain ncpc:A ; rdfs:range ncpc:B .",
    ],
)
def test_axioms_of_the_profile_pass(body: str) -> None:
    assert find_departures([ontology(body)]) == ()


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (f"ncpc:A rdfs:subClassOf {some('owl:someValuesFrom ncpc:B')} .", "owl:someValuesFrom may not stand"),
        (f"{some('owl:allValuesFrom ncpc:A')} rdfs:subClassOf ncpc:B .", "owl:allValuesFrom may not stand"),
        ("ncpc:A rdfs:subClassOf [ owl:unionOf ( ncpc:A ncpc:B ) ] .", "owl:unionOf may not stand"),
        ("ncpc:A rdfs:subClassOf [ owl:oneOf ( ncpc:x ) ] .", "owl:oneOf may not stand"),
        ("[ owl:complementOf ncpc:A ] rdfs:subClassOf ncpc:B .", "owl:complementOf may not stand"),
        (f"ncpc:A rdfs:subClassOf {some('owl:maxCardinality 2')} .", "must be 0 or 1"),
        (f"ncpc:A rdfs:subClassOf {some('owl:minCardinality 1')} .", "owl:minCardinality may not stand"),
        (f"ncpc:A rdfs:subClassOf {some('owl:cardinality 1')} .", "owl:cardinality may not stand"),
        (f"ncpc:A rdfs:subClassOf {some('owl:hasSelf true')} .", "owl:hasSelf may not stand"),
        ("ncpc:A rdfs:subClassOf owl:Thing .", "owl:Thing may not stand"),
        ("ncpc:p rdfs:range owl:Thing .", "owl:Thing may not stand"),
        (f"ncpc:p rdfs:domain {some('owl:someValuesFrom ncpc:B')} .", "owl:someValuesFrom may not stand"),
        ("ncpc:A owl:equivalentClass [ owl:unionOf ( ncpc:A ncpc:B ) ] .", "owl:unionOf may not stand"),
        ("[ owl:unionOf ( ncpc:A ncpc:B ) ] owl:equivalentClass ncpc:A .", "owl:unionOf may not stand"),
        (
            f"ncpc:A rdfs:subClassOf [ owl:complementOf {some('owl:allValuesFrom ncpc:B')} ] .",
            "owl:allValuesFrom may not stand where a subclass",
        ),
        (
            "[] a owl:AllDisjointClasses ; owl:members ( ncpc:A [ owl:complementOf ncpc:B ] ) .",
            "owl:complementOf",
        ),
        ("ncpc:A owl:disjointUnionOf ( ncpc:B ) .", "owl:disjointUnionOf is not part of OWL 2 RL"),
        ("ncpc:p a owl:ReflexiveProperty .", "owl:ReflexiveProperty is not part of OWL 2 RL"),
        ("ncpc:p a owl:NoSuchThing .", "owl:NoSuchThing is not part of OWL 2 RL"),
        ("ncpc:d rdfs:range xsd:date .", "XMLSchema#date> is not a datatype of OWL 2 RL"),
        ("ncpc:d rdfs:range [ owl:onDatatype xsd:integer ] .", "a data range other than"),
        ("ncpc:A rdfs:subClassOf [] .", "an empty class expression"),
        ('ncpc:A rdfs:subClassOf "B" .', "a literal may not stand"),
        (
            f"ncpc:A rdfs:subClassOf [ owl:intersectionOf ( ncpc:B {some('owl:minCardinality 1')} ) ] .",
            "minCardinal",
        ),
    ],
)
def test_axioms_outside_the_profile_are_named_with_their_line(body: str, problem: str) -> None:
    found = find_departures([ontology("\n" + body)])

    assert found
    assert all(str(departure.place) == "ncpc.ttl:7" for departure in found)
    assert any(problem in departure.problem for departure in found)


def test_the_real_ontology_is_in_the_profile(real: Content) -> None:
    assert find_departures(real.files) == ()
