"""Proof that no sentence of the source was copied: the longest run of words shared with it.

Names, titles and addresses carry over as printed and do not count; the words of our own
texts (descriptions, definitions, notes, messages, documentation) do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal

from ncpc_kg.graph import Dataset
from ncpc_kg.vocabulary import expand

# What the source gives as a name, title or address is quoted on purpose.
_NAMES = frozenset(
    expand(name).value
    for name in (
        *("skos:prefLabel", "skos:altLabel", "skosxl:literalForm", "dcterms:title"),
        *("schema:streetAddress", "schema:addressLocality", "schema:addressRegion", "schema:email"),
        *("ncpc:printedAddress", "ncpc:printedLabel", "ncpc:printedMarker", "ncpc:printedNumber"),
    )
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class SharedRun:
    """Words that stand one after the other in the source and in our text."""

    words: tuple[str, ...]
    where: str


def names(dataset: Dataset) -> tuple[str, ...]:
    """Collect the names, titles and addresses of the graph, longest first."""
    found = {
        quad.object.value.casefold()
        for quad in dataset.quads()
        if isinstance(quad.object, Literal) and quad.predicate.value in _NAMES
    }
    return tuple(sorted(found, key=lambda name: (-len(name), name)))


def texts(dataset: Dataset, documents: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Yield our own texts with the place they stand in.

    Args:
        dataset: The asserted data; their literals other than names count.
        documents: Further files, read whole.

    Yields:
        Place and text.
    """
    for quad in dataset.quads():
        if isinstance(quad.object, Literal) and quad.predicate.value not in _NAMES:
            yield f"{quad.subject} {quad.predicate}", quad.object.value
    for path in documents:
        yield str(path), path.read_text(encoding="utf-8")


def shared_runs(
    source: str, own: Iterable[tuple[str, str]], quoted: Iterable[str], longest: int = 6
) -> tuple[SharedRun, ...]:
    """Find runs of words that stand in the source and in our texts.

    Args:
        source: The text of the source.
        own: Place and text of what we wrote.
        quoted: Names and titles; those of three words or more break a run.
        longest: Runs of up to so many words are allowed.

    Returns:
        Every longer run, longest first.
    """
    words = _words(source)
    length = longest + 1
    starts: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(words) - length + 1):
        starts.setdefault(tuple(words[at : at + length]), []).append(at)
    breaks = re.compile("|".join(re.escape(name) for name in quoted if name.count(" ") > 1) or r"(?!)")
    runs: set[SharedRun] = set()
    for where, text in own:
        for piece in breaks.split(text.casefold()):
            ours = _words(piece)
            at = 0
            while at <= len(ours) - length:
                best = max(
                    (_match(words, s, ours, at) for s in starts.get(tuple(ours[at : at + length]), ())),
                    default=0,
                )
                if best:
                    runs.add(SharedRun(tuple(ours[at : at + best]), where))
                at += best or 1
    return tuple(sorted(runs, key=lambda run: (-len(run.words), run.where, run.words)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _match(source: list[str], start: int, ours: list[str], at: int) -> int:
    count = 0
    while (
        start + count < len(source) and at + count < len(ours) and source[start + count] == ours[at + count]
    ):
        count += 1
    return count
