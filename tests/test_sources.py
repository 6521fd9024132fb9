from pathlib import Path

import pytest
from pyoxigraph import BlankNode, NamedNode
from samples import ContentMaker

from ncpc_kg.errors import SourceError
from ncpc_kg.pipeline import Content
from ncpc_kg.sources import find_sources, parse_turtle, read_source, read_sources
from ncpc_kg.vocabulary import GRAPH, ID, NCPC, PREFIXES

PATH = Path("x.ttl")
NIL = NamedNode(PREFIXES["rdf"] + "nil")
HEAD = f"PREFIX id: <{ID}>\nPREFIX ncpc: <{NCPC}>\n"


def test_files_get_role_graph_and_name_by_folder(make_content: ContentMaker) -> None:
    files = read_sources(make_content())

    assert [(file.name, file.role, file.graph.value.removeprefix(GRAPH)) for file in files] == [
        ("ontology/ncpc.ttl", "ontology", "ncpc"),
        ("ontology/codes/status.ttl", "ontology", "codes-status"),
        ("data/ttl/20-brazil.ttl", "data", "20-brazil"),
        ("shapes/hosting.ttl", "shapes", "hosting"),
    ]


def test_lines_are_right_in_the_real_files(real: Content) -> None:
    wrong = []
    for file in real.files:
        text = file.path.read_text(encoding="utf-8").splitlines()
        for triple, place in file.statements():
            if isinstance(triple.object, NamedNode) and triple.object != NIL and place.line is not None:
                local = triple.object.value.rstrip("/#").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
                line = text[place.line - 1]
                if local not in line and not (local == "type" or " a " in f" {line}"):
                    wrong.append((str(place), line))
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (HEAD + "id:a id:b id:c\nid:d id:e id:f .", "x.ttl:4:1", ["Not valid Turtle"]),
        (HEAD + 'id:a id:b "x .', "x.ttl:3:11", ["Not valid Turtle"]),
        ("id:a id:b id:c .", "x.ttl:1:1", ["prefix id: is not declared", f"add PREFIX id: <{ID}>"]),
        (HEAD + "ncp:a id:b id:c .", "x.ttl:3:1", ["prefix ncp: is not declared", "did you mean ncpc:?"]),
        ("PREFIX qqqq: <http://e/>\nqqqq:a qqqq:b 1 .", "x.ttl:1", ["prefix qqqq: differs"]),
        (
            "\nPREFIX schema: <http://schema.org/>\nschema:a schema:b 1 .",
            "x.ttl:2",
            ["prefix schema: differs", "expected: schema: <https://schema.org/>"],
        ),
        (
            "PREFIX sc: <https://schema.org/>\nsc:a sc:b 1 .",
            "x.ttl:1",
            ["prefix sc: differs", "expected: schema: <https://schema.org/>"],
        ),
        ("<http://e/a b> <http://e/c> 1 .", "x.ttl:1:1", ["Not valid Turtle"]),
    ],
)
def test_wrong_text_is_refused_with_its_place(text: str, place: str, words: list[str]) -> None:
    with pytest.raises(SourceError) as caught:
        parse_turtle(text, PATH)

    message = str(caught.value)
    assert message.startswith(f"{place}: ")
    for word in words:
        assert word in message


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.ttl"
    path.write_bytes(HEAD.encode() + b'id:a id:b "S\xe3o Paulo" .')

    with pytest.raises(SourceError, match=r"latin\.ttl:3: The file is not UTF-8"):
        read_source(path, "data", GRAPH["x"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.ttl: The file cannot be read: No such file"):
        read_source(tmp_path / "gone.ttl", "data", GRAPH["x"])


def test_a_blank_node_in_data_is_refused(make_content: ContentMaker) -> None:
    root = make_content({"data/ttl/20-brazil.ttl": HEAD + "id:a ncpc:concerns\n  [ ncpc:hasHost id:b ] ."})

    with pytest.raises(SourceError, match=r"20-brazil\.ttl:4: A data file holds a blank node"):
        read_sources(root)


def test_blank_nodes_elsewhere_are_named_alike_in_every_build(make_content: ContentMaker) -> None:
    root = make_content()

    first, second = ([file.triples for file in read_sources(root)] for _ in range(2))

    assert first == second
    assert any(isinstance(triple.subject, BlankNode) for triples in first for triple in triples)


def test_two_files_may_not_form_one_graph(make_content: ContentMaker) -> None:
    root = make_content({"shapes/20-brazil.ttl": HEAD})

    with pytest.raises(SourceError, match="Two files would form the graph graph:20-brazil"):
        find_sources(root)


def test_an_empty_folder_is_an_error_not_an_empty_graph(make_content: ContentMaker) -> None:
    root = make_content({"shapes/hosting.ttl": None})

    with pytest.raises(SourceError, match="No Turtle file in shapes/"):
        find_sources(root)
