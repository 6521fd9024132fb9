"""The closure: rule by rule, against owlrl, and step by step against closing everything again."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple
from rdflib import OWL, RDF, RDFS
from samples import ROOT

from ncpc_kg.closure import (
    Rules,
    close,
    close_addition,
    close_reference,
    close_removal,
    compare_with_owlrl,
    read_rules,
)
from ncpc_kg.errors import Conflict, NotConforming, SourceError, VocabularyError
from ncpc_kg.graph import Dataset, merge
from ncpc_kg.sources import read_source
from ncpc_kg.vocabulary import CODE, GRAPH, ID, INFERRED, NCPC

TYPE = NamedNode(RDF.type)
DATA, INFERENCES = NamedNode(GRAPH["data"]), NamedNode(INFERRED)


def node(name: str) -> NamedNode:
    """A name such as id:x, ncpc:y, code:z."""
    prefix, local = name.split(":")
    return NamedNode({"id": ID, "ncpc": NCPC, "code": CODE}[prefix][local])


def triple(text: str) -> Triple:
    subject, predicate, value = text.split()
    return Triple(node(subject), TYPE if predicate == "a" else node(predicate), node(value))


def triples(*texts: str) -> list[Triple]:
    return [triple(text) for text in texts]


@cache
def ontology() -> Dataset:
    return merge(
        read_source(ROOT / "ontology" / name, "ontology", GRAPH[name])
        for name in ("ncpc.ttl", "alignments.ttl")
    )


@cache
def rules() -> Rules:
    return read_rules(ontology(), ROOT)


def dataset(data: list[Triple]) -> Dataset:
    made = ontology().patched((), ())
    made.add(DATA, data)
    return made


def inferred(data: list[Triple]) -> frozenset[Triple]:
    return close(dataset(data), rules()).graph(INFERENCES)


def about_data(found: frozenset[Triple]) -> set[Triple]:
    """Leave out what owlrl says of the ontology's own terms."""
    return {one for one in found if one.subject.value.startswith(str(ID))}


HOSTING = triples(
    "id:hosting-a ncpc:concerns id:centre-a",
    "id:hosting-a ncpc:hasHost id:org-a",
    "id:hosting-a ncpc:status code:status-current",
)


@pytest.mark.parametrize(
    "expected",
    [
        "id:hosting-a a ncpc:Hosting",
        "id:hosting-a a ncpc:Arrangement",
        "id:hosting-a a ncpc:SourcedFact",
        "id:org-a a ncpc:HostInstitution",
        "id:centre-a ncpc:hasFact id:hosting-a",
        "id:centre-a ncpc:hasHadHost id:org-a",
        "id:centre-a ncpc:hasCurrentHost id:org-a",
        "id:org-a ncpc:hasHosted id:centre-a",
        "id:centre-a a ncpc:Centre",
    ],
)
def test_a_current_hosting_entails(expected: str) -> None:
    assert triple(expected) in inferred(HOSTING)


def test_alignments_take_part() -> None:
    organisation = NamedNode("http://www.w3.org/ns/org#Organization")
    assert Triple(node("id:org-a"), TYPE, organisation) in inferred(HOSTING)


def test_former_arrangement_is_not_current() -> None:
    found = inferred([*HOSTING[:2], triple("id:hosting-a ncpc:status code:status-former")])
    assert triple("id:centre-a ncpc:hasHadHost id:org-a") in found
    assert triple("id:centre-a ncpc:hasCurrentHost id:org-a") not in found


@pytest.mark.parametrize("status", ["status-planned", "status-requested"])
def test_plans_feed_nothing(status: str) -> None:
    found = inferred(
        triples(
            "id:hosting-a a ncpc:Hosting",
            "id:hosting-a ncpc:concerns id:centre-a",
            "id:hosting-a ncpc:hasParty id:org-a",
            f"id:hosting-a ncpc:status code:{status}",
        )
    )
    assert not [one for one in found if node("id:org-a") in (one.subject, one.object)]


def test_literals_are_never_subjects_and_types_of_everything_are_left_out() -> None:
    data = [*HOSTING, Triple(node("id:figure-a"), node("ncpc:countValue"), Literal(3))]
    found = inferred(data)
    assert not any(isinstance(one.subject, Literal) for one in found)
    assert not any(one.object == NamedNode(OWL.Thing) for one in found)


def test_closing_again_changes_nothing_and_touches_no_other_graph() -> None:
    once = dataset(HOSTING)
    before = {name: once.graph(name) for name in once.graphs()}
    close(once, rules())
    first = set(once.quads())
    close(once, rules())
    assert set(once.quads()) == first
    assert {name: once.graph(name) for name in once.graphs() if name != INFERENCES} == before


