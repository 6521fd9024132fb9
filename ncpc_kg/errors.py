"""One exception tree for everything that can go wrong in front of a user.

    NcpcError
    ├── SourceError             a file (Turtle, shape, query, entry) cannot be read
    ├── VocabularyError         a term of our namespace is used but not defined
    ├── NotConforming           the data break a shape
    ├── QueryError              a query, update or parameter is wrong
    │   └── ParameterError
    ├── RequestError            an HTTP request cannot be served as asked
    │   ├── Unauthorized, Forbidden, NotFound, Gone, NotAcceptable
    │   ├── Conflict, PreconditionFailed, TooLarge, TooSlow
    │   └── UnsupportedMediaType
    │       └── UnsupportedCoding
    ├── LimitReached            a hard limit stopped the work
    ├── StoreError              the store directory cannot be used
    │   └── StoreInUse
    └── ServiceError            a port, a remote server or a dependency fails

Every class carries its process exit code and HTTP status, so that neither the
command line nor the web layer has to know the tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where in a text something stands; lines and columns count from 1."""

    path: Path | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = (self.path, self.line, self.column)
        return ":".join(str(part) for part in parts if part is not None)


class NcpcError(Exception):
    """Base of all errors meant for users.

    Args:
        problem: What is wrong, in one sentence.
        found: What came (quoted by the caller where it is text).
        expected: What would have been right.
        hint: What to do next.
        place: File, line and column, where there is one.
    """

    exit_code = 2
    http_status = 500
    title = "Something went wrong"
    # A report in plain data that goes with the error, for programs.
    report: dict[str, object] | None = None

    def __init__(
        self,
        problem: str,
        *,
        found: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.found = found
        self.expected = expected
        self.hint = hint
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place and str(self.place) else ""
        lines = [f"{where}{self.problem}"]
        parts = {"found:": self.found, "expected:": self.expected, "do this:": self.hint}
        for name, text in parts.items():
            if text is not None:
                lines.append(f"  {name:<9} {text}".replace("\n", "\n" + " " * 12))
        return "\n".join(lines)


class SourceError(NcpcError):
    """A file cannot be read or parsed."""

    http_status = 400
    title = "The text cannot be read"


class VocabularyError(NcpcError):
    """A term of our namespace is used without being defined in the ontology."""

    http_status = 400
    title = "Unknown term"


class NotConforming(NcpcError):
    """The data break a shape; `report` holds the findings, where whoever raised it had them."""

    exit_code = 1
    http_status = 422
    title = "The data do not conform to the shapes"


class QueryError(NcpcError):
    """A query or update cannot be run as written."""

    http_status = 400
    title = "The query cannot be run"


class ParameterError(QueryError):
    """A parameter of a question is missing, unknown, ill-typed or outside its list."""

    title = "A parameter is wrong"


class RequestError(NcpcError):
    """An HTTP request that cannot be served as asked."""

    http_status = 400
    title = "The request cannot be served"


class Unauthorized(RequestError):
    """No valid token came with a request that needs one."""

    http_status = 401
    title = "A token is needed"


class Forbidden(RequestError):
    """The caller may not do this, or the target is not on the allow-list."""

    http_status = 403
    title = "Not allowed"


class NotFound(RequestError):
    """Nothing is known under this address."""

    http_status = 404
    title = "Not found"


class Gone(RequestError):
    """Something was here and was withdrawn."""

    http_status = 410
    title = "Withdrawn"


class NotAcceptable(RequestError):
    """None of the media types the client accepts can be offered."""

    http_status = 406
    title = "No acceptable format"


class Conflict(RequestError):
    """The state of the graph stands against the request."""

    http_status = 409
    title = "Conflict"


class PreconditionFailed(RequestError):
    """The resource changed since the client read it."""

    http_status = 412
    title = "The resource has changed"


class TooLarge(RequestError):
    """A body, header or result is larger than the limit."""

    http_status = 413
    title = "Too large"


class UnsupportedMediaType(RequestError):
    """The body comes in a format that cannot be read here."""

    http_status = 415
    title = "Unknown format"


class UnsupportedCoding(UnsupportedMediaType):
    """The body is compressed, which is not taken here."""


class TooSlow(RequestError):
    """The body of the request came too slowly."""

    http_status = 408
    title = "Too slow"


class LimitReached(NcpcError):
    """A query was stopped because it reached a limit of time, memory or concurrency."""

    http_status = 503
    title = "Stopped at a limit"


class StoreError(NcpcError):
    """The store directory cannot be opened, read or written."""

    http_status = 503
    title = "The store cannot be used"


class StoreInUse(StoreError):
    """Another process has the store open for writing."""


class ServiceError(NcpcError):
    """A port, a remote server or another dependency does not do its part."""

    http_status = 502
    title = "A service failed"
