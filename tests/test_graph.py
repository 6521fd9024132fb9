import itertools
from decimal import Decimal

import pytest
import rdflib
from pyoxigraph import Literal, NamedNode, Quad, QuerySolutions, Triple
from samples import ContentMaker

from ncpc_kg.errors import SourceError
from ncpc_kg.graph import Converter, Dataset, from_rdflib, merge
from ncpc_kg.pipeline import Content
from ncpc_kg.sources import read_sources
from ncpc_kg.vocabulary import BASE, GRAPH, ID, NCPC, PREFIXES

BRAZIL = NamedNode(ID["centre-brazil"])
HOSTING = NamedNode(ID["hosting-brazil-senai"])
HAS_HOST = NamedNode(NCPC["hasHost"])


def count(dataset: Dataset, text: str) -> int:
    solutions = dataset.query(text)
    assert isinstance(solutions, QuerySolutions)
    return len(list(solutions))


def test_each_file_is_a_named_graph(make_content: ContentMaker) -> None:
    files = read_sources(make_content())

    dataset = merge(files)

    assert {graph.value for graph in dataset.graphs()} == {file.graph.value for file in files}
    for file in files:
        assert dataset.graph(file.graph) == set(file.triples)
    assert len(dataset) == sum(len(file.triples) for file in files)


def test_the_order_of_files_changes_nothing(make_content: ContentMaker) -> None:
    other = f"<{BRAZIL.value}> <{NCPC['inCountry']}> <{ID['country-brazil']}> ."
    files = read_sources(make_content({"data/ttl/21-other.ttl": other}))
    expected = merge(files)
    centre = expected.place(BRAZIL)

    for order in itertools.permutations(files):
        found = merge(order)
        assert set(found.quads()) == set(expected.quads())
        assert found.place(BRAZIL) == centre


def test_a_statement_in_two_files_is_an_error_that_names_both(make_content: ContentMaker) -> None:
    root = make_content(
        {
            "data/ttl/21-copy.ttl": f"PREFIX id: <{ID}>\nPREFIX ncpc: <{NCPC}>\n\n"
            "id:hosting-brazil-senai\n    ncpc:hasHost id:org-senai ;\n."
        }
    )

    with pytest.raises(SourceError) as caught:
        merge(read_sources(root))

    assert "21-copy.ttl:5: A statement stands in two files" in str(caught.value)
    assert "20-brazil.ttl:7" in str(caught.value)


def test_no_statement_of_the_real_content_stands_in_two_graphs(real: Content) -> None:
    triples = [quad.triple for quad in real.asserted.quads()]

    assert len(triples) == len(set(triples)) > 1000


def test_a_place_is_found_for_statement_property_and_subject(make_content: ContentMaker) -> None:
    dataset = merge(read_sources(make_content()))

    assert str(dataset.place(HOSTING, HAS_HOST, NamedNode(ID["org-senai"]))).endswith("20-brazil.ttl:7")
    assert str(dataset.place(HOSTING, HAS_HOST)).endswith("20-brazil.ttl:7")
    assert str(dataset.place(HOSTING, NamedNode(NCPC["kind"]))).endswith("20-brazil.ttl:5")
    assert str(dataset.place(HOSTING)).endswith("20-brazil.ttl:5")
    assert dataset.place(NamedNode(ID["nobody"])) is None


def test_the_union_counts_a_statement_once(make_content: ContentMaker) -> None:
    dataset = merge(read_sources(make_content()))
    triple = Triple(HOSTING, HAS_HOST, NamedNode(ID["org-senai"]))
    dataset.add(NamedNode(GRAPH["again"]), [triple])

    assert len(list(dataset.match(HOSTING, HAS_HOST, None))) == 1


def test_queries_know_the_projects_prefixes_and_see_every_graph(make_content: ContentMaker) -> None:
    dataset = merge(read_sources(make_content()))

    assert (
        count(dataset, "SELECT ?o { id:hosting-brazil-senai ncpc:concerns/a ncpc:Centre ; ncpc:hasHost ?o }")
        == 1
    )
    assert count(dataset, "SELECT ?o { GRAPH graph:ncpc { id:centre-brazil a ?o } }") == 0


def same_numbers(graph: rdflib.Graph) -> set[tuple[rdflib.term.Node, ...]]:
    """Return the statements without blank nodes; Oxigraph keeps 140000 where rdflib keeps 140000.0."""
    found = set()
    for subject, predicate, value in graph:
        if isinstance(value, rdflib.Literal) and value.datatype == rdflib.XSD.decimal:
            value = rdflib.Literal(f"{Decimal(value).normalize():f}")
        if not isinstance(subject, rdflib.BNode) and not isinstance(value, rdflib.BNode):
            found.add((subject, predicate, value))
    return found


