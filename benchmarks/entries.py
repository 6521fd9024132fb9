"""An entry as fast as typing: from its text to the explained report, at growing sizes.

    python -m benchmarks.entries 10 1000 10000 100000

The network is that of `benchmarks.network`, closed. *check* is statements to the report with
closure; *whole* text to the report, as for each pause while one types. *wrong* is an entry with a
misspelt country, for which the nearest are looked up among all countries of the network. What is
known of the graph is prepared once (*prepared*, s) and follows each write (*write*: an entry is
accepted, only what this costs). *first check* and *first wrong* are the first ones after a write, in a
process that was forked after it, as in the service. Times are processor time of one core in ms,
medians, the sizes taken in turns so that what else the machine does meets all alike.
"""

from __future__ import annotations

import gc
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pyoxigraph import NamedNode, Quad, Store

from benchmarks.network import ROOT, example, files, network
from benchmarks.validation import milliseconds, timed
from ncpc_kg.closure import read_rules
from ncpc_kg.engine import Change
from ncpc_kg.entries.check import Checked, Checker
from ncpc_kg.entries.fields import read_profile
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.profile import Profile
from ncpc_kg.entries.rdf_form import write_turtle
from ncpc_kg.entries.read import form_of, read_entries
from ncpc_kg.entries.records import to_record
from ncpc_kg.entries.yaml_form import write_yaml
from ncpc_kg.validation import Shapes
from ncpc_kg.vocabulary import BASE, GRAPH, ID

ROUNDS, RUNS = 5, 9
COLUMNS = ("check", "first check", "whole, Turtle", "whole, YAML", "wrong, YAML", "first wrong", "write")


@dataclass
class Size:
    """A network of one size, with what was measured on it."""

    count: int
    store: Store
    known: Known
    prepared: float
    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, name: str, value: float) -> None:
        """Keep what one round gave."""
        self.found.setdefault(name, []).append(value)

    def write(self, change: Change) -> float:
        """Accept an entry and withdraw it again; what this costs what is known, in ms."""
        spent = 0.0
        for one in (change, Change(change.deleted, change.inserted)):
            for quad in one.deleted:
                self.store.remove(quad)
            self.store.extend(one.inserted)
            start = time.process_time()
            self.known.follow(one)
            spent += time.process_time() - start
        return 1000 * spent / 2


def main(sizes: list[str]) -> None:
    """Measure each size and print a table."""
    shapes = files("shapes")
    graph = shapes.to_rdflib()
    profile = read_profile(graph, shapes.to_rdflib(NamedNode(GRAPH["new-centre-entry"])), BASE)
    checker = Checker(Shapes(graph), profile, read_rules(files("ontology"), ROOT), BASE)
    made = [make(int(size), profile) for size in sizes or ("10", "1000")]
    entry = tuple(
        t
        for t in example("NewCentreEntry/valid.ttl")
        if "provenance" not in t.predicate.value and "entries/" not in str(t.subject)
    )
    record = to_record(profile.centre, NamedNode(ID["centre-nowhere"]), entry, made[0].known)
    turtle, yaml = write_turtle(entry, BASE), write_yaml(record, profile.centre)
    wrong = yaml.replace("country: ", "country: x", 1)

    def read(known: Known, text: str, name: str) -> Checked:
        (found,) = read_entries(text.encode(), form_of(None, name), profile.centre, known)
        return checker.check(found, known)

    # Everything is done once before the forks, as the service does it, and forgotten.
    for text, name in ((wrong, "x.yaml"), (yaml, "x.yaml"), (turtle, "x.ttl")):
        checked = read(Known(made[0].store, BASE), text, name)
        assert checked.report.conforms or checked.report.findings[0].suggestions
    inferred = (Quad(t.subject, t.predicate, t.object, checker.rules.inferred) for t in checked.inferred)
    change = Change((*checked.change.inserted, *inferred))
    gc.collect()
    gc.freeze()
    for _ in range(ROUNDS):
        for size in made:
            size.note("write", size.write(change))
            # No check was made on it in this process: all that is kept was prepared, or followed.
            size.note("first check", forked(lambda s=size: checker.check(checked.entry, s.known)))  # type: ignore[misc]
            size.note("first wrong", forked(lambda s=size: read(s.known, wrong, "x.yaml")))  # type: ignore[misc]
    for size in made:
        assert read(size.known, turtle, "x.ttl").report.conforms
        assert read(size.known, yaml, "x.yaml").report.conforms
        assert read(size.known, wrong, "x.yaml").report.findings[0].suggestions
    for _ in range(ROUNDS):
        for size in made:
            works: tuple[tuple[str, Callable[[], object]], ...] = (
                ("check", lambda s=size: checker.check(checked.entry, s.known)),  # type: ignore[misc]
                ("whole, Turtle", lambda s=size: read(s.known, turtle, "x.ttl")),  # type: ignore[misc]
                ("whole, YAML", lambda s=size: read(s.known, yaml, "x.yaml")),  # type: ignore[misc]
                ("wrong, YAML", lambda s=size: read(s.known, wrong, "x.yaml")),  # type: ignore[misc]
            )
            for name, work in works:
                size.note(name, milliseconds(work, RUNS))
    print(f"| centres | statements | {' | '.join(COLUMNS)} | prepared |")
    print("|---" * (len(COLUMNS) + 3) + "|")
    for size in made:
        row = (f"{statistics.median(size.found[name]):.1f}" for name in COLUMNS)
        print(f"| {size.count:,} | {len(size.store):,} | {' | '.join(row)} | {size.prepared:.2f} |")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"load {os.getloadavg()[1]:.1f}, most memory {memory:.1f} GiB, entry of {len(entry)} statements")


def make(count: int, profile: Profile) -> Size:
    """Make a network, closed, and prepare what is known of it, as the service does."""
    store = network(count, closed=True).store
    known = Known(store, BASE)
    prepared = timed(lambda: known.prepare(profile)).processor
    return Size(count, store, known, prepared)


def forked(work: Callable[[], object]) -> float:
    """Processor time of one run in a process that is forked for it, in ms."""
    receive, send = os.pipe()
    if not (child := os.fork()):
        gc.disable()
        start = time.process_time()
        work()
        os.write(send, str(1000 * (time.process_time() - start)).encode())
        os._exit(0)
    os.close(send)
    os.waitpid(child, 0)
    text = os.read(receive, 100)
    os.close(receive)
    return float(text)


if __name__ == "__main__":
    main(sys.argv[1:])
