"""The whole graph as compressed files."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pyoxigraph import RdfFormat, parse, serialize

from ncpc_kg.description.rows import TSV, read_rows, term_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.errors import NotAcceptable
from ncpc_kg.mediatypes import GRAPHS_BY_MEDIA_TYPE
from ncpc_kg.vocabulary import PREFIXES, expand

_TRIPLES = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_QUADS = """\
SELECT ?s ?p ?o ?g WHERE {
  { GRAPH ?g { ?s ?p ?o } }
  UNION { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?any { ?s ?p ?o } } }
}
"""


_REIFY = expand("rdf:reifies").value
_REIFIES = re.compile(rb"(_:[0-9A-Za-z]+) <" + re.escape(_REIFY.encode()) + rb"> (<<\(.*\)>>) \.$")


@dataclass(frozen=True)
class DumpFormat:
    """A format that the whole graph is offered in.

    Attributes:
        name: Name of the file.
        label: Its format for people.
        media_type: Media type of what is compressed.
        holds: `triples` (each once, graphs merged), `quads` (with their graphs), or `reified`
            (asserted triples with their evidence as RDF 1.2 reifiers).
    """

    name: str
    label: str
    media_type: str
    holds: Literal["triples", "quads", "reified"]


FORMATS: tuple[DumpFormat, ...] = (
    DumpFormat("ncpc.ttl.gz", "Turtle", "text/turtle", "triples"),
    DumpFormat("ncpc.nt.gz", "N-Triples", "application/n-triples", "triples"),
    DumpFormat("ncpc.nq.gz", "N-Quads", "application/n-quads", "quads"),
    DumpFormat("ncpc.trig.gz", "TriG", "application/trig", "quads"),
    DumpFormat("ncpc.jsonld.gz", "JSON-LD", "application/ld+json", "quads"),
    DumpFormat(
        "ncpc-rdf12.nt.gz", "RDF 1.2 with evidence as reifiers, N-Triples", "application/n-triples", "reified"
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Dump:
    """A compressed file.

    Attributes:
        format: What it holds.
        body: The compressed bytes.
        sha256: Their checksum, hexadecimal.
    """

    format: DumpFormat
    body: bytes
    sha256: str


def dump_query(form: DumpFormat, reify: str) -> tuple[str, Formats]:
    """The query that a dump is made from, with the format to ask for.

    Args:
        form: What the dump shall hold.
        reify: The query of `queries/internal/export-rdf12.rq`.
    """
    if form.holds == "quads":
        return _QUADS, Formats(bindings=TSV)
    return (reify if form.holds == "reified" else _TRIPLES), Formats(graph=form.media_type)


def make_dump(form: DumpFormat, answer: Answer) -> Dump:
    """Make a dump from the answer to `dump_query`; the same graph gives the same bytes.

    Args:
        form: What the dump shall hold.
        answer: The answer.
    """
    text = answer.body
    if form.holds == "quads":
        rows = sorted(read_rows(answer), key=lambda row: (row[3], row[0], row[1], row[2]))
        text = "".join(map(_line, rows)).encode()
        if form.media_type != "application/n-quads":
            engine = GRAPHS_BY_MEDIA_TYPE[form.media_type].engine
            text = _serialised(text, engine)
    elif form.holds == "reified":
        text = b"\n".join(_claims(text.splitlines())) + b"\n"
    elif form.media_type == "application/n-triples":
        text = b"\n".join(sorted(text.splitlines())) + b"\n"
    body = gzip.compress(text, 6, mtime=0)
    return Dump(form, body, hashlib.sha256(body).hexdigest())


def _line(row: tuple[str, ...]) -> str:
    """One statement in N-Quads; TSV spells all terms so, but for numbers and truth values."""
    s, p, o, g = row
    value = o if o[:1] in ('"', "<", "_") else str(term_of(o))
    return f"{s} {p} {value} {g} .\n" if g else f"{s} {p} {value} .\n"


def _serialised(quads: bytes, form: RdfFormat) -> bytes:
    """N-Quads in another format."""
    try:
        return serialize(parse(quads, RdfFormat.N_QUADS), format=form, prefixes=PREFIXES) or b""
    except OSError as error:
        raise NotAcceptable(
            f"The graph holds what {form.name} cannot say: {error}.", hint="take the dump in N-Quads"
        ) from error


def _claims(lines: Iterable[bytes]) -> list[bytes]:
    """Sorted lines with one reifier for each triple, named after it, however many passages it has."""
    about: dict[bytes, bytes] = {}
    plain: list[bytes] = []
    said: dict[bytes, list[bytes]] = {}
    for line in lines:
        if match := _REIFIES.match(line):
            about[match[1]] = match[2]
        elif line.startswith(b"_:"):
            label, _, rest = line.partition(b" ")
            said.setdefault(label, []).append(rest)
        else:
            plain.append(line)
    found = set(plain)
    for label, rests in said.items():
        triple = about.get(label)
        name = b"_:c" + hashlib.sha256(triple).hexdigest()[:20].encode() if triple else label
        if triple:
            found.add(name + b" <" + _REIFY.encode() + b"> " + triple + b" .")
        found.update(name + b" " + rest for rest in rests)
    return sorted(found)
