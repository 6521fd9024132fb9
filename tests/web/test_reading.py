"""What everything that can only be read has in common: a parameter is honoured or refused."""

from __future__ import annotations

import pytest

from tests.web.conftest import Client

RESOURCES = (
    "/questions", "/questions.ttl", "/questions/hosts-of-centre/centre", "/questions/hosts-of-centre.csv",
    "/dataset", "/dataset.ttl", "/.well-known/void", "/dumps", "/dumps/ncpc.nt.gz", "/dumps/SHA256SUMS",
    "/sitemap.xml", "/robots.txt", "/ontology", "/ontology.ttl", "/ontology/0.2.0", "/shapes.ttl",
    "/id/centre-brazil", "/id/centre-brazil.ttl", "/id/centre-brazil.html", "/source/csd-bp28/L9",
    "/code/status-current.html", "/graph/20-brazil.html", "/graph/20-brazil.ttl",
)  # fmt: skip


@pytest.mark.parametrize("path", RESOURCES)
def test_a_parameter_that_is_not_honoured_is_refused(path: str, site: Client) -> None:
    assert site.get(path).status_code < 400
    reply = site.get(path, params={"x": "y"})
    assert reply.status_code == 400
    assert "x" in reply.json()["detail"]


def test_the_statements_of_a_graph_have_no_pages(site: Client) -> None:
    site.update(
        "INSERT DATA { GRAPH <https://w3id.org/ncpc/graph/20-brazil> {"
        + "".join(f"<http://x/{n}> a <http://x/Thing> ." for n in range(300))
        + "} }"
    )
    page = site.get("/graph/20-brazil.html?page=2")
    assert page.status_code == 200
    assert 'href="/graph/20-brazil.ttl"' in page.text
    assert site.get("/graph/20-brazil.ttl?page=2").status_code == 400