def test_the_rdflib_copy_is_what_rdflib_reads_from_the_files(real: Content) -> None:
    expected = rdflib.Graph()
    for file in real.files:
        if file.role != "shapes":
            expected.parse(file.path, format="turtle")

    copy = real.asserted.to_rdflib()

    assert len(copy) == len(expected)
    assert same_numbers(copy) == same_numbers(expected)


def test_the_rdflib_copy_can_be_of_chosen_graphs(make_content: ContentMaker) -> None:
    dataset = merge(read_sources(make_content()))

    copy = dataset.to_rdflib(NamedNode(GRAPH["20-brazil"]))

    assert len(copy) == 4
    assert dict(copy.namespaces()) == {prefix: rdflib.URIRef(iri) for prefix, iri in PREFIXES.items()}


@pytest.mark.parametrize(
    "term",
    [
        NamedNode("http://example.org/ü"),
        Literal("plain"),
        Literal('quo"te\n\\', language="en"),
        Literal("05", datatype=NamedNode(PREFIXES["xsd"] + "integer")),
        Literal("1996-13", datatype=NamedNode(PREFIXES["xsd"] + "gYearMonth")),
    ],
)
def test_terms_survive_the_way_to_rdflib_and_back(term: NamedNode | Literal) -> None:
    assert from_rdflib(Converter()(term)) == term


def test_a_fork_publishes_under_its_own_base(make_content: ContentMaker) -> None:
    dataset = merge(read_sources(make_content()))

    moved = dataset.rebased("https://example.org/kg/")

    assert len(moved) == len(dataset)
    assert not any(BASE in str(quad) for quad in moved.quads())
    assert NamedNode("https://example.org/kg/graph/20-brazil") in moved.graphs()
    subject = NamedNode("https://example.org/kg/id/hosting-brazil-senai")
    assert str(moved.place(subject)).endswith("20-brazil.ttl:5")
    assert set(moved.rebased(BASE).quads()) == set(moved.quads())
    assert dataset.rebased(BASE) is dataset


def test_a_fork_moves_namespaces_that_are_said_as_text() -> None:
    dataset = Dataset()
    namespace = NamedNode(PREFIXES["vann"] + "preferredNamespaceUri")
    dataset.add(NamedNode(GRAPH["x"]), [Triple(NamedNode(NCPC["x"]), namespace, Literal(str(NCPC)))])

    (quad,) = dataset.rebased("https://example.org/kg/").quads()

    assert quad == Quad(
        NamedNode("https://example.org/kg/ontology#x"),
        namespace,
        Literal("https://example.org/kg/ontology#"),
        NamedNode("https://example.org/kg/graph/x"),
    )


def test_what_people_read_is_not_moved() -> None:
    dataset = Dataset()
    note = Literal(f"First published under {BASE}", language="en")
    dataset.add(NamedNode("urn:x"), [Triple(NamedNode("urn:s"), NamedNode("urn:p"), note)])

    (quad,) = dataset.rebased("https://example.org/kg/").quads()

    assert quad.object == note


def test_a_patch_adds_and_takes_away_and_leaves_the_dataset_alone(make_content: ContentMaker) -> None:
    base = "https://example.org/kg/"
    dataset = merge(read_sources(make_content()))
    before = set(dataset.quads())
    written = NamedNode(f"{base}graph/entry/1")
    moved = {quad.triple: quad for quad in dataset.rebased(base).quads()}
    gone = moved[Triple(NamedNode(f"{base}id/hosting-brazil-senai"), NamedNode(f"{base}ontology#hasHost"),
                        NamedNode(f"{base}id/org-senai"))]  # fmt: skip

    patched = dataset.patched([Quad(gone.subject, gone.predicate, Literal("x"), written)], [gone], base)

    assert set(patched.quads()) - before == {
        Quad(HOSTING, HAS_HOST, Literal("x"), NamedNode(GRAPH["entry/1"]))
    }
    assert before - set(patched.quads()) == {
        Quad(HOSTING, HAS_HOST, NamedNode(ID["org-senai"]), NamedNode(GRAPH["20-brazil"]))
    }
    assert set(dataset.quads()) == before
    assert patched.place(HOSTING) == dataset.place(HOSTING)
