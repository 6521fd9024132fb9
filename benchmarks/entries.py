"""An entry as fast as typing: from its text to the explained report, at growing sizes.

    python -m benchmarks.entries 10 1000 10000 100000

The network is that of `benchmarks.validation`, closed. *read* is text to statements, *check*
statements to the report with closure, *whole* both, as for each pause while one types. The
times are processor time of one core, medians; *wrong* is an entry with a misspelt country, for
which the nearest choices are looked up among all countries of the network.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pyoxigraph import NamedNode

from benchmarks.validation import ROOT, example, files, milliseconds, network
from ncpc_kg.closure import close, read_rules
from ncpc_kg.entries.check import Checker
from ncpc_kg.entries.convert import to_record
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.profile import Profile, read_profile
from ncpc_kg.entries.rdf_form import write_turtle
from ncpc_kg.entries.read import Form, form_of, read_entries
from ncpc_kg.entries.yaml_form import write_yaml
from ncpc_kg.validation import Shapes
from ncpc_kg.vocabulary import BASE, GRAPH, ID


def measure(count: int, shapes: Shapes, profile: Profile) -> None:
    """Print one line of the table."""
    dataset = network(count)
    rules = read_rules(dataset, ROOT)
    close(dataset, rules)
    checker = Checker(shapes, profile, rules, BASE)
    entry = tuple(t for t in example("NewCentreEntry/valid.ttl") if "provenance" not in t.predicate.value)
    entry = tuple(t for t in entry if "entries/" not in str(t.subject))
    record = to_record(profile.centre, NamedNode(ID["centre-nowhere"]), entry, Known(dataset.store, BASE))
    texts = {"x.yaml": write_yaml(record, profile.centre), "x.ttl": write_turtle(entry, BASE)}

    shared = Known(dataset.store, BASE)

    def whole(text: str, form: Form) -> None:
        (found,) = read_entries(text.encode(), form, profile.centre, shared)
        checker.check(dataset.store, found, known=shared)

    def time_of(work: Callable[[], object]) -> str:
        return f"{milliseconds(work, 15):.1f}"

    row = {"triples": f"{len(dataset):,}", "of the entry": str(len(entry))}
    for name, text in texts.items():
        form = form_of(None, name)
        known = Known(dataset.store, BASE)
        (found,) = read_entries(text.encode(), form, profile.centre, known)
        report = checker.check(dataset.store, found).report
        assert report.conforms, report.findings[:3]
        kind = name.partition(".")[2]
        row[f"{kind} read ms"] = time_of(
            lambda t=text, f=form, k=known: read_entries(t.encode(), f, profile.centre, k)
        )  # type: ignore[misc]
        row[f"{kind} check ms"] = time_of(lambda e=found: checker.check(dataset.store, e))  # type: ignore[misc]
        row[f"{kind} whole ms"] = time_of(lambda t=text, f=form: whole(t, f))  # type: ignore[misc]
    wrong = texts["x.yaml"].replace("country: ", "country: x", 1)
    row["wrong yaml whole ms"] = time_of(lambda: whole(wrong, form_of(None, "x.yaml")))
    print(f"{count:>7} " + "  ".join(f"{name}: {value}" for name, value in row.items()), flush=True)


def main(sizes: list[str]) -> None:
    """Measure each size."""
    shapes = files("shapes")
    graph = shapes.to_rdflib()
    own = shapes.to_rdflib(NamedNode(GRAPH["new-centre-entry"]))
    made = Shapes(graph)
    profile = read_profile(graph, own, BASE)
    for size in sizes or ["10", "300"]:
        measure(int(size), made, profile)


if __name__ == "__main__":
    main(sys.argv[1:])
