"""The real graph: every node rests on lines, every line with content is used, nothing is left over."""

from __future__ import annotations

import csv

import pytest
import rdflib
from rdflib import DCTERMS, RDF, URIRef

from ncpc_kg.evidence import LINE_INDEX, Line, cited_passages, read_passage
from ncpc_kg.pipeline import Content
from ncpc_kg.vocabulary import NCPC, PREFIXES, SRC

# Passages are what evidence ends at; identifiers of other systems name where they come from.
NOT_FROM_LINES = {"data/ttl/00-source.ttl", "data/ttl/95-alignments.ttl"}
# What describes the paper or its table as a whole, and so proves nothing about a single line.
FRAMES = (
    URIRef(PREFIXES["bibo"] + "DocumentPart"),
    URIRef(PREFIXES["bibo"] + "Report"),
    *(URIRef(PREFIXES["qb"] + n) for n in ("DataSet", "DataStructureDefinition", "ComponentSpecification")),
)


@pytest.fixture(scope="module")
def index(real: Content) -> tuple[Line, ...]:
    root = next(file.path for file in real.files if file.role == "data").parents[2]
    with (root / LINE_INDEX).open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return tuple(Line(int(r["line"]), r["kind"], r["section"], r["paragraph"], r["sha256"]) for r in rows)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data(real: Content) -> rdflib.Graph:
    return real.asserted.to_rdflib(*(file.graph for file in real.files if file.role == "data"))


def test_every_statement_of_the_data_resolves_to_a_passage(real: Content, data: rdflib.Graph) -> None:
    resting = set(data.subjects(NCPC.hasEvidence))
    for file in real.files:
        if file.role == "data" and file.name not in NOT_FROM_LINES:
            for triple, place in file.statements():
                assert URIRef(triple.subject.value) in resting, f"{place}: {triple}"  # type: ignore[union-attr]


def test_every_linkset_names_where_its_identifiers_come_from(data: rdflib.Graph) -> None:
    linksets = set(data.subjects(RDF.type, URIRef(PREFIXES["void"] + "Linkset")))
    assert linksets
    assert all(data.value(linkset, DCTERMS.source) for linkset in linksets)


def test_cited_and_described_passages_are_the_same(real: Content, data: rdflib.Graph) -> None:
    described = {str(passage) for passage in data.subjects(RDF.type, NCPC.Passage)}
    assert {passage.iri.value for passage in cited_passages(real.asserted)} == described


def test_every_line_with_content_is_covered(real: Content, index: tuple[Line, ...]) -> None:
    covered = {n for p in cited_passages(real.asserted) for n in range(p.start, p.end + 1)}
    assert [line.number for line in index if line.kind == "content" and line.number not in covered] == []
    assert len(covered) > 1000


def test_lines_no_fact_covers_are_headings(data: rdflib.Graph, index: tuple[Line, ...]) -> None:
    frames = {node for frame in FRAMES for node in data.subjects(RDF.type, frame)}
    facts, headings = set(), set()
    for node, iri in data.subject_objects(NCPC.hasEvidence):
        passage = read_passage(str(iri))
        lines = set(range(passage.start, passage.end + 1))
        if node not in frames:
            facts |= lines
        elif len(lines) <= 3:
            headings |= lines
    left = {line.number for line in index if line.kind == "content"} - facts
    assert sorted(left - headings) == []


def test_passages_of_one_line_have_the_checksum_of_the_index(
    data: rdflib.Graph, index: tuple[Line, ...]
) -> None:
    checked = 0
    for passage in map(str, data.subjects(RDF.type, NCPC.Passage)):
        found = read_passage(passage)
        if found.start == found.end:
            assert str(data.value(URIRef(passage), NCPC.sha256)) == index[found.start - 1].sha256
            checked += 1
    assert checked > 100


def test_every_section_holds_its_passages(data: rdflib.Graph) -> None:
    for passage in data.subjects(RDF.type, NCPC.Passage):
        section = data.value(passage, DCTERMS.isPartOf)
        assert section is not None, passage
        assert str(section).startswith(str(SRC) + "sec-"), passage
        for predicate, holds in ((NCPC.lineStart, int.__le__), (NCPC.lineEnd, int.__ge__)):
            assert holds(*(int(str(data.value(node, predicate))) for node in (section, passage))), passage


def test_nothing_named_is_undefined(data: rdflib.Graph) -> None:
    own = tuple(PREFIXES[prefix] for prefix in ("id", "src", "source"))
    named = {o for o in data.objects() if isinstance(o, URIRef) and str(o).startswith(own)}
    assert sorted(named - set(data.subjects())) == []
