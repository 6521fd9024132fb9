"""Names near a misspelt one, whatever the size of the graph."""

from __future__ import annotations

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from ncpc_kg.entries import known as module
from ncpc_kg.entries.desk import Desk
from ncpc_kg.entries.known import LABEL, TYPE, Known
from ncpc_kg.entries.remembered import Remembered
from ncpc_kg.vocabulary import GRAPH, ID, NCPC

COUNT = 3_000


@pytest.fixture(scope="module")
def many() -> Store:
    """A graph with thousands of countries, some of whose names are much alike."""
    store = Store()
    names = [f"Land {number}" for number in range(COUNT)]
    names += ["Czech Republic", "Zimbabwe", "Nicaragua", "Tanzania", "Côte d'Ivoire"]
    for number, name in enumerate(names):
        node = NamedNode(ID[f"country-{number}"])
        store.add(Quad(node, TYPE, NamedNode(NCPC.Country), NamedNode(GRAPH["x"])))
        store.add(Quad(node, LABEL, Literal(name, language="en"), NamedNode(GRAPH["x"])))
    return store


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Zimbabwer", "Zimbabwe"),
        ("Simbabwe", "Zimbabwe"),
        ("Nikaragua", "Nicaragua"),
        ("nicaragua ", "Nicaragua"),
        ("Czeck Republik", "Czech Republic"),
        ("Cote d'Ivore", "Côte d'Ivoire"),
        ("xLand 1234", "Land 1234"),
        ("Lnad 77", "Land 77"),
        ("id:country-tanzania", "Tanzania"),
    ],
)
def test_the_nearest_of_thousands_comes_first(desk: Desk, many: Store, written: str, meant: str) -> None:
    field = next(of for of in desk.profile.centre.fields if of.key == "country")
    assert Known(many, desk.base).near(field, written)[0].label == meant


def test_how_many_names_are_looked_at_does_not_grow_with_the_graph(
    desk: Desk, many: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[str] = []
    pieces = module._pieces
    monkeypatch.setattr(module, "_pieces", lambda text: looked_at.append(text) or pieces(text))
    field = next(of for of in desk.profile.centre.fields if of.key == "country")
    Known(many, desk.base).near(field, "Lnad 77")
    assert 0 < len(looked_at) < COUNT / 5


def test_what_was_asked_of_a_state_is_not_asked_again(many: Store) -> None:
    asked: list[tuple[object, ...]] = []

    class Counted:
        def quads_for_pattern(self, *pattern: object) -> object:
            asked.append(pattern)
            return many.quads_for_pattern(*pattern)  # type: ignore[arg-type]

    state = Remembered(Counted())  # type: ignore[arg-type]
    node, kind = NamedNode(ID["country-7"]), NamedNode(NCPC.Country)
    for _ in range(3):
        assert len(list(state.quads_for_pattern(node, TYPE, None))) == 1
        assert len(list(state.quads_for_pattern(node, TYPE, kind))) == 1
        assert not list(state.quads_for_pattern(node, TYPE, NamedNode(NCPC.Centre)))
        assert len(list(state.quads_for_pattern(node, LABEL, None))) == 1
    assert len(asked) == 2
    # What is long is not kept, and still given whole.
    assert [len(list(state.quads_for_pattern(None, TYPE, kind))) for _ in range(2)] == [COUNT + 5] * 2
    assert len(asked) == 4
