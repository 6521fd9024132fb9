"""schema.org data for pages: what search engines and citation tools read (JSON-LD)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ncpc_kg.dataset import About, Statistics
from ncpc_kg.description import Description, Link
from ncpc_kg.web.site import Dump

_KINDS = {
    "Centre": "Organization",
    "Organization": "Organization",
    "OrganizationalUnit": "Organization",
    "Person": "Person",
    "Country": "Country",
    "Place": "Place",
    "Meeting": "Event",
    "LifecycleEvent": "Event",
    "Publication": "CreativeWork",
    "Report": "Report",
    "Concept": "DefinedTerm",
    "ConceptScheme": "DefinedTermSet",
    "Funding": "Grant",
    "Project": "Project",
}
_YEARS = ("dcat:startDate", "dcat:endDate")


def of_thing(description: Description, base: str) -> str:
    """What a page about a thing says to search engines.

    Args:
        description: The thing.
        base: Base IRI the graph is published under.
    """
    local = (one.iri.replace("#", "/").rpartition("/")[2] for one in description.types)
    kind = next((_KINDS[name] for name in local if name in _KINDS), "Thing")
    found: dict[str, Any] = {"@type": kind, "@id": description.iri, "url": description.iri}
    found["name"] = description.label
    if description.names:
        found["alternateName"] = list(description.names[:20])
    if description.text:
        found["description"] = description.text
    if outside := [link.iri for link in _outside(description, base)]:
        found["sameAs"] = outside
    if description.passages:
        found["subjectOf"] = [{"@type": "Quotation", "@id": link.iri} for link in description.passages[:20]]
    found["isPartOf"] = {"@type": "Dataset", "@id": f"{base}dataset"}
    return _json(found)


def of_dataset(about: About, statistics: Statistics, dumps: tuple[Dump, ...], modified: str) -> str:
    """What the page of the dataset says to dataset search engines.

    Args:
        about: What people wrote about the dataset.
        statistics: Its counts.
        dumps: Its files.
        modified: Date and time of its last change.
    """
    base, years = about.iri[: -len("dataset")], _first(about.texts("dcterms:temporal"))
    return _json(
        {
            "@type": "Dataset",
            "@id": about.iri,
            "url": about.iri,
            "name": _first(about.texts("dcterms:title")),
            "description": _first(about.texts("dcterms:description")),
            "keywords": list(about.texts("dcat:keyword")),
            "license": _first(about.texts("dcterms:license")),
            "creator": {
                "@type": "Organization",
                "name": _first(about.texts_of(_first(about.texts("dcterms:creator")), "foaf:name")),
            },
            "isBasedOn": {"@type": "Report", "@id": _first(about.texts("dcterms:source"))},
            "temporalCoverage": "/".join(_first(about.texts_of(years, name)) for name in _YEARS),
            "dateModified": modified,
            "size": f"{statistics.triples} statements",
            "includedInDataCatalog": {"@type": "DataCatalog", "url": base},
            "distribution": [
                {
                    "@type": "DataDownload",
                    "name": one.label,
                    "encodingFormat": one.media_type,
                    "contentUrl": f"{base}dumps/{one.name}",
                    **({"contentSize": f"{one.size} B", "sha256": one.sha256} if one.sha256 else {}),
                }
                for one in dumps
            ],
        }
    )


def _outside(description: Description, base: str) -> list[Link]:
    return [
        Link(value.iri, value.text)
        for one in description.properties
        if one.iri.endswith(("#exactMatch", "#sameAs", "/homepage"))
        for value in one.values
        if value.iri and not value.iri.startswith(base) and value.iri.startswith(("https://", "http://"))
    ]


def _first(texts: tuple[str, ...]) -> str:
    return texts[0] if texts else ""


def _json(found: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps({"@context": "https://schema.org/", **found}, ensure_ascii=False)
    for mark, escaped in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("\u2028", "\\u2028")):
        text = text.replace(mark, escaped)
    return text.replace("\u2029", "\\u2029")
