"""The things that a field may name: in the order of their labels, and by the nearness of their names."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from itertools import islice

from ncpc_kg.engine import Term

_NEAR = 0.55
# How many names are counted for one key, looked at letter by letter, and compared in full.
_COUNTED, _LOOKED_AT, _COMPARED = 2_000, 300, 60


@dataclass(frozen=True, slots=True)
class Choice:
    """A thing that a field may name."""

    term: Term
    label: str


class Choices:
    """All things that a field may name; a write takes some out and puts others in."""

    def __init__(self) -> None:
        self._known: dict[Term, tuple[Choice, tuple[str, ...]]] = {}
        self._things: dict[str, list[Term]] = {}
        self._ends: dict[str, list[str]] = {}
        # Names that nothing has any more; they are not searched for in the lists.
        self._unused: set[str] = set()
        self._listed: list[Choice] | None = None

    @property
    def listed(self) -> Sequence[Choice]:
        """The things, sorted by label."""
        if self._listed is None:
            self._listed = sorted((choice for choice, _ in self._known.values()), key=_order)
        return self._listed

    def put(self, choice: Choice, names: Iterable[str]) -> None:
        """Take a thing in.

        Args:
            choice: The thing.
            names: What it is called, folded.
        """
        found = tuple(dict.fromkeys(names))
        self._known[choice.term] = choice, found
        for name in found:
            if name not in self._things:
                self._things[name] = []
                for end in _ends(name):
                    self._ends.setdefault(end, []).append(name)
            self._things[name].append(choice.term)
            self._unused.discard(name)
        if self._listed is not None:
            insort(self._listed, choice, key=_order)

    def drop(self, term: Term) -> None:
        """Take a thing out, if it is one of these."""
        choice, names = self._known.pop(term, (None, ()))
        if choice is None:
            return
        for name in names:
            self._things[name].remove(term)
            if not self._things[name]:
                self._unused.add(name)
        if self._listed is not None:
            del self._listed[bisect_left(self._listed, _order(choice), key=_order)]

    def called(self, name: str) -> Sequence[Term]:
        """The things that have a name, folded."""
        return self._things.get(name, ())

    def near(self, wanted: str, most: int) -> tuple[Choice, ...]:
        """The things whose names are nearest to a text, folded; best first."""
        pieces = _pieces(wanted)
        # The costly comparison is made with the names that share most pairs of letters only.
        common = {
            name: len(pieces & _pieces(name)) / (len(pieces) + len(name)) for name in self._candidates(wanted)
        }
        scored: dict[Term, float] = {}
        for name in nlargest(_COMPARED, common, key=lambda one: (common[one], one)):
            ratio = SequenceMatcher(None, wanted, name).ratio()
            if wanted in name.split() or name.startswith(wanted) or name in wanted.split():
                ratio = max(ratio, 0.8)
            if ratio >= _NEAR:
                for term in self._things[name]:
                    scored[term] = max(scored.get(term, 0.0), ratio)
        best = sorted(scored, key=lambda term: (-scored[term], term.value))[:most]
        return tuple(self._known[term][0] for term in best)

    def _candidates(self, wanted: str) -> Iterable[str]:
        """The names that share the ends of most words with a text; all if they are few."""
        if len(self._things) <= _LOOKED_AT:
            return self._things.keys() - self._unused
        lists = sorted((self._ends.get(end, []) for end in _ends(wanted)), key=len)
        shared: Counter[str] = Counter()
        for names in lists:
            # A key that many names have tells little; how many are counted is bounded.
            if len(names) <= min(_COUNTED, len(self._things) // 4) or not shared:
                shared.update(islice(names, _COUNTED))
        size = len(wanted)
        found = (name for name in shared if name not in self._unused)
        return nlargest(_LOOKED_AT, found, key=lambda name: (shared[name], -abs(len(name) - size), name))


def folded(text: str) -> str:
    """A text without case, accents, hyphens and repeated blanks, for comparison."""
    plain = text.casefold().replace("-", " ")
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(plain.split())


def _order(choice: Choice) -> tuple[str, str]:
    return folded(choice.label), choice.term.value


def _ends(name: str) -> set[str]:
    """The first and the last two letters of each word."""
    return {end for word in name.split() for end in (f"^{word[:2]}", f"{word[-2:]}$")}


def _pieces(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)} or {text}
