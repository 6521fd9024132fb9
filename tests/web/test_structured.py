"""schema.org data for pages."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ncpc_kg.dataset import Statistics, read_about
from ncpc_kg.description import Description, Link, Property, Value
from ncpc_kg.vocabulary import BASE, PREFIXES
from ncpc_kg.web import structured

THING = Description(
    iri=f"{BASE}id/x", label="X", names=("Y",), types=(Link(f"{BASE}ontology#Centre", "Centre"),), text="",
    properties=(), passages=(), contested=(), facts=(), incoming=(), shown=0, page=1, more=False, triples=(),
)  # fmt: skip


def test_a_thing() -> None:
    found = json.loads(structured.of_thing(THING, BASE))
    assert found["@context"] == "https://schema.org/"
    assert (found["@type"], found["name"], found["alternateName"]) == ("Organization", "X", ["Y"])
    assert found["isPartOf"]["@id"] == f"{BASE}dataset"


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "&lt;", "\u2028", "\u202e", '"', "\\"])
def test_nothing_ends_the_element_it_stands_in(text: str) -> None:
    written = structured.of_thing(replace(THING, label=text), BASE)
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written)["name"] == text


def test_only_web_addresses_outside_are_the_same() -> None:
    match = PREFIXES["skos"] + "exactMatch"
    values = tuple(
        Value(iri, iri) for iri in ("http://www.wikidata.org/entity/Q1", "javascript:x", f"{BASE}id/y")
    )
    found = json.loads(
        structured.of_thing(replace(THING, properties=(Property(match, "", "", values),)), BASE)
    )
    assert found["sameAs"] == ["http://www.wikidata.org/entity/Q1"]


def test_the_dataset() -> None:
    counts = Statistics(12, 1, 1, (), (), (), ())
    found = json.loads(structured.of_dataset(read_about(), counts, (), "2026-01-01T00:00:00+00:00"))
    assert (found["@type"], found["size"], found["license"]) == (
        "Dataset", "12 statements", "https://creativecommons.org/licenses/by/4.0/",
    )  # fmt: skip
    assert (found["creator"]["name"], found["temporalCoverage"]) == ("The ncpc-kg authors", "1994/1998")
