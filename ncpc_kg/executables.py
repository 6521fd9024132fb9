"""The catalogue as RDF: each question a SHACL-SPARQL executable, as SIB's editor reads them.

The editor asks an endpoint for `sh:SPARQLExecutable` with `rdfs:comment` and `sh:select`, and
for `sh:declare`d prefixes; both are answered from the graph made here.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyoxigraph import Literal, NamedNode, Triple

from ncpc_kg.catalogue import Catalogue, Parameter, Question
from ncpc_kg.engine import Term
from ncpc_kg.vocabulary import BASE, expand, prefixes_under


def executables(catalogue: Catalogue, base: str = BASE) -> list[Triple]:
    """Say the catalogue in RDF.

    Args:
        catalogue: The questions.
        base: Base IRI the graph is published under.

    Returns:
        The statements; no blank nodes.
    """
    home = f"{base}questions"
    found = list(_declarations(home, base))
    for question in catalogue.questions:
        found += _question(question, home, base)
    return found


def executable(question: Question, base: str = BASE) -> list[Triple]:
    """Say one question in RDF."""
    return list(_question(question, f"{base}questions", base))


def bare(text: str) -> str:
    """The text of a question without its header."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("#+")).strip() + "\n"


def _declarations(home: str, base: str) -> Iterator[Triple]:
    yield _say(home, "rdf:type", expand("owl:Ontology"))
    yield _say(home, "dcterms:title", Literal("Questions of the NCPC knowledge graph", language="en"))
    for prefix, iri in prefixes_under(base).items():
        node = f"{home}#prefix-{prefix}"
        yield _say(home, "sh:declare", NamedNode(node))
        yield _say(node, "rdf:type", expand("sh:PrefixDeclaration"))
        yield _say(node, "sh:prefix", Literal(prefix))
        yield _say(node, "sh:namespace", Literal(iri, datatype=expand("xsd:anyURI")))


def _question(question: Question, home: str, base: str) -> Iterator[Triple]:
    iri = f"{home}/{question.name}"
    yield _say(iri, "rdf:type", expand("sh:SPARQLExecutable"))
    yield _say(iri, "rdf:type", expand("sh:SPARQLSelectExecutable"))
    yield _say(iri, "rdfs:label", Literal(question.title, language="en"))
    yield _say(iri, "rdfs:comment", Literal(question.title, language="en"))
    if question.description:
        yield _say(iri, "dcterms:description", Literal(question.description, language="en"))
    if question.identifier:
        yield _say(iri, "dcterms:identifier", Literal(question.identifier))
    for tag in question.tags:
        yield _say(iri, "schema:keywords", Literal(tag, language="en"))
    yield _say(iri, "sh:prefixes", NamedNode(home))
    yield _say(iri, "sh:select", Literal(bare(question.text)))
    yield _say(iri, "schema:target", NamedNode(f"{base}sparql"))
    yield _say(iri, "dcterms:isPartOf", NamedNode(home))
    for order, parameter in enumerate(question.parameters):
        yield from _parameter(iri, parameter, order)


def _parameter(question: str, parameter: Parameter, order: int) -> Iterator[Triple]:
    node = f"{question}#{parameter.name}"
    yield _say(question, "sh:parameter", NamedNode(node))
    yield _say(node, "rdf:type", expand("sh:Parameter"))
    yield _say(node, "sh:path", NamedNode(node))
    yield _say(node, "sh:name", Literal(parameter.label, language="en"))
    if parameter.description:
        yield _say(node, "sh:description", Literal(parameter.description, language="en"))
    yield _say(node, "sh:order", Literal(str(order), datatype=expand("xsd:integer")))
    yield _say(node, "sh:optional", Literal("true", datatype=expand("xsd:boolean")))
    if parameter.type == "iri":
        yield _say(node, "sh:nodeKind", expand("sh:IRI"))
    else:
        yield _say(node, "sh:datatype", expand(f"xsd:{parameter.type}"))
    yield _say(node, "dcterms:identifier", Literal(parameter.name))


def _say(subject: str, name: str, value: Term) -> Triple:
    return Triple(NamedNode(subject), expand(name), value)
