"""Literals as values for people; short ones are read once and kept."""

from __future__ import annotations

from functools import lru_cache

from ncpc_kg.description.lexicon import Lexicon, cut
from ncpc_kg.description.model import Value
from ncpc_kg.description.rows import unescape

LONGEST_TEXT = 4000
_SHORT = 200


def _read(spelled: str, base: str) -> Value:
    if spelled[0] != '"':
        return Value(spelled if spelled[0] != "_" else "something without name")
    end = spelled.rindex('"')
    text, after = unescape(spelled[1:end]), spelled[end + 1 :]
    language = after[1:] if after.startswith("@") else None
    datatype = _datatype(after[3:-1], base) if after.startswith("^^<") else None
    if len(text) > LONGEST_TEXT:
        return Value(cut(text, LONGEST_TEXT), None, language, datatype, True)
    return Value(text, None, language, datatype)


_keep = lru_cache(maxsize=8192)(_read)


def literal(spelled: str, base: str) -> Value:
    """A literal, number, triple or blank node as a value.

    Args:
        spelled: As TSV spells it.
        base: Base IRI the graph is published under.
    """
    return (_keep if len(spelled) < _SHORT else _read)(spelled, base)


@lru_cache(maxsize=256)
def _datatype(iri: str, base: str) -> str:
    return Lexicon(base=base).short(iri)
