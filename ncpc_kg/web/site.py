"""What pages are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

from ncpc_kg.catalogue import Parameter, Question
from ncpc_kg.dataset import Statistics
from ncpc_kg.description import Link, Value
from ncpc_kg.grounds import Grounds
from ncpc_kg.query import Choice

_SAFE = "/:@!$&'()*+,;=-._~"
_PLAIN = re.compile(r"[A-Za-z0-9/_.-]*(#[A-Za-z0-9_.-]*)?")  # nothing to quote, as in most addresses


@dataclass(frozen=True)
class Alternate:
    """Another form of what a page shows.

    Attributes:
        label: Name of the format for people, such as "Turtle".
        media_type: Its media type.
        href: Its address on this site.
    """

    label: str
    media_type: str
    href: str


@dataclass(frozen=True)
class Site:
    """Where the site lies, so that pages can link within it.

    Attributes:
        base: Base IRI that the graph is published under, ending in `/`.
        root: Path prefix behind a reverse proxy, such as `/kg`; empty without one.
    """

    base: str
    root: str = ""

    def href(self, iri: str) -> str | None:
        """The address of an IRI: on this site if the graph names it, else the IRI itself.

        Args:
            iri: Any IRI.

        Returns:
            The address, or None for an IRI that no browser should follow, such as `javascript:`.
        """
        if iri.startswith(self.base):
            if _PLAIN.fullmatch(iri, len(self.base)):
                return f"{self.root}/{iri[len(self.base) :]}"
            path, mark, fragment = iri[len(self.base) :].partition("#")
            return f"{self.root}/{quote(path, safe=_SAFE + '%')}{mark}{quote(fragment, safe=_SAFE + '%?')}"
        return iri if iri.startswith(("https://", "http://", "mailto:")) else None

    def path(self, path: str) -> str:
        """An address of this site from a path that begins with `/`."""
        return self.root + path


@dataclass(frozen=True)
class Head:
    """What every page of a resource needs beside its content.

    Attributes:
        site: Where the site lies.
        iri: IRI of what the page is about.
        path: Address of the page.
        alternates: Its data in other forms.
        structured: schema.org data as JSON, safe inside `<script type="application/ld+json">`.
        previous: Address of the page of links before this one, or None.
        next: Address of the page of links after this one, or None.
    """

    site: Site
    iri: str
    path: str
    alternates: tuple[Alternate, ...]
    structured: str = ""
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True)
class Field:
    """A parameter of a question as a field of its form.

    Attributes:
        parameter: The parameter.
        choices: The terms it may take, sorted; empty where any term of its type may be given.
        given: What the request gave, as text; None if it gave nothing.
        value: What is in force, as text (an IRI or a literal's text); empty for "any".
        error: What is wrong with what was given, or None.
    """

    parameter: Parameter
    choices: tuple[Choice, ...]
    given: str | None
    value: str
    error: str | None = None


@dataclass(frozen=True)
class QuestionView:
    """A question with its form and its answer.

    Attributes:
        question: The question.
        fields: Its form.
        columns: Names of the columns.
        rows: One value a column; None where there is none. Empty if a field is wrong.
        grounds: What each row rests on; empty unless `?evidence=1` was asked.
        query: The query as it was run, with its parameters filled in.
        complete: False if the answer goes on after these rows.
        offset: Rows before these.
    """

    question: Question
    fields: tuple[Field, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Value | None, ...], ...]
    grounds: tuple[Grounds, ...]
    query: str
    complete: bool = True
    offset: int = 0


@dataclass(frozen=True)
class Dump:
    """A file with the whole graph.

    Attributes:
        name: Name of the file.
        label: Its format for people.
        media_type: Media type of what is compressed.
        href: Address.
        size: Bytes of the compressed file; None if it is made on demand.
        sha256: Checksum of the compressed file, hexadecimal; None if it is made on demand.
        modified: Date and time it was made, ISO 8601.
    """

    name: str
    label: str
    media_type: str
    href: str
    size: int | None
    sha256: str | None
    modified: str


@dataclass(frozen=True)
class DatasetView:
    """The dataset: what it is, how large, where to get it.

    Attributes:
        title: Its title.
        text: What it is.
        license: Address of its licence.
        source: The source, with its publisher.
        publisher: Who publishes the source.
        statistics: Counts by class, property, graph and link target.
        dumps: The files.
        modified: Date and time of the last change, ISO 8601.
    """

    title: str
    text: str
    license: str
    source: Link
    publisher: Link
    statistics: Statistics
    dumps: tuple[Dump, ...]
    modified: str
