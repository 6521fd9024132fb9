"""The command line: `main` runs it, and is the only place that catches errors meant for users."""

from __future__ import annotations

from typing import Annotated

import typer

from ncpc_kg import __version__
from ncpc_kg.cli import asking, building, entries, evidence, keeping, serving
from ncpc_kg.cli.terminal import err, out
from ncpc_kg.errors import NcpcError

app = typer.Typer(
    name="ncpc-kg",
    epilog="Start with: ncpc-kg serve, then open http://127.0.0.1:8000",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)

app.command("serve")(serving.serve)
app.command("query")(asking.run_query)
app.command("check")(building.check)
app.command("build")(building.build)
app.command("format")(building.format_files)
app.add_typer(evidence.app)
app.add_typer(entries.app)
app.add_typer(keeping.app)


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
