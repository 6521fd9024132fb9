"""Contradictions with both their sides, read from one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ncpc_kg.description import Fact, Lexicon, Link, read_description
from ncpc_kg.engine import Answer


@dataclass(frozen=True)
class Contradiction:
    """A contradiction with both its sides.

    Attributes:
        iri: Its IRI.
        identifier: Short identifier, such as D14.
        text: What does not fit.
        kind: Label of its kind.
        status: Label of its status.
        passages: The passages that clash.
        sides: What it involves, in detail.
    """

    iri: str
    identifier: str
    text: str
    kind: str
    status: str
    passages: tuple[Link, ...]
    sides: tuple[Fact, ...]


def read_contradictions(answer: Answer, iris: Sequence[str], lexicon: Lexicon) -> tuple[Contradiction, ...]:
    """Read the answer to `queries/pages/contradictions-told.rq`.

    Args:
        answer: The answer, whose rows are those of a description of no thing in particular.
        iris: The contradictions, in the order they are wanted.
        lexicon: Labels of the terms.

    Returns:
        The contradictions; one without details in the answer is left out.
    """
    facts = {fact.iri: fact for fact in read_description(answer, "", lexicon).facts}
    return tuple(_read(facts[iri], facts) for iri in iris if iri in facts)


def _read(fact: Fact, facts: dict[str, Fact]) -> Contradiction:
    values = {one.iri.rsplit("#")[-1].rsplit("/")[-1]: one.values for one in fact.properties}

    def text(name: str) -> str:
        return ", ".join(value.text for value in values.get(name, ()))

    involved = (facts.get(value.iri or "") for value in values.get("involves", ()))
    return Contradiction(
        fact.iri,
        text("identifier") or fact.label,
        text("description"),
        text("kind"),
        text("status"),
        fact.passages,
        tuple(side for side in involved if side is not None),
    )
