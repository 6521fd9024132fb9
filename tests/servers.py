"""Other people's SPARQL servers, started for a test on free ports and stopped after it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VIRTUOSO_INI = """
[Database]
DatabaseFile = {place}/virtuoso.db
ErrorLogFile = {place}/virtuoso.log
LockFile = {place}/virtuoso.lck
TransactionFile = {place}/virtuoso.trx
xa_persistent_file = {place}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {place}/virtuoso-temp.db
TransactionFile = {place}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DirsAllowed = {place}, {data}
NumberOfBuffers = {buffers}
MaxDirtyBuffers = {dirty}
ServerThreads = 20
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 20
[SPARQL]
ResultSetMaxRows = 1000000
"""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        query: Address that answers queries.
        update: Address that takes updates.
    """

    query: str
    update: str


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until a server answers ASK {}."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}?query=ASK%7B%7D", timeout=10):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(url)


@contextmanager
def started(
    command: list[str], url: str, cwd: Path, seconds: float = 60, env: dict[str, str] | None = None
) -> Iterator[None]:
    """Run a server until the end of the block."""
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(url, process, seconds)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def program(name: str) -> str:
    """Path of a program; a test that needs it fails without it."""
    found = shutil.which(name)
    assert found, f"{name} is not installed on this machine"
    return found


@contextmanager
def oxigraph(place: Path) -> Iterator[Server]:
    """`oxigraph serve` (PyPI package oxigraph) on its durable store."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [program("oxigraph"), "serve", "-l", str(place / "oxigraph"), "-b", f"127.0.0.1:{port}"]
    with started(command, f"{url}/query", place):
        yield Server(f"{url}/query?union-default-graph", f"{url}/update")


@contextmanager
def virtuoso(place: Path, data: Path | None = None, buffers: int = 2000) -> Iterator[Server]:
    """Virtuoso Open Source (Debian package virtuoso-opensource), writable for its SPARQL user.

    Args:
        place: Directory for its files.
        data: N-Quads to load with its bulk loader.
        buffers: Pages of 8 KB it may keep in memory.
    """
    home = place / "virtuoso"
    home.mkdir(parents=True)
    http, sql = free_port(), free_port()
    ini = home / "virtuoso.ini"
    ini.write_text(
        VIRTUOSO_INI.format(
            place=home, data=data.parent if data else home, sql=sql, http=http,
            buffers=buffers, dirty=buffers * 3 // 4,
        )
    )  # fmt: skip
    url = f"http://127.0.0.1:{http}/sparql"
    with started([program("virtuoso-t"), "+foreground", "+configfile", str(ini)], url, home, 120):
        commands = ['GRANT SPARQL_UPDATE TO "SPARQL"', 'GRANT EXECUTE ON DB.DBA.L_O_LOOK TO "SPARQL"']
        if data is not None:
            commands += [
                # Without a graph it takes nothing, although the quads name theirs.
                f"ld_dir('{data.parent}', '{data.name}', 'urn:unnamed')",
                "rdf_loader_run()",
                "checkpoint",
                "select ll_file, ll_state, ll_error from DB.DBA.load_list",
            ]
        for command in commands:
            done = subprocess.run(
                [program("isql-vt"), f"127.0.0.1:{sql}", "dba", "dba", f"exec={command};"],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
        if data is not None and not re.search(rf"{re.escape(data.name)}\s+2\s+NULL", done.stdout):
            raise RuntimeError(done.stdout)
        yield Server(url, url)
