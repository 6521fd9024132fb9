"""Every kind of page, at a desk, and on a phone in the dark: axe finds nothing."""

from __future__ import annotations

from typing import Any

import pytest

from browser.conftest import PHONE, OpenPage, violations

pytestmark = pytest.mark.browser

KINDS = {
    "home": "/",
    "list": "/centres",
    "long list": "/services",
    "indicators": "/indicators",
    "contradictions": "/contradictions",
    "contradictions of a centre": "/contradictions?about=https%3A%2F%2Fw3id.org%2Fncpc%2Fid%2Fcentre-india",
    "search": "/search?q=danish",
    "search that finds nothing": "/search?q=zzzqqq",
    "centre": "/id/centre-brazil",
    "organisation": "/id/org-unido",
    "contradiction": "/id/discrepancy-d19",
    "fact": "/id/counterpart-india-ivam",
    "passage": "/source/csd-bp28/L497-499",
    "paper": "/source/csd-bp28",
    "code": "/code/status-current",
    "code list": "/code/status",
    "named graph": "/graph/20-brazil",
    "questions": "/questions",
    "question with parameters": "/questions/host-of-centre?evidence=1",
    "question with bars": "/questions/totals-against-rows",
    "question with a time line": "/questions/start-of-operation",
    "question with a wrong parameter": "/questions/host-of-centre?centre=atlantis",
    "sparql": "/sparql",
    "result": "/sparql?query=SELECT+*+%7B+%3Fs+a+%3Fo+%7D+LIMIT+20",
    "truth": "/sparql?query=ASK+%7B%7D",
    "graph result": "/sparql?query=CONSTRUCT+WHERE+%7B+%3Fs+a+%3Fo+%7D+LIMIT+5",
    "query error": "/sparql?query=SELEKT",
    "dataset": "/dataset",
    "ontology": "/ontology",
    "shapes": "/shapes",
    "api": "/api",
    "form for a new centre": "/entries/new",
    "entries": "/entries",
    "not found": "/id/nothing-of-the-kind",
    "kind of problem": "/problems/not-found",
}
WAYS: dict[str, dict[str, Any]] = {
    "desk": {},
    "phone in the dark": {"viewport": PHONE, "color_scheme": "dark"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing(kind: str, way: str, open_page: OpenPage) -> None:
    page = open_page(KINDS[kind], **WAYS[way])

    assert page.locator("h1").count() == 1
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
