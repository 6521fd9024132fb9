"""Names near a mistyped one, found by the words they share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

_WORD = re.compile(r"[^\W_]+")
_COMMON = 4000
_COMPARED = 300


class Names:
    """An index of IRIs by the words in their last part.

    Args:
        iris: The IRIs.

    Attributes:
        iris: The same, in the given order.
    """

    def __init__(self, iris: Iterable[str]) -> None:
        self.iris = tuple(iris)
        self.by_word: dict[str, list[str]] = {}
        self.by_start: dict[str, list[str]] = {}
        for iri in self.iris:
            local = _local(iri)
            for word in set(_WORD.findall(local)):
                self.by_word.setdefault(word, []).append(iri)
            self.by_start.setdefault(local[:4], []).append(iri)

    def near(self, iri: str, most: int = 3) -> tuple[str, ...]:
        """IRIs that somebody may have meant, best first.

        Args:
            iri: The IRI that names nothing.
            most: How many to give at most.
        """
        wanted = _local(iri)[:100]
        shared: Counter[str] = Counter()
        for word in dict.fromkeys(_WORD.findall(wanted)):
            found = self.by_word.get(word, ())
            if len(found) <= _COMMON:
                shared.update(found)
        if not shared:
            shared.update(self.by_start.get(wanted[:4], ())[:_COMPARED])
        ranked = [(_likeness(wanted, _local(one)), one) for one, _ in shared.most_common(_COMPARED)]
        ranked.sort(key=lambda pair: (-pair[0], pair[1]))
        return tuple(one for ratio, one in ranked[:most] if ratio > 0.5)


def _likeness(one: str, other: str) -> float:
    """From 0 to 1; words in another order are almost as good."""
    straight = SequenceMatcher(None, one, other).ratio()
    return max(straight, 0.95 * SequenceMatcher(None, _in_order(one), _in_order(other)).ratio())


def _in_order(text: str) -> str:
    return " ".join(sorted(_WORD.findall(text)))


def _local(iri: str) -> str:
    return iri.rstrip("/").rpartition("/")[2].casefold()
