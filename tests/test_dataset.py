"""The dataset's description, counts and dumps, without HTTP."""

# ruff: noqa: E501
from __future__ import annotations

import gzip

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from ncpc_kg.dataset import (
    FORMATS,
    Distribution,
    DumpFormat,
    Statistics,
    built_record,
    dump_query,
    make_dump,
    read_about,
    read_statistics,
    record,
    statistics_queries,
)
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.graph import Dataset
from ncpc_kg.store.snapshot import Snapshot
from ncpc_kg.vocabulary import BASE, PREFIXES

DATA = """
<https://w3id.org/ncpc/id/a> a <https://w3id.org/ncpc/ontology#Centre> <https://w3id.org/ncpc/graph/one> .
<https://w3id.org/ncpc/id/a> <http://www.w3.org/2004/02/skos/core#exactMatch> <http://www.wikidata.org/entity/Q155> <https://w3id.org/ncpc/graph/one> .
<https://w3id.org/ncpc/id/b> a <https://w3id.org/ncpc/ontology#Centre> <https://w3id.org/ncpc/graph/two> .
<https://w3id.org/ncpc/id/b> <http://x/knows> <https://w3id.org/ncpc/id/a> .
""".replace(" a <", " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <")


@pytest.fixture
def snapshot() -> Snapshot:
    made = Snapshot()
    made.load(parse(DATA.encode(), RdfFormat.N_QUADS))
    return made


@pytest.fixture
def statistics(snapshot: Snapshot) -> Statistics:
    return read_statistics([snapshot.query(*query) for query in statistics_queries()])


def test_counts(statistics: Statistics) -> None:
    assert (statistics.triples, statistics.subjects, statistics.objects) == (4, 2, 3)
    assert statistics.classes == ((f"{BASE}ontology#Centre", 2),)
    assert statistics.properties[0].triples == 2
    assert statistics.graphs == ((f"{BASE}graph/one", 2), (f"{BASE}graph/two", 1))
    (links,) = statistics.linksets
    assert (links.space, links.triples) == ("http://www.wikidata.org/entity/", 1)
    uses = {(use.predicate, use.target): use.triples for use in statistics.uses}
    assert uses[("http://x/knows", f"{BASE}ontology#Centre")] == 1
    assert uses[(PREFIXES["skos"] + "exactMatch", None)] == 1


def test_the_written_part_names_licence_and_source() -> None:
    about = read_about()
    assert about.texts("dcterms:license") == ("https://creativecommons.org/licenses/by/4.0/",)
    assert about.texts("dcterms:source") == (f"{BASE}source/csd-bp28",)
    moved = read_about("https://data.example/")
    assert moved.iri == "https://data.example/dataset"
    assert not any(BASE in str(triple) for triple in moved.triples)


def test_the_record_tells_distributions_and_endpoint(statistics: Statistics) -> None:
    one = Distribution("x.nt.gz", "N-Triples", "application/n-triples", "http://h/x.nt.gz", 7, "ab")
    found = {
        str(t)
        for t in record(read_about(), statistics, [one], "2026-01-01T00:00:00Z", "1", "http://h/sparql")
    }
    text = "\n".join(found)
    for word in (
        "byteSize",
        "downloadURL",
        "checksumValue",
        "endpointURL",
        "Linkset",
        "classPartition",
        "#version",
    ):
        assert word in text
    later = Distribution("x.nt.gz", "N-Triples", "application/n-triples", "http://h/x.nt.gz")
    assert "byteSize" not in "\n".join(str(t) for t in record(read_about(), statistics, [later]))


def test_the_built_part_repeats_no_statement_of_other_files(statistics: Statistics) -> None:
    subjects = {triple.subject.value for triple in built_record(read_about(), statistics)}  # type: ignore[union-attr]
    assert all(subject.startswith((f"{BASE}dataset", f"{BASE}graph/")) for subject in subjects)


def test_the_built_part_is_no_second_home_of_a_statement_of_the_content(closed: Dataset) -> None:
    counts = Statistics(1, 1, 1, (), (), tuple((name.value, 1) for name in closed.graphs()), ())
    held = {quad.triple for quad in closed.quads()}
    assert held.isdisjoint(built_record(read_about(), counts))


@pytest.mark.parametrize("form", FORMATS, ids=[form.name for form in FORMATS])
def test_dumps_hold_what_they_say_and_are_always_the_same(snapshot: Snapshot, form: DumpFormat) -> None:
    reify = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
    query = dump_query(form, reify)
    first, second = (make_dump(form, snapshot.query(*query)) for _ in range(2))
    assert first == second
    suffix = form.name.split(".")[1]
    held = set(parse(gzip.decompress(first.body), RdfFormat.from_extension(suffix)))
    if form.holds == "quads":
        assert held == set(snapshot.named)
    else:
        assert {q.triple for q in held} == {q.triple for q in snapshot.named}


def test_one_reifier_for_each_triple() -> None:
    (form,) = (one for one in FORMATS if one.holds == "reified")
    reifies = PREFIXES["rdf"] + "reifies"
    lines = []
    for label, passage in (("x1", "p1"), ("x2", "p2")):
        lines.append(f'_:{label} <{reifies}> <<( <http://a> <http://b> "c" )>> .')
        lines.append(f"_:{label} <http://e> <http://{passage}> .")
    made = make_dump(form, Answer("graph", form.media_type, ("\n".join(lines) + "\n").encode()))
    quads = list(parse(gzip.decompress(made.body), RdfFormat.N_TRIPLES))
    assert len({quad.subject for quad in quads}) == 1
    assert {quad.object for quad in quads} == {
        NamedNode("http://p1"),
        NamedNode("http://p2"),
        Triple(NamedNode("http://a"), NamedNode("http://b"), Literal("c")),
    }


def test_an_answer_in_turtle_is_kept_as_it_is(snapshot: Snapshot) -> None:
    (form,) = (one for one in FORMATS if one.name == "ncpc.ttl.gz")
    answer = snapshot.query("CONSTRUCT WHERE { ?s ?p ?o }", Formats(graph="text/turtle"))
    assert gzip.decompress(make_dump(form, answer).body) == answer.body
