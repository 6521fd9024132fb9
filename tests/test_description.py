"""Descriptions: one bounded query, labels, facts, evidence, contradictions."""

# ruff: noqa: E501
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    Quad,
    QueryResultsFormat,
    RdfFormat,
    Store,
    Triple,
    parse,
)

from ncpc_kg.description import Description, Lexicon, describe, description_query, load_lexicon
from ncpc_kg.description.asking import INCOMING, OUTGOING
from ncpc_kg.description.lexicon import LONGEST_LABEL, cut, spoken
from ncpc_kg.description.rows import TSV, datatype_of, language_of, read_rows, term_of, text_of
from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.store.snapshot import Snapshot
from ncpc_kg.vocabulary import BASE, ID, NCPC

PREFIXES = """
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX skosxl: <http://www.w3.org/2008/05/skos-xl#>
PREFIX src: <https://w3id.org/ncpc/source/csd-bp28/>
"""
DATA = """
<https://w3id.org/ncpc/ontology> a owl:Ontology .
ncpc:SourcedFact a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "Sourced Fact"@en .
ncpc:Hosting a owl:Class ; rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; rdfs:subClassOf ncpc:SourcedFact ;
    skos:prefLabel "Hosting"@en .
ncpc:concerns rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "concerns"@en .
ncpc:hasFact rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; owl:inverseOf ncpc:concerns ;
    skos:prefLabel "has fact"@en .
ncpc:hasHost rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ; skos:prefLabel "has host"@en ;
    skos:definition "Links a hosting to the organisation that houses."@en .
id:centre a ncpc:Centre ; skos:prefLabel "Zentrum"@de, "Centre"@en ; skos:altLabel "C" ;
    dcterms:description "What it is."@en ; ncpc:hasEvidence src:L20, src:L3-5 ; ncpc:hasFact id:hosting-x .
id:hosting-x a ncpc:Hosting, ncpc:SourcedFact ; ncpc:concerns id:centre ; ncpc:hasHost id:org ;
    ncpc:hasEvidence src:L7 ; ncpc:isInvolvedIn id:discrepancy ; ncpc:hasPropertyEvidence id:finer .
id:finer ncpc:onProperty ncpc:hasHost ; ncpc:hasEvidence src:L9 .
id:org skos:prefLabel "The host"@en .
id:discrepancy skos:prefLabel "Two hosts"@en .
"""


class SnapshotEngine:
    """A snapshot that counts what it is asked, in the format it is asked for."""

    version = "1"

    def __init__(self, turtle: str, more: tuple[Quad, ...] = (), media_type: str | None = None) -> None:
        self.snapshot = Snapshot()
        quads = parse((PREFIXES + turtle).encode(), RdfFormat.TURTLE)
        self.snapshot.load((*quads, *more))
        self.media_type = media_type
        self.asked = 0

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        self.asked += 1
        formats = Formats(bindings=self.media_type) if self.media_type else formats
        return self.snapshot.query(text, formats, dataset)

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        raise NotImplementedError


def of(engine: SnapshotEngine, name: str, page: int = 1) -> Description:
    return describe(engine, ID[name], load_lexicon(engine, BASE), page)


@pytest.fixture(params=[None, "application/sparql-results+json", "application/sparql-results+xml"])
def engine(request: pytest.FixtureRequest) -> SnapshotEngine:
    return SnapshotEngine(DATA, media_type=request.param)


def test_a_thing_with_names_text_evidence(engine: SnapshotEngine) -> None:
    found = of(engine, "centre")
    assert (found.label, found.names, found.text) == ("Centre", ("C",), "What it is.")
    assert [link.label for link in found.passages] == ["Lines 3\u20135", "Line 20"], "in the order of lines"
    assert [link.iri for link in found.types] == [str(NCPC.Centre)]
    assert found.properties == (), "all of it has a place of its own"


def test_facts_come_with_what_they_say(engine: SnapshotEngine) -> None:
    (fact,) = of(engine, "centre").facts
    assert (fact.label, fact.type.label, fact.role.label) == ("Hosting: The host", "Hosting", "concerns")
    assert not fact.outgoing
    assert [(p.label, [v.text for v in p.values]) for p in fact.properties] == [("has host", ["The host"])]
    assert [link.label for link in fact.passages] == ["Line 7"]
    assert [link.label for link in fact.contested] == ["Two hosts"]


@pytest.mark.parametrize("order", [("concerns", "refUnit"), ("refUnit", "concerns")])
def test_the_role_of_a_fact_is_the_most_specific_one(order: tuple[str, str]) -> None:
    cell = "".join(f"id:cell a ncpc:SourcedFact ; ncpc:{name} id:centre .\n" for name in order)

    facts = of(SnapshotEngine(DATA + cell), "centre").facts

    assert [fact.role.iri for fact in facts if fact.iri == str(ID.cell)] == [str(NCPC.refUnit)]


