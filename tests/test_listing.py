"""Lists: several values in one cell, names instead of IRIs, pages by key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ncpc_kg.engine import Answer
from ncpc_kg.listing import CELL_LIMIT, Item, in_words, read_listing


def answer(names: list[str], *rows: dict[str, Any]) -> Answer:
    bindings = [
        {
            name: value if isinstance(value, dict) else {"type": "literal", "value": value}
            for name, value in row.items()
        }
        for row in rows
    ]
    body = {"head": {"vars": names}, "results": {"bindings": bindings}}
    return Answer("bindings", "application/sparql-results+json", json.dumps(body).encode())


def iri(value: str) -> dict[str, str]:
    return {"type": "uri", "value": value}


def text(value: str, language: str) -> dict[str, str]:
    return {"type": "literal", "value": value, "xml:lang": language}


def test_rows_of_one_key_become_one_row() -> None:
    found = read_listing(
        answer(
            ["key", "host", "hostLabel", "kind"],
            {"key": "1", "host": iri("https://e/h"), "hostLabel": "H"},
            {"key": "1", "kind": "university"},
            {"key": "1", "kind": "institute"},
            {"key": "2", "host": iri("https://e/i"), "hostLabel": "I"},
        )
    )

    assert found.columns == ("Host", "Kind")
    assert [[[item.text for item in cell.items] for cell in row] for row in found.rows] == [
        [["H"], ["university", "institute"]],
        [["I"], []],
    ]
    assert found.rows[0][0].items[0].iri == "https://e/h"
    assert found.next_key is None


@pytest.mark.parametrize("order", [("en", "fr"), ("fr", "en")])
def test_of_two_names_the_english_one_stays(order: tuple[str, str]) -> None:
    rows = [{"key": "1", "x": iri("https://e/x"), "xLabel": text(f"name-{tag}", tag)} for tag in order]

    found = read_listing(answer(["key", "x", "xLabel"], *rows))

    assert found.rows[0][0].items == (Item("name-en", "https://e/x", "en"),)


def test_any_name_is_better_than_an_iri() -> None:
    x = iri("https://e/x")
    rows = [{"key": "1", "x": x, "kind": "k"}, {"key": "1", "x": x, "xLabel": text("nom", "fr")}]

    found = read_listing(answer(["key", "x", "xLabel", "kind"], *rows))

    assert found.rows[0][0].items == (Item("nom", "https://e/x", "fr"),)
    assert read_listing(answer(["key", "x", "xLabel", "kind"], *reversed(rows))).rows == found.rows


def test_a_page_ends_where_the_next_begins() -> None:
    rows = [{"key": f"k{n}", "name": str(n)} for n in range(5)]

    found = read_listing(answer(["key", "name"], *rows), size=3)

    assert [row[0].items[0].text for row in found.rows] == ["0", "1", "2"]
    assert found.next_key == "k2"
    assert read_listing(answer(["key", "name"], *rows), size=5).next_key is None


def test_a_cell_with_100_000_values_is_bounded_and_says_so() -> None:
    rows = [{"key": "hub", "thing": str(n)} for n in range(100_000)]

    found = read_listing(answer(["key", "thing"], *rows))

    assert len(found.rows[0][0].items) == CELL_LIMIT
    assert found.rows[0][0].left_out == 100_000 - CELL_LIMIT


def test_a_thing_without_name_keeps_its_iri() -> None:
    found = read_listing(answer(["x", "xLabel"], {"x": iri("https://e/x")}))

    assert found.rows[0][0].items == (Item("https://e/x", "https://e/x"),)


@pytest.mark.parametrize(
    ("name", "words"),
    [("paidFor", "Paid for"), ("host", "Host"), ("core_service", "Core service"), ("x", "X")],
)
def test_names_of_variables_in_words(name: str, words: str) -> None:
    assert in_words(name) == words
