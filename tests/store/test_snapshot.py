"""One state of the graph: a statement in two graphs counts once where they are read as one."""

from __future__ import annotations

from pyoxigraph import NamedNode, RdfFormat, parse

from ncpc_kg.engine import DatasetClause
from ncpc_kg.store import Snapshot

GRAPHS = ("http://e/g1", "http://e/g2")
DATA = "".join(f"<http://e/a> <http://e/p> <http://e/b> <{name}> .\n" for name in GRAPHS)


def test_the_pattern_of_an_update_sees_a_statement_of_two_graphs_once() -> None:
    state = Snapshot()
    state.load(parse(DATA.encode(), RdfFormat.N_QUADS))

    found = list(state.solutions("SELECT ?s WHERE { ?s ?p ?o }", DatasetClause(default_graphs=GRAPHS)))

    assert [row["s"] for row in found] == [NamedNode("http://e/a")]
