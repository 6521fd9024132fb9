"""Our runs of pySHACL against plain ones, the W3C tests, and changes against full runs."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, RdfFormat, Triple, parse
from rdflib import DCTERMS, RDF, RDFS, SH
from samples import ROOT
from shacl import Row, quads_of, reference, rows
from test_shapes import EXAMPLE, EXAMPLES, INVALID, VALID, base, shapes

from ncpc_kg.engine import Change
from ncpc_kg.errors import Place, SourceError
from ncpc_kg.graph import Converter, Dataset
from ncpc_kg.pipeline import Content
from ncpc_kg.sources import read_source
from ncpc_kg.validation import (
    Shapes,
    parts,
    read_shapes,
    validate,
    validate_change,
    validate_entry,
    validate_in_parts,
    validate_nodes,
)
from ncpc_kg.validation.reference import read_results
from ncpc_kg.validation.run import find_work, small_graph
from ncpc_kg.validation.view import View
from ncpc_kg.vocabulary import ID, INFERRED, NCPC, SHAPE

W3C = ROOT.parent / "shared/w3c/shacl/core"
MF, SHT = (
    rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"),
    rdflib.Namespace("http://www.w3.org/ns/shacl-test#"),
)
TRIPLES = sorted(
    {
        triple
        for path in (*VALID, *INVALID)
        for triple in read_source(path, "ontology", EXAMPLE.value).triples
    },
    key=str,
)

# It writes "1"^^xsd:boolean for sh:uniqueLang and expects that to say nothing; rdflib reads true.
KNOWN = {"property/uniqueLang-002"}


# These look along paths without bound, so that they cannot be checked part by part.
UNBOUNDED = {
    "complex/shacl-shacl",
    "path/path-complex-001",
    "path/path-oneOrMore-001",
    "path/path-zeroOrMore-001",
}


def loaded(path: Path) -> Dataset:
    dataset = Dataset()
    with path.open("rb") as file:
        triples = [quad.triple for quad in parse(file, RdfFormat.TURTLE, base_iri=path.as_uri())]
    dataset.add(NamedNode(path.as_uri()), triples)
    return dataset


def looks_too_far(compiled: Shapes) -> bool:
    try:
        return compiled.reach is None
    except SourceError:
        return True


def w3c_case(path: Path) -> tuple[set[Row], set[Row], set[Row] | None, set[Row]]:
    """What the W3C expects, what we find at once and in parts, what plain pySHACL finds."""
    manifest = loaded(path).to_rdflib()
    (test,) = manifest.subjects(RDF.type, SHT.Validate)
    action = manifest.value(test, MF.action)
    data, shape_graph = (
        loaded(Path(str(manifest.value(action, part)).removeprefix("file://")))
        for part in (SHT.dataGraph, SHT.shapesGraph)
    )
    compiled = read_shapes(shape_graph)
    found = rows(validate(data, compiled).findings)
    parts = None if looks_too_far(compiled) else rows(validate_in_parts(data, compiled, size=1).findings)
    plain = reference(data.to_rdflib(), shape_graph.to_rdflib())
    return rows(read_results(manifest, manifest.value(test, MF.result))), found, parts, plain


def without_text(found: set[Row]) -> set[tuple[str, ...]]:
    return {row[:6] for row in found}


def test_w3c_core_tests_where_they_are_at_hand() -> None:
    paths = [path for path in sorted(W3C.rglob("*.ttl")) if b"sht:Validate " in path.read_bytes()]
    wrong, unbounded = set(), set()
    for path in paths:
        expected, found, parts, plain = w3c_case(path)
        name = path.relative_to(W3C).with_suffix("").as_posix()
        assert without_text(found) == without_text(plain), name
        if parts is None:
            unbounded.add(name)
        else:
            assert without_text(parts) == without_text(found), name
        if without_text(found) != without_text(expected):
            wrong.add(name)
    assert wrong == (KNOWN if paths else set())
    assert unbounded == (UNBOUNDED if paths else set())


def test_same_as_pyshacl_on_the_real_graph(real: Content) -> None:
    report = validate(real.asserted, shapes())
    assert rows(report.findings) == reference(real.asserted.to_rdflib(), shapes().graph)
    assert report.checked > 10_000


def test_same_as_pyshacl_on_everything_broken_at_once() -> None:
    dataset = base().patched((), ())
    for number, path in enumerate(INVALID):
        dataset.add(
            NamedNode(f"{EXAMPLE.value}-{number}"), read_source(path, "ontology", EXAMPLE.value).triples
        )
    found = rows(validate(dataset, shapes()).findings)
    assert found == reference(dataset.to_rdflib(), shapes().graph)
    assert len(found) > len(INVALID) / 2


def test_every_sparql_constraint_finds_what_pyshacl_finds() -> None:
    kind = NamedNode(str(SH.SPARQLConstraintComponent))
    seen: set[str] = set()
    for path in INVALID:
        triples = read_source(path, "ontology", EXAMPLE.value).triples
        change = Change(inserted=quads_of(triples, EXAMPLE))
        findings = validate_change(base().store, change, shapes()).findings
        broken = {finding.shape.value for finding in findings if finding.component == kind}
        if broken - seen:
            seen |= broken
            dataset = base().patched((), ())
            dataset.add(EXAMPLE, triples)
            found = rows(validate(dataset, shapes()).findings)
            assert found == reference(dataset.to_rdflib(), shapes().graph), path
    aimed = {str(shape) for shape in shapes().nodes}
    assert seen == {str(shape) for shape in shapes().graph.subjects(SH.sparql)} & aimed
    assert len(seen) > 10


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_same_as_pyshacl_however_broken(data: st.DataObject) -> None:
    dataset = base().patched((), ())
    dataset.add(EXAMPLE, data.draw(st.lists(st.sampled_from(TRIPLES), max_size=120, unique=True)))
    here = sorted((quad for quad in dataset.store if "id/" in str(quad.subject)), key=str)
    for quad in data.draw(st.lists(st.sampled_from(here), max_size=10, unique=True)):
        dataset.store.remove(quad)
        other = data.draw(st.sampled_from(here))
        dataset.store.add(Quad(quad.subject, quad.predicate, other.object, EXAMPLE))
    found = rows(validate(dataset, shapes()).findings)
    assert found == reference(dataset.to_rdflib(), shapes().graph)


def test_inferred_statements_are_not_seen() -> None:
    dataset = base().patched((), ())
    host = NamedNode(ID["org-host"])
    role = Quad(host, NamedNode(str(RDF.type)), NamedNode(NCPC.HostInstitution), NamedNode(INFERRED))
    dataset.store.add(role)
    assert validate(dataset, shapes()).findings == ()
    dataset.store.add(Quad(*role.triple, EXAMPLE))
    assert len(validate(dataset, shapes()).findings) == 1


def test_focus_restricts_the_full_run() -> None:
    dataset = base().patched((), ())
    for path in INVALID[::7]:
        dataset.add(
            NamedNode(f"{EXAMPLE.value}-{path.stem}"), read_source(path, "ontology", EXAMPLE.value).triples
        )
    full = validate(dataset, shapes()).findings
    some = {finding.focus for finding in full[::2]}
    found = validate_nodes(dataset.store, shapes(), some).findings
    assert found == tuple(f for f in full if f.focus in some)


def test_findings_say_where() -> None:
    path = next(path for path in INVALID if path.name == "invalid.plan.ttl")
    source = read_source(path, "ontology", EXAMPLE.value)
    dataset = base().patched((), ())
    dataset.add(EXAMPLE, source.triples)
    for triple, place in source.statements():
        dataset.mark(triple, place)
    (finding,) = validate(dataset, shapes()).findings
    assert finding.where is not None
    line = path.read_text().splitlines()[(finding.where.line or 0) - 1]
    assert "ncpc:status" in line


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_change_is_checked_as_a_full_run_would(data: st.DataObject) -> None:
    """What a change brings, cures or leaves on what it touches equals what full runs find."""
    start = data.draw(st.lists(st.sampled_from(TRIPLES), max_size=40, unique=True))
    before = base().patched((), ())
    before.add(EXAMPLE, start)
    here = sorted((quad for quad in before.store if "id/" in str(quad.subject)), key=str)
    added = data.draw(st.lists(st.sampled_from(TRIPLES), max_size=12, unique=True))
    removed = data.draw(st.lists(st.sampled_from(here), max_size=4, unique=True))
    change = Change(inserted=quads_of(added, EXAMPLE), deleted=tuple(removed))
    after = before.patched((), ())
    for quad in removed:
        after.store.remove(quad)
    after.add(EXAMPLE, added)
    full_before, full_after = (set(validate(state, shapes()).findings) for state in (before, after))
    found = set(validate_change(before.store, change, shapes()).findings)
    assert found <= full_after
    assert full_after - full_before <= found
    # What is gone after the change was about nodes that the change touches: nothing else moved.
    untouched = full_after - found
    assert untouched <= full_before


def test_nested_shape_meets_a_literal() -> None:
    """Trap 2: a nested shape that meets a literal, and results about an empty graph."""
    graph = rdflib.Graph().parse(
        data="""
        PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
        ex:S a sh:NodeShape ; sh:targetNode ex:a , "text" ; sh:nodeKind sh:IRI ;
            sh:property [ sh:path ex:p ; sh:node [ sh:property [ sh:path ex:q ; sh:minCount 1 ] ] ] .
        """,
        format="turtle",
    )
    data = rdflib.Graph().parse(data="<http://example.org/a> <http://example.org/p> 1 .", format="turtle")
    dataset = Dataset()
    dataset.store.load(data.serialize(format="nt").encode(), RdfFormat.N_TRIPLES)
    found = rows(validate(dataset, Shapes(graph)).findings)
    assert found == reference(data, graph)
    assert len(found) == 2


def test_a_closed_shape_keeps_its_properties() -> None:
    graph, data = rdflib.Graph(), rdflib.Graph()
    graph.parse(
        data="""PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:closed true ; sh:message "closed" ;
            sh:property [ sh:path ex:p ] .""",
        format="turtle",
    )
    data.parse(data="PREFIX ex: <http://example.org/> ex:a ex:p 1 ; ex:q 2 .", format="turtle")
    dataset = Dataset()
    dataset.store.load(data.serialize(format="nt").encode(), RdfFormat.N_TRIPLES)
    found = validate(dataset, Shapes(graph)).findings
    assert rows(found) == reference(data, graph)
    assert [str(finding.path) for finding in found] == ["<http://example.org/q>"]


def test_a_finding_along_an_inverse_path_says_where_the_other_node_stands() -> None:
    graph = rdflib.Graph().parse(
        data=f"""PREFIX ncpc: <{NCPC}> PREFIX sh: <http://www.w3.org/ns/shacl#>
        <urn:S> a sh:NodeShape ; sh:targetNode <{ID}a> ;
            sh:property [ sh:path [ sh:inversePath ncpc:concerns ] ; sh:class ncpc:Hosting ] .""",
        format="turtle",
    )
    concerns = Triple(NamedNode(ID.b), NamedNode(NCPC.concerns), NamedNode(ID.a))
    dataset = Dataset()
    dataset.add(EXAMPLE, [concerns])
    dataset.mark(concerns, Place(Path("b.ttl"), 3))
    (finding,) = validate(dataset, Shapes(graph)).findings
    assert finding.where == Place(Path("b.ttl"), 3)


def test_missing_shape_is_an_error() -> None:
    graph = rdflib.Graph().parse(
        data="""PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; sh:node ex:Missing .""",
        format="turtle",
    )
    with pytest.raises(SourceError, match="not defined"):
        Shapes(graph)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("sh:property [ sh:path [ sh:zeroOrMorePath ex:p ] ; sh:minCount 1 ]", "unbounded"),
        ('sh:sparql [ sh:select "SELECT $this WHERE { $this ex:p ?x }" ]', "how far it looks"),
        ("sh:property [ sh:path ex:p ; sh:node ex:S ]", "refers to itself"),
    ],
)
def test_shapes_that_look_too_far_cannot_check_a_change(shape: str, said: str) -> None:
    graph = rdflib.Graph().parse(
        data=f"""PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; {shape} .""",
        format="turtle",
    )
    with pytest.raises(SourceError, match=said):
        validate_change(base().store, Change(), Shapes(graph))


@dataclass(frozen=True)
class Pid:
    """The process that a part was checked in."""

    focus_pid: int


def broken() -> Dataset:
    dataset = base().patched((), ())
    for path in INVALID[::3]:
        name = NamedNode(f"{EXAMPLE.value}-{len(dataset)}")
        dataset.add(name, read_source(path, "ontology", EXAMPLE.value).triples)
    return dataset


@pytest.mark.parametrize(("processes", "size"), [(1, 40), (2, 40), (None, 40), (None, None)])
def test_parts_make_up_the_whole(processes: int | None, size: int | None) -> None:
    whole = validate(broken(), shapes())
    told: list[float] = []
    report = validate_in_parts(broken(), shapes(), processes, size, told.append)
    assert report == whole
    assert report.checked == whole.checked
    assert len(whole.findings) > 50
    assert told == sorted(told)
    assert (told[-1:] == [1.0] and len(told) > 5) == (size is not None)


@pytest.mark.parametrize("alone", [True, False])
def test_processes_are_forked_only_where_no_other_thread_runs(
    alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[int] = set()
    monkeypatch.setattr(parts, "make_report", lambda found, _: seen.update(f.focus_pid for f in found))
    monkeypatch.setattr(parts, "run_work", lambda *_: SimpleNamespace(findings=[Pid(os.getpid())], checked=0))
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    if not alone:
        other.start()
    try:
        validate_in_parts(broken(), shapes(), 2, size=10)
    finally:
        stop.set()
    assert (os.getpid() in seen) != alone


def test_an_error_in_a_part_is_told() -> None:
    graph = rdflib.Graph().parse(
        data=f"""PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
        PREFIX shape: <{SHAPE}>
        ex:S a sh:NodeShape ; sh:targetNode ex:a , ex:b ; sh:sparql [
            shape:reads ex:p ; sh:select "SELECT $this WHERE {{ VALUES $this {{ ex:a }} }}" ] .""",
        format="turtle",
    )
    with pytest.raises(SourceError, match="cannot be evaluated"):
        validate_in_parts(base(), Shapes(graph), 2, size=1)


ENTRIES = [path for path in INVALID if path.parent.name.startswith(("New", "Entry"))]


@pytest.mark.parametrize("path", ENTRIES[::16], ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_entry_is_checked_as_pyshacl_would(path: Path) -> None:
    """The profile aimed at the entry's nodes, and the graph's shapes, run by pySHACL as released."""
    triples = read_source(path, "ontology", EXAMPLE.value).triples
    change = Change(inserted=quads_of(triples, EXAMPLE))
    after = base().patched((), ())
    after.add(EXAMPLE, triples)
    aimed = rdflib.Graph()
    for statement in shapes().graph:
        aimed.add(statement)
    kinds = {(one.subject, one.object) for one in triples if one.predicate == NamedNode(str(RDF.type))}
    for shape, kind in shapes().profile:
        for node, own in kinds:
            if kind in (None, own):
                aimed.add((shape, SH.targetNode, Converter()(node)))
    expected = reference(after.to_rdflib(), aimed)
    found = rows(validate_entry(base().store, change, shapes()).findings)
    assert found <= expected
    # Left out is only what a shape of the profile says in its own words.
    replaced = {str(other) for other in shapes().graph.objects(None, DCTERMS.replaces)}
    assert all(row[5].strip("<>") in replaced for row in expected - found)


def test_a_hub_costs_nothing() -> None:
    """Another counterpart arrangement of a body that has thousands looks at no more of them."""
    entry = read_source(EXAMPLES / "EntryCounterpart/valid.ttl", "data", EXAMPLE.value).triples
    change = Change(inserted=quads_of(entry, EXAMPLE))
    sizes = []
    for count in (1, 400):
        dataset = base().patched((), ())
        for number in range(count):
            fact = NamedNode(ID[f"counterpart-{number}"])
            dataset.store.add(
                Quad(fact, NamedNode(NCPC.hasCounterpart), NamedNode(ID["org-adviser"]), EXAMPLE)
            )
        after = View(dataset.store, change=change)
        work = find_work(dataset.store, change, shapes(), after)
        assert work is not None
        sizes.append(len(small_graph(after, shapes(), work)))
    assert sizes[0] == sizes[1] < 300


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ("sh:property [ a sh:PropertyShape ; sh:minCount 1 ]", "not well formed"),
        ("sh:property [ sh:path [ sh:name ex:p ] ; sh:minCount 1 ]", "path that is none"),
        ('sh:sparql [ sh:select "SELECT $this WHERE { VALUES $this { ex:a } }" ]', "cannot be evaluated"),
    ],
)
def test_malformed_shape_is_an_error(shape: str, said: str) -> None:
    graph = rdflib.Graph().parse(
        data=f"""PREFIX ex: <http://example.org/> PREFIX sh: <http://www.w3.org/ns/shacl#>
        ex:S a sh:NodeShape ; sh:targetNode ex:a ; {shape} .""",
        format="turtle",
    )
    with pytest.raises(SourceError, match=said):
        validate(base(), Shapes(graph))


def test_a_new_subclass_is_checked_everywhere() -> None:
    """A statement about the class hierarchy reaches further than its own nodes."""
    subclass = Quad(
        NamedNode("http://www.w3.org/ns/org#Organization"),
        NamedNode(str(RDFS.subClassOf)),
        NamedNode(NCPC.Statement),
        EXAMPLE,
    )
    change = Change(inserted=(subclass,))
    after = base().patched((), ())
    after.store.add(subclass)
    full = validate(after, shapes())
    assert validate_change(base().store, change, shapes()) == full
    assert set(validate_entry(base().store, change, shapes()).findings) >= set(full.findings)
    assert len(full.findings) > 10