def test_evidence_of_one_property(engine: SnapshotEngine) -> None:
    found = of(engine, "hosting-x")
    host = next(one for one in found.properties if one.label == "has host")
    assert [link.label for link in host.passages] == ["Line 9"]
    assert host.definition.startswith("Links a hosting")
    assert [link.label for link in found.passages] == ["Line 7"]
    assert [link.label for link in found.contested] == ["Two hosts"]
    assert found.label == "Hosting: The host"


def test_a_contradiction_is_called_by_what_it_says() -> None:
    clash = """id:clash a ncpc:Discrepancy, ncpc:SourcedFact ; ncpc:concerns id:centre ; ncpc:kind id:kind ;
    dcterms:identifier "D7" ; dcterms:description "Two starts."@en ."""
    assert "D7. Two starts." in [fact.label for fact in of(SnapshotEngine(DATA + clash), "centre").facts]


def test_a_property_that_a_narrower_one_says_as_well_is_left_out() -> None:
    narrower = """ncpc:hasCurrentHost rdfs:isDefinedBy <https://w3id.org/ncpc/ontology> ;
    rdfs:subPropertyOf ncpc:hasHadHost . id:centre ncpc:hasHadHost id:org ; ncpc:hasCurrentHost id:org ."""
    former = "id:centre ncpc:hasHadHost id:earlier ."

    def said(turtle: str) -> list[str]:
        return [one.label for one in of(SnapshotEngine(DATA + turtle), "centre").properties]

    assert said(narrower) == ["Has current host"]
    assert said(narrower + former) == ["Has current host", "Has had host"]


def test_an_inverse_is_data_but_no_link_of_its_own(engine: SnapshotEngine) -> None:
    found = of(engine, "hosting-x")
    assert "has fact" not in [one.property.label for one in found.incoming]
    assert (f"<{ID.centre}>", f"<{NCPC.hasFact}>", f"<{ID['hosting-x']}>") in found.triples


def test_links_to_a_thing(engine: SnapshotEngine) -> None:
    found = of(engine, "org")
    assert [(one.property.label, [t.label for t in one.things]) for one in found.incoming] == [
        ("has host", ["Hosting: The host"])
    ]
    assert (found.shown, found.more) == (1, False)


def test_the_triples_are_those_of_the_store_and_labels(engine: SnapshotEngine) -> None:
    me = f"<{ID['org']}>"
    own = {t for t in of(engine, "org").triples if me in (t[0], t[2])}
    assert own == {
        (me, "<http://www.w3.org/2004/02/skos/core#prefLabel>", '"The host"@en'),
        (f"<{ID['hosting-x']}>", f"<{NCPC.hasHost}>", me),
    }


def test_a_label_with_its_own_lines_is_called_by_its_form(engine: SnapshotEngine) -> None:
    made = SnapshotEngine(
        'id:x skosxl:altLabel id:label-x . id:label-x skosxl:literalForm "Ex"@en .',
        media_type=engine.media_type,
    )
    found = of(made, "x")
    assert [value.text for one in found.properties for value in one.values] == ["Ex"]
    form = "<http://www.w3.org/2008/05/skos-xl#literalForm>"
    assert (f"<{ID['label-x']}>", form, '"Ex"@en') in found.triples
    assert not [t for t in found.triples if t[1].endswith("prefLabel>")], "only what the graph says"
    assert of(made, "label-x").label == "Ex"


def test_what_nobody_mentions_is_false(engine: SnapshotEngine) -> None:
    assert not of(engine, "nobody")


def test_it_is_one_query() -> None:
    engine = SnapshotEngine(DATA)
    lexicon = load_lexicon(engine, BASE)
    engine.asked = 0
    describe(engine, ID["centre"], lexicon)
    assert engine.asked == 1


def test_an_iri_that_is_none_never_reaches_the_query() -> None:
    for wrong in ("x", "http://x/> } DELETE { <y", "http://x/a b", ""):
        with pytest.raises(ValueError, match="IRI"):
            description_query(wrong, BASE)


def hub(links: int, out: int = 0) -> SnapshotEngine:
    me, name = NamedNode(ID["hub"]), NamedNode(NCPC["hasParty"])
    quads = [Quad(NamedNode(f"{ID}in-{n}"), name, me) for n in range(links)]
    quads += [Quad(me, name, NamedNode(f"{ID}out-{n}")) for n in range(out)]
    return SnapshotEngine('id:hub skos:prefLabel "Hub"@en .', tuple(quads))


def test_pages_of_links_are_bounded_whole_and_disjoint() -> None:
    engine = hub(2 * INCOMING + 10)
    seen: list[str] = []
    for page in (1, 2, 3):
        found = of(engine, "hub", page)
        seen += [thing.iri for one in found.incoming for thing in one.things]
        assert found.shown <= INCOMING
        assert found.more is (page < 3)
        assert found.label == "Hub"
    assert len(seen) == len(set(seen)) == 2 * INCOMING + 10


