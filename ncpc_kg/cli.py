"""The command line: reads arguments, calls one function, prints what it returns."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ncpc_kg import __version__
from ncpc_kg.content import find_content
from ncpc_kg.errors import NcpcError
from ncpc_kg.sources import find_sources, read_text
from ncpc_kg.turtle import format_turtle

app = typer.Typer(
    name="ncpc-kg",
    help="The NCPC programme of 1998 as a knowledge graph: check, build, query and serve it.",
    epilog="Start with: ncpc-kg serve, then open http://127.0.0.1:8000",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
out = Console(soft_wrap=True, highlight=False)
err = Console(stderr=True, soft_wrap=True, highlight=False)

ContentOption = Annotated[
    Path | None,
    typer.Option(
        "--content",
        metavar="DIR",
        envvar="NCPC_KG_CONTENT",
        help="Directory with ontology/, data/ttl/, shapes/ and queries/; the project's own by default.",
    ),
]


@app.command("format")
def format_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Turtle files; all of the content by default."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if a file differs.")
    ] = False,
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
        out.print(f"{'would change' if check else 'changed'} {path}", markup=False)
    if check and differing:
        err.print(f"{len(differing)} of {len(paths)} files differ. Do this: ncpc-kg format", markup=False)
        raise typer.Exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"ncpc-kg {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The NCPC programme of 1998 as a knowledge graph: check, build, query and serve it."""


def main() -> int:
    """Run the command line.

    Returns:
        The exit code of an error meant for users; success leaves through typer itself.
    """
    try:
        app()
    except NcpcError as error:
        err.print(f"[bold red]{error.title}[/]")
        err.print(str(error), markup=False)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
