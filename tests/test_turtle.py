from pathlib import Path

import pytest
import rdflib
from rdflib.compare import isomorphic

from ncpc_kg.errors import SourceError
from ncpc_kg.pipeline import Content
from ncpc_kg.turtle import format_turtle

PATH = Path("x.ttl")
TEXT = """\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shape: <https://w3id.org/ncpc/shapes#> .
@prefix id: <https://w3id.org/ncpc/id/> .
shape:B sh:property [ sh:path id:z ; sh:order 1 ], [ sh:path id:a ; sh:order 2 ],
  [ sh:path ( id:p [ sh:inversePath id:q ] ) ] .
shape:A sh:message "one # two"@en , 'it is' , "<#>" .
"""


def test_formatting_keeps_the_statements_and_a_second_time_changes_nothing() -> None:
    once = format_turtle(TEXT, PATH)

    assert once != TEXT
    assert format_turtle(once, PATH) == once
    assert isomorphic(rdflib.Graph().parse(data=TEXT), rdflib.Graph().parse(data=once))


def test_subjects_are_sorted_and_blank_nodes_keep_their_order() -> None:
    once = format_turtle(TEXT, PATH)

    assert once.index("shape:A") < once.index("shape:B")
    assert once.index("sh:path id:z") < once.index("sh:path id:a")


@pytest.mark.parametrize(
    ("text", "line"),
    [("# first\n", 1), ("PREFIX id: <https://w3id.org/ncpc/id/>\nid:a id:b 'x#y' . # why\n", 2)],
)
def test_a_comment_is_refused_rather_than_lost(text: str, line: int) -> None:
    with pytest.raises(SourceError, match=rf"x\.ttl:{line}: The file holds a comment"):
        format_turtle(text, PATH)


def test_all_files_of_the_project_are_formatted(real: Content) -> None:
    differing = [
        file.name
        for file in real.files
        if format_turtle(text := file.path.read_text(encoding="utf-8"), file.path) != text
    ]
    assert differing == []
