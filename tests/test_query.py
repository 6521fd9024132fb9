from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode
from samples import MINIMAL, ContentMaker, DatasetEngine

from ncpc_kg.catalogue import Parameter, Question, read_catalogue
from ncpc_kg.engine import Answer, Term
from ncpc_kg.errors import ParameterError, QueryError
from ncpc_kg.graph import merge
from ncpc_kg.query import (
    JSON_RESULTS,
    Choice,
    answer,
    answer_text,
    choices,
    declare_prefixes,
    read_terms,
    shorten,
    solutions,
)
from ncpc_kg.sources import read_sources
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import ID, NCPC

CENTRES = """\
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>

id:centre-czech-republic a ncpc:Centre ; skos:prefLabel "Czech Cleaner Production Centre"@en .
id:centre-republic a ncpc:Centre ; skos:prefLabel "Republic"@en .
id:centre-brazil ncpc:hasHadHost id:org-senai .
id:centre-india a ncpc:Centre ; skos:prefLabel "Shared name"@en .
id:centre-mexico a ncpc:Centre ; skos:prefLabel "Shared name"@en .
"""
QUERY = MINIMAL["queries/host-of-centre.rq"].replace(
    "SELECT ?value WHERE { ?value a ncpc:Centre }",
    "SELECT ?value ?label { ?value a ncpc:Centre OPTIONAL { ?value skos:prefLabel ?label } }",
)


@pytest.fixture
def root(make_content: ContentMaker) -> tuple[DatasetEngine, Question]:
    content = make_content({"data/ttl/21-others.ttl": CENTRES, "queries/host-of-centre.rq": QUERY})
    engine = DatasetEngine(merge(read_sources(content)))
    return engine, read_catalogue(content / "queries").questions[0]


def test_a_question_is_answered_with_its_default_and_with_a_term(
    root: tuple[DatasetEngine, Question],
) -> None:
    engine, question = root

    by_default = answer(engine, question)
    other = answer(engine, question, {"centre": NamedNode(ID["centre-india"])})

    assert [tuple(row) for row in solutions(by_default)] == [(NamedNode(ID["org-senai"]),)]
    assert not list(solutions(other))


def test_choices_come_from_the_graph_with_labels(root: tuple[DatasetEngine, Question]) -> None:
    engine, question = root

    found = choices(engine, question.parameters[0])

    assert found[:2] == (
        Choice(NamedNode(ID["centre-brazil"]), "id:centre-brazil"),
        Choice(NamedNode(ID["centre-czech-republic"]), "Czech Cleaner Production Centre"),
    )
    assert len(found) == 5


@pytest.mark.parametrize(
    ("text", "local"),
    [
        (f"{ID}centre-brazil", "centre-brazil"),
        (f"<{ID}centre-brazil>", "centre-brazil"),
        ("id:centre-brazil", "centre-brazil"),
        ("centre-brazil", "centre-brazil"),
        ("brazil", "centre-brazil"),
        ("Brazil", "centre-brazil"),
        ("czech cleaner production centre", "centre-czech-republic"),
        ("Republic", "centre-republic"),
        ("centre-republic", "centre-republic"),
    ],
)
def test_a_term_of_a_list_goes_by_many_names(
    root: tuple[DatasetEngine, Question], text: str, local: str
) -> None:
    engine, question = root

    assert read_terms(engine, question, {"centre": text}) == {"centre": NamedNode(ID[local])}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("brasil", ["is not in its list", "found:    brasil", "did you mean id:centre-brazil"]),
        ("Shared name", ["fits more than one term", "one of id:centre-india", "name one of them"]),
        ("", ["is not in its list"]),
    ],
)
def test_a_wrong_value_is_answered_with_what_is_allowed(
    root: tuple[DatasetEngine, Question], text: str, words: list[str]
) -> None:
    engine, question = root

    with pytest.raises(ParameterError) as caught:
        read_terms(engine, question, {"centre": text})

    for word in words:
        assert word in str(caught.value)


def test_an_unknown_parameter_is_refused(root: tuple[DatasetEngine, Question]) -> None:
    engine, question = root

    with pytest.raises(ParameterError, match="no parameter country"):
        read_terms(engine, question, {"country": "brazil"})


def test_a_truth_value_is_no_table() -> None:
    with pytest.raises(ValueError, match="not a table"):
        solutions(Answer("boolean", JSON_RESULTS, b'{"head":{},"boolean":true}'))


def test_a_parameter_without_list_has_no_choices(root: tuple[DatasetEngine, Question]) -> None:
    assert choices(root[0], Parameter("x", "X", "string", '""')) == ()


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (NamedNode(NCPC["Centre"]), "ncpc:Centre"),
        (NamedNode("https://w3id.org/ncpc/source/csd-bp28/L1-2"), "src:L1-2"),
        (NamedNode("http://example.org/x"), "http://example.org/x"),
        (Literal("Brazil", language="en"), "Brazil"),
    ],
)
def test_terms_are_written_short_for_people(term: Term, text: str) -> None:
    assert shorten(term) == text


def test_prefixes_that_a_query_uses_are_declared_once_on_its_first_line() -> None:
    text = f"PREFIX id: <{ID}>\nSELECT * {{ id:x ncpc:y 'skos:z' }}"

    declared = declare_prefixes(text)

    assert declared == f"PREFIX ncpc: <{NCPC}> {text}"
    assert declare_prefixes(declared) == declared


@pytest.mark.parametrize("text", ["ASK { id:x ncpc:y }", "ASK {\n id:x ncpc:y }"])
def test_an_error_stands_where_the_writer_sees_it(text: str, tmp_path: Path) -> None:
    """Declarations go before the text on its first line, so columns there are moved back."""
    with Store.open(tmp_path / "store") as store, pytest.raises(QueryError) as caught:
        answer_text(store, text, path=Path("asked.rq"))

    lines = text.splitlines()
    place = caught.value.place
    assert place is not None
    assert (place.path, place.line) == (Path("asked.rq"), len(lines))
    assert place.column is not None
    assert lines[-1][place.column - 1 :].startswith("}")


def test_a_fork_has_its_own_prefixes(make_content: ContentMaker) -> None:
    base = "https://example.org/kg/"
    root = make_content()
    engine = DatasetEngine(merge(read_sources(root)).rebased(base))
    question = read_catalogue(root / "queries", base).questions[0]

    assert declare_prefixes("ASK { id:x ?y ?z }", base) == f"PREFIX id: <{base}id/> ASK {{ id:x ?y ?z }}"
    assert shorten(NamedNode(f"{base}ontology#Centre"), base) == "ncpc:Centre"
    assert choices(engine, question.parameters[0], base) == (
        Choice(NamedNode(f"{base}id/centre-brazil"), "id:centre-brazil"),
    )
    assert read_terms(engine, question, {"centre": "id:centre-brazil"}) == {
        "centre": NamedNode(f"{base}id/centre-brazil")
    }
