"""Validation and closure side by side with pySHACL and owlrl, at growing sizes.

    python -m benchmarks.validation 10 1000 10000

Each centre is the complete example of an entry (tests/examples/NewCentreEntry), so the whole
network conforms. Hosts are many; counterparts, donors and the programme are few and shared.
pySHACL as released and owlrl run up to the sizes that they finish in a minute or so.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyshacl
from pyoxigraph import Literal, NamedNode, Quad, Triple

from ncpc_kg.closure import close, close_addition, close_reference, close_removal, read_rules
from ncpc_kg.engine import Change, Term
from ncpc_kg.graph import Dataset, merge
from ncpc_kg.sources import find_sources, read_source
from ncpc_kg.validation import Shapes, read_shapes, validate, validate_entry, validate_in_parts
from ncpc_kg.validation.view import quads_of
from ncpc_kg.vocabulary import GRAPH, ID, NCPC

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "tests/examples"
EVIDENCE = NamedNode(NCPC.hasEvidence)
DATA, ENTRY = NamedNode(GRAPH["network"]), NamedNode(GRAPH["entry/benchmark"])
PYSHACL_UP_TO, OWLRL_UP_TO, FULL_UP_TO, PARTS_UP_TO = 300, 100, 1_000, 10_000


def files(role: str) -> Dataset:
    """The project's own files of one role."""
    return merge(read_source(p, r, GRAPH[name]) for p, r, name in find_sources(ROOT) if r == role)


def example(name: str) -> tuple[Triple, ...]:
    """The statements of one example."""
    return read_source(EXAMPLES / name, "data", DATA.value).triples


def centre(entry: tuple[Triple, ...], number: int) -> Iterator[Triple]:
    """The example as another centre in a country of its own."""

    def moved(term: Term) -> Term:
        if isinstance(term, NamedNode):
            if term.value.endswith("nowhere"):
                return NamedNode(f"{term.value}-{number}")
            if term.value == ID["org-adviser"]:
                return NamedNode(f"{term.value}{'' if number % 20 else '-2'}")
        if isinstance(term, Literal) and term.language:
            return Literal(f"{term.value} {number}", language=term.language)
        return term

    for triple in entry:
        if "entries/" not in str(triple.subject):
            predicate, value = triple.predicate, triple.object
            if "entries/" in str(value):
                predicate, value = EVIDENCE, NamedNode(f"{GRAPH.removesuffix('graph/')}source/csd-bp28/L1-2")
            yield Triple(moved(triple.subject), predicate, moved(value))  # type: ignore[arg-type]


def country(number: int) -> Iterator[Triple]:
    """A country for a centre."""
    for triple in example("base.ttl"):
        if str(triple.subject).endswith("country-nowhere>"):
            yield from centre((triple,), number)


def network(count: int) -> Dataset:
    """Ontology and a number of centres."""
    dataset = files("ontology")
    entry = example("NewCentreEntry/valid.ttl")
    dataset.add(DATA, example("base.ttl"))
    land = [t for t in example("base.ttl") if str(t.subject).endswith("country-nowhere>")]
    for start in range(0, count, 2_000):
        numbers = range(start, min(count, start + 2_000))
        dataset.store.bulk_extend(
            Quad(t.subject, t.predicate, t.object, DATA)
            for number in numbers
            for t in (*centre(entry, number), *centre(tuple(land), number))
        )
    return dataset


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long one run takes."""
    gc.collect()
    start = clock()
    work()
    return clock() - start


def milliseconds(work: Callable[[], object], runs: int = 21) -> float:
    """The median of some runs on one core, the first left out."""
    work()
    return 1000 * statistics.median(seconds(work, time.process_time) for _ in range(runs))


def measure(count: int, shapes: Shapes) -> None:
    """Print one line of the table."""
    dataset = network(count)
    rules = read_rules(dataset, ROOT)
    entry = example("NewCentreEntry/valid.ttl")
    change = Change(inserted=quads_of(entry, ENTRY))
    row = {"triples": f"{len(dataset):,}", "closure s": f"{seconds(lambda: close(dataset, rules)):.3f}"}
    report = validate_entry(dataset.store, change, shapes)
    assert report.conforms, report.findings[:3]
    row["entry ms"] = f"{milliseconds(lambda: validate_entry(dataset.store, change, shapes)):.1f}"
    row["+closure ms"] = f"{milliseconds(lambda: close_addition(dataset.store, entry, rules)):.2f}"
    gone = (
        [t for t in dataset.graph(DATA) if str(t.subject).endswith("hosting-nowhere-1>")]
        if count <= 10_000
        else []
    )
    row["-closure ms"] = (
        f"{milliseconds(lambda: close_removal(dataset.store, gone, rules)):.2f}" if gone else "-"
    )
    cores = os.cpu_count() or 1
    row["parts s"] = (
        f"{seconds(lambda: validate_in_parts(dataset, shapes, cores)):.2f}" if count <= PARTS_UP_TO else "-"
    )
    row["full s"] = f"{seconds(lambda: validate(dataset, shapes)):.2f}" if count <= FULL_UP_TO else "-"
    if count <= PYSHACL_UP_TO:
        plain = files("ontology").to_rdflib() + dataset.to_rdflib(DATA)
        row["pySHACL s"] = f"{seconds(lambda: pyshacl.validate(plain, shacl_graph=shapes.graph)):.2f}"
    if count <= OWLRL_UP_TO:
        row["owlrl s"] = f"{seconds(lambda: close_reference(dataset, rules)):.2f}"
    print(f"{count:>7} " + "  ".join(f"{name}: {value}" for name, value in row.items()), flush=True)


def main(sizes: list[str]) -> None:
    """Measure each size."""
    shapes = read_shapes(files("shapes"))
    for size in sizes or ["10", "300"]:
        measure(int(size), shapes)


if __name__ == "__main__":
    main(sys.argv[1:])
