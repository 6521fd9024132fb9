"""Search by name: any spelling of the source, best first, and what looks alike."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ncpc_kg.engine import Answer
from ncpc_kg.search import LIMIT, Index, Name, fold, read_index

NAMES = (
    Name("e:china", "China National Cleaner Production Centre", "Centre", True, "en"),
    Name("e:china", "China NCPC", "Centre", False, "en"),
    Name("e:mexico", "Centro Mexicano para la Producción Más Limpia", "Centre", True, "es"),
    Name("e:mexico", "National Cleaner Production Centre of Mexico", "Centre", True, "en"),
    Name("e:dti", "Danish Technological Institute", "Organisation", True, "en"),
    Name("e:dti", "DTI", "Organisation", False),
    Name("e:dtu", "Technical University of Denmark", "Organisation", True, "en"),
    Name("e:carl", "Carl Duisberg Gesellschaft", "Organisation", True, "de"),
    Name("e:zlin", "Zlín", "Place", True),
)
INDEX = Index(NAMES)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("china ncpc", "e:china"),
        ("CHINA-NCPC", "e:china"),
        ("produccion mas limpia", "e:mexico"),
        ("Limpia Producción", "e:mexico"),
        ("dti", "e:dti"),
        ("zlin", "e:zlin"),
        ("Zlín", "e:zlin"),
        ("carl duis", "e:carl"),
        ("duisberg", "e:carl"),
    ],
)
def test_a_thing_is_found_by_any_of_its_names(query: str, first: str) -> None:
    found = INDEX.search(query)

    assert not found.similar
    assert found.hits[0].thing == first


def test_whole_names_come_before_beginnings_and_parts() -> None:
    index = Index(
        [Name("e:3", "An Apple"), Name("e:2", "Apple pie"), Name("e:1", "Apple"), Name("e:4", "Pineapple")]
    )

    assert [hit.thing for hit in index.search("apple").hits] == ["e:1", "e:2", "e:3", "e:4"]


def test_what_fits_as_well_comes_before_facts_about_it_and_after_nothing_unclassified() -> None:
    index = Index(
        (
            Name("e:fact", "Awareness work in Mexico", "Service Activity", fact=True),
            Name("e:part", "Introduction (Mexico)"),
            Name("e:centre", "National Centre of Mexico", "Centre"),
        )
    )
    assert [hit.thing for hit in index.search("mexico").hits] == ["e:centre", "e:part", "e:fact"]


def test_the_label_is_shown_with_the_spelling_that_fitted() -> None:
    (hit,) = INDEX.search("China NCPC").hits

    assert (hit.label, hit.spelling) == ("China National Cleaner Production Centre", "China NCPC")
    assert INDEX.search("mexico").hits[0].label == "National Cleaner Production Centre of Mexico"


def test_a_thing_is_shown_once_and_counted_once() -> None:
    found = INDEX.search("centre")

    assert sorted(hit.thing for hit in found.hits) == ["e:china", "e:mexico"]
    assert found.total == 2


@pytest.mark.parametrize("query", ["danish tecnological institut", "Danisch Technologic Inst."])
def test_a_misspelled_name_finds_what_looks_alike(query: str) -> None:
    found = INDEX.search(query)

    assert found.similar
    assert found.hits[0].thing == "e:dti"


@pytest.mark.parametrize("query", ["", "   ", "-- ?", "zzzzqqqq", "\u202e", "x" * 100_000])
def test_nothing_and_nonsense_find_nothing(query: str) -> None:
    assert INDEX.search(query).hits == ()


def test_many_hits_are_bounded_and_counted() -> None:
    found = Index(Name(f"e:{n}", f"Centre {n}") for n in range(5000)).search("centre")

    assert (len(found.hits), found.total) == (LIMIT, 5000)


def test_names_are_read_from_an_answer() -> None:
    rows = [
        {
            "thing": {"type": "uri", "value": "e:x"},
            "name": {"type": "literal", "value": "X", "xml:lang": "en"},
            "preferred": {"type": "literal", "value": "true"},
            "kind": {"type": "literal", "value": "Centre"},
        }
    ]
    body = json.dumps({"head": {"vars": []}, "results": {"bindings": rows}}).encode()

    (hit,) = read_index(Answer("bindings", "application/sparql-results+json", body)).search("x").hits

    assert (hit.thing, hit.label, hit.kind, hit.spelling) == ("e:x", "X", "Centre", None)


@given(st.text(max_size=60))
@example("\u1d2c")  # a capital that shows when letters are taken apart
def test_folding_is_stable_and_every_name_finds_itself(name: str) -> None:
    assert fold(fold(name)) == fold(name)
    if fold(name):
        assert Index([Name("e:x", name)]).search(name).hits[0].thing == "e:x"
