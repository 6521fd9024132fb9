"""Small content and a small engine that several test modules use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pyoxigraph import QueryResultsFormat, QuerySolutions, QueryTriples, RdfFormat

from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.graph import Dataset

ROOT = Path(__file__).resolve().parent.parent

ContentMaker = Callable[..., Path]

# The smallest content that the chain accepts: one term, one code list, one thing, one shape.
MINIMAL = {
    "ontology/ncpc.ttl": """\
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>

<https://w3id.org/ncpc/ontology> a owl:Ontology .
ncpc:Centre a owl:Class .
ncpc:HostInstitution a owl:Class .
ncpc:Hosting a owl:Class .
ncpc:concerns a owl:ObjectProperty .
ncpc:hasFact a owl:ObjectProperty ; owl:inverseOf ncpc:concerns .
ncpc:hasHost a owl:ObjectProperty ; rdfs:range ncpc:HostInstitution .
ncpc:hasHadHost a owl:ObjectProperty ; owl:propertyChainAxiom ( ncpc:hasFact ncpc:hasHost ) .
""",
    "ontology/codes/status.ttl": """\
PREFIX code: <https://w3id.org/ncpc/code/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>

code:status a skos:ConceptScheme .
code:status-current a skos:Concept ; skos:inScheme code:status .
""",
    "data/ttl/20-brazil.ttl": """\
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>

id:centre-brazil a ncpc:Centre .
id:hosting-brazil-senai a ncpc:Hosting ;
    ncpc:concerns id:centre-brazil ;
    ncpc:hasHost id:org-senai .
""",
    "shapes/hosting.ttl": """\
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX sh: <http://www.w3.org/ns/shacl#>
PREFIX shape: <https://w3id.org/ncpc/shapes#>

shape:Hosting a sh:NodeShape ;
    sh:targetClass ncpc:Hosting ;
    sh:property shape:Hosting-host .
shape:Hosting-host a sh:PropertyShape ;
    sh:path ncpc:hasHost ;
    sh:minCount 1 ;
    sh:severity sh:Violation ;
    sh:message "No host. Add ncpc:hasHost."@en .
""",
    "queries/host-of-centre.rq": """\
#+ summary: Who houses a centre?
#+ id: T01
#+ tags: [Hosts]
#+ params:
#+   - name: centre
#+     label: Centre
#+     type: iri
#+     values: SELECT ?value WHERE { ?value a ncpc:Centre } ORDER BY ?value
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>

SELECT ?host WHERE {
  VALUES ?centre { id:centre-brazil }
  ?centre ncpc:hasHadHost ?host .
} ORDER BY ?host
""",
    "queries/internal/construct-current.rq": """\
CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o FILTER(false) }
""",
}


class DatasetEngine:
    """An engine without store, limits or updates: what the layers above `Engine` need."""

    version = "1"

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        """Answer in JSON or Turtle, whatever `formats` says."""
        result = self.dataset.query(text)
        if isinstance(result, QueryTriples):
            body = result.serialize(format=RdfFormat.TURTLE)
            return Answer("graph", "text/turtle", body or b"")
        body = result.serialize(format=QueryResultsFormat.JSON)
        kind = "bindings" if isinstance(result, QuerySolutions) else "boolean"
        return Answer(kind, "application/sparql-results+json", body or b"")

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        """Change the dataset."""
        self.dataset.store.update(text)
