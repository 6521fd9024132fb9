"""An entry as fast as typing: from its text to the explained report, at growing sizes.

    python -m benchmarks.entries 10 1000 10000 100000

The network is that of `benchmarks.network`, closed. *check* is statements to the report with
closure; *after a write*, when nothing of the state is remembered yet, too; *whole* text to the
report, as for each pause while one types. *wrong* is an entry with a misspelt country, for which
the nearest are looked up among all countries of the network; the first time after a write an
index of their names is made (*first wrong*). Times are processor time of one core in ms, medians,
the sizes taken in turns so that what else the machine does meets all alike.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from pyoxigraph import NamedNode, Store

from benchmarks.network import ROOT, example, files, network
from benchmarks.validation import milliseconds, timed
from ncpc_kg.closure import read_rules
from ncpc_kg.entries.check import Checked, Checker
from ncpc_kg.entries.fields import read_profile
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.rdf_form import write_turtle
from ncpc_kg.entries.read import form_of, read_entries
from ncpc_kg.entries.records import to_record
from ncpc_kg.entries.yaml_form import write_yaml
from ncpc_kg.validation import Shapes
from ncpc_kg.vocabulary import BASE, GRAPH, ID

ROUNDS, RUNS = 5, 9
COLUMNS = ("check", "after a write", "whole, Turtle", "whole, YAML", "wrong, YAML")


@dataclass
class Size:
    """A network of one size, with what was measured on it."""

    count: int
    store: Store
    known: Known
    first_wrong: str = ""
    found: dict[str, list[float]] = field(default_factory=dict)

    def measure(self, name: str, work: Callable[[], object]) -> None:
        """Take the median of some runs."""
        self.found.setdefault(name, []).append(milliseconds(work, RUNS))


def main(sizes: list[str]) -> None:
    """Measure each size and print a table."""
    shapes = files("shapes")
    graph = shapes.to_rdflib()
    profile = read_profile(graph, shapes.to_rdflib(NamedNode(GRAPH["new-centre-entry"])), BASE)
    checker = Checker(Shapes(graph), profile, read_rules(files("ontology"), ROOT), BASE)
    made = [make(int(size)) for size in sizes or ("10", "1000")]
    entry = tuple(
        t
        for t in example("NewCentreEntry/valid.ttl")
        if "provenance" not in t.predicate.value and "entries/" not in str(t.subject)
    )
    record = to_record(profile.centre, NamedNode(ID["centre-nowhere"]), entry, made[0].known)
    turtle, yaml = write_turtle(entry, BASE), write_yaml(record, profile.centre)
    wrong = yaml.replace("country: ", "country: x", 1)

    def read(size: Size, text: str, name: str) -> Checked:
        (found,) = read_entries(text.encode(), form_of(None, name), profile.centre, size.known)
        return checker.check(size.store, found, known=size.known)

    for size in made:
        for text, name in ((turtle, "x.ttl"), (yaml, "x.yaml")):
            assert read(size, text, name).report.conforms
        size.first_wrong = f"{timed(lambda s=size: read(s, wrong, 'x.yaml')).processor * 1000:,.0f}"  # type: ignore[misc]
        assert read(size, wrong, "x.yaml").report.findings[0].suggestions
    parsed = read(made[0], turtle, "x.ttl").entry
    for _ in range(ROUNDS):
        for size in made:
            works: tuple[Callable[[], object], ...] = (
                lambda s=size: checker.check(s.store, parsed, known=s.known),  # type: ignore[misc]
                lambda s=size: checker.check(s.store, parsed, known=Known(s.store, BASE)),  # type: ignore[misc]
                lambda s=size: read(s, turtle, "x.ttl"),  # type: ignore[misc]
                lambda s=size: read(s, yaml, "x.yaml"),  # type: ignore[misc]
                lambda s=size: read(s, wrong, "x.yaml"),  # type: ignore[misc]
            )
            for name, work in zip(COLUMNS, works, strict=True):
                size.measure(name, work)
    print(f"| centres | statements | {' | '.join(COLUMNS)} | first wrong |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for size in made:
        row = (f"{statistics.median(size.found[name]):.1f}" for name in COLUMNS)
        print(f"| {size.count:,} | {len(size.store):,} | {' | '.join(row)} | {size.first_wrong} |")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"load {os.getloadavg()[1]:.1f}, most memory {memory:.1f} GiB, entry of {len(entry)} statements")


def make(count: int) -> Size:
    """Make a network, closed."""
    store = network(count, closed=True).store
    return Size(count, store, Known(store, BASE))


if __name__ == "__main__":
    main(sys.argv[1:])
