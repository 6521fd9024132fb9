"""Search by name, in any spelling of the source.

All names are read once for each state of the graph and folded: accents, case, hyphens and
other marks do not count. Where nothing fits, the most similar names are suggested.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ncpc_kg.engine import TRUE, Answer

LONGEST_QUERY = 200
LIMIT = 50
_SIMILAR = 0.35
_NO_ACCENT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
)
_BREAKS = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Name:
    """A name of a thing.

    Attributes:
        thing: IRI of the thing.
        text: The name as spelled.
        kind: What the thing is, or an empty string.
        preferred: Whether the project calls the thing so.
        language: Language tag, or an empty string.
        fact: Whether the thing is a fact, which comes after what it tells of.
    """

    thing: str
    text: str
    kind: str = ""
    preferred: bool = True
    language: str = ""
    fact: bool = False


@dataclass(frozen=True)
class Hit:
    """A thing that was found.

    Attributes:
        thing: IRI of the thing.
        label: What the project calls it.
        kind: What it is.
        spelling: The name that fitted, where it is another than the label.
    """

    thing: str
    label: str
    kind: str
    spelling: str | None = None


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Attributes:
        hits: Best first, at most `LIMIT`.
        total: How many things fit.
        similar: Whether nothing fits, and `hits` only look alike.
    """

    hits: tuple[Hit, ...]
    total: int
    similar: bool = False


class Index:
    """The folded names of one state of the graph.

    Args:
        names: All names.
    """

    def __init__(self, names: Iterable[Name]) -> None:
        self._names = tuple(names)
        self._folded = tuple(fold(name.text) for name in self._names)
        self._labels: dict[str, Name] = {}
        for name in self._names:
            held = self._labels.get(name.thing)
            if held is None or _rank_label(name) < _rank_label(held):
                self._labels[name.thing] = name

    def __len__(self) -> int:
        return len(self._names)

    def search(self, query: str, limit: int = LIMIT) -> Found:
        """Find things by name.

        Args:
            query: Words of a name, in any order; only the first 200 characters count.
            limit: Most things to give.

        Returns:
            What fits, whole names before beginnings before parts; or what looks alike.
        """
        wanted = fold(query[:LONGEST_QUERY])
        if not wanted:
            return Found((), 0)
        words = wanted.split()
        best: dict[str, tuple[int, int]] = {}
        for at, folded in enumerate(self._folded):
            fit = _fit(folded, wanted, words)
            if fit is not None:
                thing = self._names[at].thing
                held = best.get(thing)
                rank = fit if self._names[at].preferred else fit + 1
                if held is None or rank < held[0]:
                    best[thing] = (rank, at)
        if best:
            order = sorted(best, key=lambda thing: (best[thing][0], *self._place(thing)))
            return Found(tuple(self._hit(thing, best[thing][1]) for thing in order[:limit]), len(order))
        alike = self._similar(wanted, min(limit, 5))
        return Found(alike, len(alike), similar=True)

    def _place(self, thing: str) -> tuple[bool, bool, str, str]:
        """Its place among those that fit as well: things of a known kind, parts of the paper, facts."""
        label = self._labels[thing]
        return (label.fact, not label.kind, fold(label.text), thing)

    def _similar(self, wanted: str, limit: int) -> tuple[Hit, ...]:
        grams = _grams(wanted)
        scores: dict[str, tuple[float, int]] = {}
        for at, folded in enumerate(self._folded):
            other = _grams(folded)
            score = 2 * len(grams & other) / (len(grams) + len(other))
            thing = self._names[at].thing
            if score >= _SIMILAR and score > scores.get(thing, (0.0, 0))[0]:
                scores[thing] = (score, at)
        order = sorted(scores, key=lambda thing: (-scores[thing][0], thing))
        return tuple(self._hit(thing, scores[thing][1]) for thing in order[:limit])

    def _hit(self, thing: str, at: int) -> Hit:
        label, name = self._labels[thing], self._names[at]
        return Hit(thing, label.text, label.kind, name.text if name.text != label.text else None)


def read_index(answer: Answer) -> Index:
    """Read the answer to `queries/pages/names.rq`.

    Args:
        answer: The result in SPARQL JSON.
    """
    return Index(
        Name(
            found["thing"]["value"],
            found["name"]["value"],
            found.get("kind", {}).get("value", ""),
            found["preferred"]["value"] in TRUE,
            found["name"].get("xml:lang", ""),
            found.get("fact", {}).get("value") in TRUE,
        )
        for found in json.loads(answer.body)["results"]["bindings"]
    )


def fold(text: str) -> str:
    """Reduce a text to what counts in a comparison: small letters and digits, one space between words.

    Taking letters apart may bring capitals, so case is folded before and after (Unicode, section 3.13).
    """
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold()
    apart = unicodedata.normalize("NFKD", folded.translate(_NO_ACCENT))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _BREAKS.sub(" ", plain).strip()


def _fit(folded: str, wanted: str, words: list[str]) -> int | None:
    """How well a name fits: even numbers, smaller is better; None if it does not."""
    if folded == wanted:
        return 0
    if folded.startswith(wanted):
        return 2
    spaced = f" {folded}"
    if all(f" {word}" in spaced for word in words):
        return 4
    if all(word in folded for word in words):
        return 6
    # Initials and words run together: "cp 3" finds CP3, "cdg" does not find more than it should.
    if folded.replace(" ", "") == wanted.replace(" ", ""):
        return 2
    return None


def _grams(text: str) -> frozenset[str]:
    padded = f"  {text} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def _rank_label(name: Name) -> tuple[bool, bool, str]:
    return (not name.preferred, name.language not in ("en", ""), name.text)
