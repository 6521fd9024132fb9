"""What the rows of an answer rest on."""

# ruff: noqa: E501
from __future__ import annotations

import pytest
from test_description import PREFIXES, SnapshotEngine

from ncpc_kg.description import Lexicon
from ncpc_kg.description.rows import TSV, read_rows
from ncpc_kg.engine import Formats
from ncpc_kg.grounds import (
    Grounds,
    grounds_query,
    key_columns,
    read_grounds,
    read_solutions,
    solutions_query,
)
from ncpc_kg.store.snapshot import Snapshot
from ncpc_kg.vocabulary import BASE, ID

DATA = """
id:c1 a ncpc:Centre ; skos:prefLabel "One" ; ncpc:hasEvidence src:L1 ; ncpc:hasHadHost id:h1 .
id:c2 a ncpc:Centre ; skos:prefLabel "Two" ; ncpc:hasEvidence src:L2 .
id:h1 skos:prefLabel "Host" ; ncpc:hasEvidence src:L3 .
id:f1 a ncpc:SourcedFact ; ncpc:concerns id:c1 ; ncpc:hasHost id:h1 ; ncpc:countValue 5 ; ncpc:hasEvidence src:L10-12, src:L9 .
id:f2 a ncpc:SourcedFact ; ncpc:concerns id:c1 ; ncpc:countValue 7 ; ncpc:hasEvidence src:L20 .
id:d1 ncpc:involves id:f1 ; skos:prefLabel "They clash" .
id:d2 ncpc:involves id:f2 ; dcterms:identifier "D2" .
"""
HEAD = PREFIXES


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return SnapshotEngine(DATA).snapshot


def grounds(snapshot: Snapshot, query: str) -> list[Grounds]:
    text = HEAD + query
    answer = snapshot.query(text, Formats(bindings=TSV))
    columns = [name.lstrip("?") for name in answer.body.decode().partition("\n")[0].split("\t")]
    rows = read_rows(answer)
    asked = solutions_query(text, columns, rows)
    assert asked is not None
    behind = read_solutions(snapshot.query(*asked), text, columns, rows)
    assert behind.complete
    return list(read_grounds(snapshot.query(*grounds_query(behind, BASE)), behind, Lexicon()))


def test_more_solutions_than_are_looked_at_are_told(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, rows = HEAD + "SELECT ?n { ?f ncpc:countValue ?n } ORDER BY ?n", [["5"], ["7"]]
    monkeypatch.setattr("ncpc_kg.grounds.SOLUTIONS", 1)
    asked = solutions_query(text, ["n"], rows)
    assert asked is not None

    behind = read_solutions(snapshot.query(*asked), text, ["n"], rows)

    assert not behind.complete
    assert sum(map(len, behind.rows)) == 1


def lines(one: Grounds) -> list[str]:
    return [link.iri.rpartition("/")[2] for link in one.passages]


def test_facts_that_are_not_projected(snapshot: Snapshot) -> None:
    one, two = grounds(snapshot, "SELECT ?n { ?f ncpc:countValue ?n } ORDER BY ?n")
    assert (lines(one), [link.label for link in one.contested]) == (["L9", "L10-12"], ["They clash"])
    assert (lines(two), [link.label for link in two.contested]) == (["L20"], ["D2"])


def test_an_aggregate_rests_on_all_its_facts(snapshot: Snapshot) -> None:
    (one,) = grounds(
        snapshot, "SELECT ?c (SUM(?n) AS ?sum) { ?f ncpc:concerns ?c ; ncpc:countValue ?n } GROUP BY ?c"
    )
    assert lines(one) == ["L9", "L10-12", "L20"]
    assert len(one.contested) == 2
    (all_of_it,) = grounds(snapshot, "SELECT (SUM(?n) AS ?sum) { ?f ncpc:countValue ?n }")
    assert lines(all_of_it) == ["L9", "L10-12", "L20"]


def test_a_shortcut_rests_on_the_fact_between(snapshot: Snapshot) -> None:
    (one,) = grounds(snapshot, "SELECT ?c ?h { ?c ncpc:hasHadHost ?h }")
    assert lines(one) == ["L9", "L10-12"]


def test_without_facts_it_rests_on_the_things(snapshot: Snapshot) -> None:
    one, two = grounds(snapshot, "SELECT ?name { ?c a ncpc:Centre ; skos:prefLabel ?name } ORDER BY ?name")
    assert (lines(one), lines(two)) == (["L1"], ["L2"])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?n { { SELECT * { ?f ncpc:countValue ?n } } } ORDER BY ?n",
        "SELECT * { ?f ncpc:countValue ?n } ORDER BY ?n LIMIT 5",
        "SELECT DISTINCT ?n ?missing { ?f ncpc:countValue ?n OPTIONAL { ?f ncpc:nothing ?missing } } ORDER BY ?n",
        'SELECT ?n (STR("}{") AS ?x) { ?f ncpc:countValue ?n . BIND("} SELECT {" AS ?trap) } ORDER BY ?n',
        "SELECT ?n WHERE # a comment with { braces }\n { ?f ncpc:countValue ?n } GROUP BY ?n HAVING (?n > 0) ORDER BY ?n",
    ],
)
def test_forms_of_queries(snapshot: Snapshot, query: str) -> None:
    assert [lines(one) for one in grounds(snapshot, query)] == [["L9", "L10-12"], ["L20"]]


def test_keys_are_what_the_pattern_binds() -> None:
    text = "SELECT ?a (COUNT(?b) AS ?n) (MAX(?c) AS ?m) ?d { ?a ?b ?c, ?d }"
    assert key_columns(text, ["a", "n", "m", "d"]) == ("a", "d")
    assert key_columns("SELECT * { ?a ?b ?c }", ["a", "b", "c"]) == ("a", "b", "c")


def test_what_is_no_select_has_none() -> None:
    assert solutions_query("ASK { ?s ?p ?o }", ["x"], [["1"]]) is None
    assert solutions_query("SELECT ?s { ?s ?p ?o }", ["s"], []) is None


def test_rows_keep_their_own_grounds_only(snapshot: Snapshot) -> None:
    found = grounds(snapshot, f"SELECT ?f {{ ?f ncpc:concerns <{ID['c1']}> }} ORDER BY ?f")
    assert [lines(one) for one in found] == [["L9", "L10-12"], ["L20"]]
