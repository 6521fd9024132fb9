"""What the commands `ncpc-kg entry ...` share: options, and the desk over an opened store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ncpc_kg import pipeline
from ncpc_kg.cli.entry_reports import print_reports
from ncpc_kg.cli.terminal import progress
from ncpc_kg.entries import Desk, Inbox, make_gate
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.read import form_of, read_bytes
from ncpc_kg.errors import ParameterError, StoreInUse
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.store.files import ENTRIES

FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Entries in any form.")]
WhoOption = Annotated[
    str | None, typer.Option("--who", metavar="NAME", help="Name to note; that of your account by default.")
]
SupersedesOption = Annotated[
    str | None,
    typer.Option("--supersedes", metavar="NAME", help="Accepted entry that this one takes the place of."),
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the entry, as `entry list` shows it.")
]
TargetArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Where to write: .yaml, .xlsx, .ttl, .jsonld or other RDF.")
]


@contextmanager
def opened(settings: Settings, beside: tuple[str, ...] = ()) -> Iterator[tuple[Desk, Store, Inbox]]:
    """The desk, the graph with the gate in front of its writes, and the entries that wait.

    With `beside` the graph is opened for writing; it says what to do while a server has it open.
    """
    gate = make_gate(settings)
    with progress() as tell:
        try:
            graph = pipeline.build(settings, tell).store if beside else pipeline.open_current(settings, tell)
        except StoreInUse as error:
            error.hint = "restart that process: the content has changed since it built the store"
            if beside:
                first = "if it is the server, let it do this: in a browser at /entries, or with"
                error.hint = "\n".join((first, *beside))
            raise
    graph.gate = gate
    try:
        yield gate.desk, graph, Inbox(settings.store / ENTRIES)
    finally:
        graph.close()


def post(name: str, action: str) -> str:
    """How to have a running server do something with an entry."""
    return f"curl -X POST -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8000/entries/{name}/{action}"


def checked_in(desk: Desk, graph: Store, file: Path, supersedes: str | None) -> tuple[Checked, ...]:
    """Check the entries of a file."""
    entries = desk.read_in(graph, read_bytes(file), form_of(None, file.name), str(file))
    return desk.check(graph, entries, supersedes)


def refuse(one: Checked) -> None:
    """Print what is wrong and leave, if anything is."""
    if not one.report.conforms:
        print_reports([one.report])
        raise typer.Exit(1)


def refuse_existing(target: Path) -> None:
    """Make sure that no file is written over.

    Raises:
        ParameterError: There is one.
    """
    if target.exists():
        raise ParameterError(f"{target} exists already.", hint="name another file, or delete it first")
