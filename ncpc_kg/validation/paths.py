"""Property paths (SHACL, section 2.3.1): read from shapes, written as SPARQL, walked in a graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import rdflib
from pyoxigraph import NamedNode
from rdflib import RDF, SH
from rdflib.term import Node

from ncpc_kg.errors import SourceError
from ncpc_kg.vocabulary import abbreviate


@dataclass(frozen=True)
class Predicate:
    """One property, followed from subject to object."""

    name: NamedNode

    def __str__(self) -> str:
        return shorten(self.name)


@dataclass(frozen=True)
class Inverse:
    """A path followed backwards."""

    path: Path

    def __str__(self) -> str:
        return f"^{_bracketed(self.path)}"


@dataclass(frozen=True)
class Sequence:
    """Paths followed one after the other."""

    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return "/".join(_bracketed(path) for path in self.paths)


@dataclass(frozen=True)
class Alternative:
    """Any of several paths."""

    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return "|".join(_bracketed(path) for path in self.paths)


@dataclass(frozen=True)
class Repeated:
    """A path followed `?` (at most once), `*` (any number of times) or `+` (at least once)."""

    path: Path
    sign: str

    def __str__(self) -> str:
        return f"{_bracketed(self.path)}{self.sign}"


Path = Predicate | Inverse | Sequence | Alternative | Repeated

_SIGNS = {SH.zeroOrOnePath: "?", SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+"}


def read_path(graph: rdflib.Graph, node: Node) -> Path:
    """Read a path from a shapes graph.

    Args:
        graph: The shapes graph.
        node: The value of `sh:path`.

    Returns:
        The path.

    Raises:
        SourceError: The node is no path.
    """
    if isinstance(node, rdflib.URIRef):
        return Predicate(NamedNode(str(node)))
    if (node, RDF.first, None) in graph:
        return Sequence(tuple(read_path(graph, item) for item in graph.items(node)))
    inverse = graph.value(node, SH.inversePath)
    if inverse is not None:
        return Inverse(read_path(graph, inverse))
    choice = graph.value(node, SH.alternativePath)
    if choice is not None:
        return Alternative(tuple(read_path(graph, item) for item in graph.items(choice)))
    for predicate, sign in _SIGNS.items():
        part = graph.value(node, predicate)
        if part is not None:
            return Repeated(read_path(graph, part), sign)
    raise SourceError(
        "A shape has a path that is none.",
        found=str(node),
        expected="a property, a list, sh:inversePath, sh:alternativePath or a repetition",
        hint="correct the value of sh:path",
    )


def write_path(path: Path, graph: rdflib.Graph) -> Node:
    """Write a path into an RDF graph.

    Args:
        path: The path.
        graph: Takes the statements of a path that is more than a property.

    Returns:
        The node that stands for the path.
    """
    if isinstance(path, Predicate):
        return rdflib.URIRef(path.name.value)
    node = rdflib.BNode()
    if isinstance(path, Inverse):
        graph.add((node, SH.inversePath, write_path(path.path, graph)))
    elif isinstance(path, Repeated):
        sign = next(predicate for predicate, sign in _SIGNS.items() if sign == path.sign)
        graph.add((node, sign, write_path(path.path, graph)))
    elif isinstance(path, Sequence):
        rdflib.collection.Collection(graph, node, [write_path(part, graph) for part in path.paths])
    else:
        items = rdflib.BNode()
        rdflib.collection.Collection(graph, items, [write_path(part, graph) for part in path.paths])
        graph.add((node, SH.alternativePath, items))
    return node


def shorten(name: NamedNode) -> str:
    """Write an IRI with a prefix of the project's map, or in angle brackets.

    Args:
        name: The IRI.

    Returns:
        E.g. `ncpc:hasHost`.
    """
    return abbreviate(name.value) or str(name)


def _bracketed(path: Path) -> str:
    text = str(cast(object, path))
    return f"({text})" if isinstance(path, Sequence | Alternative) else text
