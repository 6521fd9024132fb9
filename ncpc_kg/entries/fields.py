"""Reading the entry shape: the fields of an entry, in their order, with all that holds for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

import rdflib
from pyoxigraph import NamedNode
from rdflib import DCTERMS, RDF, RDFS, SH, SKOS
from rdflib.term import Node

from ncpc_kg.engine import Term
from ncpc_kg.entries.profile import TYPE, Field, Group, Profile
from ncpc_kg.errors import SourceError
from ncpc_kg.graph import from_rdflib
from ncpc_kg.validation.paths import Inverse, Path, Predicate, read_path

ENTRY = "NewCentreEntry"

_TEXT = NamedNode(str(RDF.langString))
_CONTAINERS = (SH.node, SH.qualifiedValueShape)
_LISTS = (SH["and"], SH["or"], SH.xone)
_DEPTH = 5


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
