"""Passages: made from cited IRIs, verified against a copy, complete over the source's lines."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, RdfFormat, parse

from ncpc_kg.errors import NotFound, SourceError
from ncpc_kg.evidence import (
    build_passages,
    check_passages,
    cited_passages,
    index_lines,
    passages_of,
    read_paper,
    read_passage,
    write_index,
)
from ncpc_kg.graph import Dataset
from ncpc_kg.vocabulary import ID, PREFIXES, SRC

PAPER = ("Heading", "", "1. First point", "goes on here", "-----", "2. Second point")

DATA = """
src:sec-all a bibo:DocumentPart ; ncpc:lineStart 1 ; ncpc:lineEnd 6 .
src:sec-points a bibo:DocumentPart ; ncpc:lineStart 3 ; ncpc:lineEnd 6 .
id:thing a ncpc:Centre ; ncpc:hasEvidence src:L3-4 ; ncpc:hasPropertyEvidence id:thing-date .
id:thing-date a ncpc:PropertyEvidence ; ncpc:hasEvidence src:L6 .
"""


def dataset(text: str) -> Dataset:
    head = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())
    data = Dataset()
    data.add(
        NamedNode("urn:test"), [quad.triple for quad in parse(input=head + text, format=RdfFormat.TURTLE)]
    )
    return data


def test_a_passage_iri_says_its_lines() -> None:
    assert (read_passage(SRC["L3-4"]).start, read_passage(SRC["L3-4"]).end) == (3, 4)
    assert (read_passage(SRC["L7"]).start, read_passage(SRC["L7"]).end) == (7, 7)


@pytest.mark.parametrize("local", ["L4-3", "L0", "L4-4", "sec-brazil", "L04", "L3-", "l3"])
def test_other_iris_are_refused(local: str) -> None:
    with pytest.raises(SourceError, match="not the address of a passage"):
        read_passage(SRC[local])


def test_cited_passages_are_listed_once_by_line() -> None:
    assert [(p.start, p.end) for p in cited_passages(dataset(DATA))] == [(3, 4), (6, 6)]


def test_the_index_knows_section_paragraph_and_kind() -> None:
    index = index_lines(dataset(DATA), PAPER)
    assert [line.kind for line in index] == ["content", "blank", "content", "content", "rule", "content"]
    assert [line.section for line in index][:3] == ["sec-all", "sec-all", "sec-points"]
    assert [line.paragraph for line in index] == ["", "", "1", "1", "1", "2"]


def test_built_passages_verify_and_a_changed_copy_does_not() -> None:
    data = dataset(DATA)
    data.add(NamedNode("urn:passages"), build_passages(data, PAPER))
    assert check_passages(data, PAPER) == ()
    changed = (*PAPER[:3], "went on here", *PAPER[4:])
    assert [(p.start, p.end) for p in check_passages(data, changed)] == [(3, 4)]


def test_a_passage_names_its_paragraph_only_where_it_lies_in_one() -> None:
    data = dataset("id:thing ncpc:hasEvidence src:L3-4 , src:L3-6 .")
    locator = NamedNode(PREFIXES["bibo"] + "locator")
    found = {t.subject: t.object for t in build_passages(data, PAPER) if t.predicate == locator}
    assert found == {NamedNode(SRC["L3-4"]): Literal("1")}


def test_a_passage_beyond_the_end_is_an_error() -> None:
    with pytest.raises(SourceError, match="beyond the end"):
        build_passages(dataset("id:thing ncpc:hasEvidence src:L6-7 ."), PAPER)


def test_passages_of_a_thing_include_those_of_single_properties() -> None:
    assert [(p.start, p.end) for p in passages_of(dataset(DATA), NamedNode(ID.thing))] == [(3, 4), (6, 6)]
    with pytest.raises(NotFound):
        passages_of(dataset(DATA), NamedNode(ID.nothing))


def test_the_index_is_written_as_a_table() -> None:
    rows = write_index(index_lines(dataset(DATA), PAPER)).splitlines()
    assert rows[0] == "line,kind,section,paragraph,sha256"
    assert rows[3] == f"3,content,sec-points,1,{sha256(PAPER[2].encode()).hexdigest()}"


def test_a_missing_paper_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="--source"):
        read_paper(tmp_path / "no-such-file.txt")
