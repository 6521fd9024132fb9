"""The rows of a description's query, gathered by what they are about."""

from __future__ import annotations

from typing import NamedTuple

from ncpc_kg.description.asking import INCOMING, OUTGOING, ROWS
from ncpc_kg.description.lexicon import better
from ncpc_kg.description.rows import split_rows

# What something says: its values by property, in order, each once.
Says = dict[str, dict[str, None]]


class Gathered(NamedTuple):
    """What the rows say, in TSV spelling.

    Attributes:
        own: What the thing says.
        into: What points at it, with the property.
        near: What each fact around it says.
        labels: The best label of all that has one.
        forms: The literal forms of names that have lines of their own.
        more: Whether there are more links than these.
    """

    own: Says
    into: list[tuple[str, str]]
    near: dict[str, Says]
    labels: dict[str, str]
    forms: dict[str, str]
    more: bool


def gather(text: str) -> Gathered:
    """Gather the rows of the answer to `description_query`.

    Args:
        text: The answer as TSV.
    """
    own: Says = {}
    into: dict[tuple[str, str], None] = {}
    near: dict[str, Says] = {}
    labels: dict[str, str] = {}
    forms: dict[str, str] = {}
    first: set[tuple[str, str]] = set()
    rows = split_rows(text)
    for part, s, p, o, label, form in rows:
        other = o
        if part == "3":
            says = near.get(s)
            if says is None:
                says = near[s] = {}
            values = says.get(p)
            if values is None:
                says[p] = {o: None}
            else:
                values[o] = None
        elif part == "2":
            into[(s, p)] = None
            other = s
        else:
            if part == "1":
                first.add((p, o))
                if len(first) > OUTGOING:
                    continue
            own.setdefault(p, {})[o] = None
        if label and label != (known := labels.get(other)) and better(label, known):
            labels[other] = label
        if form:
            forms[other] = form
    more = len(into) > INCOMING or len(first) > OUTGOING or len(rows) >= ROWS
    return Gathered(own, list(into)[:INCOMING], near, labels, forms, more)
