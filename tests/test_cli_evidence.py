"""The commands about evidence, on a paper of five lines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import MINIMAL, ContentMaker

from ncpc_kg import cli

PAPER = "Heading\n\nThe mill by the river grinds barley for the whole valley.\nIt is old.\n"
EVIDENCE = """
PREFIX bibo: <http://purl.org/ontology/bibo/>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX src: <https://w3id.org/ncpc/source/csd-bp28/>

id:centre-brazil ncpc:hasEvidence src:L3-4 ; dcterms:description "DESCRIPTION"@en .
src:sec-all a bibo:DocumentPart ; ncpc:lineStart 1 ; ncpc:lineEnd 4 ; ncpc:hasEvidence src:L1 .
"""
TERMS = "".join(
    f"ncpc:{name} a <http://www.w3.org/2002/07/owl#{kind}> .\n"
    for name, kind in (
        ("Passage", "Class"),
        ("hasEvidence", "ObjectProperty"),
        ("lineStart", "DatatypeProperty"),
        ("lineEnd", "DatatypeProperty"),
        ("sha256", "DatatypeProperty"),
    )
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    make_content: ContentMaker,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    def run(*arguments: str, description: str = "Ours.") -> tuple[int, str, str]:
        data, ontology = "data/ttl/20-brazil.ttl", "ontology/ncpc.ttl"
        root = make_content(
            {
                data: MINIMAL[data] + EVIDENCE.replace("DESCRIPTION", description),
                ontology: MINIMAL[ontology] + TERMS,
            }
        )
        monkeypatch.setenv("NCPC_KG_CONTENT", str(root))
        (tmp_path / "paper.txt").write_text(PAPER, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", ["ncpc-kg", "evidence", *arguments])
        try:
            code = cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_built_passages_match_the_copy_and_not_another(run: Run, tmp_path: Path) -> None:
    paper = str(tmp_path / "paper.txt")
    code, said, _ = run("build", "--source", paper)
    assert (code, said.split()[0]) == (0, "2")
    index = (tmp_path / "content/data/line-index.csv").read_text(encoding="utf-8")
    assert "mill" not in index
    assert [line.split(",")[1] for line in index.splitlines()[1:]] == [
        "content",
        "blank",
        "content",
        "content",
        "blank",
    ]
    assert run("check", "--source", paper)[:2] == (0, "2 of 2 passages match\n")
    other = tmp_path / "other.txt"
    other.write_text(PAPER.replace("old", "new"), encoding="utf-8")
    code, said, advice = run("check", "--source", str(other))
    assert code == 1
    assert "lines 3-4 differ" in said
    assert "compare your copy" in advice


def test_the_passages_of_a_thing_are_shown_with_their_text(run: Run, tmp_path: Path) -> None:
    code, said, _ = run("show", "id:centre-brazil", "--source", str(tmp_path / "paper.txt"))
    assert code == 0
    assert "L3-4" in said
    assert "It is old." in said
    assert "It is old." not in run("show", "id:centre-brazil")[1]


def test_a_copy_that_is_too_short_is_one_clear_error(run: Run, tmp_path: Path) -> None:
    short = tmp_path / "short.txt"
    short.write_text("one line", encoding="utf-8")
    code, _, said = run("show", "id:centre-brazil", "--source", str(short))
    assert code == 2
    assert "beyond the end" in said


def test_an_unknown_thing_is_one_clear_error(run: Run) -> None:
    code, _, said = run("show", "id:centre-nowhere")
    assert code == 2
    assert "id:centre-brazil" in said


def test_copied_prose_is_found_in_the_graph(run: Run, tmp_path: Path) -> None:
    paper = str(tmp_path / "paper.txt")
    assert run("prose", "--source", paper)[0] == 0
    code, said, _ = run(
        "prose", "--source", paper, description="It grinds barley for the whole valley, it is old"
    )
    assert code == 1
    assert "9 words: grinds barley for the whole valley it is old" in said


def test_a_missing_copy_is_one_clear_error(run: Run, tmp_path: Path) -> None:
    code, _, said = run("check", "--source", str(tmp_path / "none.txt"))
    assert code == 2
    assert "--source FILE" in said
