"""The ready questions over HTTP: a page with a form, and the answer in every format.

`/questions` lists them, `/questions/NAME` answers one, `/questions/NAME/PARAMETER` lists what a
parameter may be. Beside the parameters of the question, `limit` and `offset` page, and
`evidence=1` adds what each row rests on.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from ncpc_kg.catalogue import Parameter, Question
from ncpc_kg.description.rows import TSV
from ncpc_kg.errors import NotAcceptable
from ncpc_kg.executables import bare, executable, executables
from ncpc_kg.query import JSON_RESULTS
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.web import answers, tables
from ncpc_kg.web.answers import Asked
from ncpc_kg.web.context import Context
from ncpc_kg.web.exchange import Exchange, Reply
from ncpc_kg.web.forms import GRAPHS, HTML, SUFFIXES, alternates, split_suffix, suffix_for
from ncpc_kg.web.protocol import parameters
from ncpc_kg.web.reading import given
from ncpc_kg.web.site import Alternate, Field, Head, QuestionView
from ncpc_kg.web.tables import Table

FORMS: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "tsv": TSV,
    "xlsx": tables.XLSX,
    "srj": JSON_RESULTS,
    **GRAPHS,
    "html": HTML,
    "rq": "application/sparql-query",
}
_FILES = ("csv", "tsv", "xlsx")
_IRI = "/:?&=#@!$'()*+,;-._~%"
_MANY_ROWS = 500


@dataclass(frozen=True)
class _Visit:
    """A request for one question, with the addresses that lead on from it."""

    context: Context
    exchange: Exchange
    question: Question
    form: str
    tag: str

    @property
    def path(self) -> str:
        return f"/questions/{quote(self.question.name)}"

    @property
    def query(self) -> str:
        # A quote or bracket would end the field of the Link header early.
        safe = quote(self.exchange.query, safe="?&=%+-._~*!$'(),:;@/")
        return f"?{safe}" if safe else ""

    @property
    def address(self) -> str:
        """Address of the answer in its form, without query."""
        return f"{self.context.site(self.exchange).path(self.path)}.{self.form}"

    @property
    def alternates(self) -> tuple[Alternate, ...]:
        return alternates(self.context.site(self.exchange), self.path, self.query, self.form, FORMS)

    def rows_from(self, wanted: Asked, offset: int) -> str:
        """Address of the rows from an offset on."""
        pairs = {name: values[-1] for name, values in parameters(self.exchange.query).items()}
        return f"{self.address}?{urlencode(pairs | {'limit': str(wanted.limit), 'offset': str(offset)})}"

    def next(self, wanted: Asked, table: Table) -> str | None:
        """Address of the rows after these; None after the last."""
        return None if table.complete else self.rows_from(wanted, table.offset + len(table.rows))


class QuestionEndpoint:
    """Answers requests to `/questions` and what lies under it.

    Args:
        context: What all resources share.
    """

    def __init__(self, context: Context) -> None:
        self.context = context

    async def __call__(self, exchange: Exchange) -> Reply:
        """Answer a request."""
        path, suffix = split_suffix(exchange.path.rstrip("/"), FORMS)
        name = path.removeprefix("/questions").strip("/")
        if "/" in name:
            return await self._values(exchange, *name.split("/", 1))
        question = self.context.catalogue.get(name) if name else None
        form = suffix or suffix_for(exchange.header("accept"), FORMS if question else SUFFIXES)
        tag = self.context.tag(exchange.path, exchange.query, form, exchange.root)
        if unchanged := self.context.unchanged(exchange, tag):
            return unchanged
        if question is None:
            return self._list(exchange, form, tag)
        visit = _Visit(self.context, exchange, question, form, tag)
        if not suffix and not exchange.query and form in SUFFIXES:
            return self._redirect(visit)
        reply = await (self._page(visit) if form == "html" else self._data(visit))
        return reply if suffix else reply.with_headers(("content-location", f"{visit.address}{visit.query}"))

    def _list(self, exchange: Exchange, form: str, tag: str) -> Reply:
        given(exchange)
        context, site = self.context, self.context.site(exchange)
        if form not in SUFFIXES:
            raise NotAcceptable(
                "The list of questions comes as a page or as RDF.", expected=", ".join(SUFFIXES)
            )
        forms = alternates(site, "/questions", without=form)
        if form == "html":
            body = context.pages.questions(
                context.catalogue, context.head(exchange, "/questions", forms)
            ).encode()
        else:
            body = graph_bytes(executables(context.catalogue, site.base), GRAPHS[form])
        headers = context.headers(exchange, FORMS[form], tag, forms)
        return Reply(200, body, headers, cacheable=bool(tag), label="page" if form == "html" else "resource")

    async def _values(self, exchange: Exchange, name: str, parameter: str) -> Reply:
        """The values that a parameter may take, as JSON."""
        given(exchange)
        tag = self.context.tag(exchange.path)
        if unchanged := self.context.unchanged(exchange, tag):
            return unchanged
        question = self.context.catalogue.get(name)
        listed = await answers.choices(self.context, question, question.parameter(parameter))
        rows = [{"value": one.term.value, "label": one.label} for one in listed]
        about = {"question": question.name, "parameter": parameter, "values": rows}
        body = json.dumps(about, ensure_ascii=False).encode()
        headers = self.context.headers(exchange, "application/json", tag)
        return Reply(200, body, headers, cacheable=bool(tag), label="resource")

    # ------------------------------------------------------------------ one question

    def _redirect(self, visit: _Visit) -> Reply:
        """The IRI of a question is a name of the graph: 303 to its page or its data."""
        headers = (
            ("location", visit.address),
            ("vary", "Accept"),
            ("cache-control", "no-cache"),
            ("link", self.context.links(visit.exchange, visit.alternates)),
        )
        return Reply(303, headers=headers, cacheable=True, label="redirect")

    async def _data(self, visit: _Visit) -> Reply:
        wanted = await answers.read(self.context, visit.question, parameters(visit.exchange.query))
        for error in wanted.wrong.values():
            raise error
        if visit.form == "rq":
            text = answers.paged(wanted.text, wanted.limit, wanted.offset)
            return self._reply(visit, bare(text).encode())
        table = await answers.answer(self.context, wanted)
        if len(table.rows) > _MANY_ROWS:
            body = await asyncio.to_thread(self._serialised, visit, wanted, table)
        else:
            body = self._serialised(visit, wanted, table)
        return self._reply(visit, body, visit.next(wanted, table))

    def _serialised(self, visit: _Visit, wanted: Asked, table: Table) -> bytes:
        question, base = visit.question, self.context.settings.base
        iri = f"{base}{visit.path.lstrip('/')}.{visit.form}{visit.query}"
        match visit.form:
            case "csv":
                return tables.as_csv(table)
            case "tsv":
                return tables.as_tsv(table)
            case "srj":
                return tables.as_sparql_json(table)
            case "xlsx":
                return tables.as_xlsx(table, self._about(wanted, table, iri))
            case "json":
                about: dict[str, Any] = {
                    "question": question.name,
                    "title": question.title,
                    "parameters": wanted.values,
                }
                if more := visit.next(wanted, table):
                    about["next"] = more
                return tables.as_json(table, about)
        triples = [*executable(question, base), *tables.as_triples(table, quote(iri, safe=_IRI))]
        return graph_bytes(triples, GRAPHS[visit.form])

    def _about(self, wanted: Asked, table: Table, iri: str) -> list[tuple[str, str]]:
        about, question = self.context.about, wanted.question
        found = [("Question", question.title), ("What it means", question.description)]
        found += [(question.parameter(name).label, text) for name, text in wanted.values.items()]
        found += [
            ("Complete", "yes" if table.complete else "no, there are more rows"),
            ("From", iri),
            ("State of", self.context.modified().isoformat()),
            ("Licence", "".join(about.texts("dcterms:license"))),
            ("Rights", "".join(about.texts("dcterms:rights"))),
        ]
        return [pair for pair in found if pair[1]]

    def _reply(self, visit: _Visit, body: bytes, more: str | None = None) -> Reply:
        form = visit.form
        found = [f'<{self.context.settings.base}{visit.path.lstrip("/")}>; rel="cite-as"']
        if more:
            found.append(f'<{more}>; rel="next"')
        # A spreadsheet carries the time it was made, so that its bytes are never the same twice.
        tag = f"W/{visit.tag}" if visit.tag and form == "xlsx" else visit.tag
        headers = self.context.headers(visit.exchange, FORMS[form], tag, visit.alternates, *found)
        if form in _FILES:
            name = f"{visit.question.name}.{form}"
            headers = (*headers, ("content-disposition", f'inline; filename="{name}"'))
        label = "page" if form == "html" else "answer"
        return Reply(200, body, headers, cacheable=bool(visit.tag), label=label)

    # ------------------------------------------------------------------ its page

    async def _page(self, visit: _Visit) -> Reply:
        """The page of a question; a wrong parameter is told beside its field."""
        context, question, sent = self.context, visit.question, parameters(visit.exchange.query)
        wanted = await answers.read(context, question, sent, answers.ROWS_ON_PAGE)
        lexicon = await context.lexicon()
        table = Table((), ()) if wanted.wrong else await answers.answer(context, wanted)
        view = QuestionView(
            question=question,
            fields=tuple([await self._field(wanted, one, sent) for one in question.parameters]),
            columns=table.columns,
            rows=tuple(tuple(answers.value_of(value, lexicon) for value in row) for row in table.rows),
            grounds=table.grounds,
            query=bare(wanted.text),
            complete=table.complete,
            offset=table.offset,
        )
        more = visit.next(wanted, table)
        head: Head = replace(context.head(visit.exchange, visit.path, visit.alternates), next=more)
        if table.offset and wanted.limit:
            head = replace(head, previous=visit.rows_from(wanted, max(0, table.offset - wanted.limit)))
        body = context.pages.question(view, head).encode()
        if wanted.wrong:
            return replace(self._reply(replace(visit, tag=""), body), status=400)
        return self._reply(visit, body, more)

    async def _field(self, wanted: Asked, parameter: Parameter, sent: dict[str, list[str]]) -> Field:
        listed = await answers.choices(self.context, wanted.question, parameter)
        text = sent.get(parameter.name, [None])[-1]
        told = None
        if error := wanted.wrong.get(parameter.name):
            told = " ".join(filter(None, (error.problem, error.hint and f"{error.hint}.")))
        return Field(parameter, listed, text, wanted.values.get(parameter.name, ""), told)
