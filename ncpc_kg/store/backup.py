"""Copies of a store directory: made while it is in use, put back while it is not."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from ncpc_kg.errors import StoreError
from ncpc_kg.store import journal
from ncpc_kg.store.durable import make_directory, sync, write_durably
from ncpc_kg.store.files import DATA, ENTRIES, FORMAT, StoreFiles


def backup(directory: Path, target: Path) -> None:
    """Copy a store, with the entries that wait, to a new directory, which is a store again.

    Works while a service uses the store: the copy has the state of one moment.

    Args:
        directory: The store.
        target: The directory to make; it appears when it is whole.

    Raises:
        StoreError: There is no store, it is damaged, or the copy cannot be written.
    """
    files = StoreFiles(directory, read_only=True)
    state = files.current()
    if state is None:
        raise StoreError("There is nothing to back up.", found=str(directory))
    if target.exists():
        raise StoreError(f"{target} exists already.", hint="name a directory that does not exist yet")
    part = None
    try:
        make_directory(target.parent)
        part = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".part", dir=target.parent))
        # First what waits: an entry accepted meanwhile is then in both, not in none.
        _copy_entries(directory, part)
        write_durably(part / "format", FORMAT)
        state = _copy_newest(files, state, part)
        write_durably(part / "current", f"{state.name}\n".encode())
        part.rename(target)
        sync(target.parent)
    except BaseException as error:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        raise StoreError(
            "The backup could not be written.",
            found=str(error),
            hint="look whether the place exists, is writable and has space; then try again",
        ) from error


def restore(source: Path, directory: Path) -> None:
    """Put a backup in place of a store's state, in one step; a damaged store, too.

    Entries that wait in the backup wait again; those handed in since stay.

    Args:
        source: What `backup` made.
        directory: The store, which nobody may have open; made if it does not exist.

    Raises:
        StoreError: The source is no whole store, or the store is in use or cannot be written.
    """
    files = StoreFiles(source, read_only=True)
    state = files.current()
    if state is None:
        raise StoreError("There is nothing to restore.", found=str(source))
    about = files.read_state(state)
    store = StoreFiles(directory)
    try:
        _copy_entries(source, directory)
        with store.new_state() as path:
            _copy_state(files, state, path)
            # Under a new name, or a version could mean two states of one store.
            store.activate(path, replace(about, store=secrets.token_hex(4)))
        store.sweep(keep=path)
    except OSError as error:
        raise StoreError(
            "The entries that wait could not be restored; the store is as it was.",
            found=str(error),
            hint="look whether the backup is readable and the disk of the store has space",
        ) from error
    finally:
        store.close()


def _copy_newest(files: StoreFiles, state: Path, target: Path) -> Path:
    """Copy a state into the directory of another store, or the one that came after it."""
    while True:
        copied = target / state.name
        copied.mkdir()
        try:
            _copy_state(files, state, copied)
            sync(target)
            return state
        except (OSError, StoreError):
            newer = files.current()
            if newer is None or newer == state:
                raise
            shutil.rmtree(copied)
            state = newer


def _copy_state(files: StoreFiles, state: Path, target: Path) -> None:
    about = files.read_state(state)
    for name in (*DATA, "state.json"):
        shutil.copyfile(state / name, target / name)
        sync(target / name)
    _, length = journal.read(state / "journal", about.sequence)
    write_durably(target / "journal", (state / "journal").read_bytes()[:length])


def _copy_entries(source: Path, target: Path) -> None:
    """Copy the entries that wait, as they are; none that is there already is touched."""
    names = sorted((source / ENTRIES).glob("*.json"))
    if names:
        make_directory(target / ENTRIES)
    for path in names:
        kept = target / ENTRIES / path.name
        if kept.exists():
            continue
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            continue  # accepted or taken back since the names were read
        write_durably(kept, data)
