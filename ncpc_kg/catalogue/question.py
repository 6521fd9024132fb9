"""Questions and their parameters: plain data, and binding of terms into the query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from pyoxigraph import Literal as RdfLiteral
from pyoxigraph import NamedNode

from ncpc_kg.engine import Term
from ncpc_kg.errors import NotFound, ParameterError
from ncpc_kg.store.syntax import Token, tokens
from ncpc_kg.vocabulary import BASE, PREFIXES, prefixes_under

ParameterType = Literal["iri", "string", "integer", "decimal", "date", "gYear", "gYearMonth"]
TYPES: tuple[str, ...] = get_args(ParameterType)

_YEAR = "-?(?:[1-9][0-9]{3,}|0[0-9]{3})"
_MONTH, _ZONE = "(?:0[1-9]|1[0-2])", "(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_FORMS: dict[str, re.Pattern[str]] = {
    "integer": re.compile("[+-]?[0-9]+"),
    "decimal": re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"),
    "date": re.compile(f"{_YEAR}-{_MONTH}-(?:0[1-9]|[12][0-9]|3[01]){_ZONE}"),
    "gYear": re.compile(_YEAR + _ZONE),
    "gYearMonth": re.compile(f"{_YEAR}-{_MONTH}{_ZONE}"),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter of a question.

    Attributes:
        name: Name of its variable, without the question mark.
        label: What people read.
        type: `iri`, or the local name of an XML Schema datatype.
        default: The term used where none is given, as SPARQL text; `UNDEF` means any.
        description: What it does, or an empty string.
        values: A query for the allowed terms (`?value`) and their labels (`?label`), or None
            where every term of the type is allowed.
        example: What a caller may give, as text; for a parameter that may be anything by default.
    """

    name: str
    label: str
    type: ParameterType
    default: str
    description: str = ""
    values: str | None = None
    example: str = ""


@dataclass(frozen=True)
class Question:
    """One ready question.

    Attributes:
        name: The file's name without its suffix; the name in addresses and commands.
        identifier: Short identifier, such as CQ11, or an empty string.
        title: The question in words.
        description: What the answer means, or an empty string.
        tags: Subjects it belongs to.
        parameters: What can be filled in.
        text: The query with its default terms.
        path: The file.
        expected: The file with the expected answer (CSV), or None.
        base: Base IRI the graph is published under.
        chart: Columns that are worth drawing: counts as bars, or a date as a time line.
    """

    name: str
    identifier: str
    title: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str
    path: Path
    expected: Path | None
    base: str = BASE
    chart: tuple[str, ...] = ()

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by name.

        Args:
            name: Its name.

        Raises:
            ParameterError: The question has no such parameter.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        names = [parameter.name for parameter in self.parameters]
        near = get_close_matches(name, names, n=1)
        raise ParameterError(
            f"The question {self.name} has no parameter {name}.",
            found=name,
            expected=" or ".join(names) or "no parameter",
            hint=f"did you mean {near[0]}?" if near else "leave it out",
        )


@dataclass(frozen=True)
class Catalogue:
    """All ready questions, sorted by name."""

    questions: tuple[Question, ...]

    def get(self, name: str) -> Question:
        """Return a question by name or identifier.

        Args:
            name: The name (`centres-by-donor`) or the identifier (`CQ11`).

        Raises:
            NotFound: There is none.
        """
        for question in self.questions:
            if name == question.name or name.upper() == question.identifier.upper() != "":
                return question
        near = get_close_matches(name, [question.name for question in self.questions], n=1)
        raise NotFound(
            f"The catalogue has no question {name}.",
            found=name,
            expected="the name of a question, or its identifier such as CQ11",
            hint=f"did you mean {near[0]}?"
            if near
            else "list them at /questions, or with: ncpc-kg query --list",
        )


def bind(question: Question, terms: Mapping[str, Term]) -> str:
    """Fill terms into a question.

    The block `VALUES ?name { ... }` of each parameter takes the term in its SPARQL spelling,
    with everything escaped that needs it; no text of a caller ever becomes query text.

    Args:
        question: The question.
        terms: A term for each parameter that shall not keep its default.

    Raises:
        ParameterError: A name is unknown, or a term has the wrong type.
    """
    for name, term in terms.items():
        _check_type(question.parameter(name), term)
    pieces: list[str] = []
    end = 0
    for name, start, stop in blocks(tokens(question.text)):
        if name in terms:
            pieces += (question.text[end:start], f" {terms[name]} ")
            end = stop
    return "".join((*pieces, question.text[end:]))


def read_term(parameter: Parameter, text: str, base: str = BASE) -> Term:
    """Read what a person or a program gave for a parameter.

    Args:
        parameter: The parameter.
        text: An IRI, with or without `<>`, or a prefixed name; or the text of a value.
        base: Base IRI the graph is published under.

    Raises:
        ParameterError: The text is no IRI, or not in the datatype's form.
    """
    if parameter.type != "iri":
        term = RdfLiteral(text, datatype=NamedNode(PREFIXES["xsd"] + parameter.type))
        _check_type(parameter, term)
        return term
    prefix, _, local = text.partition(":")
    prefixes = prefixes_under(base)
    iri = prefixes[prefix] + local if prefix in prefixes else text.removeprefix("<").removesuffix(">")
    try:
        return NamedNode(iri)
    except ValueError as error:
        raise ParameterError(
            f"The value of {parameter.name} is no IRI: {error}.",
            found=text,
            expected=f"an IRI such as <{base}id/centre-brazil>, or id:centre-brazil",
            hint="write the whole IRI or a prefixed name",
        ) from error


def _check_type(parameter: Parameter, term: Term) -> None:
    if parameter.type == "iri":
        if not isinstance(term, NamedNode):
            raise ParameterError(
                f"The parameter {parameter.name} takes an IRI.", found=str(term), expected="an IRI"
            )
        return
    datatype = PREFIXES["xsd"] + parameter.type
    if not isinstance(term, RdfLiteral) or term.datatype.value != datatype:
        raise ParameterError(
            f"The parameter {parameter.name} takes a value of type xsd:{parameter.type}.",
            found=str(term),
            expected=f"a literal of type xsd:{parameter.type}",
        )
    if not _well_formed(term.value, parameter.type):
        raise ParameterError(
            f"The value of {parameter.name} does not have the form of xsd:{parameter.type}.",
            found=term.value,
            expected=f"a value of type xsd:{parameter.type}",
        )


def _well_formed(text: str, kind: ParameterType) -> bool:
    """Whether a text has the lexical form of its datatype (XML Schema 1.1, part 2)."""
    form = _FORMS.get(kind)
    if form is None:
        return True
    if not form.fullmatch(text):
        return False
    if kind != "date" or not text[:4].isdigit() or len(text.partition("-")[0]) > 4:
        return True
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def blocks(found: Sequence[Token]) -> Iterator[tuple[str, int, int]]:
    """Find what each block `VALUES ?name { ... }` holds between its braces.

    Args:
        found: The tokens of a query.

    Yields:
        The name, and start and end as character offsets.
    """
    for at in range(len(found) - 2):
        values, variable, brace = found[at : at + 3]
        if values.word == "VALUES" and variable.kind == "variable" and brace.text == "{":
            close = next((token for token in found[at + 3 :] if token.text == "}"), None)
            if close:
                yield variable.text[1:], brace.end, close.start
