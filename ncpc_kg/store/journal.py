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
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, parse, serialize

from ncpc_kg.engine import Change
from ncpc_kg.errors import StoreError
from ncpc_kg.store.files import damaged


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


def read(path: Path, after: int) -> tuple[list[Record], int]:
    """All whole records of a journal, and the number of bytes they take.

    Args:
        path: The journal.
        after: Number of the last write before the journal began.

    Raises:
        StoreError: A record is damaged although others follow it, or is missing.
        OSError: The file cannot be read.
    """
    records: list[Record] = []
    good = 0
    data = path.read_bytes()
    while good < len(data):
        end = data.find(b"\n", good)
        head = _header(data[good:end]) if end >= 0 else None
        body = data[end + 1 : end + 1 + head.bytes] if head else b""
        whole = head is not None and hashlib.sha256(body).hexdigest() == head.sha256
        if head is None or not whole:
            if _has_record_after(data, good + 1):
                raise _damaged(path, good, "is not what was written, though others follow")
            break
        if head.sequence != after + len(records) + 1:
            raise _damaged(path, good, f"is write {head.sequence} instead of {after + len(records) + 1}")
        records.append(Record(head.sequence, decode_body(body)))
        good = end + 1 + head.bytes
    return records, good


class Journal:
    """The open journal of a store; appends are on the disk when they return.

    Args:
        path: The file; made if it does not exist.
        length: Bytes of whole records in it; what follows them is cut off.
    """

    def __init__(self, path: Path, length: int = 0) -> None:
        self.length = length
        self._whole = True
        self._file = path.open("ab", buffering=0)
        self._file.truncate(length)

    def append(self, record: Record) -> None:
        """Write a record and wait until it is on the disk.

        Raises:
            StoreError: The disk is full or fails; the journal is as it was before.
        """
        data = memoryview(encode(record))
        try:
            if not self._whole:
                self._cut()
            self._whole = False
            written = 0
            while written < len(data):
                written += self._file.write(data[written:])
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):  # what it left is told below, and goes before the next write
                self._cut()
            raise StoreError(
                "The write could not be put on the disk; nothing was changed."
                if self._whole
                else "The write could not be put on the disk, nor what there is of it taken away.",
                found=str(error),
                hint="free space on the disk of the store, then try again"
                if self._whole
                else "look after the disk; no other write is taken before",
            ) from error
        self._whole = True
        self.length += len(data)

    def _cut(self) -> None:
        """Take away, for good, what a failed append left: no later record may follow it."""
        os.ftruncate(self._file.fileno(), self.length)
        os.fsync(self._file.fileno())
        self._whole = True

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
    return any(_header(line) for line in data[start:].split(b"\n") if line.startswith(b'{"sequence"'))


def _damaged(path: Path, at: int, what: str) -> StoreError:
    return damaged(path.parent.parent, f"the record at byte {at} of {path.parent.name}/journal {what}")
