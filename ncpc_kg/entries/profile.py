"""What an entry consists of: the one definition of every form; `fields` reads it from the shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode
from rdflib import RDF, XSD

from ncpc_kg.engine import Term

TYPE = NamedNode(str(RDF.type))


@dataclass(frozen=True)
class Field:
    """One field: what it is called, where its values stand in the graph, what they may be.

    Attributes:
        key: Its name in YAML and in column headings, unique in its group; from `sh:name`.
        label: Its name for people.
        help: What to put there; `sh:description`.
        path: The property.
        turned: Whether the values are the subjects of the property (an inverse path).
        shape: The property shape it comes from, as text.
        order: Its place among the others; `sh:order`.
        minimum: How many values there must be.
        maximum: How many there may be; None for any number.
        languages: Languages that a text may be in; empty if the value has no language.
        tagged: Whether a value carries a language tag.
        datatypes: Datatypes that a value may have.
        pattern: Regular expression that a value must match.
        options: The only values allowed, if they are listed.
        schemes: Code lists that a value must be of.
        classes: Classes that a value must belong to.
        link: Whether a value is any IRI.
        constant: A value that is always the same and need not be asked for.
        example: What a value may look like; `skos:example`.
        group: The fields of the node that a value is, if it is a node of the entry itself.
        new: The fields of a new thing, where a value may be that instead of a known one.
        section: Title of the part of the form it stands in; from `sh:group`.
        section_order: The place of that part among the others.
        replaces: Rules of the graph that this field says in its own words.
    """

    key: str
    label: str
    help: str
    path: NamedNode
    turned: bool
    shape: str
    order: float
    minimum: int = 0
    maximum: int | None = None
    languages: tuple[str, ...] = ()
    tagged: bool = False
    datatypes: tuple[NamedNode, ...] = ()
    pattern: str | None = None
    options: tuple[Term, ...] = ()
    schemes: tuple[NamedNode, ...] = ()
    classes: tuple[NamedNode, ...] = ()
    link: bool = False
    constant: Term | None = None
    example: str = ""
    group: Group | None = None
    new: Group | None = None
    section: str = ""
    section_order: float = 0
    replaces: tuple[str, ...] = ()

    @property
    def inner(self) -> Group | None:
        """The fields of a value that is a node of the entry, always or where it is new."""
        return self.group or self.new

    @property
    def is_choice(self) -> bool:
        """Whether a value is one of the known things or codes."""
        return self.group is None and bool(self.options or self.schemes or self.classes)

    @property
    def range(self) -> tuple[object, ...]:
        """What decides on the things that it may name; fields of the same range name the same."""
        return self.options, self.schemes, self.classes

    @property
    def many(self) -> bool:
        """Whether there may be more than one value."""
        return self.maximum is None or self.maximum > 1

    @property
    def name(self) -> str:
        """The key as one word, for names in HTML."""
        return self.key.replace(" ", "-")


@dataclass(frozen=True)
class Group:
    """A kind of node that an entry is made of.

    Attributes:
        shape: The node shape.
        label: What such a node is called.
        kind: Its class.
        fields: Its fields in their order.
        stem: What the IRIs of such nodes start with, e.g. `https://w3id.org/ncpc/id/hosting-`.
    """

    shape: NamedNode
    label: str
    kind: NamedNode
    fields: tuple[Field, ...]
    stem: str

    def groups(self) -> Iterator[Group]:
        """Yield this group and every group within it."""
        yield self
        for field in self.fields:
            if field.inner is not None:
                yield from field.inner.groups()

    def field(self, key: str) -> Field | None:
        """Find a field by its key."""
        return next((field for field in self.fields if field.key == key), None)


@dataclass(frozen=True)
class Profile:
    """What an entry consists of, and what holds for its nodes.

    Attributes:
        centre: The centre, with all that hangs on it.
        groups: Every kind of node, the centre first.
        rules: Further shapes, each with the class of the nodes they hold for; None: all.
    """

    centre: Group
    groups: tuple[Group, ...]
    rules: tuple[tuple[NamedNode, NamedNode | None], ...]

    def group_of(self, kinds: Iterable[object]) -> Group | None:
        """The kind of node that has one of some classes."""
        found = set(kinds)
        return next((group for group in self.groups if group.kind in found), None)


_DATES = {str(XSD.gYear): "1998", str(XSD.gYearMonth): "1998-05", str(XSD.date): "1998-05-13"}


def describe(field: Field) -> str:
    """Say in a few words what a field takes, from its constraints alone.

    Args:
        field: The field.

    Returns:
        E.g. `a date such as 1998, 1998-05, 1998-05-13`; empty where nothing is constrained.
    """
    dates = [_DATES[one.value] for one in field.datatypes if one.value in _DATES]
    if dates:
        return "a date such as " + ", ".join(dates)
    if field.example:
        return f"such as {field.example}"
    if field.tagged:
        return "a text with its language" + (f" ({', '.join(field.languages)})" if field.languages else "")
    return ""
