"""One HTTP request and its reply as plain data, so that what answers knows no framework."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_HOST = re.compile(r"(?:[A-Za-z0-9._~\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?\Z")


@dataclass(frozen=True)
class Exchange:
    """An HTTP request.

    Attributes:
        method: Method, in capitals.
        path: Decoded path.
        query: Raw query string.
        headers: Headers by small name; the last one wins, but for lists, which are joined.
        body: The whole body.
        scheme: `http` or `https`.
        request_id: Name of this request in logs and messages.
        root: Path prefix that a reverse proxy takes away, such as `/kg`; not part of `path`.
        raw_path: Path as it was sent, percent-encoded; empty where the server does not tell.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"
    request_id: str = ""
    root: str = ""
    raw_path: str = ""

    def header(self, name: str) -> str | None:
        """A header by its small name."""
        return self.headers.get(name)

    def url(self, fallback: str) -> str:
        """The address the client used, without query.

        Args:
            fallback: Base address for a request without a usable Host header.
        """
        host = self.headers.get("host", "")
        start = f"{self.scheme}://{host}" if _HOST.match(host) else fallback.rstrip("/")
        return start + self.root + self.path


@dataclass(frozen=True)
class Reply:
    """An HTTP response with a whole body.

    Attributes:
        status: Status code.
        body: The whole body.
        headers: Header pairs, names in small letters.
        cacheable: Whether the same request may get the same reply until the next write.
        label: What kind of request it answered, for logs and metrics.
        sent: Bytes of a body that went out already, by another way.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    cacheable: bool = False
    label: str = ""
    sent: int = 0

    def with_headers(self, *more: tuple[str, str]) -> Reply:
        """The same with further headers."""
        return replace(self, headers=(*self.headers, *more))

    def header(self, name: str) -> str | None:
        """A header by its small name."""
        return next((value for key, value in self.headers if key.lower() == name), None)


def joined(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Raw header pairs as a mapping; repeated headers are joined (RFC 9110, section 5.3)."""
    found: dict[str, str] = {}
    for key, value in raw:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found
