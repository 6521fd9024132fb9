from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import NamedNode
from samples import MINIMAL, ContentMaker

from ncpc_kg import pipeline
from ncpc_kg.closure import Rules, close
from ncpc_kg.engine import Formats
from ncpc_kg.errors import NotConforming, SourceError, StoreError, VocabularyError
from ncpc_kg.graph import Dataset
from ncpc_kg.pipeline import build, check, fingerprint, open_current, read
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.validation import Report
from ncpc_kg.vocabulary import GRAPH, ID, INFERRED, NCPC

DATA = "data/ttl/20-brazil.ttl"
BROKEN = MINIMAL[DATA].replace(" ;\n    ncpc:hasHost id:org-senai", "")
HOSTS = "SELECT ?h { ?c ncpc:hasHadHost ?h }"


@pytest.fixture
def settings(make_content: ContentMaker, tmp_path: Path) -> Settings:
    return Settings(content=make_content(), store=tmp_path / "store")


def ask(store: Store, text: str) -> list[str]:
    found = store.query(f"PREFIX ncpc: <{NCPC}> PREFIX id: <{ID}> {text}", Formats(bindings="text/csv"))
    return found.body.decode().split()[1:]


def test_a_build_holds_files_inferences_and_shapes_in_graphs_of_their_own(settings: Settings) -> None:
    with build(settings).store as store:
        names = {str(name.value).removeprefix(GRAPH) for name in store.graphs()}
        assert names == {"ncpc", "codes-status", "20-brazil", "hosting", "inferred", "questions", "dataset"}
        assert ask(store, HOSTS) == [f"{ID}org-senai"]
        inferred = store.graph(NamedNode(INFERRED))
        assert {quad.predicate.value for quad in inferred} >= {str(NCPC["hasHadHost"]), str(NCPC["hasFact"])}


