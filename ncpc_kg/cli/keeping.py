"""The commands that keep the store: backup, restore, compact."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncpc_kg import store as stores
from ncpc_kg.cli.terminal import StoreOption, err, make_settings

app = typer.Typer(name="store", help="Back the store up, restore it, tidy it.", no_args_is_help=True)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="Directory to make; it must not exist yet.")],
    store: StoreOption = None,
) -> None:
    """Copy the store as it is at this moment, waiting entries included; it may be in use meanwhile.

    Examples:
      ncpc-kg store backup /srv/backups/2026-11-24
    """
    stores.backup(_place(store), target)
    _tell(target)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="Directory that `backup` made.")],
    store: StoreOption = None,
) -> None:
    """Put a backup in place of the store's content, in one step; stop the service first.

    Examples:
      ncpc-kg store restore /srv/backups/2026-11-24
    """
    place = _place(store)
    stores.restore(source, place)
    _tell(place)


@app.command()
def compact(store: StoreOption = None) -> None:
    """Fold the journal of writes into the store, so that the next start is quicker.

    Examples:
      ncpc-kg store compact
    """
    with stores.Store.open(_place(store)) as opened:
        opened.compact()


def _place(store: Path | None) -> Path:
    return make_settings(None, store).store


def _tell(place: Path) -> None:
    with stores.Store.open(place, read_only=True) as opened:
        err.print(f"{len(opened)} statements in {place}")
