"""CITATION.cff says what the package says."""

from __future__ import annotations

import yaml
from conftest import ROOT

from ncpc_kg import __version__
from ncpc_kg.dataset import read_about


def test_the_citation_agrees_with_package_and_dataset() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    about = read_about()
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == __version__
    assert cited["title"] == about.texts("dcterms:title")[0]
    assert cited["url"] == about.iri
    assert [author["name"] for author in cited["authors"]] == ["The ncpc-kg authors"]
    assert {"Apache-2.0", "CC-BY-4.0"} == set(cited["license"])
    assert "United Nations" in cited["references"][0]["institution"]["name"]
