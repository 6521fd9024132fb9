"""The pages to look around: first page, lists, search, contradictions, indicators.

What a list shows and what it is called stands in `queries/lists/*.rq`: a file there is a page
at its name. What other pages ask the graph stands in `queries/pages/*.rq`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from pyoxigraph import Literal, NamedNode

from ncpc_kg.catalogue import Catalogue, Parameter, bind, read_catalogue
from ncpc_kg.contradictions import read_contradictions
from ncpc_kg.description import Lexicon, lexicon_query, read_lexicon
from ncpc_kg.description.rows import TSV
from ncpc_kg.engine import Answer, Formats, Term
from ncpc_kg.errors import ParameterError
from ncpc_kg.indicators import read_indicator_table
from ncpc_kg.listing import Item, read_listing
from ncpc_kg.query import declare_prefixes, shorten
from ncpc_kg.search import LONGEST_QUERY, Index, read_index
from ncpc_kg.settings import Settings
from ncpc_kg.web.engines import AsyncEngine
from ncpc_kg.web.site import Site
from ncpc_kg.web.views import STATIC, Views
from ncpc_kg.web.worldmap import Atlas

PAGE_SIZE = 100
CONTRADICTIONS = 25
# An index of so many names takes a second to make and 100 MB to keep; beyond, the graph is asked.
MOST_NAMES = 300_000
_LONGEST_KEY = 2000

Made = TypeVar("Made")
Row = Mapping[str, str]


class Browse:
    """Asks the graph and fills the templates; what costs much is kept until the next write.

    Args:
        engine: Where the graph is.
        views: The templates.
        settings: Settings of the service.
        catalogue: The ready questions.
    """

    def __init__(self, engine: AsyncEngine, views: Views, settings: Settings, catalogue: Catalogue) -> None:
        self.engine = engine
        self.views = views
        self.base = settings.base
        self.catalogue = catalogue
        queries = settings.content / "queries"
        self.lists = read_catalogue(queries / "lists", settings.base)
        self.parts = read_catalogue(queries / "pages", settings.base)
        self.atlas = Atlas.read(STATIC / "vendor" / "world.json")
        self._kept: dict[str, tuple[str, object]] = {}

    async def home(self, site: Site) -> str:
        """The first page."""
        shown = await self._keep("home", self._home)
        return self.views.render(
            "home.html",
            site,
            questions=self.catalogue.questions,
            **shown,
            **await self._keep("table", self._table),
        )

    async def indicators(self, site: Site) -> str:
        """The indicator table on a page of its own."""
        return self.views.render("indicators.html", site, **await self._keep("table", self._table))

    async def listing(self, name: str, after: str, site: Site) -> str:
        """A page of a list.

        Args:
            name: Name of a file in `queries/lists/`, without suffix.
            after: Key of the last row before this page; empty for the first.
            site: Where the site lies.
        """
        question = self.lists.get(name)
        answer = await self._ask(bind(question, {"after": Literal(after[:_LONGEST_KEY])}))
        listing = read_listing(answer, PAGE_SIZE)
        return self.views.render(
            "list.html", site, question=question, listing=listing, section=name, after=after
        )

    async def search(self, words: str, site: Site) -> str:
        """What has a name with these words."""
        index = await self._keep("names", self._names)
        if len(index) > MOST_NAMES:
            letters = Literal(words[:LONGEST_QUERY].strip().lower())
            index = read_index(await self._ask(bind(self.parts.get("names-with"), {"words": letters})))
        found = await asyncio.to_thread(index.search, words)
        return self.views.render("search.html", site, query=words[:200], found=found)

    async def sparql(self, query: str | None, site: Site) -> str:
        """The page with a form that runs a query."""
        return self.views.sparql(query, await self._keep("terms", self._terms), site)

    async def contradictions(self, given: Mapping[str, str], site: Site) -> str:
        """The contradictions, each with both sides.

        Args:
            given: The parameters `kind`, `about` and `after`; all may be missing.
            site: Where the site lies.

        Raises:
            ParameterError: A parameter is not in its list.
        """
        question = self.parts.get("contradictions")
        filters = [
            (one, await self._keep(f"choices {one.name}", self._choices(one)))
            for one in question.parameters
            if one.values
        ]
        chosen = {one.name: _choose(one, given.get(one.name, ""), choices) for one, choices in filters}
        after = given.get("after", "")[:_LONGEST_KEY]
        terms: dict[str, Term] = {"after": Literal(after)}
        terms |= {name: NamedNode(iri) for name, iri in chosen.items() if iri}
        keys = await self._rows(bind(question, terms))
        told = await self.engine.query(
            bind(self.parts.get("contradictions-told"), terms), Formats(bindings=TSV)
        )
        iris = [row["contradiction"] for row in keys[:CONTRADICTIONS]]
        lexicon = await self._keep("lexicon", self._lexicon)
        return self.views.render(
            "contradictions.html",
            site,
            section="contradictions",
            question=question,
            filters=filters,
            chosen=chosen,
            contradictions=read_contradictions(told, iris, lexicon),
            kept=urlencode({name: iri for name, iri in chosen.items() if iri}),
            first=bool(after),
            next_key=keys[CONTRADICTIONS - 1]["key"] if len(keys) > CONTRADICTIONS else None,
        )

    async def _home(self) -> dict[str, Any]:
        places = await self._rows(self.parts.get("centres-on-map").text)
        figures = await self._rows(self.parts.get("figures").text)
        known = [(row["centre"], row["country"], row["code"]) for row in places]
        return {
            "places": [Item(country, centre) for centre, country, _ in known],
            "map": self.atlas.draw(known) if self.atlas else None,
            "figures": figures[0],
        }

    async def _table(self) -> dict[str, Any]:
        question = self.parts.get("indicator-table")
        return {
            "about_table": question,
            "table": read_indicator_table(await self._ask(question.text)),
        }

    async def _names(self) -> Index:
        answer = await self._ask(self.parts.get("names").text)
        return await asyncio.to_thread(read_index, answer)

    async def _terms(self) -> list[Row]:
        rows = await self._rows(self.parts.get("terms").text)
        return [{**row, "name": shorten(NamedNode(row["term"]), self.base)} for row in rows]

    async def _lexicon(self) -> Lexicon:
        text, formats = lexicon_query()
        return read_lexicon(await self.engine.query(text, formats), self.base)

    def _choices(self, parameter: Parameter) -> Callable[[], Awaitable[list[Item]]]:
        async def make() -> list[Item]:
            rows = await self._rows(declare_prefixes(parameter.values or "", self.base))
            return [Item(row["label"], row["value"]) for row in rows]

        return make

    async def _ask(self, text: str) -> Answer:
        return await self.engine.query(text, Formats())

    async def _rows(self, text: str) -> list[Row]:
        """The solutions of a query, as texts."""
        found = json.loads((await self._ask(text)).body)
        return [{name: value["value"] for name, value in row.items()} for row in found["results"]["bindings"]]

    async def _keep(self, name: str, make: Callable[[], Awaitable[Made]]) -> Made:
        """Make something, or give what was made of the same state of the graph."""
        version = self.engine.version
        held = self._kept.get(name)
        if held and version and held[0] == version:
            return cast(Made, held[1])
        made = await make()
        self._kept[name] = (version, made)
        return made


def _choose(parameter: Parameter, given: str, choices: list[Item]) -> str:
    """The IRI that was chosen, or an empty text for any."""
    if given and given not in (choice.iri for choice in choices):
        raise ParameterError(
            f"The value of {parameter.name} is not in its list.",
            found=given[:200],
            expected="one of " + ", ".join(choice.iri or "" for choice in choices[:20]),
            hint="choose it in the form",
        )
    return given
