"""From a question and its parameters, or from query text, to an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

from pyoxigraph import Literal, NamedNode, QueryResultsFormat, QuerySolutions, Variable, parse_query_results

from ncpc_kg.catalogue import Parameter, Question, bind, read_term
from ncpc_kg.engine import Answer, Engine, Formats, Term
from ncpc_kg.errors import ParameterError, Place, QueryError
from ncpc_kg.store.syntax import tokens
from ncpc_kg.vocabulary import BASE, abbreviate, prefixes_under

JSON_RESULTS = "application/sparql-results+json"


@dataclass(frozen=True)
class Choice:
    """A term that a parameter may take, with its label."""

    term: Term
    label: str


def answer(
    engine: Engine, question: Question, terms: Mapping[str, Term] | None = None, formats: Formats = Formats()
) -> Answer:
    """Answer a question of the catalogue.

    Args:
        engine: Where the graph is.
        question: The question.
        terms: Terms for its parameters; defaults stand for the others.
        formats: Media types to answer in.

    Raises:
        ParameterError: A term has the wrong name or type.
        NcpcError: As `Engine.query`.
    """
    return engine.query(bind(question, terms or {}), formats)


def answer_text(
    engine: Engine,
    text: str,
    formats: Formats = Formats(),
    base: str = BASE,
    path: Path | None = None,
) -> Answer:
    """Run query text that a person wrote; the project's prefixes need not be declared.

    Args:
        engine: Where the graph is.
        text: The query.
        formats: Media types to answer in.
        base: Base IRI the graph is published under.
        path: The file it comes from, for messages.

    Raises:
        NcpcError: As `Engine.query`, with the file where there is one.
    """
    declared = declare_prefixes(text, base)
    try:
        return engine.query(declared, formats)
    except QueryError as error:
        place = error.place or Place()
        column = place.column
        if column and place.line == 1:
            column -= len(declared) - len(text)
        error.place = replace(place, path=path, column=column)
        raise


def solutions(result: Answer) -> QuerySolutions:
    """Read a SELECT result in SPARQL JSON.

    Raises:
        ValueError: It is the result of another form of query.
    """
    found = parse_query_results(result.body, format=QueryResultsFormat.JSON)
    if not isinstance(found, QuerySolutions):
        raise ValueError(f"not a table: {result.kind}")
    return found


def choices(engine: Engine, parameter: Parameter, base: str = BASE) -> tuple[Choice, ...]:
    """List the terms that a parameter may take.

    Args:
        engine: Where the graph is.
        parameter: The parameter.
        base: Base IRI the graph is published under.

    Returns:
        The terms in the order of its `values` query; empty where any term is allowed.
    """
    asked = choices_query(parameter, base)
    return read_choices(engine.query(*asked), base) if asked else ()


def choices_query(parameter: Parameter, base: str = BASE) -> tuple[str, Formats] | None:
    """The query that lists the terms a parameter may take, with the format to ask for.

    Args:
        parameter: The parameter.
        base: Base IRI the graph is published under.

    Returns:
        The query; None where any term of the type is allowed.
    """
    if parameter.values is None:
        return None
    text = declare_prefixes(parameter.values.replace(BASE, base), base)
    return text, Formats(bindings=JSON_RESULTS)


def read_choices(result: Answer, base: str = BASE) -> tuple[Choice, ...]:
    """Read the terms that a parameter may take from the answer to `choices_query`.

    Args:
        result: The answer.
        base: Base IRI the graph is published under.

    Returns:
        The terms in the order of the answer.
    """
    found = solutions(result)
    labelled = Variable("label") in found.variables
    read = []
    for row in found:
        term, label = row["value"], row["label"] if labelled else None
        if term is not None:
            read.append(Choice(term, label.value if isinstance(label, Literal) else shorten(term, base)))
    return tuple(read)


def read_terms(engine: Engine, question: Question, given: Mapping[str, str]) -> dict[str, Term]:
    """Read the parameters that a person or a program gave as text.

    Where a parameter has a list of values, a term of the list can be named by its IRI, its
    prefixed name, its local name, the end of its local name (`brazil` for
    `id:centre-brazil`) or its label, as long as only one fits.

    Args:
        engine: Where the graph is.
        question: The question.
        given: Texts by name of the parameter.

    Returns:
        The terms by name of the parameter.

    Raises:
        ParameterError: A name is unknown, or a text is not a value of the type or the list.
    """
    terms: dict[str, Term] = {}
    for name, text in given.items():
        parameter = question.parameter(name)
        terms[name] = term_for(parameter, text, choices(engine, parameter, question.base), question.base)
    return terms


def term_for(parameter: Parameter, text: str, listed: tuple[Choice, ...], base: str = BASE) -> Term:
    """Read one parameter that a person or a program gave as text.

    Args:
        parameter: The parameter.
        text: What was given.
        listed: The terms it may take, from `choices`; empty where any term of its type is allowed.
        base: Base IRI the graph is published under.

    Raises:
        ParameterError: The text is not a value of the type or the list.
    """
    return _pick(parameter, text, listed, base) if listed else read_term(parameter, text, base)


def shorten(term: Term, base: str = BASE) -> str:
    """Write a term for people: a prefixed name where there is one, the text of a literal.

    Args:
        term: The term.
        base: Base IRI the graph is published under.
    """
    short = abbreviate(term.value, base) if isinstance(term, NamedNode) else None
    return short or term.value


def declare_prefixes(text: str, base: str = BASE) -> str:
    """Put the project's prefixes before a query that does not declare the ones it uses.

    They go on the query's first line, so that line numbers in messages stay right.

    Args:
        text: A query or update.
        base: Base IRI the graph is published under.

    Returns:
        The query with the declarations it lacks.
    """
    prefixes = prefixes_under(base)
    found = tokens(text)
    declared = {name.text for word, name in pairwise(found) if word.word == "PREFIX"}
    used = {f"{token.text.partition(':')[0]}:" for token in found if token.kind == "name"}
    lacking = [f"{prefix}:" for prefix in prefixes if f"{prefix}:" in used - declared]
    return "".join(f"PREFIX {name} <{prefixes[name[:-1]]}> " for name in lacking) + text


def _pick(parameter: Parameter, text: str, listed: tuple[Choice, ...], base: str) -> Term:
    wanted = text.strip().casefold()
    names = {choice: _names(choice, base) for choice in listed}
    found = [choice for choice in listed if wanted in names[choice]]
    if len({choice.term for choice in found}) == 1:
        return found[0].term
    near = get_close_matches(wanted, [name for each in names.values() for name in each], n=1)
    suggestion = next((choice for choice in listed if near and near[0] in names[choice]), None)
    shown = [f"{shorten(choice.term, base)} ({choice.label})" for choice in (found or listed)]
    raise ParameterError(
        f"The value of {parameter.name} fits more than one term."
        if found
        else f"The value of {parameter.name} is not in its list.",
        found=text,
        expected="one of "
        + ", ".join(shown[:20])
        + (f" and {len(shown) - 20} more" if len(shown) > 20 else ""),
        hint=f"did you mean {shorten(suggestion.term, base)} ({suggestion.label})?"
        if suggestion and not found
        else "name one of them",
    )


def _names(choice: Choice, base: str) -> tuple[str, ...]:
    iri = choice.term.value
    local = iri.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]
    end = local.partition("-")[2] or local
    names = (end, local, choice.label, shorten(choice.term, base), iri, f"<{iri}>")
    return tuple(name.casefold() for name in names)
