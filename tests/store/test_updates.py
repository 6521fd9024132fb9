"""The planned change must be what the engine itself would do (SPARQL 1.1 Update, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ncpc_kg.engine import DatasetClause, Formats
from ncpc_kg.errors import Conflict, Forbidden, QueryError
from ncpc_kg.store import Reach, Snapshot, syntax
from ncpc_kg.store.operations import split
from ncpc_kg.store.updates import plan

P = "PREFIX e: <http://e/> "
DATA = """
<http://e/a> <http://e/p> <http://e/b> .
<http://e/a> <http://e/p> "1"^^<http://www.w3.org/2001/XMLSchema#integer> .
_:x <http://e/p> <http://e/a> .
<http://e/a> <http://e/p> <http://e/b> <http://e/g1> .
_:x <http://e/q> "one"@en <http://e/g1> .
<http://e/c> <http://e/q> <http://e/a> <http://e/g2> .
"""


def native() -> ox.Store:
    store = ox.Store()
    store.load(DATA.encode(), ox.RdfFormat.N_QUADS)
    store.add_graph(ox.NamedNode("http://e/empty"))
    return store


def snapshot() -> Snapshot:
    made = Snapshot()
    made.load(native(), ["http://e/empty"])
    return made


def canonical(store: ox.Store) -> str:
    dataset = ox.Dataset(store)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return "\n".join(sorted(str(dataset).splitlines())) + "\n" + str(sorted(map(str, store.named_graphs())))


def without_empty_graphs(store: ox.Store) -> ox.Store:
    """The engine lets a graph go when an empty one is copied into it; ours keeps it, empty."""
    for name in list(store.named_graphs()):
        if next(store.quads_for_pattern(None, None, None, name), None) is None:
            store.remove_graph(name)
    return store


def same_as_native(text: str, spelt: str | None = None, empty_graphs: bool = True) -> Snapshot:
    expected, state = native(), snapshot()
    before = canonical(state.named)
    expected.update(spelt or text)
    change = plan(state, text, None, Reach())
    assert canonical(state.named) == before, "planning changes nothing"
    for quad in change.inserted:
        assert quad not in state
    for quad in change.deleted:
        assert quad in state
    state.apply(change)
    if not empty_graphs:
        without_empty_graphs(state.named)
        without_empty_graphs(expected)
    assert canonical(state.named) == canonical(expected)
    triples = {(q.subject, q.predicate, q.object) for q in state.named}
    _, *union = state.query(
        "SELECT * { ?s ?p ?o }", Formats(bindings="text/tab-separated-values")
    ).body.splitlines()
    assert len(union) == len(set(union)) == len(triples)
    assert state.repeats == len(state.named) - len(triples)
    return state


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { e:n e:p 5, 'x'@de . GRAPH e:g9 { e:n e:p _:b . _:b e:p 1 } }",
        "INSERT DATA { e:a e:p e:b . GRAPH e:g1 { e:a e:p e:b } }",
        "DELETE DATA { e:a e:p e:b, e:none . GRAPH e:g1 { e:a e:p e:b } }",
        "DELETE WHERE { ?s e:p ?o }",
        "DELETE WHERE { GRAPH ?g { ?s ?p ?o } }",
        "DELETE { ?s ?p ?o } INSERT { ?s e:new ?o ; e:node [ e:of ?s ] } WHERE { ?s ?p ?o }",
        "DELETE { ?s ?p ?o } INSERT { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "WITH e:g1 DELETE { ?s ?p ?o } INSERT { ?o e:back ?s } WHERE { ?s ?p ?o }",
        "WITH e:g1 DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER EXISTS { GRAPH e:g2 { ?c ?d ?s } } }",
        "INSERT { GRAPH e:n { ?s ?p ?o }} USING e:g1 USING NAMED e:g2 WHERE { ?s ?p ?o GRAPH ?g {?c ?q ?s}}",
        "INSERT { GRAPH ?g { ?s e:in ?g } } WHERE { GRAPH ?g { ?s ?p ?o } }",
        "INSERT { e:made e:count ?n } WHERE { SELECT (COUNT(*) AS ?n) { ?s ?p ?o } }",
        "INSERT { e:always e:p e:o } WHERE {}",
        "INSERT { ?s e:p ?unbound } WHERE { ?s e:p ?o }",
        "INSERT { ?o e:p 1 } WHERE { ?s e:q ?o . FILTER(false) }",
        "CLEAR DEFAULT",
        "CLEAR NAMED",
        "CLEAR ALL",
        "DROP ALL",
        "DROP GRAPH e:g1",
        "CLEAR GRAPH e:g1",
        "DROP SILENT GRAPH e:none",
        "CREATE GRAPH e:fresh",
        "CREATE SILENT GRAPH e:g1",
        "COPY e:g1 TO e:g2",
        "COPY DEFAULT TO GRAPH e:g3",
        "MOVE e:g1 TO DEFAULT",
        "MOVE e:g1 TO e:g1",
        "ADD GRAPH e:g2 TO e:g1",
        "INSERT DATA { e:n e:p 1 } ; DELETE { ?s e:p 1 } INSERT { ?s e:p 2 } WHERE { ?s e:p 1 } ;",
        "DROP GRAPH e:g1 ; INSERT DATA { GRAPH e:g1 { e:a e:p e:b } }",
        "BASE <http://e/> INSERT DATA { <r> <p> '''a ; b } {''' }",
        "# only a comment ; {\nINSERT DATA { e:a e:p 'x;}' } # ;",
    ],
)
def test_change_is_what_the_engine_does(text: str) -> None:
    same_as_native(P + text)


names = st.sampled_from(["e:a", "e:b", "e:c", "1", "'t'"])
graphs = st.sampled_from(["e:g1", "e:g2", "e:g3"])


@st.composite
def operations(draw: st.DrawFn) -> str:
    s, o = draw(st.sampled_from(["e:a", "e:b"])), draw(names)
    g, h = draw(graphs), draw(graphs)
    return draw(
        st.sampled_from(
            [
                f"INSERT DATA {{ {s} e:p {o} }}",
                f"INSERT DATA {{ GRAPH {g} {{ {s} e:p {o} }} }}",
                f"DELETE DATA {{ {s} e:p {o} }}",
                f"DELETE WHERE {{ GRAPH {g} {{ {s} ?p ?o }} }}",
                f"WITH {g} DELETE {{ ?s e:p ?o }} INSERT {{ ?s e:q ?o }} WHERE {{ ?s e:p ?o }}",
                f"INSERT {{ GRAPH {g} {{ ?s ?p ?o }} }} WHERE {{ GRAPH {h} {{ ?s ?p ?o }} }}",
                f"DELETE {{ GRAPH {g} {{ ?s ?p ?o }} }} WHERE {{ ?s ?p ?o }}",
                f"INSERT DATA {{ GRAPH {g} {{ e:z e:z 1 }} }} ; COPY {g} TO {h}",
                f"INSERT DATA {{ GRAPH {g} {{ e:z e:z 1 }} }} ; MOVE {g} TO {h}",
                f"ADD SILENT DEFAULT TO {g}",
                f"DROP SILENT GRAPH {g}",
                "CLEAR DEFAULT",
            ]
        )
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(operations(), min_size=1, max_size=6))
def test_any_sequence_is_what_the_engine_does(texts: list[str]) -> None:
    same_as_native(P + " ; ".join(texts), empty_graphs=False)


def test_a_prefix_may_be_declared_between_operations() -> None:
    """SPARQL 1.1, grammar rule 29: the engine takes no PREFIX after the first operation."""
    text = "CLEAR ALL ; PREFIX f: <http://e/> INSERT DATA { f:n f:p 1 } ; COPY DEFAULT TO f:g7"
    same_as_native(text, P + text.replace("PREFIX f: <http://e/>", "").replace("f:", "e:"))


def test_using_of_the_request_is_the_dataset() -> None:
    """SPARQL 1.1 Protocol, section 2.2.3."""
    using = DatasetClause(default_graphs=("http://e/g1",))
    change = plan(snapshot(), P + "INSERT { GRAPH e:t { ?s ?p ?o } } WHERE { ?s ?p ?o }", using, Reach())
    assert len(change.inserted) == 2


@pytest.mark.parametrize("clause", ["WITH e:g1 ", ""])
def test_dataset_given_twice_is_refused(clause: str) -> None:
    """SPARQL 1.1 Protocol, section 2.2.3: using-* beside USING or WITH is an error."""
    text = P + clause + "INSERT { ?s ?p 1 } " + ("" if clause else "USING e:g1 ") + "WHERE { ?s ?p ?o }"
    with pytest.raises(QueryError, match="twice"):
        plan(snapshot(), text, DatasetClause(named_graphs=("http://e/g2",)), Reach())


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("INSERT DATA {\n e:a e:p }", 2, 10), ("CLEAR XYZ", 1, 30), ("DELETE DATA { ?s e:p 1 }", 1, 46)],
)
def test_syntax_errors_have_a_place(text: str, line: int, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        plan(snapshot(), P + text, None, Reach())
    assert caught.value.place is not None
    assert caught.value.place.line == line
    assert abs((caught.value.place.column or 0) - column) <= 2


@pytest.mark.parametrize("text", ["CREATE GRAPH e:g1", "DROP GRAPH e:none", "COPY e:none TO e:g1"])
def test_failing_operations_change_nothing(text: str) -> None:
    """SPARQL 1.1 Update, section 3: a request fails as a whole."""
    state = snapshot()
    with pytest.raises(QueryError, match="graph"):
        plan(state, P + "INSERT DATA { e:x e:y e:z } ; " + text, None, Reach())
    assert canonical(state.named) == canonical(native())


@pytest.mark.parametrize(
    "text", ["LOAD <http://127.0.0.1:9/x.ttl>", "LOAD <file:///etc/passwd>", "LOAD <http://user@host/x>"]
)
def test_load_reaches_nothing_by_default(text: str) -> None:
    with pytest.raises(Forbidden):
        plan(snapshot(), text, None, Reach())
    assert not plan(snapshot(), text.replace("LOAD", "LOAD SILENT"), None, Reach())


@pytest.mark.parametrize(
    "text", ["LOAD", "LOAD ;", "LOAD SILENT", "LOAD <http://h/d> INTO <http://e/g>", "LOAD SILENT no:where"]
)
def test_load_is_parsed_before_anything_is_fetched(text: str) -> None:
    """SPARQL 1.1, section 19.8, rule 31; SILENT is for what fails, not for what is no update."""
    with pytest.raises(QueryError):
        plan(snapshot(), text, None, Shelf(body=b"<a> <b> 1 ."))


@dataclass(frozen=True)
class Shelf(Reach):
    """Hands out one document, whatever is asked for."""

    body: bytes = b""
    media_type: str = "text/turtle"

    def fetch(self, iri: str) -> tuple[bytes, str]:
        return self.body, self.media_type


def test_load_adds_a_document_to_a_graph() -> None:
    change = plan(
        snapshot(), "LOAD <http://h/d/> INTO GRAPH <http://e/new>", None, Shelf(body=b"<a> <b> 1 .")
    )
    assert [str(quad.subject) for quad in change.inserted] == ["<http://h/d/a>"]
    assert change.created == (ox.NamedNode("http://e/new"),)


@pytest.mark.parametrize(("body", "media_type"), [(b"<html>", "text/html"), (b"<a> <b>", "text/turtle")])
def test_load_of_something_else_is_an_error(body: bytes, media_type: str) -> None:
    shelf = Shelf(body=body, media_type=media_type)
    with pytest.raises(QueryError):
        plan(snapshot(), "LOAD <http://h/d>", None, shelf)
    assert not plan(snapshot(), "LOAD SILENT <http://h/d>", None, shelf)


def test_service_in_an_update_reaches_nothing_by_default() -> None:
    with pytest.raises(Forbidden):
        plan(
            snapshot(),
            "INSERT { ?s ?p ?o } WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
            None,
            Reach(),
        )


def test_derived_graphs_cannot_be_written() -> None:
    derived = frozenset({ox.NamedNode("http://e/inferred")})
    with pytest.raises(Conflict):
        plan(snapshot(), P + "INSERT DATA { GRAPH e:inferred { e:a e:p 1 } }", None, Reach(), derived)


def test_operations_are_split_outside_brackets_and_strings() -> None:
    text = P + "INSERT DATA { e:a e:p ';' } ; CLEAR ALL ; # ;\n DELETE WHERE { ?s ?p ?o ; ?q ?r }"
    assert [one.word for one in split(text)] == ["INSERT", "CLEAR", "DELETE"]


def test_an_unknown_function_is_told() -> None:
    text = P + "INSERT { ?s ?p ?x } WHERE { ?s ?p ?o BIND(<http://e/f>(?o) AS ?x) }"
    with pytest.raises(QueryError) as caught:
        plan(snapshot(), text, None, Reach())
    assert "http://e/f" in (caught.value.found or "")


@pytest.mark.parametrize("text", ["PREFIXe: <http://e/> ", "prefixe:<http://e/> INSERT DATA { e:a e:b e:c }"])
def test_a_prefix_without_a_space_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match="space is missing"):
        syntax.prologue(syntax.tokens(text))
