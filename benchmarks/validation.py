"""Validation and closure side by side with pySHACL and owlrl: how fast, and whether equal.

    python -m benchmarks.validation 10 100 1000        # beside the references, equal or an error
    python -m benchmarks.validation --alone 10000      # ours alone

The network (`benchmarks.network`) conforms; a damaged copy, of which one statement in twenty
is missing, moved or no longer of its datatype, does not. On both, the results of ours are held
against those of pySHACL as released and of owlrl: focus node, path, value, component, severity,
shape and message of every result; every inferred statement about the data. Any difference ends
the run with an error.
"""

from __future__ import annotations

import gc
import os
import random
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, cast

from pyoxigraph import Literal, NamedNode, Quad, Triple
from rdflib import OWL, RDF, RDFS, XSD

from benchmarks.network import DATA, ROOT, files, network
from ncpc_kg.closure import Rules, close, close_reference, read_rules
from ncpc_kg.graph import Dataset
from ncpc_kg.validation import Shapes, read_shapes, validate, validate_in_parts
from ncpc_kg.vocabulary import ID
from tests.shacl import Row, reference, rows

TYPE, DISJOINT = NamedNode(RDF.type), NamedNode(OWL.AllDisjointClasses)
SHARE = 20
_CLOSURES = 5
"""Closures of ours, of which the median counts: one takes less than a second."""


def damaged(dataset: Dataset, seed: int = 1998) -> Dataset:
    """A copy in which one statement in twenty is missing, moved, or has a text for a value."""
    chance = random.Random(seed)
    copy = dataset.patched((), ())
    here = sorted(dataset.store.quads_for_pattern(None, None, None, DATA), key=str)
    for number, quad in enumerate(chance.sample(here, len(here) // SHARE)):
        copy.store.remove(quad)
        other = chance.choice(here)
        value = (None, other.object, Literal("out of place"))[number % 3]
        if value is not None:
            copy.store.add(Quad(quad.subject, quad.predicate, value, DATA))
    return copy


def inferred(dataset: Dataset, rules: Rules) -> set[Triple]:
    """What was inferred about the data; not of the ontology, of a thing with itself, of datatypes."""
    return {
        one
        for one in dataset.graph(rules.inferred)
        if str(one.subject).startswith(f"<{ID}")
        and one.subject != one.object
        and not str(one.object).startswith((f"<{XSD}", f"<{RDFS.Literal}"))
    }


def closable(dataset: Dataset, rules: Rules) -> Dataset:
    """A copy that no closure refuses, however damaged, and all of whose inferences are RDF.

    Of a text in the place of a thing owlrl infers statements with a literal as subject, and goes
    on from there; ours makes none. Such texts, which the shapes refuse, are left out of both.
    """
    copy = dataset.patched((), ())
    turned = {name for name, found in rules.properties.items() if found.backward}
    for quad in list(copy.store):
        disjoint = quad.predicate == TYPE and quad.object == DISJOINT
        if disjoint or (isinstance(quad.object, Literal) and quad.predicate in turned):
            copy.store.remove(quad)
    return copy


class Time(NamedTuple):
    """What one run took, in seconds."""

    elapsed: float
    processor: float


def timed(work: Callable[[], object]) -> Time:
    """How long one run takes, and on how much of all cores."""
    gc.collect()
    start, before = time.perf_counter(), sum(os.times()[:4])
    work()
    return Time(time.perf_counter() - start, sum(os.times()[:4]) - before)


def milliseconds(work: Callable[[], object], runs: int = 21) -> float:
    """The median of some runs on one core, the first left out."""
    work()
    gc.collect()
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times)


def validation(dataset: Dataset, shapes: Shapes, alone: bool) -> tuple[dict[str, Time], int]:
    """Time full checks; return the times by name, and how many results there were."""
    found: list[set[Row]] = []
    works: dict[str, Callable[[], set[Row]]] = {}
    if not alone:
        works["pySHACL"] = lambda: reference(dataset.to_rdflib(), shapes.graph)
        works["one process"] = lambda: rows(validate(dataset, shapes).findings)
    works["all cores"] = lambda: rows(validate_in_parts(dataset, shapes).findings)
    times = {name: timed(lambda w=work: found.append(w())) for name, work in works.items()}  # type: ignore[misc]
    for name, some in zip(works, found, strict=True):
        if some != found[0]:
            raise SystemExit(f"not equal ({name}): {sorted(some ^ found[0])[:5]}")
    return times, len(found[0])


def closure(dataset: Dataset, rules: Rules, alone: bool) -> tuple[dict[str, Time], int]:
    """Time closures; return the times by name, and how many statements were inferred."""
    copies = [dataset.patched((), ()) for _ in range(_CLOSURES)]
    ours = copies[0]
    runs = [timed(lambda one=one: close(one, rules)) for one in copies]  # type: ignore[misc]
    times = {"closure": sorted(runs)[_CLOSURES // 2]}
    found = inferred(ours, rules)
    if not alone:
        theirs = dataset.patched((), ())
        times["owlrl"] = timed(lambda: close_reference(theirs, rules))
        if found != inferred(theirs, rules):
            raise SystemExit(f"not equal: {sorted(map(str, found ^ inferred(theirs, rules)))[:5]}")
    return times, len(found)


def measure(count: int, shapes: Shapes, alone: bool) -> None:
    """Print what one size gives."""
    sound = network(count)
    rules = read_rules(sound, ROOT)
    for name, dataset in (("sound", sound), ("damaged", damaged(sound))):
        print(f"{count:,} centres, {name}, {len(dataset):,} statements", flush=True)
        lenient = replace(rules, disjoint=())
        times, results = closure(closable(dataset, rules), lenient, alone)
        print(f"  closure: {told(times)}; {'' if alone else 'equal: '}{results:,} statements", flush=True)
        times, results = validation(dataset, shapes, alone)
        print(f"  full check: {told(times)}; {'' if alone else 'equal: '}{results:,} results", flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"  load {os.getloadavg()[1]:.1f}, most memory {memory:,.0f} MB, of a worker {workers:,.0f} MB")


def told(times: dict[str, Time]) -> str:
    """Seconds and, in brackets, processor time, each with how many times faster than the reference."""
    theirs = next((times[name] for name in ("pySHACL", "owlrl") if name in times), None)

    def shown(value: float, reference: float | None) -> str:
        faster = reference and value and reference != value
        return f"{value:.2f} s" + (f", {cast(float, reference) / value:.1f}x" if faster else "")

    return "; ".join(
        f"{name} {shown(took.elapsed, theirs and theirs.elapsed)} "
        f"(processor {shown(took.processor, theirs and theirs.processor)})"
        for name, took in times.items()
    )


def main(arguments: list[str]) -> None:
    """Measure each size."""
    shapes = read_shapes(files("shapes"))
    alone = "--alone" in arguments
    for size in [one for one in arguments if one != "--alone"] or ["10", "100"]:
        measure(int(size), shapes, alone)


if __name__ == "__main__":
    main(sys.argv[1:])
