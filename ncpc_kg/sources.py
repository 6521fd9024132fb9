"""Find and parse the Turtle files, and know on which line each statement stands."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from pyoxigraph import BlankNode, NamedNode, RdfFormat, Triple

from ncpc_kg.engine import Subject, Term
from ncpc_kg.errors import Place, SourceError
from ncpc_kg.lines import LineParser
from ncpc_kg.vocabulary import GRAPH, PREFIXES

Role = Literal["ontology", "data", "shapes"]

# The folders in reading order, each with its role and the start of its graphs' names.
FOLDERS: tuple[tuple[str, Role, str], ...] = (
    ("ontology", "ontology", ""),
    ("ontology/codes", "ontology", "codes-"),
    ("data/ttl", "data", ""),
    ("shapes", "shapes", ""),
)


@dataclass(frozen=True)
class SourceFile:
    """One parsed Turtle file.

    Attributes:
        path: The file.
        name: Its path below the content directory, with forward slashes.
        role: What the file is for.
        graph: Name of the graph that its statements form.
        triples: Its statements in the order of the file, each once.
        lines: The line on which each statement's object ends, in the same order.
        digest: SHA-256 of the file, as hexadecimal text.
    """

    path: Path
    name: str
    role: Role
    graph: NamedNode
    triples: tuple[Triple, ...]
    lines: tuple[int, ...]
    digest: str

    def statements(self) -> Iterator[tuple[Triple, Place]]:
        """Yield each statement with its place."""
        for triple, line in zip(self.triples, self.lines, strict=True):
            yield triple, Place(self.path, line)


def find_sources(root: Path) -> tuple[tuple[Path, Role, str], ...]:
    """List the Turtle files below a content directory, sorted, with role and graph name.

    Args:
        root: The content directory.

    Returns:
        Path, role and name of the graph (the part after `graph:`) of each file.

    Raises:
        SourceError: A folder has no Turtle file, or two files would form one graph.
    """
    found: dict[str, tuple[Path, Role, str]] = {}
    for folder, role, start in FOLDERS:
        paths = sorted((root / folder).glob("*.ttl"))
        if not paths:
            raise SourceError(
                f"No Turtle file in {folder}/.",
                expected=f"at least one .ttl file in {root / folder}",
                hint="check out the whole project, or name its directory with --content",
                place=Place(root / folder),
            )
        for path in paths:
            name = start + path.stem
            if name in found:
                raise SourceError(
                    f"Two files would form the graph graph:{name}.",
                    found=f"{found[name][0]} and {path}",
                    hint="rename one of them",
                    place=Place(path),
                )
            found[name] = (path, role, name)
    return tuple(found.values())


def read_sources(
    root: Path, progress: Callable[[str, float], None] = lambda *_: None
) -> tuple[SourceFile, ...]:
    """Parse every Turtle file below a content directory.

    Args:
        root: The content directory.
        progress: Told of each file, and of the share that is done.

    Returns:
        The files, sorted by folder and name.

    Raises:
        SourceError: A file cannot be read or parsed, uses a prefix otherwise than the prefix
            map says, or is a data file with a blank node.
    """
    found = find_sources(root)
    files = []
    for number, (path, role, name) in enumerate(found):
        progress(f"Reading {path.name}", number / len(found))
        files.append(read_source(path, role, GRAPH[name], path.relative_to(root).as_posix()))
    return tuple(files)


def read_source(path: Path, role: Role, graph: str, name: str | None = None) -> SourceFile:
    """Parse one Turtle file.

    Args:
        path: The file.
        role: What it is for.
        graph: IRI of the graph its statements form.
        name: Its name in messages and reports; the file's own name by default.

    Raises:
        SourceError: As `read_sources`.
    """
    text = read_text(path)
    triples, lines = parse_turtle(text, path)
    relabelled = tuple(_relabel(triples, Path(name or path.name).stem))
    if role == "data":
        _refuse_blank_nodes(relabelled, lines, path)
    return SourceFile(
        path,
        name or path.name,
        role,
        NamedNode(graph),
        relabelled,
        lines,
        hashlib.sha256(text.encode()).hexdigest(),
    )


def read_bytes(path: Path) -> bytes:
    """Read a file.

    Args:
        path: The file.

    Raises:
        SourceError: It does not exist, or may not be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"The file cannot be read: {error.strerror}.",
            hint="check that it exists and may be read",
            place=Place(path),
        ) from error


def read_text(path: Path) -> str:
    """Read a file as text.

    Args:
        path: The file, in UTF-8.

    Returns:
        Its text, line breaks as they stand.

    Raises:
        SourceError: It does not exist, may not be read, or is not UTF-8.
    """
    data = read_bytes(path)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise SourceError(
            "The file is not UTF-8.",
            found=f"the byte 0x{data[error.start]:02x}",
            hint="save it as UTF-8",
            place=Place(path, data.count(b"\n", 0, error.start) + 1),
        ) from error


def parse_turtle(text: str, path: Path) -> tuple[tuple[Triple, ...], tuple[int, ...]]:
    """Parse Turtle and note the line of every statement.

    Args:
        text: The text.
        path: Where it comes from, for messages.

    Returns:
        The distinct statements in their order, and the line of each.

    Raises:
        SourceError: The text is no Turtle, or a prefix is not that of the prefix map.
    """
    parser = LineParser(text, RdfFormat.TURTLE, path)
    lines: dict[Triple, int] = {}
    for quad, line in parser:
        lines.setdefault(quad.triple, line)
    _check_prefixes(parser.prefixes, text, path)
    return tuple(lines), tuple(lines.values())


def _check_prefixes(prefixes: dict[str, str], text: str, path: Path) -> None:
    for prefix, iri in sorted(prefixes.items()):
        if PREFIXES.get(prefix) == iri:
            continue
        pattern = re.compile(rf"^\s*@?prefix\s+{re.escape(prefix)}:", re.IGNORECASE | re.MULTILINE)
        match = pattern.search(text)
        line = text.count("\n", 0, match.end()) + 1 if match else None
        usual = next((name for name, known in PREFIXES.items() if known == iri), None)
        raise SourceError(
            f"The prefix {prefix}: differs from the project's prefix map.",
            found=f"{prefix}: <{iri}>",
            expected=f"{prefix}: <{PREFIXES[prefix]}>"
            if prefix in PREFIXES
            else f"{usual}: <{iri}>"
            if usual
            else "a prefix listed in ncpc_kg/vocabulary.py",
            hint="declare it as the map says, or extend the map for the whole project",
            place=Place(path, line),
        )


def _relabel(triples: tuple[Triple, ...], stem: str) -> Iterator[Triple]:
    """Name blank nodes by file and order, so that two builds give the same statements."""
    names: dict[BlankNode, BlankNode] = {}

    def same(node: Term) -> Term:
        if isinstance(node, BlankNode):
            return names.setdefault(node, BlankNode(f"{stem}-{len(names) + 1}"))
        return node

    for triple in triples:
        yield Triple(
            cast(Subject, same(cast(Term, triple.subject))), triple.predicate, same(cast(Term, triple.object))
        )


def _refuse_blank_nodes(triples: tuple[Triple, ...], lines: tuple[int, ...], path: Path) -> None:
    for triple, line in zip(triples, lines, strict=True):
        if isinstance(triple.subject, BlankNode) or isinstance(triple.object, BlankNode):
            raise SourceError(
                "A data file holds a blank node.",
                expected="an IRI for every node, so that it can be cited and edited",
                hint="give the node a name such as id:hosting-brazil-senai",
                place=Place(path, line),
            )
