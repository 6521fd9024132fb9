"""Messages between the processes: a JSON head and raw bytes, behind their lengths."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from ncpc_kg import errors
from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.errors import NcpcError, Place

Head = dict[str, Any]
_LENGTHS = struct.Struct("!IQ")


def pack(head: Head, body: bytes = b"") -> bytes:
    """One message as bytes."""
    return _framed(json.dumps(head, separators=(",", ":")).encode(), body)


def _framed(head: bytes, body: bytes) -> bytes:
    return b"".join((_LENGTHS.pack(len(head), len(body)), head, body))


class Unpacker:
    """Puts messages together from pieces as they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[Head, bytes]]:
        """Take a piece and yield the messages that are now whole."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            head_size, body_size = _LENGTHS.unpack_from(self._buffer)
            start = _LENGTHS.size
            end = start + head_size + body_size
            if len(self._buffer) < end:
                return
            with memoryview(self._buffer) as view:
                head = _loaded(bytes(view[start : start + head_size]))
                body = bytes(view[start + head_size : end])
            del self._buffer[:end]
            yield head, body


@lru_cache(maxsize=512)
def _loaded_small(text: bytes) -> Head:
    found: Head = json.loads(text)
    return found


def _loaded(text: bytes) -> Head:
    """A head from its JSON; heads are not changed by those who get them."""
    return _loaded_small(text) if len(text) < 300 else json.loads(text)


def receive(connection: socket.socket) -> tuple[Head, bytes] | None:
    """Wait for one message; None when the other side has closed."""
    lengths = _exactly(connection, _LENGTHS.size)
    if lengths is None:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    head = _exactly(connection, head_size)
    body = _exactly(connection, body_size) if head is not None else None
    return None if head is None or body is None else (json.loads(head), body)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


def question(text: str, formats: Formats, dataset: DatasetClause | None) -> tuple[Head, bytes]:
    """A query as the parts of a message."""
    head: Head = {"do": "query", "formats": [formats.bindings, formats.boolean, formats.graph]}
    if dataset is not None:
        head["dataset"] = [dataset.default_graphs, dataset.named_graphs, dataset.base]
    return head, text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=512)
def question_head(formats: Formats, dataset: DatasetClause | None) -> bytes:
    """The head of a query's message, which is the same for most queries."""
    return json.dumps(question("", formats, dataset)[0], separators=(",", ":")).encode()


def pack_question(text: str, formats: Formats, dataset: DatasetClause | None) -> bytes:
    """A query as one message."""
    return _framed(question_head(formats, dataset), text.encode("utf-8", "surrogatepass"))


def dataset_of(head: Head) -> DatasetClause | None:
    """The dataset clause of a message."""
    found = head.get("dataset")
    return DatasetClause(tuple(found[0]), tuple(found[1]), found[2]) if found else None


def pack_answer(answer: Answer) -> bytes:
    """An answer as one message."""
    return _framed(_answer_head(answer.kind, answer.media_type, answer.tag), answer.body)


@lru_cache(maxsize=128)
def _answer_head(kind: str, media_type: str, tag: str | None) -> bytes:
    head = {"kind": kind, "media_type": media_type, "tag": tag}
    return json.dumps(head, separators=(",", ":")).encode()


def answer_of(head: Head, body: bytes) -> Answer:
    """The answer of a message; raises the error if it holds one."""
    if "error" in head:
        raise error_of(head["error"])
    return Answer(head["kind"], head["media_type"], body, tag=head["tag"])


def error_head(error: NcpcError) -> Head:
    """An error as a message."""
    place = asdict(error.place) if error.place else None
    if place is not None:
        place["path"] = str(place["path"]) if place["path"] else None
    return {
        "error": {
            "kind": type(error).__name__,
            "problem": error.problem,
            "found": error.found,
            "expected": error.expected,
            "hint": error.hint,
            "place": place,
            "report": error.report,
        }
    }


def error_of(values: Head) -> NcpcError:
    """The error of a message."""
    kind = getattr(errors, values["kind"], NcpcError)
    place = values["place"]
    error: NcpcError = kind(
        values["problem"],
        found=values["found"],
        expected=values["expected"],
        hint=values["hint"],
        place=Place(line=place["line"], column=place["column"]) if place else None,
    )
    error.report = values.get("report")
    return error
