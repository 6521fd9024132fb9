import pytest
from pyoxigraph import RdfFormat

from ncpc_kg.lines import LineParser
from ncpc_kg.vocabulary import ID, NCPC

HEAD = f"PREFIX id: <{ID}>\nPREFIX ncpc: <{NCPC}>\n"


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("id:a ncpc:p id:b .", [3]),
        ("id:a\n    ncpc:p\n        id:b ,\n        id:c ;\n    ncpc:q 5 ;\n.", [5, 6, 7]),
        ('id:a ncpc:p """one\ntwo\nthree""" ; ncpc:q 1 .', [5, 5]),
        ("id:a ncpc:p\n\n\nid:b\n.", [6]),
        ("id:a ncpc:p ( id:b\nid:c ) .", [3, 3, 4, 4, 4]),
    ],
)
def test_every_statement_has_the_line_its_object_ends_on(body: str, lines: list[int]) -> None:
    assert sorted(line for _, line in LineParser(HEAD + body, RdfFormat.TURTLE)) == lines


def test_a_line_longer_than_the_parsers_buffer_counts_once() -> None:
    text = HEAD + f'id:a id:b "{"x" * 100_000}" .\nid:a id:c 1 .'

    assert [line for _, line in LineParser(text, RdfFormat.TURTLE)] == [3, 4]


def test_what_is_handed_over_whole_has_no_line() -> None:
    document = f'{{"@id": "{ID}a", "{NCPC}p": "x"}}'

    assert [line for _, line in LineParser(document, RdfFormat.JSON_LD)] == [0]
