from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode
from samples import MINIMAL, ContentMaker

from ncpc_kg.catalogue import Catalogue, Parameter, Question, bind, read_catalogue, read_question, read_term
from ncpc_kg.errors import NotFound, ParameterError, SourceError
from ncpc_kg.vocabulary import ID, PREFIXES

QUERY = MINIMAL["queries/host-of-centre.rq"]
XSD = PREFIXES["xsd"]


def question(tmp_path: Path, text: str = QUERY) -> Question:
    path = tmp_path / "host-of-centre.rq"
    path.write_text(text, encoding="utf-8")
    return read_question(path)


def test_a_question_is_read_from_its_header_and_query(tmp_path: Path) -> None:
    (tmp_path / "host-of-centre.csv").write_text("host\n")

    found = question(tmp_path)

    assert found == Question(
        name="host-of-centre",
        identifier="T01",
        title="Who houses a centre?",
        description="",
        tags=("Hosts",),
        parameters=(
            Parameter(
                name="centre",
                label="Centre",
                type="iri",
                default="id:centre-brazil",
                values="SELECT ?value WHERE { ?value a ncpc:Centre } ORDER BY ?value",
            ),
        ),
        text=QUERY,
        path=tmp_path / "host-of-centre.rq",
        expected=tmp_path / "host-of-centre.csv",
    )


def test_binding_replaces_the_values_block_by_the_term(tmp_path: Path) -> None:
    text = bind(question(tmp_path), {"centre": NamedNode(ID["centre-india"])})

    assert text == QUERY.replace("{ id:centre-brazil }", f"{{ <{ID}centre-india> }}")


def test_without_terms_the_defaults_stand(tmp_path: Path) -> None:
    assert bind(question(tmp_path), {}) == QUERY


def test_what_only_looks_like_a_block_stays(tmp_path: Path) -> None:
    decoys = (
        "  # VALUES ?centre { id:a }\n"
        '  BIND("VALUES ?centre { id:b }" AS ?text)\n'
        "  BIND(<http://e/VALUES/?centre> AS ?iri)\n"
        "  VALUES ?centres { id:c }\n"
    )
    text = QUERY.replace("WHERE {\n", f"WHERE {{\n{decoys}")

    bound = bind(question(tmp_path, text), {"centre": NamedNode(ID["x"])})

    assert bound == text.replace("{ id:centre-brazil }", f"{{ <{ID}x> }}")


def test_every_block_of_a_parameter_is_replaced(tmp_path: Path) -> None:
    text = QUERY.replace("\n} ORDER", '\n{ values $centre {"}" id:y} ?centre ?p ?o }\n} ORDER')

    bound = bind(question(tmp_path, text), {"centre": NamedNode(ID["x"])})

    assert bound.count(f"{{ <{ID}x> }}") == 2
    assert "id:y" not in bound


