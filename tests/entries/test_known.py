"""Names near a misspelt one, whatever the size of the graph; what is known through writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store
from rdflib import RDFS, SKOS

from ncpc_kg.engine import Change
from ncpc_kg.entries import choices as module
from ncpc_kg.entries.desk import Desk
from ncpc_kg.entries.known import LABEL, TYPE, Known
from ncpc_kg.entries.remembered import Remembered
from ncpc_kg.vocabulary import GRAPH, ID, NCPC

COUNT = 3_000


class Counted:
    """A store that notes what it is asked."""

    def __init__(self, store: Store, asked: list[tuple[object, ...]]) -> None:
        self.store, self.asked = store, asked

    def quads_for_pattern(self, *pattern: Any) -> Iterator[Quad]:
        self.asked.append(pattern)
        return self.store.quads_for_pattern(*pattern)


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

    state = Remembered(Counted(many, asked))
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


NODES = tuple(NamedNode(ID[f"country-{number}"]) for number in (1, 2, 3))
TOLD = (
    *((TYPE, NamedNode(NCPC[name])) for name in ("Country", "Centre", "Land")),
    *((LABEL, Literal(name, language="en")) for name in ("Nicaragua", "Nikaria", "Land 7")),
    (LABEL, Literal("Le Nicaragua", language="fr")),
    (NamedNode(str(SKOS.altLabel)), Literal("Nicaragua", language="en")),
)
POOL = (
    *(
        Quad(node, name, value, NamedNode(GRAPH[graph]))
        for node in NODES
        for name, value in TOLD
        for graph in "xy"
    ),
    Quad(
        NamedNode(NCPC.Land), NamedNode(str(RDFS.subClassOf)), NamedNode(NCPC.Country), NamedNode(GRAPH["x"])
    ),
)


@settings(max_examples=25, deadline=None)
@example(writes=[{quad for quad in POOL if quad.object in (NamedNode(NCPC.Land), TOLD[3][1])}, {POOL[-1]}])
@given(writes=st.lists(st.sets(st.sampled_from(POOL), min_size=1, max_size=6), min_size=1, max_size=5))
def test_what_is_known_follows_every_write(desk: Desk, writes: list[set[Quad]]) -> None:
    store = Store()
    for number in range(320):
        node = NamedNode(ID[f"country-land-{number}"])
        store.add(Quad(node, TYPE, NamedNode(NCPC.Country), NamedNode(GRAPH["x"])))
        store.add(Quad(node, LABEL, Literal(f"Land {number}", language="en"), NamedNode(GRAPH["x"])))
    country = next(of for of in desk.profile.centre.fields if of.key == "country")
    texts = ("Nicaragua", "Nikaragua", "nikaria", "Lnad 7", "Le Nicaragua", "country-2", "id:country-3")
    patterns = [
        pattern
        for quad in POOL
        for pattern in (
            (quad.subject, quad.predicate, None),
            (quad.subject, quad.predicate, quad.object),
            (quad.subject, None, quad.object),
            (None, quad.predicate, quad.object),
        )
    ]

    def all_of(known: Known) -> tuple[object, ...]:
        return (
            list(known.choices(country).listed),
            known.texts(country, 20),
            [known.near(country, text) for text in texts],
            [known.resolve(country, text) for text in texts],
            [(known.label(node), sorted(known.names_of(node)), known.fits(country, node)) for node in NODES],
            [set(known.store.quads_for_pattern(*pattern)) for pattern in patterns],
        )

    known = Known(store, desk.base)
    all_of(known)
    for write in writes:
        gone = tuple(quad for quad in write if quad in store)
        change = Change(tuple(write.difference(gone)), gone)
        for quad in gone:
            store.remove(quad)
        store.extend(change.inserted)
        known.follow(change)
        assert all_of(known) == all_of(Known(store, desk.base))


def test_a_hub_is_walked_once(desk: Desk) -> None:
    """What thousands of statements are made of is looked up when choices are prepared, not at each check."""
    store, walked = Store(), list[tuple[object, ...]]()
    hub, graph = NamedNode(ID["org-hub"]), NamedNode(GRAPH["x"])
    organisation = NamedNode("http://www.w3.org/ns/org#Organization")
    store.add(Quad(hub, TYPE, organisation, graph))
    store.add(Quad(hub, LABEL, Literal("Hub", language="en"), graph))
    store.extend(Quad(hub, NamedNode(NCPC.hosts), NamedNode(ID[f"centre-{n}"]), graph) for n in range(600))

    known = Known(Counted(store, walked), desk.base)
    known.prepare(desk.profile)
    centre = NamedNode(ID["centre-new"])
    known.follow(Change((Quad(hub, NamedNode(NCPC.hosts), centre, graph), Quad(centre, TYPE, hub, graph))))
    walked.clear()
    assert known.label(hub) == "Hub"
    assert [quad.object for quad in known.store.quads_for_pattern(hub, TYPE, None)] == [organisation]
    assert not walked


def test_a_name_in_english_goes_first_and_what_many_share_is_not_walked(desk: Desk, many: Store) -> None:
    """The plain text may be a value of every centre; it is looked for only where nothing has the name."""
    store, asked = Store(), list[tuple[object, ...]]()
    store.extend(many)
    french = NamedNode(ID["country-0"])
    store.add(Quad(french, LABEL, Literal("Zimbabwe", language="fr"), NamedNode(GRAPH["x"])))
    known = Known(Counted(store, asked), desk.base)
    country = next(of for of in desk.profile.centre.fields if of.key == "country")
    found = known.resolve(country, "Zimbabwe")
    assert found is not None
    assert known.label(found) == "Zimbabwe"
    assert found != french
    assert (None, LABEL, Literal("Zimbabwe"), None) not in asked
