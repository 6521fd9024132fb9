"""The command line: reads arguments, calls one function, prints what it returns."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ncpc_kg import __version__, pipeline, query, web
from ncpc_kg.catalogue import Catalogue, Question, read_catalogue, read_question
from ncpc_kg.content import find_content
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.errors import NcpcError, ParameterError
from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS
from ncpc_kg.settings import Settings
from ncpc_kg.sources import find_sources, read_text
from ncpc_kg.turtle import format_turtle
from ncpc_kg.vocabulary import BASE

app = typer.Typer(
    name="ncpc-kg",
    epilog="Start with: ncpc-kg serve, then open http://127.0.0.1:8000",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
# What is piped on is not folded to the width of a terminal that is not there.
_WIDTH = None if sys.stdout.isatty() else 10_000
out = Console(width=_WIDTH, soft_wrap=True, highlight=False, markup=False, emoji=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)

ContentOption = Annotated[
    Path | None,
    typer.Option(
        "--content",
        metavar="DIR",
        envvar="NCPC_KG_CONTENT",
        help="Directory with ontology/, data/ttl/, shapes/ and queries/; the project's own by default.",
    ),
]
StoreOption = Annotated[
    Path | None,
    typer.Option(
        "--store",
        metavar="DIR",
        envvar="NCPC_KG_STORE",
        help="Directory of the store; one among your user data by default.",
    ),
]
BaseOption = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="IRI",
        envvar="NCPC_KG_BASE",
        help="Base IRI to publish under, for a fork on a domain of its own.",
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"ncpc-kg {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """The NCPC programme of 1998 as a knowledge graph: check, build, query and serve it."""


@app.command()
def check(content: ContentOption = None) -> None:
    """Check the content: Turtle, terms, OWL 2 RL profile, shapes, and what follows.

    Exit code 0: it conforms; 1: it does not; 2: a file cannot be read.

    Examples:
      ncpc-kg check

      ncpc-kg check --content . --format sarif > check.sarif
    """
    with _progress() as progress:
        report = pipeline.check(_settings(content, None, BASE), progress)
    for finding in report.findings:
        out.print(f"{finding.where}: {finding.level}: {finding.message} [{query.shorten(finding.focus)}]")
    out.print(f"{report.counts}")
    if not report.conforms:
        raise typer.Exit(1)


@app.command()
def build(
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed.")] = False,
) -> None:
    """Build the store from the content; what users wrote into it stays.

    Examples:
      ncpc-kg build

      ncpc-kg build --store /srv/ncpc-kg --base https://example.org/kg/
    """
    settings = _settings(content, store, base)
    with _progress() as progress:
        built = pipeline.build(settings, progress, force)
    with built.store as opened:
        done = "built" if built.rebuilt else "up to date"
        out.print(f"{done}: {len(opened)} statements in {len(opened.graphs())} graphs, {settings.store}")
    _print_written(built)


@app.command("query")
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
) -> None:
    """Ask the graph, in SPARQL or with a question of the catalogue.

    The project's prefixes need not be declared. The store is built first if it has to be.

    Examples:
      ncpc-kg query --list

      ncpc-kg query centres-by-donor --param donor=gov-netherlands

      ncpc-kg query "SELECT ?c WHERE { ?c a ncpc:Centre }" --format csv
    """
    settings = _settings(content, store, base)
    catalogue = read_catalogue(settings.content / "queries", base)
    if listing or what is None:
        _print_catalogue(catalogue)
        return
    formats = _formats(form)
    asked = _asked(what, catalogue, base)
    given = dict(map(_pair, param or ()))
    with _progress() as progress:
        opened = pipeline.open_current(settings, progress)
    with opened:
        if isinstance(asked, Question):
            terms = query.read_terms(opened, asked, given)
            result = query.answer(opened, asked, terms, formats)
        elif given:
            raise ParameterError(
                "Only questions take parameters.",
                found=f"--param {next(iter(given))}",
                expected="the name of a question, or a file with a #+ header",
                hint="list the questions with: ncpc-kg query --list",
            )
        else:
            path = Path(what) if Path(what).is_file() else None
            result = query.answer_text(opened, asked, formats, base, path)
    _print_answer(result, form, base)


@app.command()
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8000,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="File of the tokens that may write.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("--allow-service", metavar="HOST", help="Host that SERVICE and LOAD may reach."),
    ] = None,
    access_log: Annotated[
        bool, typer.Option("--access-log/--no-access-log", help="Log each request.")
    ] = True,
) -> None:
    """Serve the SPARQL endpoint and its pages; the store is built first if it has to be.

    Examples:
      ncpc-kg serve

      ncpc-kg serve --host 0.0.0.0 --port 8080 --store /srv/ncpc-kg
    """
    settings = replace(
        _settings(content, store, base),
        host=host,
        port=port,
        tokens_file=tokens,
        allowed_services=tuple(service or ()),
        access_log=access_log,
    )
    web.check_port(host, port)
    with _progress() as progress:
        built = pipeline.build(settings, progress)
    _print_written(built)
    web.serve(settings, built.store, on_ready=lambda url: err.print(f"Serving {url}  (stop with Ctrl+C)"))


@app.command("format")
def format_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Turtle files; all of them by default."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if a file differs.")] = False,
    content: ContentOption = None,
) -> None:
    """Write Turtle files in the project's spelling.

    Examples:
      ncpc-kg format data/ttl/20-brazil.ttl

      ncpc-kg format --check
    """
    paths = files or [path for path, _, _ in find_sources(find_content(content))]
    texts = {path: read_text(path) for path in paths}
    formatted = {path: format_turtle(text, path) for path, text in texts.items()}
    differing = [path for path in paths if texts[path] != formatted[path]]
    for path in differing:
        if not check:
            path.write_text(formatted[path], encoding="utf-8")
        out.print(f"{'would change' if check else 'changed'} {path}")
    if check and differing:
        err.print(f"{len(differing)} of {len(paths)} files differ. Do this: ncpc-kg format")
        raise typer.Exit(1)


def _settings(content: Path | None, store: Path | None, base: str) -> Settings:
    settings = Settings(content=find_content(content), base=base)
    return replace(settings, store=store) if store else settings


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
    rows = [each for each in RESULT_FORMATS if name in (each.name, *each.short)]
    graphs = [each for each in GRAPH_FORMATS if name in (each.name, *each.short)]
    if not rows and not graphs:
        known = [each.name for each in RESULT_FORMATS] + [each.name for each in GRAPH_FORMATS]
        raise ParameterError("The format is not known.", found=name, expected=f"table, {', '.join(known)}")
    return Formats(
        bindings=rows[0].media_type if rows else None,
        boolean=rows[0].media_type if rows and rows[0].boolean else None,
        graph=graphs[0].media_type if graphs else None,
    )


def _print_written(built: pipeline.Built) -> None:
    for finding in built.written:
        name = query.shorten(finding.focus)
        err.print(f"Kept, but what users wrote no longer conforms: {name}: {finding.message}")


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
    found = query.table(answer)
    shown = Table(box=None, pad_edge=False)
    for column in found.columns:
        shown.add_column(column, overflow="fold")
    for row in found.rows:
        shown.add_row(*(Text("" if term is None else query.shorten(term, base)) for term in row))
    out.print(shown)
    err.print(f"{len(found.rows)} row{'' if len(found.rows) == 1 else 's'}")


@contextmanager
def _progress() -> Iterator[pipeline.Progress]:
    """Show what is being done: a bar on a terminal, else a line for each kind of step."""
    if err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Bar(*columns, console=err, transient=True) as bar:
            task = bar.add_task("Looking for changes", total=1.0)
            yield lambda step, share: bar.update(task, description=step, completed=share)
        return
    told: set[str] = set()

    def tell(step: str, share: float) -> None:
        kind = step.split()[0]
        if kind not in told:
            told.add(kind)
            err.print(f"{share:4.0%} {step}")

    yield tell


def main() -> int:
    """Run the command line.

    Returns:
        The exit code of an error meant for users; success leaves through typer itself.
    """
    try:
        app()
    except NcpcError as error:
        err.print(error.title, style="bold red")
        err.print(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
