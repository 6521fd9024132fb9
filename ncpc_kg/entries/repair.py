"""Corrections that are safe to propose: they say the same thing in the form that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from pyoxigraph import Literal, NamedNode, Triple
from rdflib import XSD

from ncpc_kg.engine import Subject, Term
from ncpc_kg.entries.choices import Choice, folded
from ncpc_kg.entries.convert import literal
from ncpc_kg.entries.findings import Repair
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry
from ncpc_kg.entries.profile import Field

_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        1,
    )
    for name in names.split()
}
_DATES = frozenset(str(XSD[name]) for name in ("date", "gYearMonth", "gYear"))
_LANGUAGES = {
    "english": "en", "eng": "en", "french": "fr", "fra": "fr", "fre": "fr", "spanish": "es", "spa": "es",
    "german": "de", "deu": "de", "ger": "de", "portuguese": "pt", "por": "pt", "russian": "ru", "rus": "ru",
    "arabic": "ar", "ara": "ar", "chinese": "zh", "zho": "zh",
}  # fmt: skip


def propose(of: Field, node: Subject, value: object, near: tuple[Choice, ...], known: Known) -> Repair | None:
    """Propose a correction of one value.

    Args:
        of: The field.
        node: The node that has the value.
        value: The value.
        near: The nearest valid choices, best first.
        known: The known things.

    Returns:
        The correction, or None if none is certain enough.
    """
    if of.turned or of.group is not None:
        return None
    old = Triple(node, of.path, value) if isinstance(value, NamedNode | Literal) else None
    if old is None:
        return None
    if of.is_choice:
        if len(near) != 1:
            return None
        new = near[0].term
        if isinstance(value, Literal) and not _has_as_many_words(value.value, new, known):
            return None
        return Repair(known.text(of, new), old, (Triple(node, of.path, new),))
    if not isinstance(value, Literal):
        return None
    if of.tagged:
        return _language(of, node, value, old)
    text = _corrected(of, value.value)
    if text is None or text == value.value:
        return None
    new_value = literal(of, text)
    is_date = any(datatype.value in _DATES for datatype in of.datatypes)
    if of.pattern and not is_date and not re.search(of.pattern, text):
        return None
    return Repair(text, old, (Triple(node, of.path, new_value),))


def _has_as_many_words(text: str, node: Term, known: Known) -> bool:
    """Whether letters alone differ: a word more, as in "not operating", changes what is said."""
    words = len(folded(text).split())
    return any(len(name.split()) == words for name in known.names_of(node))


def iso_date(text: str) -> str | None:
    """Write a date the way XML Schema does, if the text can mean only one day, month or year.

    Args:
        text: Such as `13/02/1998`, `May 1998`, `1998-5-3`.

    Returns:
        Such as `1998-02-13`; None if it is no date, or could be two.
    """
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text.strip().lower()).replace(",", " ")
    parts = [part for part in re.split(r"[\s./\-]+", plain) if part and part != "of"]
    words = [_MONTHS[part] for part in parts if part in _MONTHS]
    numbers = [part for part in parts if part.isdecimal()]
    if len(words) + len(numbers) != len(parts) or len(words) > 1 or not parts:
        return None
    years = [int(part) for part in numbers if len(part) == 4]
    small = [int(part) for part in numbers if len(part) <= 2]
    if len(years) != 1 or len(years) + len(small) != len(numbers):
        return None
    year = years[0]
    if words:
        month, days = words[0], small
    elif len(small) == 2 and numbers and len(numbers[0]) == 4:
        month, days = small[0], small[1:]
    elif len(small) == 2:
        # Day first or month first: certain only where one of them is no month.
        if (small[0] > 12) == (small[1] > 12) and small[0] != small[1]:
            return None
        month, days = (small[1], [small[0]]) if small[1] <= 12 else (small[0], [small[1]])
    elif len(small) == 1:
        month, days = small[0], []
    else:
        return f"{year:04}" if not small else None
    if len(days) > 1 or not 1 <= month <= 12:
        return None
    if not days:
        return f"{year:04}-{month:02}"
    try:
        return date(year, month, days[0]).isoformat()
    except ValueError:
        return None


def e164(text: str) -> str | None:
    """Write a telephone number in E.164 form, if it says its country code itself.

    Args:
        text: Such as `+505 (2) 266-5656` or `00 505 2 266 5656`.

    Returns:
        Such as `+50522665656`; None if the country code would have to be guessed.
    """
    plain = re.sub(r"^(tel|phone|fax)\.?:?\s*", "", text.strip(), flags=re.IGNORECASE).replace("(0)", "")
    if re.search(r"[^\d+\s()./\-]", plain):
        return None
    digits = re.sub(r"[^\d+]", "", plain)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    return digits if re.fullmatch(r"\+[1-9]\d{6,14}", digits) else None


def _corrected(of: Field, text: str) -> str | None:
    if any(datatype.value in _DATES for datatype in of.datatypes):
        return iso_date(text)
    if of.pattern and of.pattern.startswith(r"^\+"):
        return e164(text)
    if of.pattern and "@" in of.pattern:
        plain = re.sub(r"^mailto:\s*|\s+", "", text.strip(), flags=re.IGNORECASE).rstrip(".,;")
        plain = re.sub(r"\(at\)|\[at\]", "@", plain)
        return plain if re.search(of.pattern, plain) else None
    stripped = " ".join(text.split())
    return stripped if stripped != text else None


def _language(of: Field, node: Subject, value: Literal, old: Triple) -> Repair | None:
    text = " ".join(value.value.split())
    language = value.language
    if language is None:
        # Letters outside ASCII may be of any language: nothing certain can be said.
        if not text.isascii() or (of.languages and "en" not in of.languages):
            return None
        language = "en"
        return Repair("en", old, (Triple(node, of.path, Literal(text, language="en")),), "language")
    short = _LANGUAGES.get(language.lower(), language.lower().partition("-")[0])
    if of.languages and language not in of.languages and short in of.languages:
        return Repair(short, old, (Triple(node, of.path, Literal(text, language=short)),), "language")
    if text != value.value:
        return Repair(text, old, (Triple(node, of.path, Literal(text, language=language)),))
    return None


def repaired(entry: Entry, repairs: Iterable[Repair]) -> Entry:
    """Make safe corrections.

    Args:
        entry: The entry.
        repairs: The corrections, as the findings propose them.

    Returns:
        The corrected entry.
    """
    triples = dict.fromkeys(entry.triples)
    for repair in repairs:
        if repair.remove is not None:
            triples.pop(repair.remove, None)
        triples |= dict.fromkeys(repair.add)
    return replace(entry, triples=tuple(triples), notes=())
