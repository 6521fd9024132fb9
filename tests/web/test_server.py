"""The whole service as a process: real sockets, real signals, real clients."""

from __future__ import annotations

import json
import logging
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from SPARQLWrapper import CSV, JSON, POST, TURTLE, XML, SPARQLWrapper

from ncpc_kg.errors import ServiceError
from ncpc_kg.web import check_port
from ncpc_kg.web.server import Line
from tests.servers import free_port

TOKEN = "only-for-the-tests-0123456789"
CODE = """
import sys
from pathlib import Path
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.web import serve
place, port, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
serve(Settings(content=place, store=place / "store", port=port, limits=Limits(seconds=seconds)))
"""
INSERT = "INSERT DATA { <http://e/a> <http://e/p> " + ", ".join(map(str, range(40))) + " }"
CROSS = "SELECT (COUNT(*) AS ?n) { " + " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(8)) + " }"
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"


@dataclass
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    url: str
    port: int
    log: Path

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=30) as reply:
            text: str = reply.read().decode()
            return text

    def count(self) -> int:
        return int(self.get("/sparql?format=csv&query=" + quote(COUNT)).split()[1])

    def update(self, text: str, timeout: float = 30) -> None:
        headers = {"Content-Type": "application/sparql-update", "Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(self.url + "/sparql", text.encode(), headers)
        with urllib.request.urlopen(request, timeout=timeout) as reply:
            assert reply.status == 204

    def figure(self, name: str) -> float:
        line = next(one for one in self.get("/metrics").splitlines() if one.startswith(f"ncpc_kg_{name} "))
        return float(line.split()[1])


@contextmanager
def running(place: Path, seconds: float = 20) -> Iterator[Service]:
    port = free_port()
    log = place / "log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, str(place), str(port), str(seconds)],
            env={**os.environ, "NCPC_KG_TOKENS": f"update:{TOKEN}"},
            stderr=errors,
        )
    service = Service(process, f"http://127.0.0.1:{port}", port, log)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, log.read_text()
            try:
                service.get("/readyz")
                break
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline, "the service never became ready"
                time.sleep(0.05)
        yield service
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as one:
        one.update(INSERT)
        yield one


