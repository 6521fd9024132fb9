"""Each shape fires on its invalid examples, alone and with the right severity, and on no valid one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import rdflib
from pyoxigraph import NamedNode
from rdflib import RDF, SH, SKOS
from samples import ROOT
from shacl import quads_of

from ncpc_kg.engine import Change
from ncpc_kg.graph import Dataset, merge
from ncpc_kg.sources import find_sources, read_source
from ncpc_kg.validation import Finding, Report, Shapes, read_shapes, validate, validate_change, validate_entry
from ncpc_kg.vocabulary import GRAPH, SHAPE

EXAMPLES = Path(__file__).parent / "examples"
EXAMPLE = NamedNode(GRAPH["example"])
LEVELS = ("warning", "info")
# Directories whose examples are entries.
PROFILE = ("NewCentreEntry", "Entry")


@cache
def base() -> Dataset:
    files = [
        read_source(path, role, GRAPH[name]) for path, role, name in find_sources(ROOT) if role == "ontology"
    ]
    return merge([*files, read_source(EXAMPLES / "base.ttl", "data", GRAPH["base"])])


@cache
def shapes() -> Shapes:
    files = [
        read_source(path, role, GRAPH[name]) for path, role, name in find_sources(ROOT) if role == "shapes"
    ]
    return read_shapes(merge(files))


def check(path: Path) -> Report:
    triples = read_source(path, "ontology", EXAMPLE.value).triples  # blank nodes are an example, too
    run = validate_entry if path.parent.name.startswith(PROFILE) else validate_change
    return run(base().store, Change(inserted=quads_of(triples, EXAMPLE)), shapes())


def local(finding: Finding) -> str:
    return str(finding.shape.value).removeprefix(str(SHAPE))


def names() -> set[str]:
    return {
        str(node).removeprefix(str(SHAPE))
        for kind in (SH.NodeShape, SH.PropertyShape)
        for node in shapes().graph.subjects(RDF.type, kind)
        if isinstance(node, rdflib.URIRef)
    }


def expected(path: Path) -> tuple[str, str]:
    """Read shape and severity off a file name: invalid.<what>[.<variant>][.warning|.info].ttl."""
    parts = path.stem.split(".")[1:]
    level = parts.pop() if parts[-1] in LEVELS else "violation"
    name = f"{path.parent.name}-{parts[0]}"
    return (name if name in names() else path.parent.name), level


def label(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


VALID = sorted(EXAMPLES.glob("*/valid*.ttl"))
INVALID = sorted(EXAMPLES.glob("*/invalid.*.ttl"))


@pytest.mark.parametrize("path", VALID, ids=label)
def test_valid_example_conforms(path: Path) -> None:
    assert check(path).findings == ()


@pytest.mark.parametrize("path", INVALID, ids=label)
def test_invalid_example_meets_its_shape_alone(path: Path) -> None:
    report = check(path)
    assert {(local(finding), finding.level) for finding in report.findings} == {expected(path)}
    assert report.conforms == (expected(path)[1] != "violation")


def test_base_of_examples_conforms() -> None:
    assert validate(base(), shapes()).findings == ()


def test_every_shape_that_can_fire_has_an_invalid_example() -> None:
    graph = shapes().graph
    shown = {expected(path)[0] for path in INVALID}
    can_fire = {name for name in names() if (SHAPE[name], SH.message, None) in graph}
    # Members of shapes that values must meet are reported as that; any number is right for these.
    inner = {name for name in can_fire if name.startswith(("CodeOf", "Provenance-"))}
    free = {"NewCentreEntry-post", "NewCentreEntry-figure"}
    assert can_fire - inner - free == shown


def test_every_directory_has_a_valid_example() -> None:
    assert {path.parent for path in INVALID} == {path.parent for path in VALID}


def test_shapes_are_named_and_say_what_to_do() -> None:
    graph = shapes().graph
    unnamed, silent, lax = [], [], []
    for name in sorted(names()):
        node = SHAPE[name]
        if graph.value(node, SH.name) is None and graph.value(node, SKOS.prefLabel) is None:
            unnamed.append(name)
        fires = graph.value(node, SH.path) is not None or any(
            graph.value(node, term) is not None for term in (SH["or"], SH.sparql, SH["not"])
        )
        message = str(graph.value(node, SH.message) or "")
        # What is wrong or wanted, then what to do: at least two sentences or a question and an answer.
        if fires and name not in ("Agent", "CalendarDate") and not message:
            silent.append(name)
        if fires and name not in ("Agent", "CalendarDate") and graph.value(node, SH.severity) is None:
            lax.append(name)
    assert (unnamed, silent, lax) == ([], [], [])


def test_severity_never_stands_inside_a_sparql_constraint() -> None:
    graph = shapes().graph
    constraints = set(graph.objects(None, SH.sparql))
    assert constraints
    for constraint in constraints:
        assert graph.value(constraint, SH.severity) is None
        assert graph.value(constraint, SHAPE.reads) is not None


def test_real_data_break_no_shape(real: object) -> None:
    report = validate(real.asserted, shapes())  # type: ignore[attr-defined]
    assert [finding for finding in report.findings if finding.level == "violation"] == []


def test_one_printed_total_differs_from_its_rows(real: object) -> None:
    """Of eight totals of the table the source adds up seven; publications are 34 by print, 39 by rows."""
    report = validate(real.asserted, shapes())  # type: ignore[attr-defined]
    (finding,) = (finding for finding in report.findings if local(finding) == "Totals")
    assert str(finding.value).endswith("cell-all-publications>")
    assert finding.message.startswith("The printed total is 34, the rows add up to 39.")
    assert finding.level == "warning"
