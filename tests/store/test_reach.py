"""Which addresses SERVICE and LOAD may reach, and what LOAD takes from them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ncpc_kg.errors import Forbidden, ServiceError, TooLarge
from ncpc_kg.store.reach import Reach

BODY = b"<urn:s> <urn:p> <urn:o> .\n"


class Host(BaseHTTPRequestHandler):
    """A document at /data, a way to it at /moved, nothing elsewhere."""

    def do_GET(self) -> None:
        self.send_response({"/data?x=1": 200, "/moved": 302}.get(self.path, 404))
        self.send_header("Content-Type", "text/turtle; charset=utf-8")
        self.send_header("Location", "/data?x=1")
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Host) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "iri",
    [
        "http://127.0.0.1/data",
        "http://127.0.0.1:80/data",
        "https://127.0.0.1:81/data",
        "HTTP://127.0.0.1/",
    ],
)
def test_what_is_on_the_list_may_be_reached(iri: str) -> None:
    Reach(hosts=("127.0.0.1", "127.0.0.1:81")).allow(iri)


@pytest.mark.parametrize(
    "iri",
    [
        "http://127.0.0.2/",
        "http://127.0.0.1:82/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1@127.0.0.2/",
        "http://user:secret@127.0.0.1/",
        "ftp://127.0.0.1/",
        "file:///etc/hostname",
        "http:///data",
        "127.0.0.1",
        "",
    ],
)
def test_anything_else_may_not(iri: str) -> None:
    with pytest.raises(Forbidden, match="no other host"):
        Reach(hosts=("127.0.0.1",)).allow(iri)


def test_a_name_that_leads_inside_needs_its_address_on_the_list_too() -> None:
    with pytest.raises(Forbidden, match="loopback or private"):
        Reach(hosts=("localhost",)).allow("http://localhost/")

    Reach(hosts=("localhost", "127.0.0.1", "::1")).allow("http://localhost/")


def test_a_document_comes_with_its_media_type(host: str) -> None:
    assert Reach(hosts=(host,)).fetch(f"http://{host}/data?x=1") == (BODY, "text/turtle")


@pytest.mark.parametrize("path", ["/moved", "/nothing"])
def test_neither_redirects_nor_errors_are_taken_for_the_document(host: str, path: str) -> None:
    with pytest.raises(ServiceError, match="cannot be loaded"):
        Reach(hosts=(host,)).fetch(f"http://{host}{path}")


def test_a_document_beyond_the_limit_is_refused(host: str) -> None:
    url = f"http://{host}/data?x=1"

    assert Reach(hosts=(host,), max_bytes=len(BODY)).fetch(url)[0] == BODY
    with pytest.raises(TooLarge):
        Reach(hosts=(host,), max_bytes=len(BODY) - 1).fetch(url)
