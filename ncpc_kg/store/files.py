"""The directory of a store: which files there are, and how one state replaces another.

    format        what wrote this, and the version of this layout
    lock          held by the one process that writes
    current       the number of the state in force
    3/base.nq     what was built from files        3/state.json  sums and names
    3/written.nq  what users added to it           3/removed.nq  what users took from it
    3/journal     the writes since state 3 was made

A state is made beside the one in force and swapped in by renaming one small file, so there
is never half a state.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from pyoxigraph import Quad, RdfFormat, serialize

from ncpc_kg.errors import StoreError

FORMAT = 1
_NAME = "ncpc-kg store"
_DATA = ("base.nq", "written.nq", "removed.nq")


@dataclass(frozen=True)
class State:
    """What is known of a state beside its statements.

    Attributes:
        store: Random name of the store; part of its version.
        sequence: Number of writes and rebuilds up to this state.
        fingerprint: Hash of the inputs the built part was made from; None before a build.
        graphs: Named graphs, so that empty ones are kept.
        repeats: How often a statement stands in a further graph.
        sums: SHA-256 of each data file.
    """

    store: str
    sequence: int
    fingerprint: str | None = None
    graphs: tuple[str, ...] = ()
    repeats: int = 0
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
                directory.mkdir(parents=True, exist_ok=True)
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
            others = sorted(one.name for one in self.directory.glob("*") if one.name != "lock")
            if others:
                raise StoreError(
                    f"{self.directory} is not a store of this program.",
                    found=", ".join(others[:5]),
                    hint="choose an empty or a new directory with --store DIR",
                )
            if read_only:
                raise StoreError(f"There is no store in {self.directory}.", hint="run: ncpc-kg build")
            write_durably(path, f"{_NAME} {FORMAT}\n".encode())
            return
        text = path.read_text(encoding="utf-8", errors="replace").strip()
        if text != f"{_NAME} {FORMAT}":
            raise StoreError(
                f"The store in {self.directory} was made by another version of this program.",
                found=text[:80] or "an empty format file",
                expected=f"{_NAME} {FORMAT}",
                hint="use the version that made it, or build a new store with --store DIR",
            )

    def current(self) -> Path | None:
        """Directory of the state in force; None in a new store."""
        path = self.directory / "current"
        try:
            if not path.exists():
                return None
            number = path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise _unusable(self.directory, error) from error
        state = self.directory / number
        if not number.isdecimal() or not state.is_dir():
            raise _damaged(self.directory, f"'current' names the state {number[:20]!r}, which is not there")
        return state

    def read_state(self, state: Path) -> State:
        """Read a state's description and check its files against it.

        Raises:
            StoreError: A file is missing or was changed.
        """
        try:
            values = json.loads((state / "state.json").read_text(encoding="utf-8"))
            described = State(**{**values, "graphs": tuple(values["graphs"])})
            for name in _DATA:
                with (state / name).open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
                if found != described.sums[name]:
                    raise _damaged(self.directory, f"{name} is not what was written")
            if not (state / "journal").exists():
                raise _damaged(self.directory, "the journal is missing")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise _damaged(self.directory, f"{state.name}: {error}") from error
        return described

    def stage(self, base: Iterable[Quad] | Path, written: Iterable[Quad], removed: Iterable[Quad]) -> Path:
        """Write the data of a new state beside the one in force.

        Args:
            base: The built statements, or a file that holds them already.
            written: Statements users added.
            removed: Built statements users took away.

        Returns:
            Directory of the new state, which is not in force yet.
        """
        old = self.current()
        new = self.directory / str(int(old.name) + 1 if old else 1)
        try:
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            if isinstance(base, Path):
                shutil.copyfile(base, new / "base.nq")
            else:
                serialize(base, str(new / "base.nq"), RdfFormat.N_QUADS)
            serialize(written, str(new / "written.nq"), RdfFormat.N_QUADS)
            serialize(removed, str(new / "removed.nq"), RdfFormat.N_QUADS)
        except OSError as error:
            raise self._not_written(new, error) from error
        return new

    def activate(self, new: Path, described: State) -> None:
        """Put a staged state on the disk whole, and swap it in.

        Args:
            new: What `stage` gave.
            described: Its description; the sums are filled in here.
        """
        try:
            sums = {}
            for name in _DATA:
                with (new / name).open("rb") as file:
                    sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
                    os.fsync(file.fileno())
            write_durably(new / "journal", b"")
            values = {**asdict(described), "sums": sums}
            write_durably(new / "state.json", json.dumps(values, indent=1).encode())
            write_durably(self.directory / "current", f"{new.name}\n".encode())
        except OSError as error:
            raise self._not_written(new, error) from error
        self.sweep(keep=new)

    def _not_written(self, new: Path, error: OSError) -> StoreError:
        shutil.rmtree(new, ignore_errors=True)
        return StoreError(
            "The new state could not be put on the disk; the old one stays in force.",
            found=str(error),
            hint="free space on the disk of the store, then try again",
        )

    def sweep(self, keep: Path) -> None:
        """Remove states that are no longer, or never came, into force."""
        for path in self.directory.iterdir():
            if path.is_dir() and path.name.isdecimal() and path != keep:
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Let another process have the store."""
        if self._lock:
            self._lock.close()
            self._lock = None


def write_durably(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and wait until it and its name are on the disk."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(directory: Path) -> IO[str]:
    file = (directory / "lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise StoreError(
            f"The store in {directory} is in use by another process.",
            found=f"process {holder}" if holder else None,
            hint="stop that process, or choose another directory with --store DIR",
        ) from error
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _unusable(directory: Path, error: Exception) -> StoreError:
    return StoreError(
        f"The store directory {directory} cannot be used.",
        found=str(error),
        hint="make it readable and writable, or choose another with --store DIR",
    )


def _damaged(directory: Path, what: str) -> StoreError:
    return StoreError(
        f"The store in {directory} is damaged.",
        found=what,
        hint="restore a backup with: ncpc-kg store restore BACKUP, or build a new store with --store DIR",
    )
