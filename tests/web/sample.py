"""A small network with everything that resources meet: hubs, hostile texts, odd IRIs, withdrawn things."""

# ruff: noqa: E501
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox

from ncpc_kg.settings import Settings
from ncpc_kg.vocabulary import BASE, GRAPH, ID, NCPC

HUB = 400
HOSTILE = '</script><script>alert("1")</script> & \' " \u202egnp.exe\u2028'

TURTLE = r"""
PREFIX code: <https://w3id.org/ncpc/code/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX src: <https://w3id.org/ncpc/source/csd-bp28/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>

id:centre-brazil a ncpc:Centre, org:Organization ;
    skos:prefLabel "Centro do Brasil"@pt, "Centre of Brazil"@en ;
    skos:altLabel "CNTL" ;
    ncpc:inCountry id:country-brazil ;
    ncpc:hasEvidence src:L86-88, src:L9 ;
    ncpc:hasFact id:hosting-brazil-senai, id:start-table, id:start-text ;
    ncpc:hasHadHost id:org-senai .
id:country-brazil a ncpc:Country ; skos:prefLabel "Brazil"@en ; ncpc:hasEvidence src:L86-88 .
id:org-senai a org:Organization ; skos:prefLabel "SENAI"@en ; ncpc:hasEvidence src:L493-495 .
id:hosting-brazil-senai a ncpc:Hosting, ncpc:Arrangement, ncpc:SourcedFact ;
    ncpc:concerns id:centre-brazil ; ncpc:hasHost id:org-senai ; ncpc:status code:status-current ;
    schema:startDate "1995-07"^^xsd:gYearMonth ;
    ncpc:hasEvidence src:L493-495 ; ncpc:hasPropertyEvidence id:hosting-brazil-senai-start .
id:hosting-brazil-senai-start a ncpc:PropertyEvidence ;
    ncpc:onProperty schema:startDate ; ncpc:hasEvidence src:L501 .
id:start-table a ncpc:LifecycleEvent, ncpc:SourcedFact ; ncpc:concerns id:centre-brazil ;
    dcterms:date "1995-09"^^xsd:gYearMonth ; ncpc:hasEvidence src:L204 ; ncpc:isInvolvedIn id:discrepancy-d07 .
id:start-text a ncpc:LifecycleEvent, ncpc:SourcedFact ; ncpc:concerns id:centre-brazil ;
    dcterms:date "1995-07"^^xsd:gYearMonth ; ncpc:hasEvidence src:L496-497 ; ncpc:isInvolvedIn id:discrepancy-d07 .
id:discrepancy-d07 a ncpc:Discrepancy, ncpc:SourcedFact ; dcterms:identifier "D07" ;
    skos:prefLabel "Two starts"@en ; ncpc:involves id:start-table, id:start-text ; ncpc:hasEvidence src:L204, src:L496-497 .
id:unlabelled ncpc:countValue 5, 5.5, 1e3, true .
<https://w3id.org/ncpc/id/centre-são-paulo> a ncpc:Centre ; skos:prefLabel "São Paulo"@pt .
<https://w3id.org/ncpc/id/centre-%C3%A9> a ncpc:Centre ; skos:prefLabel "Escaped in the graph, too"@en .
id:old owl:deprecated true ; dcterms:isReplacedBy id:centre-brazil .
id:outside a ncpc:Centre ; skos:prefLabel "Outside"@en ;
    skos:exactMatch <http://www.wikidata.org/entity/Q155> ; skos:closeMatch <javascript:alert(1)> .
src:L493-495 a ncpc:Passage ; ncpc:lineStart 493 ; ncpc:lineEnd 495 .
code:status a skos:ConceptScheme ; skos:prefLabel "Status"@en .
code:status-current a skos:Concept ; skos:inScheme code:status ; skos:prefLabel "Current"@en .
"""

ONTOLOGY = r"""
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>

<https://w3id.org/ncpc/ontology> a owl:Ontology ; dcterms:title "NCPC ontology"@en ; owl:versionInfo "0.2.0" ;
    owl:versionIRI <https://w3id.org/ncpc/ontology/0.2.0> ; owl:priorVersion <https://w3id.org/ncpc/ontology/0.1.0> .
ncpc:SourcedFact a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "Sourced Fact"@en .
ncpc:Arrangement a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "Arrangement"@en ;
    rdfs:subClassOf ncpc:SourcedFact .
ncpc:Hosting a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "Hosting"@en ;
    rdfs:subClassOf ncpc:Arrangement ; skos:definition "Arrangement by which an organisation houses a centre."@en .
ncpc:Centre a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "Centre"@en .
ncpc:LifecycleEvent a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ;
    skos:prefLabel "Lifecycle Event"@en ; rdfs:subClassOf ncpc:SourcedFact .
ncpc:HostInstitution a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "Host"@en .
ncpc:concerns a owl:ObjectProperty ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "concerns"@en .
ncpc:hasFact a owl:ObjectProperty ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; owl:inverseOf ncpc:concerns ;
    skos:prefLabel "has fact"@en .
ncpc:hasHost a owl:ObjectProperty ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "has host"@en ;
    rdfs:domain ncpc:Hosting ; rdfs:range ncpc:HostInstitution ; skos:closeMatch <http://example.org/host> .
ncpc:hasHadHost a owl:ObjectProperty ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ;
    owl:propertyChainAxiom ( ncpc:hasFact ncpc:hasHost ) ; skos:prefLabel "has had host"@en .
"""

