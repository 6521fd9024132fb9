"""RDF parsed, with the line on which each statement ends."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import IO, cast

from pyoxigraph import Quad, RdfFormat, parse

from ncpc_kg.errors import Place, SourceError
from ncpc_kg.vocabulary import PREFIXES

_BY_LINE = (RdfFormat.TURTLE, RdfFormat.N_TRIPLES, RdfFormat.N_QUADS, RdfFormat.TRIG, RdfFormat.N3)
_PREAMBLE = re.compile(r"^Parser error at [^:]*: |^error at [^:]*: ")
_UNDECLARED = re.compile(r"[Pp]refix (\S*): has not been declared")


class LineParser:
    """Parses RDF and says on which line each statement ends.

    The parser pulls its input; it is handed one line at a time, so the lines it has taken
    when it gives a statement tell where that statement ends. JSON-LD and RDF/XML are handed
    over whole: there the line is 0.

    Args:
        text: The text.
        syntax: Its format.
        path: Where it comes from, for messages.
        base: What relative IRIs are resolved against.
    """

    def __init__(
        self, text: str, syntax: RdfFormat, path: Path | None = None, base: str | None = None
    ) -> None:
        self._path, self._syntax = path, syntax
        self._reader = _LineByLine(text.encode())
        source = cast("IO[bytes]", self._reader) if syntax in _BY_LINE else text
        self._parser = parse(source, format=syntax, base_iri=base)

    def __iter__(self) -> Iterator[tuple[Quad, int]]:
        """Yield each statement with its line.

        Raises:
            SourceError: The text cannot be parsed.
        """
        try:
            for quad in self._parser:
                yield quad, self._reader.line
        except SyntaxError as error:
            raise _syntax_error(error, self._syntax, self._path) from error
        except (ValueError, RecursionError) as error:
            place = Place(self._path, self._reader.line or None)
            raise SourceError(f"The text cannot be parsed: {error}.", place=place) from error

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that were declared so far."""
        return self._parser.prefixes


class _LineByLine:
    """Gives a parser one line per read and counts them."""

    def __init__(self, data: bytes) -> None:
        self._buffer = io.BytesIO(data)
        self._at_start = True
        self.line = 0

    def read(self, size: int = -1) -> bytes:
        chunk = self._buffer.readline(size)
        self.line += bool(chunk) and self._at_start
        self._at_start = chunk.endswith(b"\n")
        return chunk


def _syntax_error(error: SyntaxError, syntax: RdfFormat, path: Path | None) -> SourceError:
    message = _PREAMBLE.sub("", error.msg or "")
    place = Place(path, error.lineno, error.offset) if error.lineno else None
    if match := _UNDECLARED.search(message):
        prefix = match[1]
        near = get_close_matches(prefix, PREFIXES, n=1)
        hint = "declare it at the top"
        if prefix in PREFIXES:
            hint = f"add PREFIX {prefix}: <{PREFIXES[prefix]}> at the top"
        elif near:
            hint = f"did you mean {near[0]}:?"
        return SourceError(f"The prefix {prefix}: is not declared.", hint=hint, place=place)
    if "LoadDocumentCallback" in message:
        return SourceError(
            "The JSON-LD refers to a context elsewhere, and nothing is fetched from elsewhere.",
            hint="write the context into the text",
        )
    return SourceError(
        f"Not valid {syntax.name}: {message}.", hint="correct the text at the place named", place=place
    )