def until(condition: object, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def test_sparqlwrapper(service: Service) -> None:
    """The client most Python programs use, with each format it offers."""
    wrapper = SPARQLWrapper(service.url + "/sparql")
    wrapper.setQuery(COUNT)
    wrapper.setReturnFormat(JSON)
    assert wrapper.queryAndConvert()["results"]["bindings"][0]["n"]["value"] == "40"
    wrapper.setReturnFormat(XML)
    assert "<literal" in wrapper.queryAndConvert().toxml()
    wrapper.setReturnFormat(CSV)
    assert wrapper.queryAndConvert().split() == [b"n", b"40"]
    wrapper.setQuery("CONSTRUCT { ?s ?p 1 } WHERE { ?s ?p 1 }")
    wrapper.setReturnFormat(TURTLE)
    assert b"http://e/a" in wrapper.queryAndConvert()
    writer = SPARQLWrapper(service.url + "/sparql")
    writer.setMethod(POST)
    writer.addCustomHttpHeader("Authorization", f"Bearer {TOKEN}")
    writer.setQuery(
        "INSERT DATA { <http://e/w> <http://e/p> 1 } ; DELETE DATA { <http://e/w> <http://e/p> 1 }"
    )
    writer.query()
    assert service.count() == 40


def test_a_client_that_hangs_up_stops_its_query(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(f"GET /sparql?query={quote(CROSS)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        until(lambda: service.figure("workers_busy") >= 1)
    until(lambda: service.figure("workers_busy") == 0)
    assert service.count() == 40


def test_idle_connections_keep_nobody_out(service: Service) -> None:
    """More of them than the server may keep waiting to be accepted."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    idle: list[socket.socket] = []
    try:
        for _ in range(1500):
            idle.append(socket.create_connection(("127.0.0.1", service.port), timeout=5))
        with urllib.request.urlopen(service.url + "/healthz", timeout=8) as reply:
            assert reply.status == 200
    finally:
        for one in idle:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
@pytest.mark.parametrize("path", [b"/sparql?query=ASK%7B%7D", b"/healthz", b"/"])
def test_a_request_names_one_host(service: Service, hosts: bytes, path: bytes) -> None:
    """RFC 9112, section 3.2."""
    reply = answer(service, b"GET " + path + b" HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 400")
    assert b"one host" in reply


@pytest.mark.parametrize("chunk", [b"zz\r\nASK{}\r\n", b"fffffffffffffffffff\r\n", b"2\r\nASK{}\r\n"])
def test_broken_chunks_get_an_answer(service: Service, chunk: bytes) -> None:
    head = b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Type: application/sparql-query\r\n"
    reply = answer(service, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n")
    assert reply.startswith(b"HTTP/1.1 400")
    assert b"whole chunks" in reply


def answer(service: Service, raw: bytes) -> bytes:
    """All that the server sends until it closes the connection."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(raw)
        found = b""
        while part := connection.recv(65536):
            found += part
        return found


def test_requests_that_come_at_once_are_answered_in_their_order(service: Service) -> None:
    """RFC 9112, section 9.3.2."""
    slow = quote("SELECT (COUNT(*) AS ?slow) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
    paths = (f"/sparql?format=csv&query={slow}", "/healthz", "/nothing", "/sparql?format=csv&query=ASK")
    heads = "".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths)
    reply = answer(service, heads.encode() + b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    found = re.findall(rb"HTTP/1.1 (\d+)", reply)
    assert found == [b"200", b"200", b"404", b"400", b"200"]
    assert reply.index(b"slow\r\n64000") < reply.index(b"alive") < reply.index(b"ready\n")


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200", b"alive"),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"204", b""),
        (b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\nConnection: close\r\n\r\n", b"405", b"problem"),
        (b"GET http://a/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"200", b"alive"),
        (b"GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n", b"400", b"one host"),
        (b"GET /?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"414", b""),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 600_000 + b"\r\n\r\n", b"431", b""),
        (
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: application/sparql-query\r\n\r\n3\r\nASK\r\n2;x=y\r\n{}\r\n0\r\nX: 1\r\n\r\n",
            b"200",
            b"true",
        ),
        (
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n"
            b"Content-Type: application/sparql-query\r\n\r\n",
            b"413",
            b"too large",
        ),
        (
            b"POST /sparql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n"
            b"Content-Type: application/sparql-query\r\n\r\nASK{}",
            b"400",
            b"",
        ),
    ],
    ids=[
        "1.0",
        "OPTIONS *",
        "CONNECT",
        "absolute",
        "no host",
        "414",
        "431",
        "chunks",
        "Expect",
        "two lengths",
    ],
)
def test_requests_as_http_has_them(service: Service, raw: bytes, status: bytes, body: bytes) -> None:
    """RFC 9112, sections 2.3, 3.2, 3.2.2 to 3.2.4, 6.3 and 7.1; RFC 9110, 10.1.1, 15.5.14, 15.5.15."""
    reply = answer(service, raw)
    assert re.match(rb"HTTP/1.[01] (\d+)", reply)[1] == status, reply[:300]  # type: ignore[index]
    assert body in reply


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nX-Large: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"GET /sparql HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(5000)) + b"\r\n",
        b"GET /sparql?query=ASK%7B%7D\r\nX-Injected: 1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00\xff\xfe" * 1000,
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n"
        b"Content-Type: application/sparql-query\r\n\r\nASK",
        b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=["large header", "many headers", "injection", "noise", "huge length", "smuggling"],
)
def test_hostile_requests_get_no_success_and_do_no_harm(service: Service, raw: bytes) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            reply = connection.recv(65536)
        except OSError:
            reply = b""
    assert not reply.startswith(b"HTTP/1.1 2"), reply[:200]
    assert b"X-Injected" not in reply
    assert service.count() == 40


def test_many_stopped_queries_leave_nothing_behind(service: Service) -> None:
    """Workers, descriptors and memory are as before after 200 kills (10,000 in benchmarks)."""
    service.count()
    pid = service.process.pid
    before = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            connection.sendall(f"GET /sparql?query={quote(CROSS)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            time.sleep(0.002)
    until(lambda: service.figure("workers_busy") == 0 and service.figure("queries_waiting") == 0, 30)
    until(lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) <= before + 4)
    assert service.figure("workers") <= 10
    assert service.count() == 40


def test_logs_are_lines_of_json_without_secrets(service: Service) -> None:
    service.get("/sparql?query=" + quote("ASK { <http://secret.example/> ?p ?o }"))
    until(lambda: '"path": "/sparql"' in service.log.read_text())
    text = service.log.read_text()
    lines = [line for line in text.splitlines() if '"path"' in line]
    assert all(json.loads(line)["request"] for line in lines)
    assert TOKEN not in text
    assert "secret.example" not in text


def test_a_stop_lets_running_queries_end(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        service.update(INSERT)
        text = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
        found: list[str] = []
        asking = threading.Thread(
            target=lambda: found.append(service.get("/sparql?format=csv&query=" + quote(text)))
        )
        asking.start()
        until(lambda: service.figure("workers_busy") >= 1)
        service.process.send_signal(signal.SIGTERM)
        asking.join(30)
        assert found == [f"n\r\n{40**4}\r\n"]
        assert service.process.wait(30) == 0
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        service.get("/healthz")


def test_acknowledged_writes_survive_a_kill_of_everything(tmp_path: Path) -> None:
    chance = random.Random(7)
    done = 0
    for _ in range(4):
        with running(tmp_path) as service:
            assert service.count() >= done
            kill = threading.Timer(chance.uniform(0.1, 0.5), lambda s=service: s.process.kill())
            kill.start()
            try:
                for number in range(done, done + 10_000):
                    service.update(f"INSERT DATA {{ <http://e/{number}> <http://e/p> 1 }}")
                    done = number + 1
            except (urllib.error.URLError, ConnectionError, OSError):
                pass
            kill.join()
        time.sleep(0.3)
    with running(tmp_path) as service:
        assert done <= service.count() <= done + 4
    assert done > 4


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ServiceError, match="cannot listen") as caught:
            check_port("127.0.0.1", taken.getsockname()[1])
    assert "--port" in (caught.value.hint or "")


def test_an_event_is_one_line_of_json_with_the_request_it_belongs_to() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord(
            "ncpc_kg.server", logging.ERROR, "", 0, "%s failed", ("it",), sys.exc_info()
        )
    record.request = "abc-1"
    text = Line().format(record)
    assert "\n" not in text
    found = json.loads(text)
    assert (found["level"], found["part"], found["event"]) == ("error", "ncpc_kg.server", "it failed")
    assert found["request"] == "abc-1"
    assert found["time"].endswith("Z")
    assert "two\nlines" in found["traceback"]
