"""Which hosts a query or update may reach: none, but for an allow-list."""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from ncpc_kg.errors import Forbidden, QueryError, ServiceError, TooLarge
from ncpc_kg.mediatypes import GRAPH_FORMATS
from ncpc_kg.store import syntax


@dataclass(frozen=True)
class Reach:
    """The allow-list of SERVICE and LOAD.

    Attributes:
        hosts: Names or addresses, with `:port` where it is not the scheme's own. A name
            that leads to a loopback or private address is refused unless that address
            is on the list, too.
        seconds: Longest wait for a host.
        max_bytes: Largest document LOAD takes.
    """

    hosts: tuple[str, ...] = ()
    seconds: float = 20.0
    max_bytes: int = 64 * 1024**2

    def check(self, text: str, base: str | None = None) -> None:
        """Refuse a text whose SERVICE clauses go anywhere but to the allow-list.

        Raises:
            Forbidden: A target is not on the list.
            QueryError: A target is a variable, so nobody can say where it leads.
        """
        for target, token in syntax.services(text, base):
            if target is None:
                raise QueryError(
                    "The target of SERVICE must be written as an IRI here, not as a variable.",
                    found=token.text,
                    hint="name the endpoint: SERVICE <https://...>",
                    place=syntax.place(text, token.start),
                )
            self.allow(target)

    def allow(self, iri: str) -> None:
        """Refuse an address that is not on the list.

        Raises:
            Forbidden: It is not on the list, or is no web address.
        """
        parts = urlsplit(iri)
        try:
            port = parts.port
        except ValueError:
            port = -1
        host = (parts.hostname or "").lower()
        default = {"http": 80, "https": 443}.get(parts.scheme)
        named = {host} if port in (None, default) else set()
        named.add(f"{host}:{port or default}")
        if default is None or not host or parts.username is not None or not named & set(self.hosts):
            raise Forbidden(
                "This service calls no other host than those its operator allows.",
                found=iri[:200],
                expected=", ".join(self.hosts) or "no host is allowed",
                hint="ask the operator to start it with --allow-service HOST",
            )
        for address in self._addresses(host, port or default):
            private = not address.is_global or address.is_multicast
            if private and not {str(address), f"{address}:{port or default}"} & set(self.hosts):
                raise Forbidden(
                    "This host leads to a loopback or private address that is not allowed by itself.",
                    found=f"{host} is {address}",
                    hint=f"ask the operator to allow {address}, too",
                )

    def _addresses(self, host: str, port: int) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise ServiceError(f"The host {host} cannot be found.", found=str(error)) from error
        return [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]

    def fetch(self, iri: str) -> tuple[bytes, str]:
        """Get a document for LOAD; redirects are not followed, since they lead elsewhere.

        Returns:
            Its bytes and its media type, without parameters.

        Raises:
            Forbidden: The host is not on the list.
            ServiceError: It does not answer with the document.
            TooLarge: The document is larger than the limit.
        """
        self.allow(iri)
        parts = urlsplit(iri)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        accept = ", ".join(one.media_type for one in GRAPH_FORMATS)
        host = parts.hostname or ""
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(
                host, parts.port, timeout=self.seconds, context=ssl.create_default_context()
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=self.seconds)
        )
        try:
            connection.request("GET", target, headers={"Accept": accept})
            response = connection.getresponse()
            body = read_body(response, self.max_bytes, time.monotonic() + self.seconds)
        except (OSError, http.client.HTTPException) as error:
            raise ServiceError(f"{iri} cannot be loaded.", found=str(error)) from error
        finally:
            connection.close()
        if response.status != 200:
            raise ServiceError(f"{iri} cannot be loaded.", found=f"status {response.status}", expected="200")
        return body, response.headers.get_content_type()


def read_body(response: http.client.HTTPResponse, most: int, deadline: float) -> bytes:
    """Read what another host sends, whole or not at all.

    Args:
        response: The answer, of which nothing was read yet.
        most: Most bytes to take.
        deadline: When to give up, on the monotonic clock.

    Raises:
        TooLarge: There is more.
        TimeoutError: It is not all there in time.
        OSError, HTTPException: It broke off.
    """
    promised = response.length
    body = bytearray()
    while promised is None or len(body) < promised:
        part = response.read1(1 << 16)
        if not part:
            break
        body += part
        if len(body) > most:
            raise TooLarge(
                "What another host sent is larger than this service takes.", expected=f"at most {most} bytes"
            )
        if time.monotonic() > deadline:
            raise TimeoutError("the answer did not end in time")
    if promised is not None and len(body) < promised:
        raise ConnectionError(f"the answer broke off after {len(body)} of {promised} bytes")
    return bytes(body)
