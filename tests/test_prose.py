"""The longest run of words shared with the source."""

from __future__ import annotations

from ncpc_kg.prose import shared_runs

SOURCE = (
    "The mill by the river grinds barley for the whole of the valley, and the Old Grain Mill Society owns it."
)


def test_a_long_run_is_found_whatever_its_case_and_punctuation() -> None:
    runs = shared_runs(SOURCE, [("here", "It grinds: barley, FOR the whole of the valley!")], [])
    assert [(run.words, run.where) for run in runs] == [
        (("grinds", "barley", "for", "the", "whole", "of", "the", "valley"), "here")
    ]


def test_six_words_are_allowed() -> None:
    assert shared_runs(SOURCE, [("here", "grinds barley for the whole of")], []) == ()


def test_a_name_breaks_a_run() -> None:
    own = [("here", "and the Old Grain Mill Society owns it")]
    assert len(shared_runs(SOURCE, own, [])) == 1
    assert shared_runs(SOURCE, own, ["old grain mill society"]) == ()


def test_a_short_name_breaks_nothing() -> None:
    assert len(shared_runs(SOURCE, [("here", "barley for the whole of the valley")], ["whole of"])) == 1
