"""The whole graph as compressed files."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pyoxigraph import DefaultGraph, NamedNode, Quad

from ncpc_kg.description.rows import TSV, read_rows, term_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.vocabulary import PREFIXES

_TRIPLES = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_QUADS = """\
SELECT ?s ?p ?o ?g WHERE {
  { GRAPH ?g { ?s ?p ?o } }
  UNION { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?any { ?s ?p ?o } } }
}
"""


_REIFY = PREFIXES["rdf"] + "reifies"
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
        quads = sorted((_quad(*row) for row in read_rows(answer)), key=str)
        text = graph_bytes(quads, form.media_type)
    elif form.holds == "reified":
        text = b"\n".join(_claims(text.splitlines())) + b"\n"
    elif form.media_type == "application/n-triples":
        text = b"\n".join(sorted(text.splitlines())) + b"\n"
    body = gzip.compress(text, 6, mtime=0)
    return Dump(form, body, hashlib.sha256(body).hexdigest())


def _quad(s: str, p: str, o: str, g: str) -> Quad:
    graph = NamedNode(g[1:-1]) if g.startswith("<") else DefaultGraph()
    return Quad(term_of(s), NamedNode(p[1:-1]), term_of(o), graph)  # type: ignore[arg-type]


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
