"""Starts each server on a free port with the data loaded, and stops it again."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from pyoxigraph import RdfFormat, parse

from ncpc_kg.store import Store
from tests import servers
from tests.servers import free_port

PATIENCE = 900.0


@contextmanager
def running(command: list[str], url: str, cwd: Path | None = None) -> Iterator[str]:
    """A server process, from its first answer to the end of the block."""
    with servers.started(command, url, cwd or Path.cwd(), PATIENCE):
        yield url


@contextmanager
def ours(data: Path, place: Path) -> Iterator[str]:
    """This service: durable store, workers, all limits at their defaults."""
    directory = place / "ours"
    with Store.open(directory) as store:
        store.replace_built(parse(path=str(data), format=RdfFormat.N_QUADS), "benchmark")
    port = free_port()
    code = (
        "import sys; from pathlib import Path; from ncpc_kg.settings import Settings; "
        "from ncpc_kg.web import serve; "
        "serve(Settings(content=Path('.'), store=Path(sys.argv[1]), port=int(sys.argv[2])))"
    )
    command = [sys.executable, "-c", code, str(directory), str(port)]
    with running(command, f"http://127.0.0.1:{port}/sparql") as url:
        yield url


@contextmanager
def oxigraph_disk(data: Path, place: Path) -> Iterator[str]:
    """`oxigraph serve` on its RocksDB store, loaded and optimized as its documentation says."""
    directory = place / "oxigraph"
    program = shutil.which("oxigraph") or "oxigraph"
    subprocess.run([program, "load", "-l", str(directory), "-f", str(data)], check=True, capture_output=True)
    subprocess.run([program, "optimize", "-l", str(directory)], check=True, capture_output=True)
    port = free_port()
    command = [program, "serve", "-l", str(directory), "-b", f"127.0.0.1:{port}", "--union-default-graph"]
    with running(command, f"http://127.0.0.1:{port}/query") as url:
        yield url


@contextmanager
def oxigraph_memory(data: Path, place: Path) -> Iterator[str]:
    """`oxigraph serve` without a directory, so in memory alone."""
    port = free_port()
    program = shutil.which("oxigraph") or "oxigraph"
    command = [program, "serve", "-b", f"127.0.0.1:{port}", "--union-default-graph"]
    with running(command, f"http://127.0.0.1:{port}/query", place) as url:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/store",
            data=data.read_bytes(),
            headers={"Content-Type": "application/n-quads"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE):
            yield url


@contextmanager
def rdflib_endpoint(data: Path, place: Path) -> Iterator[str]:
    """rdflib-endpoint, which keeps an rdflib dataset in memory."""
    port = free_port()
    program = shutil.which("rdflib-endpoint") or "rdflib-endpoint"
    command = [program, "serve", "--port", str(port), str(data)]
    with running(command, f"http://127.0.0.1:{port}/", place) as url:
        yield url


@contextmanager
def virtuoso(data: Path, place: Path) -> Iterator[str]:
    """Virtuoso Open Source with 1.3 GB of buffers, loaded with its bulk loader."""
    with servers.virtuoso(place, data, buffers=170_000) as server:
        yield server.query


START: dict[str, Callable[[Path, Path], AbstractContextManager[str]]] = {
    "ours": ours,
    "oxigraph-disk": oxigraph_disk,
    "oxigraph-memory": oxigraph_memory,
    "rdflib-endpoint": rdflib_endpoint,
    "virtuoso": virtuoso,
}
