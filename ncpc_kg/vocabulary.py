"""Namespaces of the graph and the single prefix map of the project.

Turtle files, shapes, queries, pages and serialised answers use these prefixes and no
others; a test compares every file with this map.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pyoxigraph import NamedNode
from rdflib import Namespace

BASE = "https://w3id.org/ncpc/"

NCPC = Namespace(BASE + "ontology#")
ID = Namespace(BASE + "id/")
CODE = Namespace(BASE + "code/")
SHAPE = Namespace(BASE + "shapes#")
GRAPH = Namespace(BASE + "graph/")
QUESTION = Namespace(BASE + "questions/")
SOURCE = Namespace(BASE + "source/")
SRC = Namespace(BASE + "source/csd-bp28/")

ONTOLOGY = BASE + "ontology"
INFERRED = GRAPH["inferred"]

PREFIXES: dict[str, str] = {
    "ncpc": str(NCPC),
    "id": str(ID),
    "code": str(CODE),
    "shape": str(SHAPE),
    "graph": str(GRAPH),
    "question": str(QUESTION),
    "source": str(SOURCE),
    "src": str(SRC),
    "adms": "http://www.w3.org/ns/adms#",
    "bibo": "http://purl.org/ontology/bibo/",
    "cc": "http://creativecommons.org/ns#",
    "cv": "http://data.europa.eu/m8g/",
    "cpsv": "http://purl.org/vocab/cpsv#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "eurio": "http://data.europa.eu/s66#",
    "fabio": "http://purl.org/spar/fabio/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "frapo": "http://purl.org/cerif/frapo/",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "qb": "http://purl.org/linked-data/cube#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sdmx-code": "http://purl.org/linked-data/sdmx/2009/code#",
    "sdmx-dimension": "http://purl.org/linked-data/sdmx/2009/dimension#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "skosxl": "http://www.w3.org/2008/05/skos-xl#",
    "spdx": "http://spdx.org/rdf/terms#",
    "time": "http://www.w3.org/2006/time#",
    "vann": "http://purl.org/vocab/vann/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "void": "http://rdfs.org/ns/void#",
    "wd": "http://www.wikidata.org/entity/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

_PLAIN_LOCAL = re.compile(r"[\w\-]+(?:\.[\w\-]+)*")


def prefixes_under(base: str) -> dict[str, str]:
    """Return the prefix map of a graph that is published under another base.

    Args:
        base: Its base IRI, ending in `/`.

    Returns:
        IRIs by prefix; those outside the project's own base are the same.
    """
    return {prefix: iri.replace(BASE, base, 1) for prefix, iri in PREFIXES.items()}


def expand(name: str) -> NamedNode:
    """The term that a prefixed name of the project stands for.

    Args:
        name: Such as `ncpc:hasHost`.
    """
    prefix, _, local = name.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


def abbreviate(iri: str, base: str = BASE) -> str | None:
    """The prefixed name of an IRI; None where no prefix fits, or the rest would need escapes.

    Args:
        iri: The IRI.
        base: Base IRI the graph is published under.
    """
    for namespace, prefix in _namespaces(base):
        if iri.startswith(namespace):
            local = iri.removeprefix(namespace)
            return f"{prefix}:{local}" if _PLAIN_LOCAL.fullmatch(local) else None
    return None


@lru_cache(maxsize=8)
def _namespaces(base: str) -> tuple[tuple[str, str], ...]:
    """Namespaces with their prefixes, a longer one before those it starts with."""
    return tuple(sorted(((iri, prefix) for prefix, iri in prefixes_under(base).items()), reverse=True))
