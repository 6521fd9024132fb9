"""The documents about things: what the engine answers about one becomes a page or data.

A document depends on nothing but the answer, the words and what was asked. So one whose answer is
the same as before, as after a write elsewhere in the graph, is not made again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from pyoxigraph import NamedNode

from ncpc_kg.description import (
    Description,
    Incoming,
    Lexicon,
    Link,
    Withdrawal,
    description_query,
    read_description,
)
from ncpc_kg.description.lexicon import better, cut
from ncpc_kg.description.rows import TSV, read_rows, text_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.errors import Gone
from ncpc_kg.vocabulary import PREFIXES
from ncpc_kg.web import structured
from ncpc_kg.web.context import Context
from ncpc_kg.web.forms import GRAPHS, alternates, document, statements
from ncpc_kg.web.site import Alternate, Head, Site
from ncpc_kg.web.words import date

# What may stand in an IRI; the rest is percent-encoded (RFC 3987, section 3.1).
SAFE = "/:@!$&'()*+,;=-._~%"
_CONTENTS = """\
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?thing ?label WHERE {{
  {{ SELECT DISTINCT ?thing WHERE {{ GRAPH {graph} {{ ?thing a ?kind FILTER(ISIRI(?thing)) }} }}
    LIMIT {limit} OFFSET {offset} }}
  OPTIONAL {{ ?thing skos:prefLabel ?label }}
}}
"""
_PAGE = 200
# How many documents are kept, and how long (in bytes) an answer may be for that.
_KEPT, _MEMORABLE = 128, 256 * 1024


class Asked(NamedTuple):
    """What is asked about a thing.

    Attributes:
        iri: The thing.
        suffix: The form of the document.
        page: Page of links, from 1.
        site: Where the site lies for who asks.
    """

    iri: str
    suffix: str
    page: int
    site: Site


class Document(NamedTuple):
    """A document about a thing.

    Attributes:
        body: The document.
        forms: Its other forms.
        links: Further links for its header, ready to send.
        status: Status code: 410 for the page of what was withdrawn.
    """

    body: bytes
    forms: tuple[Alternate, ...]
    links: tuple[str, ...]
    status: int


class Describer:
    """Makes documents about things.

    Args:
        context: What all resources share.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._kept = lru_cache(maxsize=_KEPT)(self._make)

    async def document(self, asked: Asked, lexicon: Lexicon) -> Document | None:
        """The document that is asked for; None if the graph does not know the thing.

        Args:
            asked: What is asked.
            lexicon: Labels of the terms.

        Raises:
            Gone: The thing was withdrawn, so there are no data; its page tells of the withdrawal.
        """
        query = self.context.engine.query
        details = asked.suffix == "html" and not asked.iri.startswith(f"{lexicon.base}code/")
        answer = await query(*description_query(asked.iri, lexicon.base, details, asked.page))
        contents = None
        if asked.iri.startswith(f"{lexicon.base}graph/"):
            graph, offset = NamedNode(asked.iri), (asked.page - 1) * _PAGE
            text = _CONTENTS.format(graph=graph, limit=_PAGE + 1, offset=offset)
            contents = await query(text, Formats(bindings=TSV))
        make = self._kept if len(answer.body) < _MEMORABLE else self._make
        return make(answer, contents, asked, lexicon)

    def _make(
        self, answer: Answer, contents: Answer | None, asked: Asked, lexicon: Lexicon
    ) -> Document | None:
        iri, suffix, page, site = asked
        description = read_description(answer, iri, lexicon, page, data=suffix != "html")
        if contents is not None:
            description = _with_contents(description, contents, lexicon)
        if not description:
            return None
        gone = description.gone
        ended = gone is not None and bool(gone.when or not description.types)
        if gone and ended and suffix != "html":
            raise _withdrawn(iri, gone)
        path = "/" + quote(iri[len(site.base) :], safe=SAFE)
        paged = page > 1 and contents is None  # the data of a graph have no pages
        forms = alternates(site, path, f"?page={page}" if paged else "", without=suffix)
        before = f"{site.path(path)}.{suffix}?page={page - 1}" if page > 1 else None
        after = f"{site.path(path)}.{suffix}?page={page + 1}" if description.more else None
        links = [f'<{quote(iri, safe=SAFE)}>; rel="cite-as"']
        links += [f'<{before}>; rel="prev"'] if before else []
        links += [f'<{after}>; rel="next"'] if after else []
        if suffix == "html":
            data = structured.of_thing(description, site.base)
            head = Head(site, iri, site.path(path), forms, data, before, after)
            body = self.context.pages.thing(description, head).encode()
        else:
            lines = [*statements(description), *self._about_document(f"{iri}.{suffix}", iri)]
            if description.more:
                further = f"{site.base.rstrip('/')}{path}.{suffix}?page={page + 1}"
                lines.append(f"<{iri}> <{PREFIXES['rdfs']}seeAlso> <{further}> .")
            body = document(lines, GRAPHS[suffix], site.base)
        return Document(body, forms, tuple(links), 410 if ended else 200)

    def _about_document(self, address: str, thing: str) -> list[str]:
        """What a data document says of itself: its topic, its dataset and its licence."""
        about = self.context.about
        pairs = [
            (PREFIXES["foaf"] + "primaryTopic", thing),
            (PREFIXES["void"] + "inDataset", about.iri),
            *((PREFIXES["dcterms"] + "license", license) for license in about.texts("dcterms:license")),
        ]
        return [f"<{address}> <{name}> <{value}> ." for name, value in pairs]


def _with_contents(description: Description, contents: Answer, lexicon: Lexicon) -> Description:
    """The description of a named graph, with the things it tells of."""
    things: dict[str, str] = {}
    for thing, label in read_rows(contents):
        if thing not in things or (label and better(label, things[thing] or None)):
            things[thing] = label
    if not things:
        return description
    kept = tuple(
        Link(thing[1:-1], cut(text_of(label)) if label else lexicon.label(thing[1:-1]))
        for thing, label in list(things.items())[:_PAGE]
    )
    topic = f"{PREFIXES['dcterms']}hasPart"
    said = tuple((f"<{description.iri}>", f"<{topic}>", f"<{link.iri}>") for link in kept)
    return replace(
        description,
        incoming=(*description.incoming, Incoming(Link(topic, "Contains"), kept)),
        shown=description.shown + len(kept),
        more=description.more or len(things) > _PAGE,
        triples=tuple(dict.fromkeys((*description.triples, *said))),
    )


def _withdrawn(iri: str, gone: Withdrawal) -> Gone:
    by, on = gone.who and f" by {gone.who}", gone.when and f" on {date(gone.when[:10])}"
    instead = ", ".join(link.iri for link in gone.successors)
    return Gone(
        f"This was withdrawn{by}{on}.{gone.why and f' {gone.why}'}",
        found=iri,
        expected=instead or None,
        hint=f"use {instead}" if instead else "search for its name",
    )
