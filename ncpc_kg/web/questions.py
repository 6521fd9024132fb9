"""The ready questions over HTTP: a page with a form, and the answer in every format.

`/questions` lists them, `/questions/NAME` answers one. Its parameters are the ones of the
question; `limit` and `offset` page, `evidence=1` adds what each row rests on.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ncpc_kg.catalogue import Parameter, Question
from ncpc_kg.description import Lexicon
from ncpc_kg.description.rows import TSV
from ncpc_kg.engine import Formats
from ncpc_kg.errors import NcpcError, NotAcceptable, ParameterError
from ncpc_kg.executables import bare, executable, executables, form_of
from ncpc_kg.negotiation import choose
from ncpc_kg.query import JSON_RESULTS, shorten
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.web import answers, tables
from ncpc_kg.web.answers import Asked, default_text, paged, value_of
from ncpc_kg.web.context import Context, asked, links
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.forms import GRAPHS, HTML
from ncpc_kg.web.reading import read_only
from ncpc_kg.web.site import Alternate, Field, QuestionView
from ncpc_kg.web.tables import Table
from ncpc_kg.web.views import Views

_QUERY_TEXT = "application/sparql-query"
_ANSWERS: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "tsv": TSV,
    "xlsx": tables.XLSX,
    "srj": JSON_RESULTS,
}
FORMS: dict[str, str] = {**_ANSWERS, **GRAPHS, "html": HTML, "rq": _QUERY_TEXT}
_LABELS = {
    "json": "JSON", "csv": "CSV", "tsv": "TSV", "xlsx": "Excel", "srj": "SPARQL JSON", "ttl": "Turtle",
    "nt": "N-Triples", "jsonld": "JSON-LD", "rdf": "RDF/XML", "html": "Page", "rq": "SPARQL",
}  # fmt: skip
_IRI = "/:?&=#@!$'()*+,;-._~%"


class QuestionEndpoint:
    """Answers requests to `/questions` and what lies under it.

    Args:
        context: What all resources share.
        views: Makes the pages of problems.
    """

    def __init__(self, context: Context, views: Views) -> None:
        self.context = context
        self.views = views

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request; every error of our tree becomes a problem document."""
        return await read_only(exchange, self.views, self._answer)

    async def _answer(self, exchange: Exchange) -> Reply:
        path = exchange.path.rstrip("/")
        stem, dot, suffix = path.rpartition(".")
        if not dot or suffix not in FORMS or stem.endswith("/"):
            stem, suffix = path, ""
        name = stem.removeprefix("/questions").strip("/")
        if "/" in name:
            return await self._values(exchange, *name.split("/", 1))
        question = self.context.catalogue.get(name) if name else None
        graph = question is None or form_of(question.text) == "CONSTRUCT"
        form = suffix or self._preferred(exchange, graph)
        tag = self.context.tag(exchange.path, exchange.query, form, exchange.root)
        if unchanged := self.context.unchanged(exchange, tag):
            return unchanged
        if question is None:
            return self._list(exchange, form, tag)
        stem = f"/questions/{quote(question.name)}"
        if not suffix and not exchange.query and (form == "html" or form in GRAPHS):
            return self._redirect(exchange, stem, form)
        reply = await self._form(exchange, question, stem, form, tag)
        if not suffix:
            site, query = self.context.site(exchange), f"?{exchange.query}" if exchange.query else ""
            reply = reply.with_headers(("content-location", f"{site.path(stem)}.{form}{query}"))
        return reply

    def _redirect(self, exchange: Exchange, stem: str, form: str) -> Reply:
        """The IRI of a question is a name of the graph: 303 to its page or its data."""
        site = self.context.site(exchange)
        headers = (
            ("location", f"{site.path(stem)}.{form}"),
            ("vary", "Accept"),
            ("cache-control", "no-cache"),
            ("link", ", ".join(links(site, self._alternates(exchange, stem, form)))),
        )
        return Reply(303, headers=headers, cacheable=True, label="redirect")

    def _preferred(self, exchange: Exchange, graph: bool) -> str:
        """The form that the Accept header asks for: JSON, or Turtle for a graph, unless it says otherwise.

        Raises:
            NotAcceptable: It takes none.
        """
        accept = exchange.header("accept")
        forms = GRAPHS if graph else {**_ANSWERS, **GRAPHS, "rq": _QUERY_TEXT}
        offered = [HTML, *forms.values()] if accept and HTML in accept else [*forms.values(), HTML]
        chosen = choose(accept, offered)
        if chosen is None:
            raise NotAcceptable(
                "The answer comes in none of the formats that the request accepts.",
                expected=", ".join(offered),
                hint="send one of these in the Accept header, or a suffix such as .csv in the address",
            )
        return next(form for form, media_type in {"html": HTML, **forms}.items() if media_type == chosen)

    def _list(self, exchange: Exchange, form: str, tag: str) -> Reply:
        context, site = self.context, self.context.site(exchange)
        if form not in GRAPHS and form != "html":
            raise NotAcceptable(
                "The list of questions comes as a page or as RDF.", expected="html, ttl, jsonld"
            )
        forms = tuple(
            Alternate(_LABELS[one], media_type, f"{site.path('/questions')}.{one}")
            for one, media_type in {**GRAPHS, "html": HTML}.items()
            if one != form
        )
        if form == "html":
            head = context.head(exchange, "/questions", forms)
            body = context.pages.questions(context.catalogue, head).encode()
        else:
            body = graph_bytes(executables(context.catalogue, site.base), GRAPHS[form])
        headers = context.headers(FORMS[form], tag, links(site, forms))
        return Reply(200, body, headers, cacheable=bool(tag), label="page" if form == "html" else "resource")

    async def _values(self, exchange: Exchange, name: str, parameter: str) -> Reply:
        """The values that a parameter may take, as JSON."""
        tag = self.context.tag(exchange.path)
        if unchanged := self.context.unchanged(exchange, tag):
            return unchanged
        question = self.context.catalogue.get(name)
        listed = await answers.choices(self.context, question, question.parameter(parameter))
        rows = [{"value": one.term.value, "label": one.label} for one in listed]
        about = {"question": question.name, "parameter": parameter, "values": rows}
        body = json.dumps(about, ensure_ascii=False).encode()
        headers = self.context.headers("application/json", tag, links(self.context.site(exchange), ()))
        return Reply(200, body, headers, cacheable=bool(tag), label="resource")

    # ------------------------------------------------------------------ one question

    async def _form(self, exchange: Exchange, question: Question, stem: str, form: str, tag: str) -> Reply:
        parameters = asked(exchange)
        if form == "html":
            return await self._page(exchange, question, stem, parameters, tag)
        wanted = await answers.read(self.context, question, parameters)
        if form == "rq":
            text = bare(replace(question, text=wanted.text))
            return self._reply(exchange, stem, form, tag, text.encode())
        if form_of(question.text) == "CONSTRUCT":
            if form not in GRAPHS:
                raise NotAcceptable(
                    "The answer to this question is a graph.", expected=", ".join(GRAPHS.values())
                )
            graph = await self.context.engine.query(wanted.text, Formats(graph=GRAPHS[form]))
            return self._reply(exchange, stem, form, tag, graph.body)
        if form == "srj" or (form in ("csv", "tsv") and not wanted.evidence and not wanted.limit):
            answer = await self.context.engine.query(
                paged(wanted.text, wanted.limit, wanted.offset), Formats(_ANSWERS[form], JSON_RESULTS)
            )
            return self._reply(exchange, stem, form, tag, answer.body)
        table = await answers.answer(self.context, wanted)
        return self._reply(
            exchange, stem, form, tag, self._serialised(exchange, wanted, table, stem, form), table, wanted
        )

    def _serialised(self, exchange: Exchange, wanted: Asked, table: Table, stem: str, form: str) -> bytes:
        base = self.context.settings.base
        iri = f"{base}{stem.lstrip('/')}.{form}" + (f"?{exchange.query}" if exchange.query else "")
        if form == "csv":
            return tables.as_csv(table)
        if form == "tsv":
            return tables.as_tsv(table)
        if form == "xlsx":
            return tables.as_xlsx(table, self._about(wanted, table, iri))
        if form in GRAPHS:
            triples = [*executable(wanted.question, base), *tables.as_triples(table, quote(iri, safe=_IRI))]
            return graph_bytes(triples, GRAPHS[form])
        about: dict[str, Any] = {
            "question": wanted.question.name,
            "title": wanted.question.title,
            "parameters": {name: term.value for name, term in wanted.terms.items()},
        }
        if not table.complete:
            about["next"] = self._page_link(exchange, f"{stem}.{form}", wanted, table)
        return tables.as_json(table, about)

    def _about(self, wanted: Asked, table: Table, iri: str) -> list[tuple[str, str]]:
        about, question = self.context.about, wanted.question
        found = [("Question", question.title), ("What it means", question.description)]
        found += [
            (question.parameter(name).label, shorten(term, question.base))
            for name, term in wanted.terms.items()
        ]
        found += [
            ("Complete", "yes" if table.complete else "no, there are more rows"),
            ("From", iri),
            ("State of", self.context.modified().isoformat()),
            ("Licence", "".join(about.texts("dcterms:license"))),
            ("Rights", "".join(about.texts("dcterms:rights"))),
        ]
        return [pair for pair in found if pair[1]]

    def _reply(
        self, exchange: Exchange, stem: str, form: str, tag: str, body: bytes,
        table: Table | None = None, wanted: Asked | None = None,
    ) -> Reply:  # fmt: skip
        context, site = self.context, self.context.site(exchange)
        more = [f'<{site.base}{stem.lstrip("/")}>; rel="cite-as"']
        if table is not None and wanted is not None and not table.complete:
            more.append(f'<{self._page_link(exchange, f"{stem}.{form}", wanted, table)}>; rel="next"')
        query = f"?{exchange.query}" if exchange.query else ""
        headers = context.headers(
            FORMS[form], tag, links(site, self._alternates(exchange, stem, form, query), *more)
        )
        if form in ("csv", "xlsx", "tsv"):
            name = stem.rpartition("/")[2]
            headers = (*headers, ("content-disposition", f'inline; filename="{name}.{form}"'))
        return Reply(200, body, headers, cacheable=bool(tag), label="page" if form == "html" else "answer")

    def _page_link(self, exchange: Exchange, path: str, wanted: Asked, table: Table) -> str:
        """Address of the rows after these."""
        pairs = {name: values[-1] for name, values in asked(exchange).items()}
        pairs |= {"limit": str(wanted.limit), "offset": str(table.offset + len(table.rows))}
        return f"{self.context.site(exchange).path(path)}?{urlencode(pairs)}"

    def _alternates(
        self, exchange: Exchange, stem: str, without: str, query: str = ""
    ) -> tuple[Alternate, ...]:
        path = self.context.site(exchange).path(stem)
        # An address with a quote or bracket would end the Link header's field early.
        safe = quote(query, safe="?&=%+-._~*!$'(),:;@/")
        return tuple(
            Alternate(_LABELS[form], media_type, f"{path}.{form}{safe}")
            for form, media_type in FORMS.items()
            if form != without
        )

    # ------------------------------------------------------------------ its page

    async def _page(
        self, exchange: Exchange, question: Question, stem: str, parameters: dict[str, list[str]], tag: str
    ) -> Reply:
        """The page of a question; a wrong parameter is told beside its field."""
        lexicon = await self.context.lexicon()
        wrong: dict[str, NcpcError] = {}
        kept = dict(parameters)
        for parameter in question.parameters:
            one = {parameter.name: parameters[parameter.name]} if parameter.name in parameters else {}
            try:
                await answers.read(self.context, question, one)
            except ParameterError as error:
                wrong[parameter.name] = error
                kept.pop(parameter.name)
        wanted = await answers.read(self.context, question, kept, answers.ROWS_ON_PAGE)
        fields = tuple(
            [
                await self._field(question, parameter, parameters, wanted, wrong.get(parameter.name), lexicon)
                for parameter in question.parameters
            ]
        )
        graph = form_of(question.text) == "CONSTRUCT"
        table = Table((), ()) if wrong or graph else await answers.answer(self.context, wanted)
        view = QuestionView(
            question=question,
            fields=fields,
            columns=table.columns,
            rows=tuple(tuple(value_of(value, lexicon) for value in row) for row in table.rows),
            grounds=table.grounds,
            query=bare(replace(question, text=wanted.text)),
            complete=table.complete,
            offset=table.offset,
        )
        query = f"?{exchange.query}" if exchange.query else ""
        forms = self._alternates(exchange, stem, "html", query)
        head = self.context.head(exchange, stem, forms)
        if not table.complete:
            head = replace(head, next=self._page_link(exchange, f"{stem}.html", wanted, table))
        if table.offset and wanted.limit:
            earlier = replace(table, offset=max(0, table.offset - wanted.limit), rows=())
            head = replace(head, previous=self._page_link(exchange, f"{stem}.html", wanted, earlier))
        body = self.context.pages.question(view, head).encode()
        reply = self._reply(exchange, stem, "html", "" if wrong else tag, body, table, wanted)
        return replace(reply, status=400, cacheable=False) if wrong else reply

    async def _field(
        self,
        question: Question,
        parameter: Parameter,
        parameters: dict[str, list[str]],
        wanted: Asked,
        error: NcpcError | None,
        lexicon: Lexicon,
    ) -> Field:
        listed = await answers.choices(self.context, question, parameter)
        given = parameters.get(parameter.name, [None])[-1]
        term = wanted.terms.get(parameter.name)
        value = term.value if term is not None else default_text(parameter, question)
        label = next((one.label for one in listed if one.term.value == value), "")
        if not label and value:
            label = lexicon.label(value) if parameter.type == "iri" else value
        told = None
        if error is not None:
            told = " ".join(filter(None, (error.problem, error.hint and f"{error.hint}.")))
        return Field(parameter, listed, given, value, label, told)
