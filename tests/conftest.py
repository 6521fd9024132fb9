"""What several test modules share; the real content is read and built once a session."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from samples import MINIMAL, ROOT, ContentMaker

from ncpc_kg.closure import close, read_rules
from ncpc_kg.graph import Dataset
from ncpc_kg.pipeline import Content, build, read
from ncpc_kg.settings import Settings


@pytest.fixture
def make_content(tmp_path: Path) -> ContentMaker:
    """Write a minimal content directory; keyword arguments replace or add files.

    A value of None leaves the file out.
    """

    def make(changes: dict[str, str | None] | None = None) -> Path:
        root = tmp_path / "content"
        for name, text in {**MINIMAL, **(changes or {})}.items():
            if text is not None:
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        return root

    return make


@pytest.fixture(scope="session")
def real_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings for the project's own content, with a store of this session."""
    return Settings(content=ROOT, store=tmp_path_factory.mktemp("real") / "store")


@pytest.fixture(scope="session")
def real(real_settings: Settings) -> Content:
    """The project's own content, read once."""
    return read(real_settings)


@pytest.fixture(scope="session")
def closed(real: Content) -> Dataset:
    """The project's own content with what follows from it; for reading only."""
    dataset = real.asserted.patched((), ())
    return close(dataset, read_rules(dataset, ROOT))


@pytest.fixture(scope="session")
def closed_graph(closed: Dataset) -> rdflib.Graph:
    """The same for rdflib, all graphs merged; for reading only."""
    return closed.to_rdflib()


@pytest.fixture(scope="session")
def built(real_settings: Settings) -> Settings:
    """The settings of a store that holds the project's own content, built once."""
    build(real_settings).store.close()
    return real_settings


_left_out: list[pytest.Item] = []


def pytest_deselected(items: list[pytest.Item]) -> None:
    """Remember the tests that the marker expression leaves out."""
    _left_out.extend(
        item for item in items if item.get_closest_marker("server") or item.get_closest_marker("browser")
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and how to get it."""
    if _left_out:
        terminalreporter.write_line(
            f"Left out: {len(_left_out)} tests that need a server or a browser. To run them too, install "
            'virtuoso-opensource and chromium, then: .venv/bin/python -m pytest -m "server or browser"'
        )
