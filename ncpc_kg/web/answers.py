"""A request for a question, read into terms and answered as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ncpc_kg.catalogue import Parameter, Question, bind, read_term
from ncpc_kg.description import Lexicon, Value
from ncpc_kg.description.lexicon import cut
from ncpc_kg.description.rows import TSV, language_of, read_rows, text_of
from ncpc_kg.engine import Formats, Term
from ncpc_kg.errors import ParameterError
from ncpc_kg.grounds import Grounds, grounds_query, read_grounds, read_solutions, solutions_query
from ncpc_kg.query import Choice, choices_query, read_choices, term_for
from ncpc_kg.store.syntax import tokens
from ncpc_kg.web.context import Context, whole_number
from ncpc_kg.web.tables import Table

ROWS_ON_PAGE = 200
ROWS_WITH_EVIDENCE = 500
_MOST_ROWS = 1_000_000
_LONGEST_TEXT = 4000
_OWN = ("limit", "offset", "evidence")


@dataclass(frozen=True)
class Asked:
    """What a request asks of a question.

    Attributes:
        question: The question.
        terms: Terms for the parameters that were given.
        wrong: What is wrong with others of its parameters.
        limit: Most rows, or None for all.
        offset: Rows to leave out first.
        evidence: Whether to say what each row rests on.
    """

    question: Question
    terms: Mapping[str, Term]
    wrong: Mapping[str, ParameterError]
    limit: int | None
    offset: int
    evidence: bool

    @property
    def text(self) -> str:
        """The query with its parameters filled in."""
        return bind(self.question, self.terms)

    @property
    def values(self) -> dict[str, str]:
        """What is in force for each parameter, as text; parameters that may be anything are left out."""
        base = self.question.base
        found = {
            one.name: self.terms[one.name].value if one.name in self.terms else default_text(one, base)
            for one in self.question.parameters
        }
        return {name: text for name, text in found.items() if text}


async def choices(context: Context, question: Question, parameter: Parameter) -> tuple[Choice, ...]:
    """The terms that a parameter may take, asked once for each state of the graph.

    Args:
        context: What all resources share.
        question: The question.
        parameter: One of its parameters.
    """
    query = choices_query(parameter, question.base)
    if query is None:
        return ()

    async def make() -> tuple[Choice, ...]:
        return read_choices(await context.engine.query(*query), question.base)

    return await context.once(f"choices {question.name} {parameter.name}", make)


async def read(
    context: Context, question: Question, parameters: dict[str, list[str]], rows: int | None = None
) -> Asked:
    """Read the parameters of a request; each becomes a term, never a piece of the query.

    Args:
        context: What all resources share.
        question: The question.
        parameters: The parameters as text.
        rows: Most rows where the request does not say.

    Returns:
        What was asked; `wrong` tells of values that are ill-typed, outside their list, or given twice.

    Raises:
        ParameterError: The question has no such parameter, or paging or evidence are asked wrongly.
    """
    own = set(_OWN) - {one.name for one in question.parameters}
    terms: dict[str, Term] = {}
    wrong: dict[str, ParameterError] = {}
    for name, values in parameters.items():
        if name in own:
            continue
        parameter = question.parameter(name)
        try:
            if text := _single(name, values):
                listed = await choices(context, question, parameter)
                terms[name] = term_for(parameter, text, listed, question.base)
        except ParameterError as error:
            wrong[name] = error
    evidence = _switch(parameters, "evidence")
    most = ROWS_WITH_EVIDENCE if evidence else _MOST_ROWS
    limit = whole_number(parameters, "limit", 0, most) or (rows or (most if evidence else None))
    given = parameters.get("offset", ["0"])
    offset = 0 if given == ["0"] else whole_number(parameters, "offset", 0, 1_000_000_000)
    return Asked(question, terms, wrong, limit, offset, evidence)


def _single(name: str, values: list[str]) -> str:
    if len(values) > 1:
        raise ParameterError(
            f"The parameter {name} is given more than once.",
            found=", ".join(values)[:100],
            expected="one value",
        )
    return values[0] if values[0].strip() else ""


async def answer(context: Context, wanted: Asked) -> Table:
    """Answer a question.

    Args:
        context: What all resources share.
        wanted: What was asked.

    Returns:
        The rows, and what they rest on if that was asked.
    """
    text, engine = wanted.text, context.engine
    limit = wanted.limit + 1 if wanted.limit else None
    found = await engine.query(paged(text, limit, wanted.offset), Formats(bindings=TSV))
    columns = tuple(name.lstrip("?") for name in found.body.decode().partition("\n")[0].split("\t"))
    rows = tuple(tuple(row) for row in read_rows(found))
    if has_limit(text):
        rows = rows[wanted.offset :]
    complete = not wanted.limit or len(rows) <= wanted.limit
    rows = rows[: wanted.limit] if wanted.limit else rows
    grounds = await _grounds(context, text, columns, rows) if wanted.evidence else ()
    return Table(columns, rows, grounds, complete, wanted.offset)


async def _grounds(
    context: Context, text: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> tuple[Grounds, ...]:
    query = solutions_query(text, columns, rows)
    if query is None:
        return tuple(Grounds() for _ in rows)
    behind = read_solutions(await context.engine.query(*query), text, columns, rows)
    evidence = await context.engine.query(*grounds_query(behind, context.settings.base))
    return read_grounds(evidence, behind, await context.lexicon())


def paged(text: str, limit: int | None, offset: int) -> str:
    """The query with LIMIT and OFFSET, unless it has its own.

    Args:
        text: A query of the catalogue.
        limit: Most rows, or None.
        offset: Rows to leave out first.
    """
    if has_limit(text) or not (limit or offset):
        return text
    return f"{text}\n{f'LIMIT {limit} ' if limit else ''}{f'OFFSET {offset}' if offset else ''}\n"


def has_limit(text: str) -> bool:
    """Whether a query has its own LIMIT, OFFSET or VALUES after its pattern."""
    depth = 0
    for one in tokens(text):
        depth += (one.text == "{") - (one.text == "}")
        if not depth and one.word in ("LIMIT", "OFFSET", "VALUES"):
            return True
    return False


def default_text(parameter: Parameter, base: str) -> str:
    """The default of a parameter as plain text: an IRI, or the text of a literal; empty for any.

    Args:
        parameter: The parameter.
        base: Base IRI the graph is published under.
    """
    if parameter.default == "UNDEF":
        return ""
    if parameter.type == "iri":
        return read_term(parameter, parameter.default, base).value
    return text_of(parameter.default)


def value_of(spelled: str, lexicon: Lexicon) -> Value | None:
    """A value of a row for a page; None where there is none.

    Args:
        spelled: The value in TSV spelling.
        lexicon: Labels of the terms.
    """
    if not spelled:
        return None
    if spelled.startswith("<") and not spelled.startswith("<<"):
        return Value(lexicon.label(spelled[1:-1]), spelled[1:-1])
    text = text_of(spelled)
    shown = cut(text, _LONGEST_TEXT)
    typed = spelled[spelled.rfind('"') + 1 :]
    datatype = lexicon.short(typed[3:-1]) if typed.startswith("^^<") else None
    return Value(shown, None, language_of(spelled), datatype, shown != text)


def _switch(parameters: dict[str, list[str]], name: str) -> bool:
    values = parameters.get(name, ["0"])
    if len(values) != 1 or values[0] not in ("0", "1", "true", "false", ""):
        raise ParameterError(
            f"The parameter {name} is neither on nor off.", found=", ".join(values)[:60], expected="0 or 1"
        )
    return values[0] in ("1", "true")
