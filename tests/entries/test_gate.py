"""Guarded writes: what does not conform stays out, what conforms brings its closure along."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad

from entries.conftest import EXAMPLES, is_closed
from ncpc_kg.engine import GraphWrite
from ncpc_kg.entries import Desk, Service
from ncpc_kg.entries.known import LABEL, Known
from ncpc_kg.entries.read import form_of, read_entries
from ncpc_kg.errors import Conflict, NotConforming
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.validation import evaluation
from ncpc_kg.vocabulary import INFERRED

PREFIXES = (
    "PREFIX id: <https://w3id.org/ncpc/id/> PREFIX ncpc: <https://w3id.org/ncpc/ontology#> "
    "PREFIX code: <https://w3id.org/ncpc/code/> PREFIX src: <https://w3id.org/ncpc/source/csd-bp28/> "
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX owl: <http://www.w3.org/2002/07/owl#> "
    "PREFIX graph: <https://w3id.org/ncpc/graph/> "
)
HOSTING = (
    "id:hosting-x a ncpc:Hosting ; ncpc:concerns id:centre-brazil ; ncpc:hasHost id:org-ivam ; "
    "ncpc:kind code:hosting-housed ; ncpc:status code:status-former ; ncpc:hasEvidence src:L493-495 ."
)
WRONG = EXAMPLES / "wrong"


def test_data_that_no_shape_targets_pass(fresh: Store) -> None:
    fresh.update("INSERT DATA { GRAPH <urn:g> { <urn:a> <urn:b> 1, _:c . _:c <urn:d> 'e'@fr } }")

    assert len(fresh.graph(NamedNode("urn:g"))) == 3
    assert is_closed(fresh)


def test_people_of_others_pass_until_the_programme_names_them(fresh: Store) -> None:
    """Tools and test suites of the Graph Store Protocol write people of their own."""
    person = "<urn:p> a <http://xmlns.com/foaf/0.1/Person> ; <http://xmlns.com/foaf/0.1/name> 'Jo'"
    fresh.update(f"INSERT DATA {{ GRAPH <urn:g> {{ {person} . [] a <http://xmlns.com/foaf/0.1/Person> }} }}")

    assert len(fresh.graph(NamedNode("urn:g"))) == 3
    hosting = HOSTING.replace("id:org-ivam", "id:org-ivam ; ncpc:hasParty <urn:p>")
    with pytest.raises(NotConforming, match="Where does this come from"):
        fresh.update(f"{PREFIXES} INSERT DATA {{ GRAPH <urn:g> {{ {hosting} }} }}")


def test_a_write_that_conforms_brings_what_follows(fresh: Store) -> None:
    fresh.update(f"{PREFIXES} INSERT DATA {{ GRAPH <urn:g> {{ {HOSTING} }} }}")

    brazil, ever = (
        NamedNode(f"https://w3id.org/ncpc/{name}") for name in ("id/centre-brazil", "ontology#hasHadHost")
    )
    assert any(
        quad.object == NamedNode("https://w3id.org/ncpc/id/org-ivam")
        for quad in fresh.snapshot.named.quads_for_pattern(brazil, ever, None)
    )
    assert is_closed(fresh)
    fresh.update("DROP GRAPH <urn:g>")
    assert is_closed(fresh)


BROKEN = {
    "second country": "INSERT DATA { GRAPH <urn:g> { id:centre-brazil ncpc:inCountry id:country-china } }",
    "role by hand": "INSERT DATA { GRAPH <urn:g> { id:org-ivam a ncpc:Donor } }",
    "half a hosting": "INSERT DATA { <urn:a> <urn:b> <urn:c> . id:hosting-x a ncpc:Hosting }",
    "hosting without centre": "DELETE WHERE { GRAPH ?g { id:hosting-brazil-senai ncpc:concerns ?c } }",
    "by pattern": "DELETE { GRAPH ?g { ?c ncpc:inCountry ?x } } "
    "WHERE { GRAPH ?g { ?c a ncpc:Centre ; ncpc:inCountry ?x } }",
    "in the unnamed graph": "INSERT DATA { id:centre-brazil ncpc:inCountry id:country-china }",
    "second of two operations": "INSERT DATA { <urn:a> <urn:b> 1 } ; INSERT DATA { id:org-dti a ncpc:Donor }",
    "disjoint": "INSERT DATA { GRAPH <urn:g> { id:country-brazil ncpc:hasHost id:org-ivam } }",
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_write_that_breaks_a_shape_changes_nothing(case: str, fresh: Store) -> None:
    before, version = set(fresh.quads()), fresh.version
    with pytest.raises(NotConforming) as caught:
        fresh.update(PREFIXES + BROKEN[case])

    assert caught.value.hint
    assert set(fresh.quads()) == before
    assert fresh.version == version


def test_the_error_carries_the_findings(fresh: Store) -> None:
    with pytest.raises(NotConforming) as caught:
        fresh.update(PREFIXES + BROKEN["second country"])

    report = caught.value.report
    assert report is not None
    (finding,) = report["findings"]  # type: ignore[misc]
    assert finding["node"].endswith("centre-brazil")  # type: ignore[index]
    assert "one country" in finding["message"]  # type: ignore[index]
    # People are told the name they know, programs a text without the look of a terminal.
    label = finding["label"]  # type: ignore[index]
    assert str(caught.value.found).startswith(f"{label} (id:centre-brazil) ncpc:inCountry")


def test_many_findings_stand_below_each_other(fresh: Store) -> None:
    with pytest.raises(NotConforming) as caught:
        fresh.update(PREFIXES + "DELETE WHERE { GRAPH ?g { ?s ncpc:hasEvidence ?o } }")

    lines = str(caught.value.found).split("\n")
    assert len(lines) == 11
    assert not any(line.startswith(" ") for line in lines)
    assert "\n            " + lines[1] in str(caught.value)


def test_what_is_known_is_kept_through_writes_and_only_while_it_is_true(desk: Desk, fresh: Store) -> None:
    known, node = desk.checker.known(fresh), NamedNode(f"{desk.base}id/org-new")
    insert = f"INSERT DATA {{ GRAPH <urn:g> {{ {node} {LABEL} %s }} }}"
    assert known.label(node) is None
    fresh.update(insert % "'New'@en")
    assert known.label(node) == "New"
    fresh.compact()
    assert desk.checker.known(fresh) is known
    assert len(list(known.store.quads_for_pattern(node, None, None))) == 1

    fresh.gate = None  # nobody tells of this one
    fresh.update(insert % "'A new name'@en")
    assert desk.checker.known(fresh).label(node) == "A new name"


def test_graph_store_writes_go_through_the_same_gate(fresh: Store) -> None:
    turtle = b"@prefix id: <https://w3id.org/ncpc/id/> . @prefix ncpc: <https://w3id.org/ncpc/ontology#> .\n"
    bad = turtle + b"id:org-ivam a ncpc:Donor ."
    for method in ("put", "post"):
        with pytest.raises(NotConforming):
            fresh.write_graph(GraphWrite(method, "urn:g", ((bad, "text/turtle"),), "urn:g"))  # type: ignore[arg-type]
    assert not fresh.has_graph(NamedNode("urn:g"))
    with pytest.raises(NotConforming):
        fresh.write_graph(GraphWrite("delete", "https://w3id.org/ncpc/graph/11-countries"))


def test_warn_lets_it_pass_and_says_so(fresh: Store, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    fresh.gate = Service(desk, "warn")
    fresh.update(PREFIXES + BROKEN["second country"])

    assert "one country" in caplog.text
    assert is_closed(fresh)
    # What was wrong before is not the fault of the next write.
    fresh.gate = Service(desk, "refuse")
    fresh.update(f"{PREFIXES} INSERT DATA {{ GRAPH <urn:g> {{ id:country-china a <urn:Land> }} }}")


def test_entries_are_never_merely_warned_of(fresh: Store, desk: Desk) -> None:
    fresh.gate = Service(desk, "warn")
    with pytest.raises(NotConforming, match="entry"):
        fresh.update(
            f"{PREFIXES} INSERT DATA {{ GRAPH <{desk.base}graph/entry/x> {{ id:centre-x a ncpc:Centre }} }}"
        )
    with pytest.raises(NotConforming, match="exactly one centre"):
        fresh.update(f"INSERT DATA {{ GRAPH <{desk.base}graph/entry/x> {{ <urn:a> <urn:b> <urn:c> }} }}")


def test_what_is_asserted_is_no_longer_inferred_until_it_goes(fresh: Store) -> None:
    said = "GRAPH <urn:g> { id:centre-brazil a <http://www.w3.org/ns/org#Organization> }"
    inferred = set(fresh.graph(NamedNode(INFERRED)))
    fresh.update(f"{PREFIXES} INSERT DATA {{ {said} }}")

    (now,) = fresh.graph(NamedNode("urn:g"))
    gone = Quad(now.subject, now.predicate, now.object, NamedNode(INFERRED))
    assert inferred - set(fresh.graph(NamedNode(INFERRED))) == {gone}
    fresh.update(f"{PREFIXES} DELETE DATA {{ {said} }}")
    assert set(fresh.graph(NamedNode(INFERRED))) == inferred


def test_nobody_writes_into_what_is_inferred(fresh: Store) -> None:
    with pytest.raises(Conflict):
        fresh.update(f"{PREFIXES} INSERT DATA {{ GRAPH graph:inferred {{ <urn:a> <urn:b> <urn:c> }} }}")


def test_new_axioms_are_followed_and_leave_again(fresh: Store) -> None:
    before = set(fresh.quads())
    fresh.update(f"{PREFIXES} INSERT DATA {{ GRAPH <urn:o> {{ ncpc:Hosting rdfs:subClassOf <urn:Stay> }} }}")
    assert next(fresh.snapshot.named.quads_for_pattern(None, None, NamedNode("urn:Stay")), None) is not None
    assert is_closed(fresh)
    fresh.update(f"{PREFIXES} INSERT DATA {{ GRAPH <urn:g> {{ {HOSTING} }} }}")
    assert is_closed(fresh)
    fresh.update("DROP GRAPH <urn:o> ; DROP GRAPH <urn:g>")
    assert set(fresh.quads()) == before


CENTRES = ("brazil", "china", "india")
ORGS = ("org-ivam", "org-dti", "org-stenum")
ARRANGEMENT = st.tuples(
    st.sampled_from(("hosting", "counterpart", "funding")),
    st.integers(1, 3),
    st.sampled_from(CENTRES),
    st.sampled_from(ORGS),
    st.sampled_from(("current", "former")),
)
KINDS = {
    "hosting": ("Hosting", "hasHost", "hosting-housed"),
    "counterpart": ("CounterpartArrangement", "hasCounterpart", None),
    "funding": ("Funding", "hasDonor", "funding-government"),
}


def _statements(made: tuple[str, int, str, str, str]) -> str:
    kind, number, centre, party, status = made
    name, link, code = KINDS[kind]
    coded = f"ncpc:kind code:{code} ;" if code else ""
    return (
        f"id:{kind}-t{number} a ncpc:{name} ; ncpc:concerns id:centre-{centre} ; ncpc:{link} id:{party} ; "
        f"{coded} ncpc:status code:status-{status} ; ncpc:hasEvidence src:L493-495 ."
    )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.sampled_from(("insert", "delete", "drop", "move")), ARRANGEMENT), max_size=6)
)
def test_no_sequence_of_writes_leaves_stale_inferences(
    fresh: Store, steps: list[tuple[str, tuple[str, int, str, str, str]]]
) -> None:
    for what, made in steps:
        graph = f"<urn:t{made[1]}>"
        node = f"id:{made[0]}-t{made[1]}"
        text = {
            "insert": f"INSERT DATA {{ GRAPH {graph} {{ {_statements(made)} }} }}",
            "delete": f"DELETE WHERE {{ GRAPH {graph} {{ {node} ?p ?o }} }}",
            "drop": f"DROP SILENT GRAPH {graph}",
            "move": f"MOVE SILENT {graph} TO <urn:t9>",
        }[what]
        try:
            fresh.update(PREFIXES + text)
        except NotConforming:
            continue
    assert is_closed(fresh)
    fresh.update("".join(f"DROP SILENT GRAPH <urn:t{n}> ;" for n in (1, 2, 3, 9)))
    assert is_closed(fresh)


def test_warming_up_tells_of_no_write(fresh: Store, desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    gate = Service(desk, "warn")
    gate.warm(fresh)

    assert not caplog.records
    assert gate.on_violation == "warn"


def test_after_warming_up_no_query_of_a_rule_is_read_anew(
    fresh: Store, real_settings: Settings, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Service(Desk.read(real_settings))
    gate.warm(fresh)
    read: list[str] = []
    prepare = evaluation.prepareQuery
    monkeypatch.setattr(evaluation, "prepareQuery", lambda text: read.append(text) or prepare(text))
    answer = gate.consult(fresh, {"ask": "check", "file": "x.yaml"}, good.encode())

    assert json.loads(answer.body)["conforms"]
    assert not read


@pytest.mark.parametrize(
    "write",
    [
        "DELETE { GRAPH ?g { id:gov-austria a ?c } } WHERE { GRAPH ?g { id:gov-austria a ?c } }",
        "DELETE { GRAPH ?g { id:org-stenum ?p ?o } } WHERE { GRAPH ?g { id:org-stenum ?p ?o } }",
        "DELETE { GRAPH ?g { id:gov-austria skos:prefLabel ?o } } "
        "INSERT { GRAPH ?g { id:gov-austria skos:prefLabel 'Austria'@en } } "
        "WHERE { GRAPH ?g { id:gov-austria skos:prefLabel ?o } }",
        "INSERT DATA { GRAPH <urn:g> { id:country-x a ncpc:Country ; skos:prefLabel 'Nicaragua'@en } }",
        "INSERT DATA { GRAPH <urn:g> { id:centre-x a ncpc:Centre ; ncpc:inCountry id:country-nicaragua } }",
        "INSERT DATA { GRAPH <urn:g> { id:gov-x a org:Organization ; "
        "skos:prefLabel 'Government of Austria'@en } }",
        "DELETE { GRAPH ?g { ?c skos:inScheme ?s } } WHERE { GRAPH ?g { ?c skos:inScheme ?s } "
        "FILTER(?c = code:status-current) }",
        "DELETE { GRAPH ?g { ncpc:Centre rdfs:subClassOf ?c } } "
        "WHERE { GRAPH ?g { ncpc:Centre rdfs:subClassOf ?c } }",
    ],
    ids=("type", "all", "label", "namesake", "twin", "party", "code", "axiom"),
)
def test_a_check_after_a_write_is_that_of_who_remembers_nothing(
    write: str, desk: Desk, fresh: Store, good: str
) -> None:
    """What is kept through a write changes no finding and no inference."""
    fresh.gate = Service(desk, "warn")
    texts = [good, *(path.read_text(encoding="utf-8") for path in sorted(WRONG.glob("*.yaml"))[::6])]
    prefixes = PREFIXES + (
        "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX org: <http://www.w3.org/ns/org#> "
    )

    def told(known: Known) -> list[object]:
        found: list[object] = []
        for text in texts:
            (entry,) = read_entries(text.encode(), form_of(None, "x.yaml"), desk.profile.centre, known)
            checked = desk.checker.check(entry, known)
            found += [checked.report, checked.inferred, checked.change]
        return found

    desk.checker.known(fresh).prepare(desk.profile)
    before = told(desk.checker.known(fresh))
    fresh.update(prefixes + write)
    after = told(desk.checker.known(fresh))
    assert after == told(Known(fresh.snapshot.named, desk.base))
    assert after != before or "subClassOf" in write  # this one is looked at, and changes no answer
