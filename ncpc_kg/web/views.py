"""Pages: frozen data in, HTML out; every value is escaped by the template engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ncpc_kg.engine import Answer

STATIC = Path(__file__).parent / "static"


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
    """The templates of the plain pages."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("ncpc_kg.web", "templates"),
            autoescape=select_autoescape(default=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def home(self, query: str | None = None) -> str:
        """The first page, with a form that runs a query."""
        return self._templates.get_template("home.html").render(query=query)

    def problem(self, members: Mapping[str, object], text: str | None = None) -> str:
        """A page that tells an error and shows the line of the query it points at."""
        return self._templates.get_template("problem.html").render(problem=members, lines=_lines(text))

    def kinds(self, kinds: Mapping[str, str]) -> str:
        """A page that describes the kinds of errors."""
        return self._templates.get_template("problems.html").render(kinds=kinds)

    def result(self, answer: Answer, query: str) -> str:
        """A page that shows the result of a query.

        Args:
            answer: Solutions or a truth value in JSON, or a graph in Turtle.
            query: The text that was run.
        """
        template = self._templates.get_template("result.html")
        if answer.kind == "graph":
            return template.render(query=query, turtle=answer.body.decode(), truth=None, names=(), rows=())
        found = json.loads(answer.body)
        if answer.kind == "boolean":
            return template.render(query=query, turtle=None, truth=found["boolean"], names=(), rows=())
        names = tuple(found["head"]["vars"])
        rows = [tuple(_cell(row.get(name)) for name in names) for row in found["results"]["bindings"]]
        return template.render(query=query, turtle=None, truth=None, names=names, rows=rows)


def _cell(value: Mapping[str, str] | None) -> Cell:
    if value is None:
        return Cell("")
    text = value["value"] if isinstance(value["value"], str) else json.dumps(value["value"])
    if value["type"] == "uri":
        return Cell(text, link=text if text.startswith(("https://", "http://")) else None)
    datatype = value.get("datatype", "").rpartition("#")[2] or None
    return Cell(text, note=value.get("xml:lang") or datatype)


def _lines(text: str | None) -> list[str]:
    return text.splitlines()[:500] if text else []