def test_outgoing_links_are_bounded_and_keep_the_label() -> None:
    engine = hub(0, OUTGOING + 50)
    first, second = of(engine, "hub"), of(engine, "hub", 2)
    assert (first.more, second.more) == (True, False)
    assert first.label == second.label == "Hub"
    seen = [value.iri for one in (first, second) for p in one.properties for value in p.values]
    assert len(seen) == len(set(seen)) == OUTGOING + 50


def test_exactly_the_bound_has_no_next_page() -> None:
    assert not of(hub(INCOMING), "hub").more
    assert of(hub(INCOMING + 1), "hub").more


def test_a_withdrawn_thing_says_so() -> None:
    engine = SnapshotEngine("id:old owl:deprecated true ; dcterms:isReplacedBy id:new .")
    found = of(engine, "old")
    assert found.gone is not None
    assert [link.iri for link in found.gone.successors] == [str(ID["new"])]
    assert (found.gone.when, found.gone.who, found.gone.why) == ("", "", "")


def test_a_withdrawal_tells_who_when_and_why() -> None:
    engine = SnapshotEngine("""id:old <http://www.w3.org/ns/prov#invalidatedAtTime> "2026-11-25T04:00:00Z" ;
    dcterms:contributor "Curator" ; skos:changeNote "Entered twice."@en .""")
    assert of(engine, "old").gone == ("2026-11-25T04:00:00Z", "Curator", "Entered twice.", ())
    assert of(SnapshotEngine('id:used dcterms:contributor "Curator" .'), "used").gone is None


def test_many_labels_of_one_thing_do_not_hide_others() -> None:
    labels = tuple(
        Quad(NamedNode(ID["a"]), NamedNode("http://www.w3.org/2004/02/skos/core#prefLabel"), Literal(f"x{n}"))
        for n in range(9000)
    )
    engine = SnapshotEngine("id:b ncpc:hasParty id:a .", labels)
    assert of(engine, "b").more, "the answer was cut, and that is told"


@pytest.mark.parametrize(
    ("iri", "words"),
    [
        (f"{BASE}id/hosting-brazil-senai", "Hosting brazil senai"),
        (f"{BASE}source/csd-bp28/L497-499", "Lines 497\u2013499"),
        (f"{BASE}source/csd-bp28/L7", "Line 7"),
        (f"{BASE}graph/entry/97e88d82-abb8-4953-924a-bd7562d13621", "Entry 97e88d82"),
        ("http://purl.org/dc/terms/isReplacedBy", "Is replaced by"),
        ("http://example.org/", "Example org"),
        ("urn:x:yZ", "Y Z"),
    ],
)
def test_words_for_what_has_no_label(iri: str, words: str) -> None:
    assert spoken(iri) == words


@given(st.text(max_size=1000))
def test_labels_are_bounded(text: str) -> None:
    assert len(cut(text)) <= LONGEST_LABEL
    assert len(spoken("http://x/" + text)) <= LONGEST_LABEL


def test_the_narrowest_types() -> None:
    lexicon = Lexicon(broader={"b": frozenset({"a"}), "c": frozenset({"b", "a"})})
    assert lexicon.narrowest(("a", "b", "c", "x")) == ("c", "x")


TERMS = st.one_of(
    st.builds(Literal, st.text(st.characters(exclude_categories=["Cs"]))),
    st.builds(lambda t: Literal(t, language="en-gb"), st.text(st.characters(exclude_categories=["Cs"]))),
    st.integers().map(Literal),
    st.booleans().map(Literal),
    st.floats(allow_nan=False).map(Literal),
    st.just(Literal("1995-07", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#gYearMonth"))),
    st.just(NamedNode("http://x/\u00e4?<>".replace("<>", ""))),
    st.just(Triple(NamedNode("http://a"), NamedNode("http://b"), Literal('a "quoted"\tone'))),
)


@given(TERMS)
def test_terms_survive_the_way_through_tsv(term: Literal | NamedNode | Triple) -> None:
    store = Store()
    store.add(Quad(NamedNode("http://s"), NamedNode("http://p"), term))
    stored = next(iter(store)).object
    body = store.query("SELECT ?o { ?s ?p ?o }").serialize(format=QueryResultsFormat.TSV)  # type: ignore[union-attr]
    (row,) = read_rows(Answer("bindings", TSV, body or b""))
    assert term_of(row[0]) == stored
    if isinstance(stored, Literal):
        assert text_of(row[0]) == stored.value
        assert language_of(row[0]) == stored.language
        assert datatype_of(row[0]) == (None if stored.language else stored.datatype.value)


def test_blank_nodes_and_nonsense() -> None:
    assert term_of("_:b1") == BlankNode("b1")
    with pytest.raises(ValueError, match="no term"):
        term_of("nonsense")


def test_a_fact_that_another_fact_names_is_called_by_what_it_says() -> None:
    two = "id:two a ncpc:Hosting, ncpc:SourcedFact ; ncpc:concerns id:centre, id:hosting-x ."

    facts = of(SnapshotEngine(DATA + two), "centre").facts

    named = [v.text for f in facts for p in f.properties for v in p.values if v.iri == str(ID["hosting-x"])]
    assert named == ["Hosting: The host"]
