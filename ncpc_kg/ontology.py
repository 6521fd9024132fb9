"""The ontology as plain frozen data, read from the graph, for its reference page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ncpc_kg.description import Lexicon, Link
from ncpc_kg.description.rows import TSV, read_rows, text_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.vocabulary import PREFIXES, expand

_QUERY = """\
PREFIX ncpc: <BASEontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?term ?p ?o ?place WHERE {
  {
    VALUES ?term { <BASEontology> }
    ?term ?p ?o
  } UNION {
    ?term rdfs:isDefinedBy <BASEontology> ; ?p ?o
    FILTER(!ISBLANK(?o) && ?p != rdfs:isDefinedBy)
  } UNION {
    SELECT ?term ?p ?o (COUNT(?before) AS ?place) WHERE {
      BIND(owl:propertyChainAxiom AS ?p)
      ?term rdfs:isDefinedBy <BASEontology> ; owl:propertyChainAxiom/rdf:rest* ?before .
      ?before rdf:rest* ?node . ?node rdf:first ?o
    } GROUP BY ?term ?p ?node ?o
  }
}
"""
_MATCHES = tuple(
    PREFIXES["skos"] + name for name in ("exactMatch", "closeMatch", "broadMatch", "relatedMatch")
)


@dataclass(frozen=True)
class OntologyTerm:
    """A class or property.

    Attributes:
        iri: Its IRI.
        name: Local name; the id of its place on the page.
        label: What it is called.
        definition: What it means.
        kind: `class`, `object property` or `datatype property`.
        broader: Superclasses or superproperties, of any vocabulary.
        domain: Classes whose members may have the property; empty for any.
        range: Classes or datatypes of its values; empty for any.
        inverse: The property that says the same the other way round, if it is named.
        chain: The properties in a row from which the property follows.
        matches: Terms of other vocabularies that mean nearly the same.
        deprecated: Whether it should no longer be used.
    """

    iri: str
    name: str
    label: str
    definition: str
    kind: str
    broader: tuple[Link, ...] = ()
    domain: tuple[Link, ...] = ()
    range: tuple[Link, ...] = ()
    inverse: tuple[Link, ...] = ()
    chain: tuple[Link, ...] = ()
    matches: tuple[Link, ...] = ()
    deprecated: bool = False


@dataclass(frozen=True)
class Ontology:
    """The ontology.

    Attributes:
        iri: Its IRI.
        title: Its title.
        text: What it is for.
        version: Its version, such as `0.2.0`.
        version_iri: IRI of this version.
        prior: IRIs of earlier versions.
        license: IRI of its licence.
        creator: Who made it.
        created: Date, ISO 8601.
        modified: Date, ISO 8601.
        prefix: Preferred prefix.
        classes: Its classes, sorted by label.
        properties: Its properties, sorted by label.
    """

    iri: str
    title: str
    text: str
    version: str
    version_iri: str
    prior: tuple[str, ...]
    license: str
    creator: str
    created: str
    modified: str
    prefix: str
    classes: tuple[OntologyTerm, ...]
    properties: tuple[OntologyTerm, ...]

    def groups(self) -> tuple[tuple[str, tuple[OntologyTerm, ...]], ...]:
        """Properties by the class they start from: its label (empty for any), then the properties."""
        found: dict[str, list[OntologyTerm]] = {}
        for one in self.properties:
            found.setdefault(", ".join(link.label for link in one.domain), []).append(one)
        return tuple((label, tuple(found[label])) for label in sorted(found))


def ontology_query(base: str) -> tuple[str, Formats]:
    """The query that the ontology is read from, with the format to ask for.

    Args:
        base: Base IRI the graph is published under.
    """
    return _QUERY.replace("BASE", base), Formats(bindings=TSV)


def read_ontology(answer: Answer, lexicon: Lexicon) -> Ontology:
    """Read the ontology from the answer to `ontology_query`.

    Args:
        answer: The answer.
        lexicon: Labels of the terms.
    """
    iri = f"{lexicon.base}ontology"
    says: dict[str, dict[str, list[str]]] = {}
    for term, p, o, _ in sorted(read_rows(answer), key=_place):
        values = says.setdefault(term[1:-1], {}).setdefault(p[1:-1], [])
        if o not in values or p.endswith("propertyChainAxiom>"):
            values.append(o)
    head = says.pop(iri, {})
    terms = [_term(one, found, lexicon) for one, found in says.items()]
    terms.sort(key=lambda one: (one.label.casefold(), one.iri))

    def first(name: str) -> str:
        return text_of(next(iter(sorted(head.get(_full(name), ()))), ""))

    return Ontology(
        iri=iri,
        title=first("dcterms:title") or "Ontology",
        text=first("dcterms:description"),
        version=first("owl:versionInfo"),
        version_iri=first("owl:versionIRI"),
        prior=tuple(sorted(map(text_of, head.get(_full("owl:priorVersion"), ())))),
        license=first("dcterms:license"),
        creator=first("dcterms:creator"),
        created=first("dcterms:created"),
        modified=first("dcterms:modified"),
        prefix=first("vann:preferredNamespacePrefix"),
        classes=tuple(one for one in terms if one.kind == "class"),
        properties=tuple(one for one in terms if one.kind != "class"),
    )


def _term(iri: str, says: dict[str, list[str]], lexicon: Lexicon) -> OntologyTerm:
    types = says.get(_full("rdf:type"), ())
    kind = "datatype property"
    if f"<{_full('owl:Class')}>" in types:
        kind = "class"
    elif f"<{_full('owl:ObjectProperty')}>" in types:
        kind = "object property"

    def links(*names: str) -> tuple[Link, ...]:
        found: Iterable[str] = (text_of(o) for name in names for o in says.get(name, ()) if o.startswith("<"))
        return tuple(Link(one, lexicon.labels.get(one) or lexicon.short(one)) for one in found if one != iri)

    trivial = {_full("owl:Thing")}
    broader = links(_full("rdfs:subClassOf"), _full("rdfs:subPropertyOf"))
    return OntologyTerm(
        iri=iri,
        name=iri.rpartition("#")[2],
        label=lexicon.label(iri),
        definition=lexicon.definitions.get(iri, ""),
        kind=kind,
        broader=tuple(link for link in broader if link.iri not in trivial),
        domain=links(_full("rdfs:domain")),
        range=links(_full("rdfs:range")),
        inverse=links(_full("owl:inverseOf")),
        chain=links(_full("owl:propertyChainAxiom")),
        matches=links(*_MATCHES),
        deprecated="true" in says.get(_full("owl:deprecated"), ()),
    )


def _place(row: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Where a row belongs: members of a chain in their order, the rest by what they say."""
    return (int(row[3]) if row[3] else 0, row)


def _full(name: str) -> str:
    return expand(name).value
