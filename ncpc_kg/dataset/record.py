"""The dataset's description as RDF: DCAT 3 and VoID, written part and counts together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from pyoxigraph import Literal, NamedNode, Triple

from ncpc_kg.dataset.about import About
from ncpc_kg.dataset.statistics import Statistics
from ncpc_kg.engine import Term
from ncpc_kg.vocabulary import PREFIXES, expand

_IANA = "https://www.iana.org/assignments/media-types/"


@dataclass(frozen=True)
class Distribution:
    """A file that the record tells of.

    Attributes:
        name: Name of the file.
        label: Its format for people.
        media_type: Media type of what is compressed.
        url: Where it can be had.
        size: Bytes, or None where it is made on demand.
        sha256: Checksum, or None where it is made on demand.
    """

    name: str
    label: str
    media_type: str
    url: str
    size: int | None = None
    sha256: str | None = None


def record(
    about: About,
    statistics: Statistics,
    distributions: Iterable[Distribution] = (),
    modified: str = "",
    version: str = "",
    endpoint: str = "",
) -> list[Triple]:
    """Describe the dataset (DCAT 3; VoID).

    Args:
        about: What people wrote about it.
        statistics: Its counts.
        distributions: Its dumps.
        modified: Date and time of its last change, as xsd:dateTime; empty if unknown.
        version: Version of the project, or an empty text.
        endpoint: Address of the SPARQL endpoint, or an empty text.
    """
    made = _Record(about.iri)
    made.say(made.iri, "void:uriSpace", Literal(made.base))
    if modified:
        made.say(made.iri, "dcterms:modified", Literal(modified, datatype=expand("xsd:dateTime")))
    if version:
        made.say(made.iri, "dcat:version", Literal(version))
    made.counts(statistics)
    made.partitions(statistics)
    made.linksets(statistics)
    if endpoint:
        made.service(endpoint)
    for one in distributions:
        made.distribution(one, modified)
    return [*about.triples, *made.found]


def built_record(about: About, statistics: Statistics) -> list[Triple]:
    """The part of the description that is a graph of the dataset itself: of a build, without addresses.

    Args:
        about: What people wrote about the dataset.
        statistics: Counts of everything else in it.

    Returns:
        Statements about the dataset and its parts, so that none stands in two graphs.
    """
    own = (about.iri, f"{about.iri.removesuffix('dataset')}graph/")
    return [
        triple
        for triple in record(about, statistics)
        if isinstance(triple.subject, NamedNode) and triple.subject.value.startswith(own)
    ]


class _Record:
    def __init__(self, iri: str) -> None:
        self.iri = iri
        self.base = iri.removesuffix("dataset")
        self.found: list[Triple] = []

    def say(self, subject: str, name: str, value: Term | str | int) -> None:
        if isinstance(value, int):
            value = Literal(str(value), datatype=expand("xsd:integer"))
        elif isinstance(value, str):
            value = NamedNode(value)
        self.found.append(Triple(NamedNode(subject), expand(name), value))

    def part(self, kind: str, *iris: str) -> str:
        """An IRI for a part of the description: readable for our own terms, a digest for others."""
        own = f"{self.base}ontology#"
        if len(iris) == 1 and iris[0].startswith(own):
            return f"{self.iri}#{kind}-{iris[0][len(own) :]}"
        return f"{self.iri}#{kind}-{hashlib.sha256(' '.join(iris).encode()).hexdigest()[:12]}"

    def counts(self, statistics: Statistics) -> None:
        self.say(self.iri, "void:triples", statistics.triples)
        self.say(self.iri, "void:distinctSubjects", statistics.subjects)
        self.say(self.iri, "void:distinctObjects", statistics.objects)
        self.say(self.iri, "void:entities", statistics.subjects)
        self.say(self.iri, "void:classes", len(statistics.classes))
        self.say(self.iri, "void:properties", len(statistics.properties))

    def partitions(self, statistics: Statistics) -> None:
        for cls, entities in statistics.classes:
            node = self.part("class", cls)
            self.say(self.iri, "void:classPartition", node)
            self.say(node, "void:class", cls)
            self.say(node, "void:entities", entities)
        for one in statistics.properties:
            node = self.part("property", one.iri)
            self.say(self.iri, "void:propertyPartition", node)
            self.say(node, "void:property", one.iri)
            self.say(node, "void:triples", one.triples)
            self.say(node, "void:distinctSubjects", one.subjects)
            self.say(node, "void:distinctObjects", one.objects)
        for (cls, predicate), uses in groupby(statistics.uses, key=lambda one: (one.cls, one.predicate)):
            node = self.part("use", cls, predicate)
            self.say(self.part("class", cls), "void:propertyPartition", node)
            self.say(node, "void:property", predicate)
            for use in uses:
                self.target(node, use.target, use.triples)
        for graph, triples in statistics.graphs:
            self.say(self.iri, "void:subset", graph)
            self.say(graph, "void:triples", triples)

    def target(self, node: str, target: str | None, triples: int) -> None:
        """Where a property leads, in the form that SIB's editor reads for its suggestions."""
        if target is None:
            return
        part = self.part("target", node, target)
        datatype = target.startswith((PREFIXES["xsd"], PREFIXES["rdf"]))
        kind, name = ("datatypePartition", "datatype") if datatype else ("classPartition", "class")
        space = "http://ldf.fi/void-ext#" if datatype else PREFIXES["void"]
        self.found.append(Triple(NamedNode(node), NamedNode(space + kind), NamedNode(part)))
        self.found.append(Triple(NamedNode(part), NamedNode(space + name), NamedNode(target)))
        self.say(part, "void:triples", triples)

    def linksets(self, statistics: Statistics) -> None:
        for one in statistics.linksets:
            node, there = self.part("links", one.predicate, one.space), self.part("target", one.space)
            self.say(self.iri, "void:subset", node)
            self.say(node, "rdf:type", expand("void:Linkset"))
            self.say(node, "void:linkPredicate", one.predicate)
            self.say(node, "void:subjectsTarget", self.iri)
            self.say(node, "void:objectsTarget", there)
            self.say(node, "void:triples", one.triples)
            self.say(there, "rdf:type", expand("void:Dataset"))
            self.say(there, "void:uriSpace", Literal(one.space))

    def service(self, endpoint: str) -> None:
        node = f"{self.iri}#sparql"
        self.say(self.iri, "void:sparqlEndpoint", endpoint)
        self.say(node, "rdf:type", expand("dcat:DataService"))
        self.say(node, "dcterms:title", Literal("SPARQL endpoint", language="en"))
        self.say(node, "dcterms:conformsTo", "https://www.w3.org/TR/sparql11-protocol/")
        self.say(node, "dcat:endpointURL", endpoint)
        self.say(node, "dcat:endpointDescription", endpoint)
        self.say(node, "dcat:servesDataset", self.iri)

    def distribution(self, one: Distribution, modified: str) -> None:
        node = f"{self.iri}#{one.name}"
        self.say(self.iri, "dcat:distribution", node)
        self.say(self.iri, "void:dataDump", one.url)
        self.say(node, "rdf:type", expand("dcat:Distribution"))
        self.say(node, "dcterms:title", Literal(one.label, language="en"))
        self.say(node, "dcterms:license", "https://creativecommons.org/licenses/by/4.0/")
        self.say(node, "dcat:accessURL", f"{self.base}dataset")
        self.say(node, "dcat:downloadURL", one.url)
        self.say(node, "dcat:mediaType", _IANA + one.media_type)
        self.say(node, "dcat:compressFormat", f"{_IANA}application/gzip")
        if modified:
            self.say(node, "dcterms:modified", Literal(modified, datatype=expand("xsd:dateTime")))
        if one.size is not None:
            self.say(node, "dcat:byteSize", Literal(str(one.size), datatype=expand("xsd:nonNegativeInteger")))
        if one.sha256:
            checksum = f"{node}-checksum"
            self.say(node, "spdx:checksum", checksum)
            self.say(checksum, "rdf:type", expand("spdx:Checksum"))
            self.say(checksum, "spdx:algorithm", expand("spdx:checksumAlgorithm_sha256"))
            self.say(checksum, "spdx:checksumValue", Literal(one.sha256, datatype=expand("xsd:hexBinary")))
