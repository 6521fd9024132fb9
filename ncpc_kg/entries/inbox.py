"""Entries that were handed in and wait for acceptance: one durable file each, outside the graph."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ncpc_kg.entries import provenance
from ncpc_kg.errors import NotFound, StoreError
from ncpc_kg.store.durable import make_directory, write_durably

_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Submission:
    """An entry that was handed in.

    Attributes:
        name: Its name, which its graph will have, too.
        who: Name of who handed it in.
        when: When, ISO 8601 in UTC.
        node: IRI of the centre.
        label: Name of the centre.
        turtle: Its statements.
        media_type: What it came in.
        file: Name of the file it came from.
        digest: SHA-256 of what was handed in.
        supersedes: Name of the accepted entry that it shall take the place of.
    """

    name: str
    who: str
    when: str
    node: str
    label: str
    turtle: str
    media_type: str
    file: str
    digest: str
    supersedes: str | None = None

    @property
    def time(self) -> datetime:
        """When it was handed in."""
        return datetime.fromisoformat(self.when)


class Inbox:
    """A directory of submissions.

    Args:
        directory: Where it lies; made when the first one comes.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def put(self, submission: Submission) -> Submission:
        """Keep a submission; the same one twice is kept once.

        Args:
            submission: The submission.

        Returns:
            What is kept: the earlier one if the same person handed in the same thing before.

        Raises:
            StoreError: It cannot be written.
        """
        for other in self.all():
            if (other.who, other.digest, other.node) == (submission.who, submission.digest, submission.node):
                return other
        try:
            make_directory(self.directory)
            text = json.dumps(asdict(submission), ensure_ascii=False, indent=1)
            write_durably(self._path(submission.name), text.encode())
        except OSError as error:
            raise StoreError(
                "The entry could not be kept.",
                found=str(error),
                hint="free space on the disk, then try again",
            ) from error
        return submission

    def find(self, name: str) -> Submission | None:
        """The submission of a name, if it waits.

        Raises:
            StoreError: It cannot be read.
        """
        if not is_name(name) or not self._path(name).exists():
            return None
        try:
            return Submission(**json.loads(self._path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(f"The submission {name} cannot be read.", found=str(error)) from error

    def all(self) -> tuple[Submission, ...]:
        """All submissions, the oldest first."""
        if not self.directory.is_dir():
            return ()
        found = [one for path in self.directory.glob("*.json") if (one := self.find(path.stem))]
        return tuple(sorted(found, key=lambda one: (one.when, one.name)))

    def remove(self, name: str) -> None:
        """Take a submission out, because it was accepted or is not wanted."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not is_name(name):
            raise NotFound("No entry has such a name.", found=name[:60])
        return self.directory / f"{name}.json"


def is_name(text: str) -> bool:
    """Whether a text is the name of a submission: a UUID."""
    return _NAME.fullmatch(text) is not None


def digest_of(text: str) -> str:
    """SHA-256 of a text, as hexadecimal text."""
    return hashlib.sha256(text.encode()).hexdigest()


def now() -> datetime:
    """The present moment, to the second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0)


def stamp(when: datetime) -> str:
    """A moment as it is kept."""
    return provenance.time_literal(when).value
