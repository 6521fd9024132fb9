"""Pages: frozen data in, HTML out; every value is escaped by the template engine."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ncpc_kg.engine import Answer
from ncpc_kg.listing import in_words
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web.parts import Parts
from ncpc_kg.web.site import Site
from ncpc_kg.web.words import date, is_reference, local, number, plain, references, sentence, spoken

STATIC = Path(__file__).parent / "static"
EDITOR = STATIC / "vendor" / "yasqe.js"

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

    Attributes:
        takes_entries: Whether pages link to the form for a new centre.
        editor: Whether the editor for SPARQL is there.
    """

    def __init__(self, site: Site = _HERE) -> None:
        self.site = site
        self.takes_entries = False
        self.editor = EDITOR.is_file()
        self._templates = _templates()

    def render(self, template: str, site: Site | None = None, **data: object) -> str:
        """Fill a template.

        Args:
            template: Its file name.
            site: Where the site lies for this request.
            data: What it shows.
        """
        here = site or self.site
        return self._templates.get_template(template).render(
            root=here.root,
            base=here.base,
            href=here.href,
            parts=_parts(here),
            takes_entries=self.takes_entries,
            editor=self.editor,
            **data,
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


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """The templates, all compiled, so that no first page has to wait for that."""
    made = Environment(
        loader=PackageLoader("ncpc_kg.web", "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # looking at every template's file costs a page a quarter of a millisecond
    )
    made.filters.update(
        date=date,
        number=number,
        plain=plain,
        references=references,
        spoken=spoken,
        local=local,
        words=in_words,
        sentence=sentence,
    )
    made.tests["reference"] = is_reference
    for name in made.list_templates():
        made.get_template(name)
    return made


@lru_cache(maxsize=8)
def _parts(site: Site) -> Parts:
    return Parts(site)


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
