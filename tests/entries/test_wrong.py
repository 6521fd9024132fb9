"""Wrong entries as people hand them in, each with the report it gets beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from entries.conftest import EXAMPLES
from ncpc_kg.entries import render
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.repair import repaired

WRONG = sorted(path for path in (EXAMPLES / "wrong").iterdir() if path.suffix != ".txt")


def test_there_are_at_least_twenty() -> None:
    assert len(WRONG) >= 20


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_it_gets_its_report(path: Path, check: Callable[..., Checked]) -> None:
    report = check(path).report

    assert not report.conforms
    assert render.as_text(report) == path.with_name(path.name + ".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.stem)
def test_no_finding_speaks_like_an_engine(path: Path, check: Callable[..., Checked]) -> None:
    for finding in check(path).report.findings:
        assert finding.message.endswith((".", "?"))
        assert finding.label
        assert finding.rule
        assert "Constraint" not in finding.message
        assert "minCount" not in finding.message


REPAIRABLE = ("01", "02", "03", "05", "07", "12", "13")


@pytest.mark.parametrize("path", [p for p in WRONG if p.name.startswith(REPAIRABLE)], ids=lambda p: p.stem)
def test_a_safe_repair_makes_it_right(
    path: Path, check: Callable[..., Checked], desk: object, graph: object
) -> None:
    checked = check(path)
    repairs = [one.repair for one in checked.report.findings if one.repair is not None]
    fixed = repaired(checked.entry, repairs)
    (again,) = desk.check(graph, (fixed,))  # type: ignore[attr-defined]

    assert again.report.conforms, render.as_text(again.report)


def test_words_that_say_less_than_a_choice_get_no_repair(check: Callable[..., Checked]) -> None:
    (finding,) = check(EXAMPLES / "wrong" / "11-status-in-own-words.yaml").report.findings

    assert finding.suggestions == ("Operating",)
    assert finding.repair is None


def test_code_review_reads_whole_sentences(check: Callable[..., Checked]) -> None:
    reports = [check(path).report for path in WRONG]
    (run,) = json.loads(render.as_sarif(reports, "1"))["runs"]

    texts = [one["message"]["text"] for one in run["results"]]
    assert len(texts) == sum(len(one.findings) for one in reports)
    assert not [text for text in texts if ".. " in text or "?. " in text or ".;" in text]


def test_an_impossible_day_gets_no_repair(check: Callable[..., Checked]) -> None:
    (finding,) = check(EXAMPLES / "wrong" / "04-no-such-day.yaml").report.findings

    assert finding.value == "31/02/1998"
    assert finding.repair is None
    assert (finding.spot.line, finding.spot.column) == (33, 11)  # type: ignore[union-attr]
