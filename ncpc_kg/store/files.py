"""The directory of a store: which files there are, and how one state replaces another.

    format        what wrote this, and the version of this layout
    lock          held by the one process that writes
    current       the number of the state in force
    3/base.nq     what was built from files        3/state.json  sums and names
    3/written.nq  what users added to it           3/removed.nq  what users took from it
    3/journal     the writes since state 3 was made
    entries/      entries that wait for acceptance; `ncpc_kg.entries` keeps them

A state is made beside the one in force and swapped in by renaming one small file, so there
is never half a state.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from ncpc_kg.errors import StoreError, StoreInUse
from ncpc_kg.store.durable import make_directory, sync, write_durably

FORMAT = b"ncpc-kg store 1\n"
DATA = ("base.nq", "written.nq", "removed.nq")
ENTRIES = "entries"
_NOTHING = ("lock", "format.new")  # all that a process killed as it made a store may leave


@dataclass(frozen=True)
class State:
    """What is known of a state beside its statements.

    Attributes:
        store: Random name of the store; part of its version.
        sequence: Number of writes and rebuilds up to this state.
        fingerprint: Hash of the inputs the built part was made from; None before a build.
        graphs: Named graphs, so that empty ones are kept.
        repeats: How often a statement stands in a further graph; None before it was counted.
        sums: SHA-256 of each data file.
    """

    store: str
    sequence: int
    fingerprint: str | None = None
    graphs: tuple[str, ...] = ()
    repeats: int | None = 0
    sums: dict[str, str] = field(default_factory=dict)


class StoreFiles:
    """The files of one store.

    Args:
        directory: The store directory; made if it does not exist.
        read_only: Take no lock and change nothing.

    Raises:
        StoreError: The directory is no store, is of another version, or is in use.
    """

    def __init__(self, directory: Path, read_only: bool = False) -> None:
        self.directory = directory
        self._lock: IO[str] | None = None
        try:
            if not read_only:
                make_directory(directory)
                self._lock = _locked(directory)
            self._check_format(read_only)
        except OSError as error:
            self.close()
            raise _unusable(directory, error) from error
        except StoreError:
            self.close()
            raise

    def _check_format(self, read_only: bool) -> None:
        path = self.directory / "format"
        if not path.exists():
            others = sorted(one.name for one in self.directory.glob("*") if one.name not in _NOTHING)
            if others:
                raise StoreError(
                    f"{self.directory} is not a store of this program.",
                    found=", ".join(others[:5]),
                    hint="choose an empty or a new directory with --store DIR",
                )
            if read_only:
                raise StoreError(f"There is no store in {self.directory}.", hint="run: ncpc-kg build")
            write_durably(path, FORMAT)
            return
        text = path.read_bytes()
        if text.strip() != FORMAT.strip():
            raise StoreError(
                f"The store in {self.directory} was made by another version of this program.",
                found=text[:80].decode(errors="replace").strip() or "an empty format file",
                expected=FORMAT.decode().strip(),
                hint="use the version that made it, or build a new store with --store DIR",
            )

    def current(self) -> Path | None:
        """Directory of the state in force; None in a new store.

        Raises:
            StoreError: Nothing says which it is, or it is not there.
        """
        seen = None
        while (number := self._number()) is not None:
            state = self.directory / number
            if number.isdecimal() and state.is_dir():
                return state
            if number == seen:  # else another one came into force between the two looks
                raise damaged(
                    self.directory, f"'current' names the state {number[:20]!r}, which is not there"
                )
            seen = number
        return None

    def _number(self) -> str | None:
        path = self.directory / "current"
        try:
            if path.exists():
                return path.read_text(encoding="utf-8").strip()
            left = [state / name for state in self._states() for name in (*DATA, "journal")]
            if any(one.exists() and one.stat().st_size for one in left):
                raise damaged(self.directory, "'current' is missing, but there are states")
        except (OSError, ValueError) as error:
            raise _unusable(self.directory, error) from error
        return None

    def _states(self) -> list[Path]:
        return [one for one in self.directory.iterdir() if one.is_dir() and one.name.isdecimal()]

    def read_state(self, state: Path) -> State:
        """Read a state's description and check its files against it.

        Raises:
            StoreError: A file is missing or was changed.
        """
        try:
            values = json.loads((state / "state.json").read_text(encoding="utf-8"))
            described = State(**{**values, "graphs": tuple(values["graphs"])})
            for name in DATA:
                if _sum(state / name) != described.sums[name]:
                    raise damaged(self.directory, f"{name} is not what was written")
            if not (state / "journal").exists():
                raise damaged(self.directory, "the journal is missing")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise damaged(self.directory, f"{state.name}: {error}") from error
        return described

    @contextmanager
    def new_state(self) -> Iterator[Path]:
        """A directory for a new state; it goes again where the block fails.

        Raises:
            StoreError: A file operation in the block failed.
        """
        path = self.directory / str(1 + max((int(one.name) for one in self._states()), default=0))
        try:
            path.mkdir()
            yield path
        except BaseException as error:
            swapped = self._number() == path.name
            if not swapped:
                shutil.rmtree(path, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            raise StoreError(
                "The disk failed just as the new state came into force."
                if swapped
                else "The new state could not be put on the disk; the old one stays in force.",
                found=str(error),
                hint="look after the disk of the store, then open the store again"
                if swapped
                else "free space on the disk of the store, then try again",
            ) from error

    def activate(self, new: Path, described: State) -> None:
        """Wait until a state is on the disk whole, then swap it in.

        Args:
            new: A directory that `new_state` gave, with data and journal.
            described: Its description; the sums are filled in here.

        Raises:
            OSError: It cannot be put on the disk.
        """
        for name in (*DATA, "journal"):
            sync(new / name)
        values = {**asdict(described), "sums": {name: _sum(new / name) for name in DATA}}
        write_durably(new / "state.json", json.dumps(values, indent=1).encode())
        sync(self.directory)  # the name of the state, before anything points to it
        write_durably(self.directory / "current", f"{new.name}\n".encode())

    def sweep(self, keep: Path) -> None:
        """Remove states that are no longer, or never came, into force."""
        with suppress(OSError):  # they only take space, and go when the store is opened the next time
            for path in self._states():
                if path != keep:
                    shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Let another process have the store."""
        if self._lock:
            self._lock.close()
            self._lock = None


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _locked(directory: Path) -> IO[str]:
    file = (directory / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise StoreInUse(
            f"The store in {directory} is in use by another process.",
            found=f"process {holder}" if holder else None,
            hint="stop that process, or choose another directory with --store DIR",
        ) from error
    with suppress(OSError):  # on a full disk; the number only helps the message above
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), f"{os.getpid()}\n".encode())
    return file


def _unusable(directory: Path, error: Exception) -> StoreError:
    return StoreError(
        f"The store directory {directory} cannot be used.",
        found=str(error),
        hint="make it readable and writable, or choose another with --store DIR",
    )


def damaged(directory: Path, what: str) -> StoreError:
    """The error for a store whose files are not as they were written."""
    return StoreError(
        f"The store in {directory} is damaged.",
        found=what,
        hint="restore a backup with: ncpc-kg store restore BACKUP, or build a new store with --store DIR",
    )
