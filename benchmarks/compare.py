"""The service beside the servers people would otherwise start, on the same data, over HTTP.

    python -m benchmarks.compare 10000 --servers ours,oxigraph-disk,oxigraph-memory

Needs `wrk` (Debian package `wrk`) on the PATH; `oxigraph`, `rdflib-endpoint` (PyPI) and
`virtuoso-t` (Debian package `virtuoso-opensource`) for those servers. Each server is started
on a port of its own, asked alone, and stopped. Rates are replies a second; a reply that is
no 2xx spoils its cell, which then says how many there were. Each heavy question comes with a
comment that no cache has seen; all of them in turn without it make the row "asked before".
A heavy question that does not fit into the time several times over is asked once on each
connection instead, and the rate is replies through the time until the last of them. The tables
go to standard output in Markdown. Two runs differ by a tenth or so: compare ratios within one run.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from benchmarks import servers
from benchmarks.generate import quads
from benchmarks.queries import HEAVY, LOOKUPS, PREFIXES

CONNECTIONS = "1,8,32"
PATIENCE = 900.0
"""Seconds that one reply may take."""
OURS, RIVAL = "ours", "oxigraph-disk"

_SCRIPT = """
local paths = { %s }
local most = %d
local n = tonumber(os.getenv("WRK_START")) or 0
local headers = { ["Accept"] = "application/sparql-results+json" }
function request()
  n = n + 1
  local number = tostring(%s)
  local path = paths[n %% #paths + 1]:gsub("NUMBER", number):gsub("SERIAL", tostring(n))
  return wrk.format("GET", path, headers)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %%d, "seconds": %%f, "bad": %%d, "p50": %%f, "p99": %%f}\\n',
    summary.requests, summary.duration / 1e6, e.status + e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Cell:
    """What one run of the load generator gave."""

    rate: float
    p50: float
    p99: float
    bad: int

    def __str__(self) -> str:
        if self.bad:
            return f"({self.bad} bad)"
        return f"{self.rate:,.0f}" if self.rate >= 100 else f"{self.rate:.3g}"


def load(url: str, texts: list[str], connections: int, seconds: int, most: int, fresh: bool) -> Cell:
    """Ask a server for some seconds.

    Args:
        url: Address of its endpoint.
        texts: Queries, asked in turn.
        connections: Connections at the same time.
        seconds: How long.
        most: Number of centres.
        fresh: Whether each request differs from all before it.
    """
    head, _, path = url.removeprefix("http://").partition("/")
    joint = "&" if "?" in path else "?"
    paths = [f"/{path}{joint}query=" + quote(text.replace("{n}", "NUMBER"), safe="") for text in texts]
    numbering = f"n * 7919 % {most}" if fresh else "7"
    script = _SCRIPT % (", ".join(json.dumps(one) for one in paths), most, numbering)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s"]
        environment = {**os.environ, "WRK_START": str(int.from_bytes(os.urandom(3), "big"))}
        done = subprocess.run(
            [*command, "-s", file.name, f"http://{head}"],
            capture_output=True, text=True, check=True, env=environment,
        )  # fmt: skip
    found = re.search(r"RESULT (\{.*\})", done.stdout)
    if not found:
        raise RuntimeError(done.stdout + done.stderr)
    values = json.loads(found[1])
    return Cell(values["requests"] / values["seconds"], values["p50"], values["p99"], values["bad"])


def ask(url: str, text: str) -> float:
    """Seconds until the whole reply is there; below nought when it is none of 2xx."""
    joint = "&" if "?" in url else "?"
    serial = text.replace("SERIAL", str(time.monotonic_ns()))
    request = urllib.request.Request(
        url + joint + "query=" + quote(serial, safe=""), headers={"Accept": "application/sparql-results+json"}
    )
    start = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            reply.read()
    except urllib.error.HTTPError:
        return -1.0
    return time.perf_counter() - start


