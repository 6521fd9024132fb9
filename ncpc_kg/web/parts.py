"""The smallest pieces of a page as HTML, made without the template engine.

A centre's page has some 500 links and values; made by templates they cost five times as
much. Every text goes through `escape`, and stands in `bdi`, which keeps its writing direction in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from html import escape

from markupsafe import Markup

from ncpc_kg.description import Fact, Link, Value
from ncpc_kg.web.site import Site
from ncpc_kg.web.words import date, local, number, plain, sentence

# What a card shows in its head, and what it leaves to the page of the fact.
HEADED = frozenset(
    ("countValue", "decimalValue", "ratingValue", "coverageValue", "date", "printedNumber", "literalForm")
)
QUIET = frozenset(
    ("source", "dataSet", "printedMarker", "earliestDate", "latestDate", "hasFact", "refUnit", "isProvidedBy")
)
MOST_VALUES = 12
_DATES = frozenset(("xsd:date", "xsd:gYearMonth", "xsd:gYear"))
_TRUTH = {"true": "yes", "false": "no"}


class Parts:
    """Makes the pieces of pages of one site.

    Args:
        site: Where the site lies.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._ours = re.compile(rf"({re.escape(site.base)}[^\s,]*[\w/])")
        self._link = lru_cache(maxsize=20_000)(self._make_link)
        self._value = lru_cache(maxsize=20_000)(self._make_value)
        self._passage = lru_cache(maxsize=20_000)(self._make_passage)

    def link(self, iri: str, text: str, language: str | None = "") -> Markup:
        """A link to a thing; its plain text if no browser should follow the IRI."""
        return Markup(self._link(iri, text, language or ""))  # noqa: S704 - made of escaped pieces

    def address(self, iri: str) -> str:
        """Where a link to a thing leads; nowhere if no browser should follow the IRI."""
        return self.site.href(iri) or "#main"

    def linked(self, text: str) -> Markup:
        """A text in which IRIs of the graph are links."""
        pieces = self._ours.split(text)
        pieces[::2] = [escape(plain) for plain in pieces[::2]]
        pieces[1::2] = [self._link(iri, iri) for iri in pieces[1::2]]
        return Markup("".join(pieces))  # noqa: S704 - made of escaped pieces

    def value(self, value: Value) -> Markup:
        """A value of a property."""
        return Markup(self._value(value))  # noqa: S704 - made of escaped pieces

    def values(self, values: Iterable[Value]) -> Markup:
        """Values of a property as a list."""
        return _list(map(self._value, values))

    def links(self, things: Iterable[Link]) -> Markup:
        """Links to things as a list."""
        return _list([self._link(iri, label) for iri, label in things])

    def source(self, passages: Sequence[Link]) -> Markup:
        """Links to the passages something rests on."""
        return Markup(self._source(passages))  # noqa: S704 - made of escaped pieces

    def contested(self, marks: Iterable[Link]) -> Markup:
        """Marks that lead to contradictions."""
        return Markup(self._contested(marks))  # noqa: S704 - made of escaped pieces

    def fact(self, fact: Fact, show_type: bool = False, by_itself: bool = True) -> Markup:
        """A fact as a card.

        Args:
            fact: The fact.
            show_type: Whether the card names its class, since no heading above it does.
            by_itself: Whether to mark what is contested; not where the contradiction is told around it.
        """
        return Markup(self._fact(fact, show_type, by_itself))  # noqa: S704 - made of escaped pieces

    def facts(self, facts: Iterable[Fact]) -> Markup:
        """Facts of one class as cards."""
        return Markup("".join([self._fact(one) for one in facts]))  # noqa: S704 - made of escaped pieces

    def _fact(self, fact: Fact, show_type: bool = False, by_itself: bool = True) -> str:
        kind = fact.type.label
        name = fact.label.removeprefix(f"{kind}: ")
        head, told, rows = self._link(fact.iri, name), "", ""
        for iri, label, _, values, passages in fact.properties:
            place, title = _place(iri, label)
            if place == "head":
                new = [self._value(one) for one in values[:3] if one.text not in name]
                head += "".join([f' <span class="figure">{one}</span>' for one in new])
            elif place == "text":
                told = "".join([f"<p>{self._value(v)}</p>" for v in values if v.text[:60] not in name])
            elif place == "row" and (len(values) > 1 or values[0].text not in name):
                shown = ", ".join([self._value(one) for one in values[:MOST_VALUES]])
                if len(values) > MOST_VALUES:
                    shown += f" and {len(values) - MOST_VALUES} more"
                if passages:
                    shown += f" {self._source(passages)}"
                rows += f"<div><dt>{title}</dt><dd>{shown}</dd></div>"
        marked = by_itself and fact.contested
        if marked:
            head += f" {self._contested(fact.contested)}"
        tag = "h3" if show_type else "h4"
        return (
            f'<article class="fact{" is-contested" if marked else ""}">'
            + (f'<p class="kinds">{escape(plain(kind))}</p>' if show_type else "")
            + f"<{tag}>{head}</{tag}>{told}"
            + (f"<dl>{rows}</dl>" if rows else "")
            + f"{self._source(fact.passages)}</article>"
        )

    def _make_link(self, iri: str, text: str, language: str = "") -> str:
        shown = f"<bdi{_tagged(language)}>{escape(text)}</bdi>"
        address = self.site.href(iri)
        return f'<a href="{escape(address)}">{shown}</a>' if address else shown

    def _make_value(self, value: Value) -> str:
        text, iri, language, datatype = value.text, value.iri, value.language, value.datatype
        if iri:
            return self._link(iri, text)
        if datatype in _DATES:
            return f'<time datetime="{escape(plain(text))}">{escape(date(text))}</time>'
        if datatype is None and language is None and (text.isdigit() or text in _TRUTH):
            return escape(_TRUTH.get(text) or number(text))
        shortened = ' <span class="note">shortened; the whole is in the data</span>' if value.cut else ""
        return f'<bdi class="text"{_tagged(language)}>{escape(text)}</bdi>{shortened}'

    def _source(self, passages: Sequence[Link]) -> str:
        if not passages:
            return ""
        shown = ", ".join([self._passage(one) for one in passages[:MOST_VALUES]])
        more = f" and {len(passages) - MOST_VALUES} more" if len(passages) > MOST_VALUES else ""
        return f'<span class="source"><span class="unseen">Source: </span>{shown}{more}</span>'

    def _make_passage(self, one: Link) -> str:
        return self._link(one.iri, one.label[:1].lower() + one.label[1:])

    def _contested(self, marks: Iterable[Link]) -> str:
        return " ".join(
            f'<a class="contested" href="{escape(self.address(mark.iri))}" '
            f'title="{escape(plain(mark.label))}">contested'
            f'<span class="unseen">: <bdi>{escape(mark.label)}</bdi></span></a>'
            for mark in marks
        )


def _list(pieces: Iterable[str]) -> Markup:
    return Markup(f"<ul><li>{'</li><li>'.join(pieces)}</li></ul>")  # noqa: S704 - made of escaped pieces


def _tagged(language: str | None) -> str:
    return f' lang="{escape(plain(language))}"' if language and language != "en" else ""


@lru_cache(maxsize=2_000)
def _place(iri: str, label: str) -> tuple[str, str]:
    """Where a card shows a property (nowhere if this is empty), and what it is called there."""
    name = local(iri)
    place = "head" if name in HEADED else "text" if name == "description" else "" if name in QUIET else "row"
    return place, escape(sentence(plain(label)))
