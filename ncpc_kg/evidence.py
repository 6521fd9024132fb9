"""Evidence: passages of the source made from the IRIs that the data cite, checked and shown.

The paper itself is not part of the project. A passage is known by its lines and by the
SHA-256 of those lines, joined with line feeds, in UTF-8; whoever has the paper can verify it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal as Choice

from pyoxigraph import Literal, NamedNode, Triple

from ncpc_kg.errors import NotFound, Place, SourceError
from ncpc_kg.graph import Dataset
from ncpc_kg.vocabulary import SRC, expand

PASSAGES = Path("data/ttl/00-source.ttl")
LINE_INDEX = Path("data/line-index.csv")

_PASSAGE = re.compile(re.escape(str(SRC)) + r"L([1-9]\d*)(?:-([1-9]\d*))?")
_PARAGRAPH = re.compile(r"(\d+)\.\s")
_RULE = re.compile(r"[-_=\s]+")
_COLUMNS = ("line", "kind", "section", "paragraph", "sha256")

_TYPE, _INTEGER, _EVIDENCE = expand("rdf:type"), expand("xsd:integer"), expand("ncpc:hasEvidence")
_START, _END, _SHA256 = map(expand, ("ncpc:lineStart", "ncpc:lineEnd", "ncpc:sha256"))


@dataclass(frozen=True)
class Passage:
    """A run of lines of the source; lines count from 1, the last is included."""

    iri: NamedNode
    start: int
    end: int


@dataclass(frozen=True)
class Line:
    """What the line index keeps of a line: everything but its text.

    Attributes:
        number: Counted from 1.
        kind: Whether the line has content, is blank, or is a drawn rule.
        section: Local name of the innermost section that holds it, or an empty string.
        paragraph: Number of the numbered paragraph it belongs to, or an empty string.
        sha256: SHA-256 of the line in UTF-8, as hexadecimal text.
    """

    number: int
    kind: Choice["content", "blank", "rule"]
    section: str
    paragraph: str
    sha256: str


def read_passage(iri: str) -> Passage:
    """Read line numbers from the IRI of a passage.

    Args:
        iri: Such as `https://w3id.org/ncpc/source/csd-bp28/L497-499`.

    Raises:
        SourceError: The IRI does not have that form, or ends before it starts.
    """
    match = _PASSAGE.fullmatch(iri)
    start = int(match[1]) if match else 0
    end = int(match[2] or start) if match else 0
    if not match or end < start or match[2] == match[1]:
        raise SourceError(
            "This is not the address of a passage.",
            found=iri,
            expected="src:L497-499 for a range of lines, src:L315 for one line",
            hint="correct the line numbers in the hasEvidence statement",
        )
    return Passage(NamedNode(iri), start, end)


def cited_passages(dataset: Dataset) -> tuple[Passage, ...]:
    """Collect the passages that data name as evidence.

    Args:
        dataset: The asserted data.

    Returns:
        The passages by first and last line.

    Raises:
        SourceError: A cited IRI is not that of a passage; tells file and line.
    """
    found: dict[NamedNode, Passage] = {}
    for quad in dataset.match(None, _EVIDENCE, None):
        iri = quad.object
        if isinstance(iri, NamedNode) and iri.value.startswith(SRC) and iri not in found:
            try:
                found[iri] = read_passage(iri.value)
            except SourceError as error:
                error.place = dataset.place(quad.subject, quad.predicate, iri)  # type: ignore[arg-type]
                raise
    return _sorted(found.values())


def read_paper(path: Path) -> tuple[str, ...]:
    """Read a copy of the paper.

    Args:
        path: The plain-text file, UTF-8, with line feeds.

    Returns:
        Its lines without line ends.

    Raises:
        SourceError: The file cannot be read as UTF-8.
    """
    try:
        return tuple(path.read_bytes().decode("utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"The copy of the paper cannot be read: {error}.",
            expected="the plain-text file of CSD Background Paper No. 28, in UTF-8",
            hint="name your own copy with --source FILE",
            place=Place(path),
        ) from error


def checksum(lines: tuple[str, ...]) -> str:
    """The SHA-256 of some lines, as hexadecimal text."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def text_of(passage: Passage, lines: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of a passage.

    Raises:
        SourceError: It lies beyond the end of the paper.
    """
    if passage.end > len(lines):
        raise SourceError(
            "A passage lies beyond the end of the paper.",
            found=passage.iri.value,
            expected=f"lines 1 to {len(lines)}",
            hint="correct the line numbers, or name the right file with --source",
        )
    return lines[passage.start - 1 : passage.end]


def index_lines(dataset: Dataset, lines: tuple[str, ...]) -> tuple[Line, ...]:
    """Index the lines of the paper by section and paragraph, without their text.

    Args:
        dataset: The asserted data, which say on which lines each section stands.
        lines: The paper.

    Returns:
        One entry a line.
    """
    sections = _sections(dataset)
    paragraph, in_section, entries = "", "", []
    for number, text in enumerate(lines, 1):
        section = _innermost(sections, number, number)
        if section != in_section:
            in_section, paragraph = section, ""
        if match := _PARAGRAPH.match(text):
            paragraph = match[1]
        kind: Choice["content", "blank", "rule"] = (
            "blank" if not text.strip() else "rule" if _RULE.fullmatch(text) else "content"
        )
        entries.append(Line(number, kind, section, paragraph, checksum((text,))))
    return tuple(entries)


def write_index(index: tuple[Line, ...]) -> str:
    """Write a line index as CSV with a header row."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((e.number, e.kind, e.section, e.paragraph, e.sha256) for e in index)
    return out.getvalue()


