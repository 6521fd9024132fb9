"""The documents behind hash IRIs: the ontology with its versions, and the shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from ncpc_kg.engine import Formats
from ncpc_kg.errors import Gone, NotFound
from ncpc_kg.ontology import Ontology, ontology_query, read_ontology
from ncpc_kg.web.context import Context
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.forms import GRAPHS, SUFFIXES, alternates, split_suffix, suffix_for
from ncpc_kg.web.reading import given
from ncpc_kg.web.resources import ResourceEndpoint

_ONTOLOGY = """\
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
CONSTRUCT { ?s ?p ?o } WHERE {
  SELECT DISTINCT ?s ?p ?o {
    { GRAPH ?ontology { <BASEontology> a owl:Ontology } GRAPH ?ontology { ?s ?p ?o } }
    UNION
    {
      GRAPH ?any { ?s rdfs:isDefinedBy <BASEontology> }
      GRAPH ?graph { ?s ?p ?o }
      FILTER(?graph != <BASEgraph/inferred>)
    }
  }
}
"""
_SHAPES = """\
PREFIX sh: <http://www.w3.org/ns/shacl#>
CONSTRUCT { ?s ?p ?o } WHERE {
  { SELECT DISTINCT ?graph { GRAPH ?graph { ?shape a sh:NodeShape } } }
  GRAPH ?graph { ?s ?p ?o }
}
"""


class DocumentEndpoint:
    """Answers requests to `/ontology`, `/ontology/VERSION` and `/shapes`.

    Args:
        context: What all resources share.
        kind: Which of the two documents it is.
    """

    def __init__(self, context: Context, kind: Literal["ontology", "shapes"]) -> None:
        self.context = context
        self.kind = kind
        self.things = ResourceEndpoint(context)

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request."""
        context, path = self.context, exchange.path.rstrip("/")
        stem, suffix = split_suffix(path)
        rest = stem.removeprefix(f"/{self.kind}").strip("/")
        form = suffix or suffix_for(exchange.header("accept"))
        tag = context.tag(stem, form, exchange.root)
        if unchanged := context.unchanged(exchange, tag):
            return unchanged
        if rest:
            try:
                await self._check_version(rest)
            except NotFound:
                # A part of the document, such as the alignments, is a thing of its own.
                reply = await self.things(exchange)
                if reply.status < 400:
                    return reply
                raise
        given(exchange)
        site = context.site(exchange)
        forms = alternates(site, stem, without=form)
        more = [f'<{site.base}{stem.lstrip("/")}>; rel="cite-as"']
        if form == "html":
            body = (await self._page(exchange, stem)).encode()
        else:
            body = await self._data(GRAPHS[form])
        headers = context.headers(exchange, SUFFIXES[form], tag, forms, *more)
        if suffix is None:
            headers = (*headers, ("content-location", f"{site.path(stem)}.{form}"))
        return Reply(200, body, headers, cacheable=bool(tag), label="page" if form == "html" else "resource")

    async def ontology(self) -> Ontology:
        """The ontology, read once for each state of the graph."""

        async def make() -> Ontology:
            text, formats = ontology_query(self.context.settings.base)
            answer = await self.context.engine.query(text, formats)
            return read_ontology(answer, await self.context.lexicon())

        return await self.context.once("ontology", make)

    async def _check_version(self, version: str) -> None:
        """Make sure that a version is the present one.

        Raises:
            Gone: It is an earlier one.
            NotFound: There never was such a version, or this document has none.
        """
        base = self.context.settings.base
        if self.kind == "shapes":
            raise NotFound("The shapes have no versions.", found=version[:60], expected=f"{base}shapes")
        ontology = await self.ontology()
        if version == ontology.version:
            return
        present = f"{base}ontology/{ontology.version}"
        if any(one.endswith(f"/{version}") for one in ontology.prior):
            raise Gone(
                "This version of the ontology was replaced.", found=version, expected=present,
                hint=f"use {present}; earlier texts are in the project's history",
            )  # fmt: skip
        raise NotFound("The ontology has no such version.", found=version[:60], expected=present)

    async def _data(self, media_type: str) -> bytes:
        text = (_ONTOLOGY if self.kind == "ontology" else _SHAPES).replace("BASE", self.context.settings.base)
        return (await self.context.engine.query(text, Formats(graph=media_type))).body

    async def _page(self, exchange: Exchange, stem: str) -> str:
        site = self.context.site(exchange)
        head = self.context.head(exchange, stem, alternates(site, stem, without="html"))
        if self.kind == "ontology":
            return self.context.pages.ontology(await self.ontology(), head)
        turtle = (await self._data("text/turtle")).decode()
        return self.context.pages.shapes(turtle, replace(head, iri=f"{site.base}shapes"))