def test_inferred_graph_repeats_nothing_asserted() -> None:
    data = [*HOSTING, triple("id:centre-a a ncpc:Centre"), triple("id:hosting-a a ncpc:Hosting")]
    made = close(dataset(data), rules())
    assert not made.graph(INFERENCES) & made.graph(DATA)


def test_stale_inference_goes_when_closed_again() -> None:
    made = close(dataset(HOSTING), rules())
    made.store.remove(Quad(*HOSTING[1], DATA))
    found = close(made, rules()).graph(INFERENCES)
    assert triple("id:centre-a ncpc:hasHadHost id:org-a") not in found


def test_disjoint_classes_name_the_node() -> None:
    with pytest.raises(NotConforming, match="hosting-a"):
        inferred([*HOSTING, triple("id:hosting-a ncpc:hasDonor id:gov-a")])


@pytest.mark.parametrize(
    "axiom",
    [
        Triple(node("ncpc:hasHost"), TYPE, NamedNode(OWL.FunctionalProperty)),
        Triple(node("ncpc:Centre"), NamedNode(OWL.hasKey), NamedNode(RDF.nil)),
        Triple(node("id:a"), NamedNode(OWL.sameAs), node("id:b")),
        Triple(node("ncpc:Centre"), NamedNode(OWL.unionOf), NamedNode(RDF.nil)),
    ],
)
def test_axiom_without_a_rule_is_an_error(axiom: Triple) -> None:
    made = dataset([axiom])
    with pytest.raises(VocabularyError, match="no rule"):
        read_rules(made, ROOT)


def test_class_expression_is_an_error() -> None:
    made = dataset([Triple(node("ncpc:Centre"), NamedNode(RDFS.subClassOf), BlankNode("x"))])
    with pytest.raises(VocabularyError, match="class expression"):
        read_rules(made, ROOT)


def test_rules_not_used_by_the_ontology_hold_too() -> None:
    """Symmetric, transitive, equivalent: no axiom of ours needs them yet, an alignment may."""
    extra = [
        Triple(node("ncpc:near"), TYPE, NamedNode(OWL.SymmetricProperty)),
        Triple(node("ncpc:near"), TYPE, NamedNode(OWL.TransitiveProperty)),
        Triple(node("ncpc:close"), NamedNode(OWL.equivalentProperty), node("ncpc:near")),
        Triple(node("ncpc:Town"), NamedNode(OWL.equivalentClass), node("ncpc:City")),
        Triple(node("ncpc:near"), NamedNode(RDFS.domain), node("ncpc:Town")),
    ]
    data = triples("id:a ncpc:near id:b", "id:b ncpc:close id:c", "id:c ncpc:near id:d")
    ours, theirs = dataset(extra + data), dataset(extra + data)
    close(ours, read_rules(ours, ROOT))
    close_reference(theirs, read_rules(theirs, ROOT))
    found = {one for one in about_data(ours.graph(INFERENCES)) if one.subject != one.object}
    assert found == about_data(theirs.graph(INFERENCES))
    assert triple("id:d ncpc:close id:a") in found
    assert triple("id:d a ncpc:City") in found


NODES = [
    f"id:{name}" for name in ("centre-a", "centre-b", "org-a", "org-b", "gov-a", "fact-a", "fact-b", "fact-c")
]
PROPERTIES = [
    f"ncpc:{name}"
    for name in (
        *("concerns", "hasHost", "isProvidedBy", "refUnit", "hasFact", "hasHadDonor", "hasCurrentHost"),
        *("hasHosted", "involves", "isInvolvedIn", "inCountry", "hasEvidence", "status", "hasDonor"),
    )
]
VALUES = [*NODES, "code:status-current", "code:status-former"]
STATEMENTS = st.one_of(
    st.builds(
        lambda s, p, o: triple(f"{s} {p} {o}"),
        st.sampled_from(NODES),
        st.sampled_from(PROPERTIES),
        st.sampled_from(VALUES),
    ),
    st.builds(
        lambda s, o: triple(f"{s} a ncpc:{o}"),
        st.sampled_from(NODES),
        st.sampled_from(["Centre", "Hosting", "Funding", "Donor"]),
    ),
    st.builds(
        lambda s, o: triple(f"{s} ncpc:status {o}"), st.sampled_from(NODES), st.sampled_from(VALUES[-2:])
    ),
)
ARRANGEMENTS = st.builds(
    lambda fact, thing, link, party, status: triples(
        f"{fact} ncpc:concerns {thing}", f"{fact} ncpc:{link} {party}", f"{fact} ncpc:status {status}"
    ),
    st.sampled_from(NODES[-3:]),
    st.sampled_from(NODES[:2]),
    st.sampled_from(["hasHost", "hasDonor", "hasHost"]),
    st.sampled_from(NODES[2:4]),
    st.sampled_from(VALUES[-2:]),
)
GRAPHS = st.builds(
    lambda single, groups: list(dict.fromkeys([*single, *(one for group in groups for one in group)])),
    st.lists(STATEMENTS, max_size=12),
    st.lists(ARRANGEMENTS, max_size=4),
)
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
QUICK = settings(max_examples=150, deadline=None)