def build_passages(dataset: Dataset, lines: tuple[str, ...]) -> tuple[Triple, ...]:
    """Describe every cited passage.

    Args:
        dataset: The asserted data.
        lines: The paper.

    Returns:
        Statements: lines, section, paragraph number and checksum of each passage.

    Raises:
        SourceError: A passage lies beyond the end of the paper.
    """
    sections = _sections(dataset)
    index = index_lines(dataset, lines)
    triples: list[Triple] = []
    for passage in cited_passages(dataset):
        digest = checksum(text_of(passage, lines))
        section = _innermost(sections, passage.start, passage.end)
        paragraphs = {index[number - 1].paragraph for number in range(passage.start, passage.end + 1)}
        statements: list[tuple[NamedNode, NamedNode | Literal]] = [
            (_TYPE, expand("ncpc:Passage")),
            (expand("oa:hasSource"), expand("source:csd-bp28")),
            (_START, Literal(str(passage.start), datatype=_INTEGER)),
            (_END, Literal(str(passage.end), datatype=_INTEGER)),
            (_SHA256, Literal(digest)),
        ]
        if section:
            statements.append((expand("dcterms:isPartOf"), NamedNode(SRC[section])))
        if len(paragraphs) == 1 and (paragraph := paragraphs.pop()):
            statements.append((expand("bibo:locator"), Literal(paragraph)))
        triples += (Triple(passage.iri, predicate, value) for predicate, value in statements)
    return tuple(triples)


def check_passages(dataset: Dataset, lines: tuple[str, ...]) -> tuple[Passage, ...]:
    """Verify the checksums of all passages against a copy of the paper.

    Args:
        dataset: The asserted data with their passages.
        lines: The copy.

    Returns:
        The passages that do not match, by line.
    """
    wrong = []
    for node in dataset.match(None, _TYPE, expand("ncpc:Passage")):
        passage = read_passage(_text(node.subject))
        found = checksum(lines[passage.start - 1 : passage.end])
        if any(_text(quad.object) != found for quad in dataset.match(passage.iri, _SHA256, None)):
            wrong.append(passage)
    return _sorted(wrong)


def passages_of(dataset: Dataset, thing: NamedNode) -> tuple[Passage, ...]:
    """List the passages that a thing and the evidence of its single properties rest on.

    Args:
        dataset: The asserted data.
        thing: IRI of the thing.

    Returns:
        The passages by line.

    Raises:
        NotFound: Nothing is said about the thing.
    """
    nodes: list[NamedNode] = [thing]
    for quad in dataset.match(thing, expand("ncpc:hasPropertyEvidence"), None):
        nodes.append(quad.object)  # type: ignore[arg-type]
    if next(dataset.match(thing, None, None), None) is None:
        raise NotFound(
            "Nothing is said about this thing.",
            found=thing.value,
            expected="an IRI of the graph, such as id:centre-brazil",
            hint="look the name up: ncpc-kg query 'SELECT ?s WHERE { ?s skos:prefLabel ?name }'",
        )
    cited = {quad.object for node in nodes for quad in dataset.match(node, _EVIDENCE, None)}
    return _sorted(read_passage(iri.value) for iri in cited if isinstance(iri, NamedNode))


def _sorted(passages: Iterable[Passage]) -> tuple[Passage, ...]:
    return tuple(sorted(passages, key=lambda passage: (passage.start, passage.end)))


def _text(term: object) -> str:
    return str(getattr(term, "value", term))


def _sections(dataset: Dataset) -> tuple[tuple[int, int, str], ...]:
    def number(subject: NamedNode, predicate: NamedNode) -> Iterator[int]:
        return (int(_text(quad.object)) for quad in dataset.match(subject, predicate, None))

    parts = dataset.match(None, _TYPE, expand("bibo:DocumentPart"))
    return tuple(
        sorted(
            (start, end, _text(part.subject).removeprefix(SRC))
            for part in parts
            for start in number(part.subject, _START)  # type: ignore[arg-type]
            for end in number(part.subject, _END)  # type: ignore[arg-type]
        )
    )


def _innermost(sections: tuple[tuple[int, int, str], ...], start: int, end: int) -> str:
    holding = [(b - a, name) for a, b, name in sections if a <= start and end <= b]
    return min(holding)[1] if holding else ""
