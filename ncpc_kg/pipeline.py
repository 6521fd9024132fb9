"""The chain, written once: sources, graph, validation, closure, store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from ncpc_kg import __version__
from ncpc_kg.catalogue import Catalogue, read_catalogue
from ncpc_kg.content import PACKAGE
from ncpc_kg.errors import Place
from ncpc_kg.graph import Dataset, merge
from ncpc_kg.settings import Settings
from ncpc_kg.sources import SourceFile, find_sources, read_source
from ncpc_kg.terms import check_terms, undefined
from ncpc_kg.vocabulary import GRAPH

# Called with what is being done and the share of the whole that is done, from 0 to 1.
Progress = Callable[[str, float], None]


def silent(step: str, share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Content:
    """What the content directory holds, read and checked for its terms.

    Attributes:
        files: The parsed Turtle files.
        asserted: Ontology, code lists and data as one dataset.
        shapes: The shapes as a dataset of their own.
        catalogue: The ready questions, under the project's own base IRI.
    """

    files: tuple[SourceFile, ...]
    asserted: Dataset
    shapes: Dataset
    catalogue: Catalogue


def fingerprint(settings: Settings) -> str:
    """Hash everything a build depends on: content, package and base IRI.

    Args:
        settings: Where the content lies and under which base it is published.

    Returns:
        SHA-256 as hexadecimal text.

    Raises:
        SourceError: A folder of the content has no file.
    """
    found = hashlib.sha256(f"{__version__}\n{settings.base}\n".encode())
    content = [(settings.content, path) for path, _, _ in find_sources(settings.content)]
    content += [(settings.content, path) for path in sorted((settings.content / "queries").rglob("*.rq"))]
    content += [(PACKAGE, path) for path in sorted(PACKAGE.glob("*.py"))]
    for root, path in content:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(root).as_posix()} {digest}\n".encode())
    return found.hexdigest()


def read(settings: Settings, progress: Progress = silent) -> Content:
    """Read the content directory and check every term of our namespaces.

    Args:
        settings: Where the content lies.
        progress: Told of each file; shares run from 0 to 1.

    Returns:
        The content.

    Raises:
        SourceError: A file cannot be read, or a statement stands in two files.
        VocabularyError: A file or question uses a term that is not defined.
    """
    found = find_sources(settings.content)
    files: list[SourceFile] = []
    for number, (path, role, name) in enumerate(found):
        progress(f"Reading {path.name}", number / len(found))
        files.append(read_source(path, role, GRAPH[name], path.relative_to(settings.content).as_posix()))
    vocabulary = check_terms(files)
    catalogue = read_catalogue(settings.content / "queries")
    for question in catalogue.questions:
        for name, line in vocabulary.missing(question.text):
            raise undefined(name, Place(question.path, line), vocabulary)
    return Content(
        tuple(files),
        asserted=merge(file for file in files if file.role != "shapes"),
        shapes=merge(file for file in files if file.role == "shapes"),
        catalogue=catalogue,
    )
