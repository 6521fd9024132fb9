"""Contradictions of the real graph, read with both sides from one answer."""

from __future__ import annotations

from conftest import ROOT
from pyoxigraph import Literal, NamedNode
from samples import DatasetEngine

from ncpc_kg.catalogue import bind, read_catalogue
from ncpc_kg.contradictions import Contradiction, read_contradictions
from ncpc_kg.description import load_lexicon
from ncpc_kg.description.rows import read_rows
from ncpc_kg.graph import Dataset
from ncpc_kg.vocabulary import BASE, ID


def read(dataset: Dataset, **terms: Literal | NamedNode) -> tuple[Contradiction, ...]:
    engine = DatasetEngine(dataset)
    queries = read_catalogue(ROOT / "queries" / "pages")
    keys = read_rows(engine.query(bind(queries.get("contradictions"), terms)))
    told = engine.query(bind(queries.get("contradictions-told"), terms))
    iris = [row[0][1:-1] for row in keys]
    return read_contradictions(told, iris, load_lexicon(engine, BASE))


def test_they_come_in_the_order_of_their_numbers(closed: Dataset) -> None:
    found = read(closed, after=Literal(""))

    assert [one.identifier for one in found][:3] == ["D01", "D02", "D03"]
    assert len(found) == 26
    assert all(one.text and one.kind and one.status and one.passages for one in found)


def test_the_sides_are_all_that_a_contradiction_involves(closed: Dataset) -> None:
    found = {one.identifier: one for one in read(closed, about=NamedNode(ID["centre-india"]))}

    everything = {side.iri for one in found.values() for side in one.sides}
    assert f"{ID}hosting-india-npc" in everything
    for one in found.values():
        involved = closed.match(NamedNode(one.iri), NamedNode(f"{BASE}ontology#involves"), None)
        assert {side.iri for side in one.sides} == {quad.object.value for quad in involved}


def test_the_next_page_starts_after_the_last(closed: Dataset) -> None:
    first = read(closed, after=Literal(""))
    last = first[24]
    number = last.identifier.removeprefix("D")

    following = read(closed, after=Literal(f"{number:>05} {last.iri}"))

    assert following[0].identifier == first[25].identifier
