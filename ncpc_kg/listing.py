"""Lists for people: rows of a SELECT result in which several values share one cell.

A query says everything: its variables are the columns. Beside `?host`, which holds an IRI,
`?hostLabel` holds its name and has no column of its own. Rows with the same `?key` are one
row; `?key` is also where the next page starts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ncpc_kg.engine import Answer

KEY = "key"
LABEL = "Label"
CELL_LIMIT = 25

Binding = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Item:
    """One value in a cell.

    Attributes:
        text: What is shown.
        iri: IRI of the thing it names, or None for a plain value.
        language: Language tag of the text, or an empty string.
        datatype: IRI of the datatype of a plain value, or an empty string.
    """

    text: str
    iri: str | None = None
    language: str = ""
    datatype: str = ""


@dataclass(frozen=True)
class Cell:
    """The values of one column in one row.

    Attributes:
        items: At most `CELL_LIMIT` of them.
        left_out: How many more there are.
    """

    items: tuple[Item, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class Listing:
    """A page of a list.

    Attributes:
        columns: Names of the columns, in words.
        rows: One cell a column.
        next_key: Where the next page starts, or None on the last page.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    next_key: str | None = None


def read_listing(answer: Answer, size: int | None = None) -> Listing:
    """Read a SELECT result as a list.

    Args:
        answer: The result in SPARQL JSON.
        size: Most rows of a page; what comes after them only says that there is another page.

    Returns:
        The list. Without `?key` each solution is a row.
    """
    found = json.loads(answer.body)
    names: list[str] = found["head"]["vars"]
    shown = [name for name in names if name != KEY and not _is_label(name, names)]
    cells: dict[str, list[dict[tuple[str | None, str], Item]]] = {}
    for number, binding in enumerate(found["results"]["bindings"]):
        key = binding[KEY]["value"] if KEY in binding else str(number)
        row = cells.setdefault(key, [{} for _ in shown])
        for at, name in enumerate(shown):
            if name in binding:
                _put(row[at], read_item(binding, name))
    keys = list(cells)
    kept = keys if size is None else keys[:size]
    rows = tuple(tuple(_cell(column) for column in cells[key]) for key in kept)
    following = kept[-1] if len(kept) < len(keys) else None
    return Listing(tuple(map(in_words, shown)), rows, following)


def read_item(binding: Binding, name: str) -> Item:
    """Read one variable of a solution, with its label where there is one.

    Args:
        binding: A solution in SPARQL JSON.
        name: Name of a variable that is bound in it.
    """
    value = binding[name]
    text = value["value"] if isinstance(value["value"], str) else json.dumps(value["value"])
    if value["type"] != "uri":
        return Item(text, None, value.get("xml:lang", ""), value.get("datatype", ""))
    label = binding.get(name + LABEL)
    if label is None:
        return Item(text, text)
    return Item(label["value"], text, label.get("xml:lang", ""))


def in_words(name: str) -> str:
    """Write the name of a variable in words: `paidFor` is "Paid for"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name).lower()
    return words[:1].upper() + words[1:]


def _is_label(name: str, names: list[str]) -> bool:
    return name.endswith(LABEL) and name.removesuffix(LABEL) in names


def _put(column: dict[tuple[str | None, str], Item], item: Item) -> None:
    """Add a value; of several names of one thing the English one stays, else the first, else its IRI."""
    key = (item.iri, "" if item.iri else item.text)
    held = column.get(key)
    nameless = held is not None and held.text == held.iri
    if held is None or nameless or (item.language == "en" != held.language):
        column[key] = item


def _cell(column: dict[tuple[str | None, str], Item]) -> Cell:
    items = tuple(column.values())
    return Cell(items[:CELL_LIMIT], max(0, len(items) - CELL_LIMIT))