SHAPES = """
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX shape: <https://w3id.org/ncpc/shapes#>
shape:Hosting a sh:NodeShape ; sh:targetClass ncpc:Hosting ; sh:property shape:Hosting-host .
shape:Hosting-host a sh:PropertyShape ; sh:minCount 1 .
"""

QUESTIONS = {
    "hosts-of-centre": """\
#+ summary: Who houses a centre?
#+ id: T01
#+ description: Hosts, with when they began.
#+ tags: [Hosts]
#+ params:
#+   - name: centre
#+     label: Centre
#+     type: iri
#+     values: SELECT ?value ?label WHERE { ?value a ncpc:Centre ; skos:prefLabel ?label } ORDER BY ?value
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX schema: <https://schema.org/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?host ?name (COUNT(?hosting) AS ?times) ?start WHERE {
  VALUES ?centre { id:centre-brazil }
  ?hosting ncpc:concerns ?centre ; ncpc:hasHost ?host .
  ?host skos:prefLabel ?name .
  OPTIONAL { ?hosting schema:startDate ?start }
} GROUP BY ?host ?name ?start ORDER BY ?name
""",
    "hosts-by-shortcut": """\
#+ summary: Who ever housed a centre?
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
SELECT ?centre ?host WHERE { ?centre ncpc:hasHadHost ?host } ORDER BY ?host
""",
    "starts": """\
#+ summary: When did centres start?
#+ params:
#+   - name: since
#+     label: Since
#+     type: gYearMonth
#+   - name: text
#+     label: Text
#+     type: string
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
SELECT ?centre ?date ?text WHERE {
  VALUES ?since { "1990-01"^^xsd:gYearMonth }
  VALUES ?text { UNDEF }
  ?event ncpc:concerns ?centre ; dcterms:date ?date .
  FILTER(?date >= ?since)
} ORDER BY ?date
""",
    "links-of-hub": """\
#+ summary: What points at the hub?
PREFIX id: <https://w3id.org/ncpc/id/>
SELECT ?from WHERE { ?from ?p id:hub } ORDER BY ?from
""",
}


def quads() -> Iterator[ox.Quad]:
    """The network, its ontology and shapes, each in its graph."""
    for text, name in ((TURTLE, "20-brazil"), (ONTOLOGY, "ncpc"), (SHAPES, "ncpc-shapes")):
        for quad in ox.parse(text.encode(), ox.RdfFormat.TURTLE):
            yield ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode(GRAPH[name]))
    graph = ox.NamedNode(GRAPH["hub"])
    label = ox.NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel")
    hub = ox.NamedNode(ID["hub"])
    for number in range(HUB):
        yield ox.Quad(ox.NamedNode(ID[f"spoke-{number:04}"]), ox.NamedNode(NCPC["hasParty"]), hub, graph)
    yield ox.Quad(hub, label, ox.Literal(HOSTILE, language="en"), graph)
    text = ox.NamedNode("http://purl.org/dc/terms/description")
    yield ox.Quad(ox.NamedNode(ID["long"]), text, ox.Literal("word " * 40_000), graph)
    yield ox.Quad(ox.NamedNode(ID["long"]), label, ox.Literal("x" * 5_000), graph)
    said = ox.Triple(hub, label, ox.Literal("said"))
    reifies = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies")
    yield ox.Quad(ox.NamedNode(ID["claim"]), reifies, said, graph)


def write_content(root: Path) -> Settings:
    """A content directory with the questions alone, and settings for it."""
    questions = root / "content" / "queries"
    (questions / "internal").mkdir(parents=True)
    for name, text in QUESTIONS.items():
        (questions / f"{name}.rq").write_text(text, encoding="utf-8")
    export = Path(__file__).resolve().parents[2] / "queries" / "internal" / "export-rdf12.rq"
    (questions / "internal" / "export-rdf12.rq").write_text(export.read_text("utf-8"), encoding="utf-8")
    return Settings(content=root / "content", store=root / "store", base=BASE)
