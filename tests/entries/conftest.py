"""The real content, closed, with a desk over it: made once; and stores that a test may change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad

from ncpc_kg.closure import close
from ncpc_kg.entries import Desk, Service
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.read import form_of
from ncpc_kg.graph import Dataset
from ncpc_kg.pipeline import Content
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import INFERRED

EXAMPLES = Path(__file__).resolve().parent / "examples"


@pytest.fixture(scope="session")
def desk(real_settings: Settings) -> Desk:
    return Desk.read(real_settings)


@pytest.fixture(scope="session")
def closed(real: Content) -> tuple[Quad, ...]:
    whole = Dataset()
    whole.store.bulk_extend(real.asserted.store)
    close(whole)
    return tuple(whole.store)


@pytest.fixture(scope="session")
def graph(desk: Desk, closed: tuple[Quad, ...], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The graph, to be looked at only."""
    with Store.open(tmp_path_factory.mktemp("graph") / "store", gate=Service(desk)) as store:
        store.replace_built(closed, "1")
        yield store


@pytest.fixture
def fresh(desk: Desk, closed: tuple[Quad, ...], tmp_path: Path) -> Iterator[Store]:
    """The graph, to be changed."""
    with Store.open(tmp_path / "store", gate=Service(desk)) as store:
        store.replace_built(closed, "1")
        yield store


@pytest.fixture(scope="session")
def check(desk: Desk, graph: Store) -> Callable[..., Checked]:
    """Check one entry given as text or bytes, or as the path of an example."""

    def run(source: str | bytes | Path, name: str = "entry.yaml") -> Checked:
        if isinstance(source, Path):
            name, source = source.name, source.read_bytes()
        data = source.encode() if isinstance(source, str) else source
        (entry,) = desk.read_in(graph, data, form_of(None, name), name)
        (checked,) = desk.check(graph, (entry,))
        return checked

    return run


@pytest.fixture(scope="session")
def good() -> str:
    """The whole entry that is right."""
    return (EXAMPLES / "nicaragua-made-up.yaml").read_text(encoding="utf-8")


def is_closed(store: Store) -> bool:
    """Whether the inferred graph of a store is exactly what follows from the rest."""
    inferred = NamedNode(str(INFERRED))
    whole = Dataset()
    whole.store.bulk_extend(quad for quad in store.quads() if quad.graph_name != inferred)
    close(whole)
    return set(whole.graph(inferred)) == {quad.triple for quad in store.graph(inferred)}
