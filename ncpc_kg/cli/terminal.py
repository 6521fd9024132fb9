"""What the commands share: consoles, options, settings, and the progress bar."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, get_type_hints

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from ncpc_kg.content import find_content
from ncpc_kg.errors import ParameterError
from ncpc_kg.pipeline import Progress
from ncpc_kg.settings import Settings
from ncpc_kg.vocabulary import BASE

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
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="URL",
        envvar="NCPC_KG_ENGINE",
        help="SPARQL endpoint of another server that holds the graph, instead of a store of our own.",
    ),
]


def make_settings(
    content: Path | None, store: Path | None = None, base: str = BASE, engine: str | None = None
) -> Settings:
    """Make settings from what the options say.

    Args:
        content: The content directory, or None for the project's own.
        store: The store's directory, or None for the default.
        base: Base IRI to publish under.
        engine: SPARQL endpoint of a remote engine, or None for the embedded one.

    Returns:
        The settings.

    Raises:
        SourceError: There is no content.
        ParameterError: The base is no web address that names can be appended to.
    """
    if not re.fullmatch(r"https?://[^\s<>\"{}|^`\\]+/", base):
        raise ParameterError(
            "The base IRI is not one that names can be appended to.",
            found=base,
            expected="a web address that ends in a slash, such as https://example.org/kg/",
        )
    settings = Settings(content=find_content(content), base=base, engine_url=engine)
    return replace(settings, store=store) if store else settings


def located(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --content, --store and --base in the place of its `settings`.

    Args:
        command: Takes `settings` first, then arguments and options of its own.

    Returns:
        The command as typer is to see it.
    """
    parameters = [
        one.replace(annotation=get_type_hints(command, include_extras=True)[name])
        for name, one in signature(command).parameters.items()
        if name != "settings"
    ]
    for name, option, default in (
        ("content", ContentOption, None),
        ("store", StoreOption, None),
        ("base", BaseOption, BASE),
    ):
        parameters.append(
            Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=option)
        )

    @wraps(command)
    def run(*, content: Path | None, store: Path | None, base: str, **given: object) -> None:
        command(make_settings(content, store, base), **given)

    run.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


@contextmanager
def progress() -> Iterator[Progress]:
    """Show what is being done: a bar on a terminal, else a line for each kind of step.

    Yields:
        What the chain reports its progress to.
    """
    if err.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        # Redrawn at each step, not by a thread: beside threads no processes can be forked.
        with Bar(*columns, console=err, transient=True, auto_refresh=False) as bar:
            task = bar.add_task("Looking for changes", total=1.0)
            yield lambda step, share: bar.update(task, description=step, completed=share, refresh=True)
        return
    told: set[str] = set()

    def tell(step: str, share: float) -> None:
        kind = step.split()[0]
        if kind not in told:
            told.add(kind)
            err.print(f"{share:4.0%} {step}")

    yield tell