@pytest.mark.parametrize("value", ['" } ?x ?y ?z } #', "\\", "a\nb", "'''", '"""', "}"])
def test_no_text_of_a_caller_becomes_query_text(tmp_path: Path, value: str) -> None:
    text = QUERY.replace("type: iri", "type: string").replace("#+     values:", "#+     description:")
    asked = question(tmp_path, text.replace("{ id:centre-brazil }", '{ "x" }'))
    bound = bind(asked, {"centre": Literal(value)})

    again = tmp_path / "again.rq"
    again.write_text(bound, encoding="utf-8", newline="")

    assert read_question(again).parameters[0].default == str(Literal(value))


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"center": NamedNode("a:b")}, ["no parameter center", "did you mean centre?"]),
        ({"centre": Literal("x")}, ["The parameter centre takes an IRI", 'found:    "x"']),
        ({"centre": BlankNode("x")}, ["The parameter centre takes an IRI"]),
    ],
)
def test_wrong_terms_are_refused(tmp_path: Path, terms: dict[str, NamedNode], words: list[str]) -> None:
    with pytest.raises(ParameterError) as caught:
        bind(question(tmp_path), terms)

    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("type_", "text", "term"),
    [
        ("iri", "id:centre-brazil", NamedNode(ID["centre-brazil"])),
        ("iri", f"<{ID}x>", NamedNode(ID["x"])),
        ("iri", "urn:x:y", NamedNode("urn:x:y")),
        ("integer", "12", Literal("12", datatype=NamedNode(XSD + "integer"))),
        ("date", "1997-10-31", Literal("1997-10-31", datatype=NamedNode(XSD + "date"))),
        ("string", "id:x", Literal("id:x")),
    ],
)
def test_terms_are_read_by_type(type_: str, text: str, term: NamedNode | Literal) -> None:
    assert read_term(Parameter("x", "X", type_, ""), text) == term  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("type_", "text"),
    [("iri", "no iri"), ("iri", ""), ("integer", "twelve"), ("date", "1997-13-01"), ("date", "1997-02-30")],
)
def test_ill_formed_values_are_refused(type_: str, text: str) -> None:
    with pytest.raises(ParameterError, match="value of x"):
        read_term(Parameter("x", "X", type_, ""), text)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("#+ summary: Who houses a centre?\n", "", "has no summary"),
        ("#+ tags: [Hosts]", "#+ tags: [Hosts", "host-of-centre.rq:4: The #+ lines are not valid YAML"),
        ("#+ tags: [Hosts]", "#+ tags: [Hosts]\n#+ tags: [Donors]", "tags stands here twice"),
        ("#+ id: T01", "#+ identifier: T01", "The header has an unknown key"),
        ("#+     label: Centre\n", "", "lacks its name, label or type"),
        (
            "#+     label: Centre\n",
            "#+     label: Centre\n#+     lable: x\n",
            "The parameter centre has an unknown key",
        ),
        ("type: iri", "type: url", "The parameter centre has an unknown type"),
        ("name: centre", "name: center", "The parameter center has no place in the query"),
        ("a ncpc:Centre }", "a ncpc:Centre", "The values query of centre cannot be read"),
        (
            "?centre ncpc:hasHadHost ?host .",
            "?centre ncpc:hasHadHost .",
            "host-of-centre.rq:14:28: The query cannot be read",
        ),
        ("PREFIX id: <https://w3id.org/ncpc/id/>", "", "The prefix id: is not declared"),
        ("PREFIX id: <https://w3id.org/ncpc/id/>", "PREFIX id: <http://e/>", "The prefix id: differs"),
    ],
)
def test_a_wrong_file_is_refused_with_a_helpful_word(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in QUERY

    with pytest.raises(SourceError) as caught:
        question(tmp_path, QUERY.replace(old, new, 1))

    assert message in str(caught.value)


def test_questions_are_found_by_name_and_identifier(make_content: ContentMaker) -> None:
    catalogue = read_catalogue(make_content() / "queries")

    assert [each.name for each in catalogue.questions] == ["host-of-centre"]
    assert catalogue.get("host-of-centre") is catalogue.get("t01") is catalogue.questions[0]


def test_an_unknown_question_is_answered_with_the_nearest(make_content: ContentMaker) -> None:
    with pytest.raises(NotFound, match="did you mean host-of-centre"):
        read_catalogue(make_content() / "queries").get("hosts-of-centre")


def test_a_question_without_identifier_is_not_found_by_an_empty_name(tmp_path: Path) -> None:
    asked = question(tmp_path, QUERY.replace("#+ id: T01\n", ""))

    with pytest.raises(NotFound):
        Catalogue((asked,)).get("")


def test_a_fork_asks_under_its_own_base(make_content: ContentMaker) -> None:
    catalogue = read_catalogue(make_content() / "queries", base="https://example.org/kg/")

    assert "PREFIX id: <https://example.org/kg/id/>" in catalogue.questions[0].text


def test_a_question_of_the_catalogue_is_a_select(tmp_path: Path) -> None:
    (tmp_path / "any.rq").write_text("#+ summary: Anything?\nPREFIX id: <" + ID + ">\n\nASK { ?s ?p id:x }\n")

    with pytest.raises(SourceError, match=r"(?s)any\.rq:4: The answer to a question is a table.*ASK"):
        read_catalogue(tmp_path)
