"""The fields of an entry, read from the entry shape: the one definition of every form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import rdflib
from pyoxigraph import NamedNode
from rdflib import DCTERMS, RDF, RDFS, SH, SKOS, XSD
from rdflib.term import Node

from ncpc_kg.engine import Term
from ncpc_kg.errors import SourceError
from ncpc_kg.graph import from_rdflib
from ncpc_kg.validation.paths import Inverse, Path, Predicate, read_path

ENTRY = "NewCentreEntry"
TYPE = NamedNode(str(RDF.type))

_TEXT = NamedNode(str(RDF.langString))
_CONTAINERS = (SH.node, SH.qualifiedValueShape)
_LISTS = (SH["and"], SH["or"], SH.xone)
_DEPTH = 5


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


def read_profile(graph: rdflib.Graph, entry_shapes: rdflib.Graph, base: str) -> Profile:
    """Read what an entry consists of from its shapes.

    Args:
        graph: All shapes.
        entry_shapes: Those of the file about entries.
        base: Base IRI the graph is published under.

    Returns:
        The profile.

    Raises:
        SourceError: The entry shape is missing or says nothing that a field could be made of.
    """
    shape = rdflib.URIRef(f"{base}shapes#{ENTRY}")
    if (shape, SH.property, None) not in entry_shapes:
        raise SourceError(
            f"The shape shape:{ENTRY} is missing.",
            expected="a node shape with a property for each field, in shapes/new-centre-entry.ttl",
            hint="restore the file",
        )
    return _Reader(graph, entry_shapes, base).profile(shape)


class _Reader:
    def __init__(self, graph: rdflib.Graph, entry_shapes: rdflib.Graph, base: str) -> None:
        self.graph = graph
        self.base = base
        self.fields = rdflib.URIRef(f"{base}shapes#fields")
        linked = set(graph.objects(None, self.fields))
        named = {s for s in entry_shapes.subjects(RDF.type, SH.NodeShape) if isinstance(s, rdflib.URIRef)}
        self.listing = {shape for shape in named if self._has_fields(shape)}
        self.rules = sorted(named - self.listing)
        # Things that may be new: kinds of nodes that no field leads to by itself.
        self.new = sorted(self.listing - linked - {rdflib.URIRef(f"{base}shapes#{ENTRY}")})

    def profile(self, shape: Node) -> Profile:
        """Read the whole profile."""
        centre = self.group([shape], None, 0)
        groups = {group.shape: group for group in centre.groups()}
        rules = []
        for rule in self.rules:
            kinds = [NamedNode(str(value)) for value in self.graph.objects(rule, SH["class"])]
            rules.append((NamedNode(str(rule)), kinds[0] if kinds else None))
        return Profile(centre, tuple(groups.values()), tuple(rules))

    def _has_fields(self, shape: Node) -> bool:
        return any((part, SH.order, None) in self.graph for part in self.graph.objects(shape, SH.property))

    def group(self, found: list[Node], by: NamedNode | None, depth: int) -> Group:
        """Read the node shapes that nodes of one kind conform to; `by` leads to them."""
        shape = found[0]
        if depth > _DEPTH:
            raise SourceError(f"The entry shape {shape} refers to itself.", hint="say it without recursion")
        shapes = [*found, *(self.graph.objects(shape, SH.node))]
        kind = self._kind(shapes)
        fields: list[Field] = []
        for part in dict.fromkeys(part for one in shapes for part in self.graph.objects(one, SH.property)):
            if (part, SH.order, None) in self.graph and (field := self.field(part, by, depth)) is not None:
                fields.append(field)
        fields.sort(key=lambda field: (field.order, field.key))
        return Group(
            NamedNode(str(shape)),
            self._text(shape, SKOS.prefLabel) or self._text(shape, SH.name) or _local(kind),
            kind,
            tuple(fields),
            self._stem(shapes, kind),
        )

    def field(self, shape: Node, by: NamedNode | None, depth: int) -> Field | None:
        path, turned = _step(read_path(self.graph, cast(Node, self.graph.value(shape, SH.path))))
        if path is None or path in (TYPE, by):  # the way back is no field
            return None
        label = self._text(shape, SH.name) or _local(path)
        around = list(self._around(shape, 0))
        nested = self._nested(shape)
        datatypes = [NamedNode(str(value)) for value in self._all(around, SH.datatype)]
        languages = [
            str(item) for head in self._all(around, SH.languageIn) for item in self.graph.items(head)
        ]
        pattern = next(iter(self._all(around, SH.pattern)), None)
        constant = self.graph.value(shape, SH.hasValue)
        classes = () if nested else tuple(dict.fromkeys(self._classes(around)))
        part = self.graph.value(shape, SH.group)
        return Field(
            key=re.sub(r"\s+", " ", label).strip().lower(),
            label=label[:1].upper() + label[1:],
            help=self._text(shape, SH.description),
            path=path,
            turned=turned,
            shape=str(shape),
            order=float(str(self.graph.value(shape, SH.order))),
            minimum=self._count(shape, "minCount", "qualifiedMinCount") or 0,
            maximum=self._count(shape, "maxCount", "qualifiedMaxCount"),
            languages=tuple(dict.fromkeys(languages)),
            tagged=bool(languages) or _TEXT in datatypes,
            datatypes=tuple(dict.fromkeys(one for one in datatypes if one != _TEXT)),
            pattern=str(pattern) if pattern is not None and not nested else None,
            options=() if nested else tuple(dict.fromkeys(self._options(around))),
            schemes=() if nested else tuple(self._schemes(around)),
            classes=classes,
            link=SH.IRI in self._all(around, SH.nodeKind) and not nested,
            constant=from_rdflib(constant) if constant is not None else None,
            example=self._text(shape, SKOS.example),
            group=self.group(nested, path, depth + 1) if nested else None,
            new=self._new(classes, path, depth),
            section=self._text(part, RDFS.label) if part is not None else "",
            section_order=float(str(self.graph.value(part, SH.order) or 0)) if part is not None else 0,
            replaces=tuple(str(value) for value in self.graph.objects(shape, DCTERMS.replaces)),
        )

    def _nested(self, shape: Node) -> list[Node]:
        """The node shapes of a value that is a node of the entry."""
        found = list(self.graph.objects(shape, self.fields))
        for predicate in _CONTAINERS:
            found += [node for node in self.graph.objects(shape, predicate) if node in self.listing]
        return list(dict.fromkeys(found))

    def _new(self, classes: tuple[NamedNode, ...], path: NamedNode, depth: int) -> Group | None:
        """The kind of node that a value may be, if it need not be a known thing."""
        for shape in self.new:
            if self._kind([shape]) in classes:
                return self.group([shape], path, depth + 1)
        return None

    def _around(self, shape: Node, depth: int) -> Iterator[Node]:
        """The shape and those that its values must, or may, conform to."""
        yield shape
        if depth > _DEPTH:
            return
        for predicate in _CONTAINERS:
            for node in self.graph.objects(shape, predicate):
                yield from self._around(node, depth + 1)
        for predicate in _LISTS:
            for head in self.graph.objects(shape, predicate):
                for node in self.graph.items(head):
                    if (node, SH.path, None) not in self.graph:
                        yield from self._around(node, depth + 1)

    def _all(self, shapes: Iterable[Node], predicate: Node) -> list[Node]:
        return [value for shape in shapes for value in self.graph.objects(shape, predicate)]

    def _options(self, shapes: Iterable[Node]) -> Iterator[Term]:
        for head in self._all(shapes, SH["in"]):
            yield from (from_rdflib(item) for item in self.graph.items(head))

    def _schemes(self, shapes: Iterable[Node]) -> Iterator[NamedNode]:
        """Code lists: nodes whose skos:inScheme must have a value."""
        for part in self._all(shapes, SH.property):
            if self.graph.value(part, SH.path) == SKOS.inScheme:
                yield from (NamedNode(str(value)) for value in self.graph.objects(part, SH.hasValue))

    def _classes(self, shapes: Iterable[Node]) -> Iterator[NamedNode]:
        yield from (
            NamedNode(str(value)) for value in self._all(shapes, SH["class"]) if value != SKOS.Concept
        )

    def _kind(self, shapes: Iterable[Node]) -> NamedNode:
        shapes = list(shapes)
        for shape in shapes:
            for predicate in (SH["class"], SH.targetClass):
                for value in self.graph.objects(shape, predicate):
                    return NamedNode(str(value))
            for part in self.graph.objects(shape, SH.property):
                if self.graph.value(part, SH.path) == RDF.type:
                    for value in self.graph.objects(part, SH.hasValue):
                        return NamedNode(str(value))
        raise SourceError(
            f"The entry shape {shapes[0]} does not say of which class its nodes are.",
            expected="sh:class, or a property rdf:type with sh:hasValue",
            hint="add it",
        )

    def _stem(self, shapes: Iterable[Node], kind: NamedNode) -> str:
        """The fixed start of the IRI pattern, or a name made from the class."""
        for value in self._all(shapes, SH.pattern):
            pattern = re.sub(r"\((\w+)\|[^)]*\)", r"\1", str(value))
            start = re.split(r"(?<!\\)[\[\](){}*+?|$]", pattern.removeprefix("^"))[0].replace("\\", "")
            if start.startswith(self.base):
                return start
        return f"{self.base}id/{_kebab(_local(kind))}-"

    def _count(self, shape: Node, *names: str) -> int | None:
        found = [int(str(value)) for name in names for value in self.graph.objects(shape, SH[name])]
        return found[0] if found else None

    def _text(self, shape: Node, predicate: Node) -> str:
        texts = sorted(
            cast(Iterable[rdflib.Literal], self.graph.objects(shape, predicate)),
            key=lambda text: (text.language not in ("en", None), str(text)),
        )
        return str(texts[0]) if texts else ""


def _step(path: Path) -> tuple[NamedNode | None, bool]:
    if isinstance(path, Predicate):
        return path.name, False
    if isinstance(path, Inverse) and isinstance(path.path, Predicate):
        return path.path.name, True
    return None, False


def _local(name: NamedNode) -> str:
    return re.split(r"[#/]", name.value)[-1]


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


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