def ask_once_each(url: str, text: str, connections: int) -> Cell:
    """One request on each connection, all at once."""
    start = time.perf_counter()
    with ThreadPoolExecutor(connections) as clients:
        times = sorted(clients.map(lambda _: ask(url, text), range(connections)))
    whole = time.perf_counter() - start
    bad = sum(one < 0 for one in times)
    return Cell(connections / whole, times[len(times) // 2] * 1e3, times[-1] * 1e3, bad)


def heavy(url: str, text: str, connections: int, seconds: int, size: int) -> Cell:
    """A heavy question, by the load generator where that can give ten replies on each connection."""
    if ask(url, text) * 5 * connections > seconds:
        return ask_once_each(url, text, connections)
    return load(url, [text], connections, seconds, size, True)


def measure(url: str, size: int, seconds: int, connections: list[int]) -> dict[tuple[str, int], Cell]:
    """All cells of one server; each is also written to standard error as it comes."""
    cells: dict[tuple[str, int], Cell] = {}
    lookups = [PREFIXES + text for text in LOOKUPS.values()]
    fresh = [text + " # SERIAL" for text in lookups]
    asked = [PREFIXES + text.replace("SERIAL", "again") for text in HEAVY.values()]
    for at_once in connections:

        def note(name: str, cell: Cell, at_once: int = at_once) -> None:
            cells[name, at_once] = cell
            sys.stderr.write(f"{size} {url} {name} {at_once}: {cell}\n")

        note("new look-ups", load(url, fresh, at_once, seconds, size, True))
        note("known look-ups", load(url, lookups, at_once, seconds, size, False))
        for name, text in HEAVY.items():
            note(name, heavy(url, PREFIXES + text, at_once, seconds, size))
        if all(ask(url, text) * 5 < seconds for text in asked):
            note("heavy, asked before", load(url, asked, at_once, seconds, size, False))
    return cells


def table(size: int, found: dict[str, dict[tuple[str, int], Cell]]) -> str:
    """The cells as a Markdown table, with our ratio to the rival."""
    rows = list(dict.fromkeys(row for cells in found.values() for row in cells))
    lines = [
        f"### {size:,} centres",
        "",
        "| question | connections | " + " | ".join(found) + f" | {OURS} / {RIVAL} |",
        "|---|---|" + "---|" * (len(found) + 1),
    ]
    ratios: list[float] = []
    for row in rows:
        ratio = ""
        ours, rival = (found.get(name, {}).get(row) for name in (OURS, RIVAL))
        if ours and rival and not ours.bad and not rival.bad and rival.rate:
            ratio = f"{ours.rate / rival.rate:.2f}"
            if row[0] in HEAVY:
                ratios.append(ours.rate / rival.rate)
        cells = " | ".join(str(cells.get(row, "")) for cells in found.values())
        lines.append(f"| {row[0]} | {row[1]} | {cells} | {ratio} |")
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lines += [
            "",
            f"Heavy questions never asked before: geometric mean of the ratios {mean:.2f}, "
            f"lowest {min(ratios):.2f}.",
        ]
    return "\n".join(lines)


def main() -> None:
    """Measure the servers that are asked for, at each size."""
    parser = argparse.ArgumentParser(description="The service beside other servers, on the same data.")
    parser.add_argument("sizes", type=int, nargs="+", help="numbers of centres")
    parser.add_argument("--servers", default="ours,oxigraph-disk,oxigraph-memory,rdflib-endpoint,virtuoso")
    parser.add_argument("--seconds", type=int, default=4, help="length of each run")
    parser.add_argument("--connections", default=CONNECTIONS, help="numbers of connections at the same time")
    options = parser.parse_args()
    sys.stdout.write(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n")
    connections = [int(one) for one in options.connections.split(",")]
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as place:
            data = Path(place) / "centres.nq"
            with data.open("w", encoding="utf-8") as file:
                file.writelines(quads(size))
            found = {}
            for name in options.servers.split(","):
                with servers.START[name](data, Path(place)) as url:
                    found[name] = measure(url, size, options.seconds, connections)
        sys.stdout.write(table(size, found) + "\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