def test_a_second_build_has_nothing_to_do(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(settings)
    version = first.store.version
    first.store.close()
    assert first.rebuilt
    assert first.report is not None

    def fail(*_: object) -> None:
        raise AssertionError("nothing may be read")

    monkeypatch.setattr(pipeline, "read", fail)
    second = build(settings)

    with second.store as store:
        assert not second.rebuilt
        assert store.version == version
        assert ask(store, HOSTS) == [f"{ID}org-senai"]


@pytest.mark.parametrize(
    "name", ["ontology/ncpc.ttl", DATA, "shapes/hosting.ttl", "queries/host-of-centre.rq"]
)
def test_every_file_of_the_content_counts_for_the_fingerprint(settings: Settings, name: str) -> None:
    before = fingerprint(settings)
    path = settings.content / name
    path.write_text(path.read_text() + "\n")

    assert fingerprint(settings) != before


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("sources.py", True),
        ("closure/full.py", True),
        ("dataset/about.ttl", True),
        ("web/pages.py", False),
        ("cli/main.py", False),
    ],
)
def test_what_takes_part_in_a_build_counts_for_the_fingerprint(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    package = tmp_path / "package"
    shutil.copytree(pipeline.PACKAGE, package, ignore=shutil.ignore_patterns("static", "__pycache__"))
    monkeypatch.setattr(pipeline, "PACKAGE", package)
    before = fingerprint(settings)
    path = package / name
    path.write_text(path.read_text() + "\n")

    assert (fingerprint(settings) != before) == counts


def test_the_base_counts_for_the_fingerprint(settings: Settings) -> None:
    assert fingerprint(settings) != fingerprint(replace(settings, base="https://example.org/"))


def test_a_change_is_built_and_what_users_wrote_stays(settings: Settings) -> None:
    with build(settings).store as store:
        store.update(f"INSERT DATA {{ GRAPH <{GRAPH}entry/1> {{ <{ID}x> <{NCPC}concerns> <{ID}y> }} }}")
    path = settings.content / DATA
    path.write_text(path.read_text().replace("org-senai", "org-other"))

    built = build(settings)

    with built.store as store:
        assert built.rebuilt
        assert ask(store, HOSTS) == [f"{ID}org-other"]
        assert ask(store, f"SELECT ?o {{ GRAPH <{GRAPH}entry/1> {{ id:x ncpc:concerns ?o }} }}") == [f"{ID}y"]
        assert ask(store, "SELECT ?o { id:y ncpc:hasFact ?o }") == [f"{ID}x"]
        assert built.written == ()


def test_what_users_wrote_and_no_longer_conforms_is_told_and_kept(settings: Settings) -> None:
    with build(settings).store as store:
        store.update(f"INSERT DATA {{ GRAPH <{GRAPH}entry/1> {{ <{ID}h> a <{NCPC}Hosting> }} }}")

    built = build(settings, force=True)

    with built.store as store:
        assert [finding.focus for finding in built.written] == [NamedNode(ID["h"])]
        assert built.report is not None
        assert built.report.conforms
        assert ask(store, "SELECT ?g { GRAPH ?g { id:h a ncpc:Hosting } }") == [f"{GRAPH}entry/1"]


def test_what_the_content_itself_brings_is_not_told_as_the_users(settings: Settings) -> None:
    shapes = settings.content / "shapes/hosting.ttl"
    shapes.write_text(
        shapes.read_text() + "shape:Hosting sh:property shape:named .\n"
        'shape:named sh:path <urn:name> ; sh:minCount 1 ; sh:severity sh:Warning ; sh:message "None."@en .\n'
    )
    with build(settings).store as store:
        store.update(f"INSERT DATA {{ GRAPH <{GRAPH}entry/1> {{ <{ID}h> a <{NCPC}Hosting> }} }}")

    built = build(settings, force=True)

    with built.store:
        assert built.report is not None
        assert len(built.report.findings) == 1
        assert {finding.focus for finding in built.written} == {NamedNode(ID["h"])}


def test_content_that_does_not_conform_leaves_the_store_as_it_was(settings: Settings) -> None:
    build(settings).store.close()
    before = sorted(path.name for path in settings.store.iterdir())
    (settings.content / DATA).write_text(BROKEN)

    with pytest.raises(NotConforming, match="1 violation"):
        build(settings)

    with Store.open(settings.store) as store:
        assert ask(store, HOSTS) == [f"{ID}org-senai"]
    assert sorted(path.name for path in settings.store.iterdir()) == before


def test_an_interrupted_build_leaves_the_old_state_and_no_lock(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(settings).store.close()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "close", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        build(settings, force=True)

    with Store.open(settings.store) as store:
        assert ask(store, HOSTS) == [f"{ID}org-senai"]
    assert caught.tb, "what was raised holds the frames, so nothing was closed by being forgotten"


def test_a_check_reports_findings_with_their_lines(settings: Settings) -> None:
    assert check(settings).conforms
    (settings.content / DATA).write_text(BROKEN)

    report = check(settings)

    assert not report.conforms
    (finding,) = report.findings
    assert str(finding.where).endswith(f"{DATA}:5")
    assert finding.message == "No host. Add ncpc:hasHost."


def test_a_check_reports_axioms_outside_the_profile(settings: Settings) -> None:
    path = settings.content / "ontology/ncpc.ttl"
    path.write_text(path.read_text() + "ncpc:concerns a owl:ReflexiveProperty .\n")

    (finding,) = check(settings).findings

    assert str(finding.where).endswith("ontology/ncpc.ttl:13")
    assert "owl:ReflexiveProperty is not part of OWL 2 RL" in finding.message


def test_a_contradiction_in_what_follows_is_an_error(settings: Settings) -> None:
    path = settings.content / "ontology/ncpc.ttl"
    path.write_text(path.read_text() + "ncpc:Centre owl:disjointWith ncpc:HostInstitution .\n")
    data = settings.content / DATA
    data.write_text(data.read_text().replace("id:org-senai", "id:centre-brazil"))

    with pytest.raises(NotConforming, match="disjoint"):
        check(settings)


def test_a_syntax_error_and_an_undefined_term_are_errors(settings: Settings) -> None:
    path = settings.content / DATA
    text = path.read_text()

    path.write_text(text + "id:a id:b .\n")
    with pytest.raises(SourceError, match=r"20-brazil\.ttl:8"):
        check(settings)
    path.write_text(text + "id:a a ncpc:Center .\n")
    with pytest.raises(VocabularyError, match=r"20-brazil\.ttl:8: ncpc:Center is not defined"):
        check(settings)


@pytest.mark.parametrize(("name", "line"), [("host-of-centre.rq", 14), ("internal/construct-current.rq", 2)])
def test_a_query_with_an_undefined_term_is_an_error(settings: Settings, name: str, line: int) -> None:
    path = settings.content / "queries" / name
    text = path.read_text().replace("ncpc:hasHadHost", "ncpc:hasHadHosts")
    path.write_text(text.replace("FILTER(false)", "\n; ncpc:hasHadHosts ?host"))

    with pytest.raises(VocabularyError, match=rf"{name}:{line}: ncpc:hasHadHosts is not defined"):
        read(settings)


def test_reading_works_beside_a_service_and_building_does_not(settings: Settings) -> None:
    with build(settings).store:
        with open_current(settings) as beside:
            assert ask(beside, HOSTS) == [f"{ID}org-senai"]
        path = settings.content / DATA
        path.write_text(path.read_text() + "id:a a ncpc:Centre .\n")
        with pytest.raises(StoreError, match="in use"):
            open_current(settings)

    with open_current(settings) as store:
        assert len(ask(store, "SELECT ?c { ?c a ncpc:Centre }")) == 2


def test_a_fork_is_published_under_its_own_base(settings: Settings) -> None:
    base = "https://example.org/kg/"
    with build(replace(settings, base=base)).store as store:
        found = store.query(
            f"SELECT ?h {{ <{base}id/centre-brazil> <{base}ontology#hasHadHost> ?h }}",
            Formats(bindings="text/csv"),
        )
        assert found.body.decode().split() == ["h", f"{base}id/org-senai"]
        assert not any("w3id.org/ncpc" in str(quad) for quad in store.quads())


def test_progress_is_told_in_order_up_to_the_end(settings: Settings) -> None:
    told: list[tuple[str, float]] = []

    build(settings, lambda step, share: told.append((step, share))).store.close()

    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert told[-1] == ("Ready", 1.0)
    assert [step.split()[0] for step, _ in told if step.split()[0] != "Reading"] == [
        "Checking", "Validating", "Working", "Writing", "Ready",
    ]  # fmt: skip


def test_two_builds_from_the_same_content_are_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    stores = [settings.store, tmp_path / "other"]
    for path in stores:
        build(replace(settings, store=path)).store.close()

    one, two = (next(path.glob("*/base.nq")).read_bytes() for path in stores)

    assert one == two
    assert one.count(b"\n") > 20


def test_pyshacl_and_owlrl_agree_where_the_content_conforms_and_where_not(settings: Settings) -> None:
    steps: list[str] = []

    report = check(settings, lambda step, share: steps.append(step), reference=True)

    assert report == check(settings)
    assert [step for step in steps if "pySHACL" in step or "owlrl" in step] == steps[-2:]
    (settings.content / DATA).write_text(BROKEN)
    assert check(settings, reference=True) == check(settings)


def test_what_pyshacl_and_owlrl_see_otherwise_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forget(dataset: Dataset, rules: Rules) -> Dataset:
        close(dataset, rules).store.clear_graph(rules.inferred)
        return dataset

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "close", forget)
        found = check(settings, reference=True).findings
    assert {one.message for one in found} == {"Only owlrl infers this. Report it: one of the two is wrong."}
    assert {str(one.path) for one in found} == {"ncpc:hasFact", "ncpc:hasHadHost", "rdf:type"}

    (settings.content / DATA).write_text(BROKEN)
    monkeypatch.setattr(pipeline, "validate_in_parts", lambda *_, **__: Report())
    (finding,) = check(settings, reference=True).findings
    assert finding.message.startswith("Only pySHACL finds this: No host. Add ncpc:hasHost.")