@cache
def lenient() -> Rules:
    """The rules without disjointness, so that any graph has a closure."""
    found = rules()
    return Rules(found.properties, found.classes, found.chains, (), found.shortcuts, found.inferred)


@SLOW
@given(data=GRAPHS)
def test_same_as_owlrl_on_any_small_graph(data: list[Triple]) -> None:
    ours = close(dataset(data), lenient()).graph(INFERENCES)
    made = dataset(data)
    for axiom in list(made.store.quads_for_pattern(None, TYPE, NamedNode(OWL.AllDisjointClasses), None)):
        made.store.remove(axiom)
    theirs = close_reference(made, lenient()).graph(INFERENCES)
    found = {one for one in about_data(ours) if one.subject != one.object}
    assert found == about_data(theirs)


@QUICK
@given(start=GRAPHS, new=GRAPHS)
def test_addition_equals_closing_everything(start: list[Triple], new: list[Triple]) -> None:
    closed = close(dataset(start), lenient())
    added = close_addition(closed.store, new, lenient())
    together = (closed.graph(INFERENCES) | added) - frozenset(new)
    assert together == close(dataset(list({*start, *new})), lenient()).graph(INFERENCES)
    assert not added & closed.graph(INFERENCES)


@QUICK
@given(start=GRAPHS, data=st.data())
def test_removal_equals_closing_everything(start: list[Triple], data: st.DataObject) -> None:
    gone = data.draw(st.lists(st.sampled_from(start), unique=True)) if start else []
    closed = close(dataset(start), lenient())
    stale, again = close_removal(closed.store, gone, lenient())
    left = [one for one in start if one not in gone]
    assert (closed.graph(INFERENCES) - stale) | again == close(dataset(left), lenient()).graph(INFERENCES)
    assert stale <= closed.graph(INFERENCES)


def test_a_shortcut_stays_while_another_fact_gives_it() -> None:
    second = [Triple(node("id:hosting-b"), one.predicate, one.object) for one in HOSTING]
    closed = close(dataset([*HOSTING, *second]), rules())
    stale, again = close_removal(closed.store, HOSTING, rules())
    left = (closed.graph(INFERENCES) - stale) | again
    assert left == inferred(second)
    assert triple("id:centre-a ncpc:hasCurrentHost id:org-a") in left


def test_a_literal_added_where_a_thing_belongs_entails_nothing_about_itself() -> None:
    odd = Triple(node("id:fact-a"), node("ncpc:concerns"), Literal("Brazil"))
    added = close_addition(close(dataset([]), rules()).store, [odd], rules())
    assert added == inferred([odd])


def test_a_change_of_axioms_asks_for_a_full_closure() -> None:
    axiom = Triple(node("ncpc:Centre"), NamedNode(RDFS.subClassOf), node("ncpc:Donor"))
    store = close(dataset(HOSTING), rules()).store
    for step in (close_addition, close_removal):
        with pytest.raises(Conflict, match="axioms"):
            step(store, [axiom], rules())
    assert not rules().are_changed_by(HOSTING)


def test_same_as_owlrl_on_the_real_graph(closed: Dataset) -> None:
    assert compare_with_owlrl(closed, read_rules(closed, ROOT)) == ()


def test_what_owlrl_infers_otherwise_is_told() -> None:
    made = close(dataset([*HOSTING, Triple(node("id:centre-a"), node("ncpc:code"), Literal("x"))]), rules())
    assert compare_with_owlrl(made, rules()) == ()
    missing, wrong = triple("id:centre-a ncpc:hasHadHost id:org-a"), triple("id:org-a a ncpc:Centre")
    made.store.remove(Quad(*missing, INFERENCES))
    made.store.add(Quad(*wrong, INFERENCES))

    told = {
        (one.focus, one.value, one.message.partition(".")[0]) for one in compare_with_owlrl(made, rules())
    }

    assert told == {
        (missing.subject, missing.object, "Only owlrl infers this"),
        (wrong.subject, wrong.object, "owlrl does not infer this"),
    }


def test_no_merge_and_no_error_in_the_real_graph(closed: Dataset) -> None:
    assert not list(closed.match(None, NamedNode(OWL.sameAs), None))
    assert not [quad for quad in closed.quads() if "agent-ont#" in str(quad.predicate)]
    assert len(closed.graph(INFERENCES)) > 5_000


def test_shortcuts_query_is_read_from_the_content(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_rules(ontology(), tmp_path)
