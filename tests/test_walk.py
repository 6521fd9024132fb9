"""One statement, from four lines of Turtle to an answer, each stop run alone and no mock."""

from __future__ import annotations

from pathlib import Path

from pyoxigraph import NamedNode
from samples import ContentMaker

from ncpc_kg.catalogue import bind, read_catalogue, read_term
from ncpc_kg.closure import close
from ncpc_kg.engine import Formats
from ncpc_kg.graph import merge
from ncpc_kg.query import answer
from ncpc_kg.sources import read_sources
from ncpc_kg.store import Store
from ncpc_kg.validation import read_shapes, validate
from ncpc_kg.vocabulary import ID, INFERRED

DATA = """\
PREFIX id: <https://w3id.org/ncpc/id/>
PREFIX ncpc: <https://w3id.org/ncpc/ontology#>
id:centre-brazil a ncpc:Centre .
id:hosting-brazil-senai a ncpc:Hosting ; ncpc:concerns id:centre-brazil ; ncpc:hasHost id:org-senai .
"""


def test_from_a_line_of_turtle_to_an_answer(make_content: ContentMaker, tmp_path: Path) -> None:
    root = make_content({"data/ttl/20-brazil.ttl": DATA})

    files = read_sources(root)
    asserted = merge(file for file in files if file.role != "shapes")
    shapes = merge(file for file in files if file.role == "shapes")
    assert len(asserted.graph(files[2].graph)) == 4

    report = validate(asserted, read_shapes(shapes))
    assert report.conforms

    close(asserted)
    assert f"{ID}org-senai" in {str(triple.object.value) for triple in asserted.graph(INFERRED)}

    with Store.open(tmp_path / "store") as store:
        store.replace_built(asserted.quads(), fingerprint="1")
        question = read_catalogue(root / "queries").get("host-of-centre")
        centre = read_term(question.parameters[0], "id:centre-brazil")
        assert f"<{ID}centre-brazil>" in bind(question, {"centre": centre})

        found = answer(store, question, {"centre": centre}, Formats(bindings="text/csv"))
        nobody = answer(store, question, {"centre": NamedNode(ID["x"])}, Formats(bindings="text/csv"))

    assert found.body.decode().split() == ["host", f"{ID}org-senai"]
    assert nobody.body.decode().split() == ["host"]
