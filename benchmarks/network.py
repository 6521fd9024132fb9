"""A network of any number of centres that conforms to the shapes, closed or not.

Each centre is the complete example of an entry (tests/examples/NewCentreEntry), in a country of
its own. Hosts are many; counterparts, donors and the programme are few and shared. Centres are
written as text from two patterns and loaded in bulk, with what follows from them if asked for:
what is inferred of a centre does not depend on the others (`tests/test_benchmarks.py` holds
that against closing the whole).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, cast

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, serialize

from ncpc_kg.closure import close, read_rules
from ncpc_kg.engine import Term
from ncpc_kg.graph import Dataset, merge
from ncpc_kg.sources import find_sources, read_source
from ncpc_kg.vocabulary import GRAPH, ID, NCPC

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "tests/examples"
EVIDENCE = NamedNode(NCPC.hasEvidence)
DATA = NamedNode(GRAPH["network"])
# Every twentieth centre has another counterpart. The numbers are marks to be replaced.
_EACH, _PATTERNS = 20, (987_654_320, 987_654_321)
_CHUNK = 500


def files(role: str) -> Dataset:
    """The project's own files of one role."""
    return merge(read_source(p, r, GRAPH[name]) for p, r, name in find_sources(ROOT) if r == role)


@cache
def example(name: str) -> tuple[Triple, ...]:
    """The statements of one example."""
    return read_source(EXAMPLES / name, "data", DATA.value).triples


def network(count: int, closed: bool = False) -> Dataset:
    """Ontology and a number of centres, with what follows from them if `closed`."""
    dataset = _start(closed)
    dataset.store.add_graph(DATA)
    dataset.store.bulk_load(cast(IO[bytes], _Text(_blocks(count, closed))), format=RdfFormat.N_QUADS)
    return dataset


def _start(closed: bool) -> Dataset:
    dataset = files("ontology")
    dataset.add(DATA, example("base.ttl"))
    return close(dataset, read_rules(dataset, ROOT)) if closed else dataset


def _blocks(count: int, closed: bool) -> Iterator[str]:
    patterns = [_pattern(number, closed) for number in _PATTERNS]
    for start in range(0, count, _CHUNK):
        yield "".join(
            patterns[number % _EACH > 0].replace(str(_PATTERNS[number % _EACH > 0]), str(number))
            for number in range(start, min(count, start + _CHUNK))
        )


def _pattern(number: int, closed: bool) -> str:
    """All that one more centre adds to a network, as N-Quads."""
    whole = _start(False)
    whole.add(DATA, _centre(number))
    if closed:
        close(whole, read_rules(whole, ROOT))
    before = set(_start(closed).quads())
    added = sorted((quad for quad in whole.quads() if quad not in before), key=str)
    return cast(bytes, serialize(added, format=RdfFormat.N_QUADS)).decode()


def _centre(number: int) -> Iterator[Triple]:
    """The example, with the country it is in, under names of its own."""

    def moved(term: Term) -> Term:
        if isinstance(term, NamedNode):
            if term.value.endswith("nowhere"):
                return NamedNode(f"{term.value}-{number}")
            if term.value == ID["org-adviser"] and not number % _EACH:
                return NamedNode(f"{term.value}-2")
        if isinstance(term, Literal) and term.language:
            return Literal(f"{term.value} {number}", language=term.language)
        return term

    land = (t for t in example("base.ttl") if str(t.subject).endswith("country-nowhere>"))
    for triple in (*example("NewCentreEntry/valid.ttl"), *land):
        if "entries/" not in str(triple.subject):
            predicate, value = triple.predicate, triple.object
            if "entries/" in str(value):
                predicate, value = EVIDENCE, NamedNode(f"{GRAPH.removesuffix('graph/')}source/csd-bp28/L1-2")
            yield Triple(moved(triple.subject), predicate, moved(value))  # type: ignore[arg-type]


class _Text(io.RawIOBase):
    """Blocks of text as a file that is read once."""

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks = blocks
        self._block = io.BytesIO()

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes, none at the end."""
        while not (found := self._block.read(size)):
            if (block := next(self._blocks, None)) is None:
                break
            self._block = io.BytesIO(block.encode())
        return found
