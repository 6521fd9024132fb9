"""Suffixes, Accept headers and data documents."""

from __future__ import annotations

import pytest
import rdflib

from ncpc_kg.errors import NotAcceptable
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web.forms import GRAPHS, alternates, document, split_suffix, suffix_for
from ncpc_kg.web.site import Site

FORMATS = {"ttl": "turtle", "nt": "nt", "jsonld": "json-ld", "rdf": "xml"}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/id/a.ttl", ("/id/a", "ttl")),
        ("/id/a.b.html", ("/id/a.b", "html")),
        ("/id/a", ("/id/a", None)),
        ("/id/a.pdf", ("/id/a.pdf", None)),
        ("/id/.ttl", ("/id/.ttl", None)),
        ("/ontology/0.2.0", ("/ontology/0.2.0", None)),
    ],
)
def test_only_our_suffixes_are_taken_off(path: str, parts: tuple[str, str | None]) -> None:
    assert split_suffix(path) == parts


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        (None, "ttl"),
        ("text/html", "html"),
        ("application/xhtml+xml, text/html;q=0.9", "html"),
        ("text/*", "ttl"),
        ("text/*, text/html", "html"),
        ("application/*", "nt"),
        ("text/n3", "ttl"),
        ("*/*;q=0.1, application/rdf+xml;q=0.2", "rdf"),
        ("text/turtle;q=0, */*", "nt"),
    ],
)
def test_the_form_that_a_client_prefers(accept: str | None, suffix: str) -> None:
    assert suffix_for(accept) == suffix


def test_a_client_that_takes_none_is_told_which_there_are() -> None:
    with pytest.raises(NotAcceptable) as told:
        suffix_for("image/png")
    assert "text/turtle" in (told.value.expected or "")


LINES = [
    f'<{BASE}id/a> <http://purl.org/dc/terms/title> "a \\"quoted\\"\\n\\\\ text"@en .',
    f"<{BASE}id/a> <http://purl.org/dc/terms/relation> <{BASE}id/b> .",
    f"<{BASE}id/a> <http://purl.org/dc/terms/relation> <{BASE}id/b> .",
    f'<{BASE}id/a> <http://purl.org/dc/terms/extent> "5"^^<http://www.w3.org/2001/XMLSchema#integer> .',
]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_holds_the_same_statements(suffix: str) -> None:
    made = rdflib.Graph().parse(data=document(LINES, GRAPHS[suffix], BASE), format=FORMATS[suffix])
    assert set(made) == set(rdflib.Graph().parse(data="\n".join(LINES), format="nt"))
    assert document(reversed(LINES), GRAPHS[suffix], BASE) == document(LINES, GRAPHS[suffix], BASE)


def test_prefixes_are_those_of_the_base() -> None:
    assert (
        "@prefix id: <https://data.example/id/>"
        in document(
            [line.replace(BASE, "https://data.example/") for line in LINES],
            GRAPHS["ttl"],
            "https://data.example/",
        ).decode()
    )


def test_alternates_leave_out_the_form_at_hand() -> None:
    found = alternates(Site(BASE, "/kg"), "/id/a", "?page=2", without="ttl")
    assert [one.href for one in found] == [
        f"/kg/id/a.{suffix}?page=2" for suffix in ("nt", "jsonld", "rdf", "html")
    ]
