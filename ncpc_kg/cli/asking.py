"""The command that asks: query text, a file, or a question of the catalogue."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ncpc_kg import pipeline, query
from ncpc_kg.catalogue import Catalogue, Question, read_catalogue, read_question
from ncpc_kg.cli.terminal import (
    BaseOption,
    ContentOption,
    EngineOption,
    StoreOption,
    err,
    make_settings,
    out,
    progress,
)
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.errors import NotAcceptable, ParameterError, QueryError
from ncpc_kg.negotiation import formats as formats_of
from ncpc_kg.remote import Remote
from ncpc_kg.sources import read_text
from ncpc_kg.vocabulary import BASE


def run_query(
    what: Annotated[
        str | None,
        typer.Argument(metavar="QUERY", help="SPARQL text, a file, a question's name, or - for stdin."),
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Value for a parameter.")
    ] = None,
    form: Annotated[
        str, typer.Option("--format", "-f", metavar="FORMAT", help="table, json, csv, tsv, xml, turtle, ...")
    ] = "table",
    listing: Annotated[bool, typer.Option("--list", help="List the questions of the catalogue.")] = False,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
    engine: EngineOption = None,
) -> None:
    """Ask the graph, in SPARQL or with a question of the catalogue.

    The project's prefixes need not be declared. The store is built first if it
    has to be; another server that is named with --engine is asked as it is.

    Examples:
      ncpc-kg query --list

      ncpc-kg query centres-by-donor --param donor=gov-netherlands

      ncpc-kg query "SELECT ?c WHERE { ?c a ncpc:Centre }" --format csv
    """
    settings = make_settings(content, store, base, engine)
    catalogue = read_catalogue(settings.content / "queries", base)
    if listing or what is None:
        _print_catalogue(catalogue)
        return
    formats = _formats(form)
    asked = _asked(what, catalogue, base)
    given = dict(map(_pair, param or ()))
    if given and not isinstance(asked, Question):
        raise ParameterError(
            "Only questions take parameters.",
            found=f"--param {next(iter(given))}",
            expected="the name of a question, or a file with a #+ header",
            hint="list the questions with: ncpc-kg query --list",
        )
    with progress() as tell:
        opening = Remote.open(settings) if engine else pipeline.open_current(settings, tell)
    with closing(opening) as opened:
        try:
            if isinstance(asked, Question):
                result = query.answer(opened, asked, query.read_terms(opened, asked, given), formats)
            else:
                path = Path(what) if Path(what).is_file() else None
                result = query.answer_text(opened, asked, formats, base, path)
        except NotAcceptable as error:
            raise ParameterError(
                f"This result cannot be written as {form}.",
                expected="json or xml for ASK, turtle or another RDF format for CONSTRUCT and DESCRIBE",
                hint="choose another --format, or leave it out",
            ) from error
    _print_answer(result, form, base)


def _asked(what: str, catalogue: Catalogue, base: str) -> Question | str:
    """Tell a file, a question's name and query text apart."""
    if what == "-":
        return sys.stdin.read()
    path = Path(what)
    if what.endswith(".rq") or (len(what) < 256 and path.is_file()):
        text = read_text(path)
        return read_question(path, base) if text.startswith("#+") else text
    is_name = not any(mark.isspace() or mark in "{}?" for mark in what)
    return catalogue.get(what) if is_name else what


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError("A parameter has no value.", found=text, expected="--param NAME=VALUE")
    return name, value


def _formats(name: str) -> Formats:
    """The media types that a format's name stands for, per kind of result."""
    if name == "table":
        return Formats()
    try:
        return formats_of(None, {"format": [name]})
    except QueryError as error:
        error.expected = f"table, {error.expected}"
        raise


def _print_catalogue(catalogue: Catalogue) -> None:
    shown = Table(box=None, pad_edge=False)
    for column in ("name", "question", "parameters"):
        shown.add_column(column, overflow="fold")
    for question in catalogue.questions:
        names = ", ".join(f"{parameter.name}={parameter.default}" for parameter in question.parameters)
        shown.add_row(*map(Text, (question.name, question.title, names)))
    out.print(shown)


def _print_answer(answer: Answer, form: str, base: str) -> None:
    if form != "table" or answer.kind == "graph":
        sys.stdout.buffer.write(answer.body)
        sys.stdout.buffer.flush()
        return
    if answer.kind == "boolean":
        out.print("yes" if b"true" in answer.body else "no")
        return
    found = query.solutions(answer)
    shown = Table(box=None, pad_edge=False)
    for variable in found.variables:
        shown.add_column(variable.value, overflow="fold")
    for row in found:
        shown.add_row(*(Text("" if term is None else query.shorten(term, base)) for term in row))
    out.print(shown)
    err.print(f"{shown.row_count} row{'' if shown.row_count == 1 else 's'}")
