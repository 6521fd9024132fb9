"""The journal: every acknowledged write as a record that was flushed to the disk.

A record is a header line of JSON (sequence number, length, SHA-256) and a body in the manner
of RDF Patch: one line a statement, `A` added, `D` deleted, `C` graph created, `X` dropped.
A record that is cut short at the end was never acknowledged; it is set aside when the store
is opened. Damage anywhere else is an error.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, parse, serialize

from ncpc_kg.engine import Change
from ncpc_kg.errors import StoreError


@dataclass(frozen=True)
class Record:
    """A change with its place in the order of writes."""

    sequence: int
    change: Change


def nquads(quads: Iterable[Quad]) -> bytes:
    """Statements as N-Quads."""
    return serialize(quads, format=RdfFormat.N_QUADS) or b""


def encode(record: Record) -> bytes:
    """A record as bytes, ready to be appended."""
    change = record.change
    lines = [
        mark + line
        for mark, quads in ((b"D ", change.deleted), (b"A ", change.inserted))
        for line in nquads(quads).splitlines(keepends=True)
    ]
    lines += [f"C {name}\n".encode() for name in change.created]
    lines += [f"X {name}\n".encode() for name in change.dropped]
    body = b"".join(lines)
    head = {"sequence": record.sequence, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps(head).encode() + b"\n" + body


def decode_body(body: bytes) -> Change:
    """The change that a record's body tells."""
    parts: dict[bytes, list[bytes]] = {b"A": [], b"D": [], b"C": [], b"X": []}
    for line in body.splitlines(keepends=True):
        parts[line[:1]].append(line[2:])
    inserted, deleted = (
        tuple(parse(b"".join(parts[mark]), RdfFormat.N_QUADS)) for mark in (b"A", b"D")
    )  # fmt: skip
    created, dropped = (tuple(_name(line) for line in parts[mark]) for mark in (b"C", b"X"))
    return Change(inserted, deleted, created, dropped)


def read(path: Path) -> tuple[list[Record], int]:
    """All whole records of a journal, and the number of bytes they take.

    Raises:
        StoreError: A record is damaged although others follow it.
        OSError: The file cannot be read.
    """
    records: list[Record] = []
    good = 0
    data = path.read_bytes()
    while good < len(data):
        end = data.find(b"\n", good)
        head = _header(data[good:end]) if end >= 0 else None
        body = data[end + 1 : end + 1 + head.bytes] if head else b""
        if not head or len(body) < head.bytes or hashlib.sha256(body).hexdigest() != head.sha256:
            if _has_record_after(data, good + 1):
                raise StoreError(
                    "The journal of the store is damaged in the middle.",
                    found=f"{path}, byte {good}",
                    hint="restore the last backup with: ncpc-kg store restore BACKUP",
                )
            break
        records.append(Record(head.sequence, decode_body(body)))
        good = end + 1 + head.bytes
    return records, good


class Journal:
    """The open journal of a store; appends are on the disk when they return."""

    def __init__(self, path: Path, length: int) -> None:
        self.path = path
        self.length = length
        self._broken = False
        self._file: IO[bytes] = path.open("r+b")
        self._file.truncate(length)
        self._file.seek(length)

    def append(self, record: Record) -> None:
        """Write a record and wait until it is on the disk.

        Raises:
            StoreError: The disk is full or fails; the journal is as it was before.
        """
        if self._broken:
            raise StoreError("The journal of the store failed earlier.", hint="restart the service")
        data = encode(record)
        try:
            self._file.write(data)
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            self._undo()
            raise StoreError(
                "The write could not be put on the disk; nothing was changed.",
                found=str(error),
                hint="free space on the disk of the store, then try again",
            ) from error
        self.length += len(data)

    def _undo(self) -> None:
        """Cut off what a failed append left; without that no later record may follow."""
        try:
            self._file.close()
        except OSError:
            self._broken = True
        try:
            os.truncate(self.path, self.length)
            self._file = self.path.open("r+b")
            self._file.seek(self.length)
            self._broken = False
        except OSError:
            self._broken = True

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _name(line: bytes) -> NamedNode | BlankNode:
    text = line.decode().strip()
    return BlankNode(text[2:]) if text.startswith("_:") else NamedNode(text[1:-1])


@dataclass(frozen=True)
class _Header:
    sequence: int
    bytes: int
    sha256: str


def _header(line: bytes) -> _Header | None:
    try:
        return _Header(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _has_record_after(data: bytes, start: int) -> bool:
    return any(_header(line) for line in _lines(data, start))


def _lines(data: bytes, start: int) -> Iterator[bytes]:
    return (line for line in data[start:].split(b"\n") if line.startswith(b'{"sequence"'))
