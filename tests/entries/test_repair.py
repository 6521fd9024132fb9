"""Corrections are proposed only where a text can mean one thing."""

from __future__ import annotations

import pytest

from ncpc_kg.entries.repair import e164, iso_date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("13/02/1998", "1998-02-13"),
        ("02/13/1998", "1998-02-13"),
        ("5.5.1998", "1998-05-05"),
        ("1998-5-3", "1998-05-03"),
        ("3rd of May, 1998", "1998-05-03"),
        ("May 3 1998", "1998-05-03"),
        ("Sept 1997", "1997-09"),
        ("5/1997", "1997-05"),
        (" 1997 ", "1997"),
    ],
)
def test_a_date_that_can_mean_one_day_month_or_year(text: str, date: str) -> None:
    assert iso_date(text) == date


@pytest.mark.parametrize(
    "text",
    [
        "03/04/1998",
        "13/14/1998",
        "30 February 1998",
        "3/4/98",
        "May",
        "1997 1998",
        "May June 1998",
        "soon",
        "",
    ],
)
def test_any_other_date_is_left_alone(text: str) -> None:
    assert iso_date(text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+505 (2) 266-5656", "+50522665656"),
        ("+43 (0)1 211 31", "+43121131"),
        ("00 505 2 266 5656", "+50522665656"),
        ("Tel.: +43/1/21131", "+43121131"),
    ],
)
def test_a_number_that_says_its_country(text: str, number: str) -> None:
    assert e164(text) == number


@pytest.mark.parametrize("text", ["266 5656", "0505 2 266 5656", "+505 266 ext 3", "+12", "+0123456789", ""])
def test_any_other_number_is_left_alone(text: str) -> None:
    assert e164(text) is None
