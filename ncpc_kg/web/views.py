"""Pages: frozen data in, HTML out; every value is escaped by the template engine."""

from __future__ import annotations

import calendar
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ncpc_kg.engine import Answer
from ncpc_kg.listing import in_words
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web.site import Site

STATIC = Path(__file__).parent / "static"
EDITOR = STATIC / "vendor" / "yasqe.js"

_UNSAFE_MARKS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_DATE = re.compile(r"(-?\d{4,})(?:-(\d\d))?(?:-(\d\d))?")
_LINES = re.compile(r"L([1-9]\d{0,6})(?:-([1-9]\d{0,6}))?")
_ONLY_LINES = re.compile(rf"\s*{_LINES.pattern}(?:[\s,;]+{_LINES.pattern})*\s*")
_HERE = Site(BASE)


@dataclass(frozen=True)
class Cell:
    """One value of a result table.

    Attributes:
        text: What is shown.
        link: Address, where the value is a web address.
        note: Language or datatype.
    """

    text: str
    link: str | None = None
    note: str | None = None


class Views:
    """The templates, with what they need to make links.

    Args:
        site: Where the site lies; pages made for a request may name another one.
    """

    def __init__(self, site: Site = _HERE) -> None:
        self.site = site
        self._templates = Environment(
            loader=PackageLoader("ncpc_kg.web", "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(editor=EDITOR.is_file())
        self._templates.filters.update(
            date=date,
            number=number,
            plain=plain,
            references=references,
            spoken=spoken,
            local=local,
            words=in_words,
            sentence=sentence,
        )
        self._templates.tests["reference"] = is_reference

    def render(self, template: str, site: Site | None = None, **data: object) -> str:
        """Fill a template.

        Args:
            template: Its file name.
            site: Where the site lies for this request.
            data: What it shows.
        """
        here = site or self.site
        return self._templates.get_template(template).render(
            root=here.root, base=here.base, href=here.href, **data
        )

    def home(self, query: str | None = None) -> str:
        """The page with a form that runs a query, for servers without the site's own pages."""
        return self.sparql(query)

    def problem(
        self, members: Mapping[str, object], text: str | None = None, site: Site | None = None
    ) -> str:
        """A page that tells an error and shows the line of the query it points at."""
        return self.render("problem.html", site, problem=members, lines=_lines(text))

    def kinds(self, kinds: Mapping[str, str]) -> str:
        """A page that describes the kinds of errors."""
        return self.render("problems.html", kinds=kinds)

    def sparql(self, query: str | None = None, terms: Sequence[object] = (), site: Site | None = None) -> str:
        """A page with a form that runs a query.

        Args:
            query: What the form holds; an example by default.
            terms: Classes and properties to offer.
            site: Where the site lies for this request.
        """
        return self.render("sparql.html", site, query=query, terms=terms)

    def result(self, answer: Answer, query: str, site: Site | None = None) -> str:
        """A page that shows the result of a query.

        Args:
            answer: Solutions or a truth value in JSON, or a graph in Turtle.
            query: The text that was run.
            site: Where the site lies for this request.
        """
        shown: dict[str, Any] = {"query": query, "turtle": None, "truth": None, "names": (), "rows": ()}
        if answer.kind == "graph":
            return self.render("result.html", site, **shown | {"turtle": answer.body.decode()})
        found = json.loads(answer.body)
        if answer.kind == "boolean":
            return self.render("result.html", site, **shown | {"truth": found["boolean"]})
        names = tuple(found["head"]["vars"])
        here = site or self.site
        rows = [tuple(_cell(row.get(name), here) for name in names) for row in found["results"]["bindings"]]
        return self.render("result.html", site, **shown | {"names": names, "rows": rows})


def date(text: str) -> str:
    """Write a date, month or year of XML Schema in words; other texts stay as they are."""
    found = _DATE.fullmatch(text)
    if not found or not found[2] or not 1 <= int(found[2]) <= 12:
        return text
    month = f"{calendar.month_name[int(found[2])]} {found[1]}"
    return f"{int(found[3])} {month}" if found[3] else month


def number(text: str) -> str:
    """Write a whole number with commas between thousands; other texts stay as they are."""
    return f"{int(text):,}" if re.fullmatch(r"-?\d{1,18}", text) else text


def plain(text: str) -> str:
    """A text for titles and attributes, where no element can keep its writing direction in."""
    return _UNSAFE_MARKS.sub("", text)


def sentence(text: str) -> str:
    """A text with a capital at its start."""
    return text[:1].upper() + text[1:]


def local(iri: str) -> str:
    """The end of an IRI, for things without a name."""
    return re.split(r"[/#]", iri.rstrip("/#"))[-1] or iri


def is_reference(text: str) -> bool:
    """Whether a text is nothing but references to lines of the source, such as `L497-499 L770`."""
    return bool(_ONLY_LINES.fullmatch(text))


def references(text: str) -> tuple[str, ...]:
    """The single references of such a text."""
    return tuple(found[0] for found in _LINES.finditer(text))


def spoken(reference: str) -> str:
    """Write references to lines as people read them, from `L497-499` and the like."""
    return _LINES.sub(
        lambda found: f"lines {found[1]}–{found[2]}" if found[2] else f"line {found[1]}", reference
    )


def _lines(text: str | None) -> list[str]:
    return text.splitlines()[:500] if text else []


def _cell(value: Mapping[str, str] | None, site: Site) -> Cell:
    if value is None:
        return Cell("")
    text = value["value"] if isinstance(value["value"], str) else json.dumps(value["value"])
    if value["type"] == "uri":
        return Cell(text, link=site.href(text))
    datatype = value.get("datatype", "").rpartition("#")[2] or None
    return Cell(text, note=value.get("xml:lang") or datatype)
