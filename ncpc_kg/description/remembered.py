"""What is read once and kept, by all it was read from: what facts say, and short literals.

The same fact is told on the pages of all it ties together, and again after each write.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeVar

from ncpc_kg.description.lexicon import Lexicon, better, cut
from ncpc_kg.description.model import Value
from ncpc_kg.description.rows import unescape
from ncpc_kg.vocabulary import PREFIXES

LONGEST_TEXT = 4000
# Rows that say what one fact around the thing says.
NEAR = re.compile(r"\n3\t([^\t\n]*)\t.*(?:\n3\t\1\t.*)*")
# How many facts are kept, and how long (in characters) the rows of one and a literal may be.
_MOST_FACTS, _MEMORABLE, _SHORT = 2048, 8000, 200
_TYPE = f"<{PREFIXES['rdf']}type>"

T = TypeVar("T")
Says = dict[str, list[str]]
Said = tuple[Says, dict[str, str], tuple[str, ...]]


def _read_said(rows: str) -> Said:
    says: Says = {}
    labels: dict[str, str] = {}
    unnamed: dict[str, None] = {}
    values = rows.replace("\n", "\t").split("\t")
    for p, o, label in zip(values[3::6], values[4::6], values[5::6], strict=True):
        known = says.get(p)
        if known is None:
            says[p] = [o]
        elif o not in known:
            known.append(o)
        if not label:
            if o[0] == "<" and p != _TYPE:
                unnamed[o] = None
        elif label != labels.get(o) and better(label, labels.get(o)):
            labels[o] = label
    return says, labels, tuple(unnamed)


_keep_said = lru_cache(maxsize=_MOST_FACTS)(_read_said)


def said(rows: str) -> Said:
    """What a fact says by property, labels of what it names, and what it names without a label.

    Args:
        rows: Its rows, as `NEAR` finds them.
    """
    return (_keep_said if len(rows) < _MEMORABLE else _read_said)(rows)


def _read_literal(spelled: str, base: str) -> Value:
    if spelled[0] != '"':
        return Value(spelled if spelled[0] != "_" else "something without name")
    end = spelled.rindex('"')
    text, after = unescape(spelled[1:end]), spelled[end + 1 :]
    language = after[1:] if after.startswith("@") else None
    datatype = _datatype(after[3:-1], base) if after.startswith("^^<") else None
    if len(text) > LONGEST_TEXT:
        return Value(cut(text, LONGEST_TEXT), None, language, datatype, True)
    return Value(text, None, language, datatype)


_keep_literal = lru_cache(maxsize=8192)(_read_literal)


def literal(spelled: str, base: str) -> Value:
    """A literal, number, triple or blank node as a value.

    Args:
        spelled: As TSV spells it.
        base: Base IRI the graph is published under.
    """
    return (_keep_literal if len(spelled) < _SHORT else _read_literal)(spelled, base)


def remember(known: dict[tuple[str, ...], T], made_of: tuple[str, ...], made: T) -> None:
    """Keep something by all it was made of; what is too long for that is made again.

    Args:
        known: Where it is kept.
        made_of: All it depends on, the rows of a fact first.
        made: What was made.
    """
    if len(made_of[0]) < _MEMORABLE:
        if len(known) >= _MOST_FACTS:
            known.clear()
        known[made_of] = made


@lru_cache(maxsize=256)
def _datatype(iri: str, base: str) -> str:
    return Lexicon(base=base).short(iri)
