"""Content negotiation: RFC 9110, section 12.5.1, and the parameters clients send."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ncpc_kg.errors import NcpcError, NotAcceptable, QueryError, RequestError
from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS
from ncpc_kg.negotiation import choose, formats, graph_format, parse_accept

JSON, XML, CSV = "application/sparql-results+json", "application/sparql-results+xml", "text/csv"
OFFERED = [JSON, XML, CSV, "text/tab-separated-values"]


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/*", CSV),
        ("text/csv", CSV),
        ("TEXT/CSV", CSV),
        (f"{JSON};q=0.5, {XML};q=0.9", XML),
        (f"{JSON};q=0.5, */*;q=0.9", XML),
        (f"*/*, {JSON};q=0", XML),
        (f"text/*;q=0.9, text/csv;q=0.1, {XML};q=0.3", "text/tab-separated-values"),
        ("text/csv;q=0", None),
        ("image/png", None),
        ("image/png, text/csv;q=0.001", CSV),
        ("text/csv; charset=utf-8", CSV),
        ("text/csv;charset=utf-8;q=0.2, */*;q=0.1", CSV),
        ('text/csv;header="a,b", text/tab-separated-values', "text/tab-separated-values"),
        ("text/csv;q=0.5;ext=1", CSV),
        (f"bad, {XML}", XML),
        (f"text/csv;q=7, {XML};q=0.1", XML),
        (f", ,{XML},", XML),
    ],
)
def test_ranking(accept: str | None, chosen: str | None) -> None:
    assert choose(accept, OFFERED) == chosen


@pytest.mark.parametrize("accept", ["nonsense", "*/csv", ";q=1", "a/b/c"])
def test_an_unreadable_header_is_refused(accept: str) -> None:
    with pytest.raises(RequestError, match="Accept"):
        parse_accept(accept)


def test_each_kind_of_result_has_its_own_format() -> None:
    found = formats("text/csv, text/turtle;q=0.5")
    assert (found.bindings, found.boolean, found.graph) == (CSV, None, "text/turtle")
    found = formats("application/json")
    assert (found.bindings, found.boolean, found.graph) == ("application/json",) * 3


def test_all_offered_media_types_can_be_had() -> None:
    for one in RESULT_FORMATS:
        assert formats(one.media_type).bindings == one.media_type
        assert formats(None, {"format": [one.name]}).bindings == one.media_type
    for other in GRAPH_FORMATS:
        assert graph_format(other.media_type) == other.media_type
        assert graph_format(None, {"output": [other.name]}) == other.media_type


def test_parameters_overrule_the_header() -> None:
    asked = {"format": ["json"], "output": ["json"], "results": ["json"]}
    assert formats("text/csv", asked).bindings == JSON
    assert formats("text/csv", asked).graph == "application/ld+json"
    assert formats(None, {"results": ["text/turtle"]}).bindings is None


@pytest.mark.parametrize(
    "asked",
    [{"format": ["json"], "output": ["xml"]}, {"format": ["json", "csv"]}],
)
def test_contradicting_parameters_are_refused(asked: dict[str, list[str]]) -> None:
    with pytest.raises(QueryError, match="several formats"):
        formats(None, asked)


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(QueryError) as caught:
        formats(None, {"format": ["yaml"]})
    assert "turtle" in (caught.value.expected or "")
    assert "csv" in (caught.value.expected or "")


def test_nothing_acceptable_lists_everything_offered() -> None:
    with pytest.raises(NotAcceptable) as caught:
        formats("image/png")
    for one in (*RESULT_FORMATS, *GRAPH_FORMATS):
        assert one.media_type in (caught.value.expected or "")


@given(st.text(max_size=60))
def test_no_header_breaks_it(accept: str) -> None:
    try:
        found = choose(accept, OFFERED)
    except NcpcError:
        return
    assert found in (None, *OFFERED)
