import pytest
from samples import MINIMAL, ContentMaker

from ncpc_kg.errors import VocabularyError
from ncpc_kg.pipeline import Content
from ncpc_kg.sources import read_sources
from ncpc_kg.terms import check_terms
from ncpc_kg.vocabulary import ID, NCPC

HEAD = f"PREFIX id: <{ID}>\nPREFIX ncpc: <{NCPC}>\nPREFIX code: <https://w3id.org/ncpc/code/>\n"
DATA = "data/ttl/20-brazil.ttl"


@pytest.mark.parametrize(
    ("line", "name", "near"),
    [
        ("id:a ncpc:hasHosts id:b .", "ncpc:hasHosts", "ncpc:hasHost"),
        ("id:a a ncpc:Center .", "ncpc:Center", "ncpc:Centre"),
        ("id:a ncpc:concerns code:status-curent .", "code:status-curent", "code:status-current"),
        ("ncpc:Hostin a id:a .", "ncpc:Hostin", "ncpc:Hosting"),
        ('id:a ncpc:concerns "x"^^ncpc:Hostin .', "ncpc:Hostin", "ncpc:Hosting"),
    ],
)
def test_an_undefined_term_is_an_error_with_line_and_spelling(
    make_content: ContentMaker, line: str, name: str, near: str
) -> None:
    files = read_sources(make_content({DATA: HEAD + line}))

    with pytest.raises(VocabularyError) as caught:
        check_terms(files)

    assert f"{DATA}:4: {name} is not defined" in str(caught.value)
    assert f"did you mean {near}?" in str(caught.value)


def test_all_undefined_terms_are_told_at_once(make_content: ContentMaker) -> None:
    body = "".join(f"id:a ncpc:wrong{number} 1 .\n" for number in range(30))

    with pytest.raises(VocabularyError) as caught:
        check_terms(read_sources(make_content({DATA: HEAD + body})))

    message = str(caught.value)
    assert f"{DATA}:4: ncpc:wrong0 is not defined" in message
    assert f"{DATA}:24: ncpc:wrong20 is not defined" in message
    assert "and 9 more" in message


def test_a_shape_that_names_a_missing_property_is_an_error_with_its_line(make_content: ContentMaker) -> None:
    shapes = MINIMAL["shapes/hosting.ttl"].replace("sh:path ncpc:hasHost", "sh:path ncpc:hasHst")

    with pytest.raises(VocabularyError, match=r"hosting\.ttl:9: ncpc:hasHst is not defined"):
        check_terms(read_sources(make_content({"shapes/hosting.ttl": shapes})))


def test_a_shape_that_names_a_class_as_path_is_an_error(make_content: ContentMaker) -> None:
    shapes = MINIMAL["shapes/hosting.ttl"].replace("sh:path ncpc:hasHost", "sh:path ncpc:Centre")

    with pytest.raises(VocabularyError, match=r"hosting\.ttl:9: A shape names ncpc:Centre where a property"):
        check_terms(read_sources(make_content({"shapes/hosting.ttl": shapes})))


def test_a_shape_that_targets_a_property_is_an_error(make_content: ContentMaker) -> None:
    shapes = MINIMAL["shapes/hosting.ttl"].replace(
        "sh:targetClass ncpc:Hosting", "sh:targetClass ncpc:hasHost"
    )

    with pytest.raises(VocabularyError, match=r"hosting\.ttl:6: A shape names ncpc:hasHost where a class"):
        check_terms(read_sources(make_content({"shapes/hosting.ttl": shapes})))


def test_a_shape_that_asks_for_a_property_as_class_is_an_error(make_content: ContentMaker) -> None:
    shapes = MINIMAL["shapes/hosting.ttl"] + "shape:other sh:class ncpc:hasHost .\n"

    with pytest.raises(VocabularyError, match="A shape names ncpc:hasHost where a class"):
        check_terms(read_sources(make_content({"shapes/hosting.ttl": shapes})))


def test_sparql_inside_a_shape_is_checked(make_content: ContentMaker) -> None:
    shapes = MINIMAL["shapes/hosting.ttl"] + (
        "shape:Hosting sh:sparql shape:query .\n"
        'shape:query sh:select "SELECT $this { $this ncpc:hasHst ?x }" .\n'
    )

    with pytest.raises(VocabularyError, match=r"hosting\.ttl:14: ncpc:hasHst is not defined"):
        check_terms(read_sources(make_content({"shapes/hosting.ttl": shapes})))


def test_undefined_terms_of_a_query_are_found_with_their_lines(make_content: ContentMaker) -> None:
    vocabulary = check_terms(read_sources(make_content()))

    text = (
        "PREFIX ncpc: <x>\nSELECT * {\n  ?a ncpc:hasHost ?b ; ncpc:hasHst ?c\n  FILTER(?c = code:status-x)\n}"
    )

    assert list(vocabulary.missing(text)) == [("ncpc:hasHst", 3), ("code:status-x", 4)]


def test_the_real_content_uses_defined_terms_only(real: Content) -> None:
    assert len(check_terms(real.files).kinds) > 200
