"""Counts of the graph: the figures of its VoID description (VoID, section 4.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ncpc_kg.description.rows import TSV, read_rows, text_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.vocabulary import BASE

_TOTALS = """\
SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { ?s ?p ?o }
"""
_CLASSES = "SELECT ?class (COUNT(DISTINCT ?s) AS ?entities) WHERE { ?s a ?class } GROUP BY ?class"
_PROPERTIES = """\
SELECT ?p (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { ?s ?p ?o } GROUP BY ?p
"""
_GRAPHS = "SELECT ?g (COUNT(*) AS ?triples) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
_LINKS = """\
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?p ?space (COUNT(*) AS ?triples) WHERE {
  VALUES ?p {
    skos:exactMatch skos:closeMatch skos:broadMatch skos:relatedMatch owl:sameAs owl:equivalentClass
    rdfs:seeAlso rdfs:subClassOf rdfs:subPropertyOf foaf:homepage
  }
  ?s ?p ?o .
  FILTER(ISIRI(?o) && STRSTARTS(STR(?s), "BASE") && !STRSTARTS(STR(?o), "BASE"))
  BIND(REPLACE(STR(?o), "^(.*[/#])[^/#]*$", "$1") AS ?space)
} GROUP BY ?p ?space
"""
# Which property leads from the things of which own class to which class or datatype.
_USE = """\
SELECT ?class ?p ?target (COUNT(*) AS ?triples) WHERE {
  ?s a ?class ; ?p ?o .
  FILTER(STRSTARTS(STR(?class), "BASEontology#"))
  OPTIONAL { ?o a ?kind FILTER(STRSTARTS(STR(?kind), "BASEontology#")) }
  BIND(IF(ISLITERAL(?o), DATATYPE(?o), ?kind) AS ?target)
} GROUP BY ?class ?p ?target
"""


@dataclass(frozen=True)
class Partition:
    """Counts for one property."""

    iri: str
    triples: int
    subjects: int
    objects: int


@dataclass(frozen=True)
class Linkset:
    """Links from the graph into another namespace."""

    predicate: str
    space: str
    triples: int


@dataclass(frozen=True)
class Use:
    """How often things of a class point with a property at a class or datatype (None: neither known)."""

    cls: str
    predicate: str
    target: str | None
    triples: int


@dataclass(frozen=True)
class Statistics:
    """Counts of the whole graph, what follows from it included.

    Attributes:
        triples: Statements, each counted once.
        subjects: Distinct subjects.
        objects: Distinct objects.
        classes: Number of things by class, most frequent first.
        properties: Counts by property, most frequent first.
        graphs: Statements by named graph, sorted by name.
        linksets: Links by property and target namespace, most frequent first.
        uses: Which property leads from which class where.
    """

    triples: int
    subjects: int
    objects: int
    classes: tuple[tuple[str, int], ...]
    properties: tuple[Partition, ...]
    graphs: tuple[tuple[str, int], ...]
    linksets: tuple[Linkset, ...]
    uses: tuple[Use, ...] = ()


def statistics_queries(base: str = BASE) -> tuple[tuple[str, Formats], ...]:
    """The queries that statistics are read from, each with the format to ask for.

    Args:
        base: Base IRI the graph is published under.
    """
    texts = (_TOTALS, _CLASSES, _PROPERTIES, _GRAPHS, _LINKS, _USE)
    return tuple((text.replace("BASE", base), Formats(bindings=TSV)) for text in texts)


def read_statistics(answers: Sequence[Answer]) -> Statistics:
    """Read statistics from the answers to `statistics_queries`.

    Args:
        answers: The answers, in the order of the queries.
    """
    totals, classes, properties, graphs, linked, uses = (read_rows(answer) for answer in answers)
    triples, subjects, objects = map(int, totals[0])
    return Statistics(
        triples,
        subjects,
        objects,
        tuple(sorted(((c[1:-1], int(n)) for c, n in classes if c.startswith("<")), key=_most)),
        tuple(
            sorted(
                (Partition(p[1:-1], int(n), int(s), int(o)) for p, n, s, o in properties),
                key=lambda one: (-one.triples, one.iri),
            )
        ),
        tuple(sorted((g[1:-1], int(n)) for g, n in graphs if g.startswith("<"))),
        tuple(
            sorted(
                (Linkset(p[1:-1], text_of(space), int(n)) for p, space, n in linked),
                key=lambda one: (-one.triples, one.predicate, one.space),
            )
        ),
        tuple(
            sorted(
                (
                    Use(c[1:-1], p[1:-1], t[1:-1] if t.startswith("<") else None, int(n))
                    for c, p, t, n in uses
                ),
                key=lambda one: (one.cls, one.predicate, one.target or ""),
            )
        ),
    )


def _most(pair: tuple[str, int]) -> tuple[int, str]:
    return (-pair[1], pair[0])
