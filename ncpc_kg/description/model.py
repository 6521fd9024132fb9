"""A description as plain frozen data, for pages, serialisers and scripts.

What occurs hundreds of times in one description is a named tuple, which is made several times faster
than a frozen dataclass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Link(NamedTuple):
    """Something with an IRI and what it is called."""

    iri: str
    label: str


class Value(NamedTuple):
    """One value of a property.

    Attributes:
        text: What to show: the label of a thing, the text of a literal.
        iri: IRI of a thing; None for a literal.
        language: Language of a literal, if it has one.
        datatype: Prefixed name of a literal's datatype; None for plain text.
        cut: Whether `text` is shortened; the whole is in the data.
    """

    text: str
    iri: str | None = None
    language: str | None = None
    datatype: str | None = None
    cut: bool = False


class Property(NamedTuple):
    """A property with its values.

    Attributes:
        iri: IRI of the property.
        label: What it is called.
        definition: What it means, or an empty text.
        values: Its values, sorted by text.
        passages: Passages that this property rests on, where they differ from those of the thing.
    """

    iri: str
    label: str
    definition: str
    values: tuple[Value, ...]
    passages: tuple[Link, ...] = ()


class Fact(NamedTuple):
    """A fact that has to do with the described thing, with everything it says.

    Attributes:
        iri: IRI of the fact.
        label: A line that tells it, such as "Hosting: SENAI".
        type: Its most specific class.
        role: The property that ties it to the thing.
        outgoing: Whether the thing points at the fact (else the fact points at the thing).
        properties: What it says, without its classes, evidence and contradictions.
        passages: The passages it rests on.
        contested: The contradictions it is involved in.
    """

    iri: str
    label: str
    type: Link
    role: Link
    outgoing: bool
    properties: tuple[Property, ...]
    passages: tuple[Link, ...]
    contested: tuple[Link, ...]


class Incoming(NamedTuple):
    """Things that point at the described one with the same property."""

    property: Link
    things: tuple[Link, ...]


class Withdrawal(NamedTuple):
    """That something was withdrawn, with what the graph knows of it.

    Attributes:
        when: Date and time (`prov:invalidatedAtTime`), or an empty text.
        who: Who withdrew it, or an empty text.
        why: The reason (`skos:changeNote`), or an empty text.
        successors: What took its place (`dcterms:isReplacedBy`).
    """

    when: str
    who: str
    why: str
    successors: tuple[Link, ...]


@dataclass(frozen=True)
class Description:
    """What the graph says of one thing.

    Attributes:
        iri: Its IRI.
        label: What it is called.
        names: Other names.
        types: Its classes, without those that follow from others.
        text: Its description or definition, or an empty text.
        properties: What it says of itself, by property; facts, classes, names and evidence have places of
            their own.
        passages: The passages it rests on.
        contested: The contradictions it is involved in.
        facts: Facts that concern it or that it names, in detail, sorted by class and label.
        incoming: What points at it, facts included, by property; without inverses, which say again what
            `properties` has.
        shown: Links to it that are on this page.
        page: Number of this page of links, from 1.
        more: Whether there are further links, on the next page.
        triples: The statements as spelled in N-Triples (subject, predicate, object), for the data.
        gone: What is known of its withdrawal; None if it is in force.
    """

    iri: str
    label: str
    names: tuple[str, ...]
    types: tuple[Link, ...]
    text: str
    properties: tuple[Property, ...]
    passages: tuple[Link, ...]
    contested: tuple[Link, ...]
    facts: tuple[Fact, ...]
    incoming: tuple[Incoming, ...]
    shown: int
    page: int
    more: bool
    triples: tuple[tuple[str, str, str], ...]
    gone: Withdrawal | None = None

    def __bool__(self) -> bool:
        """Whether the graph knows the thing at all."""
        return bool(self.triples)
