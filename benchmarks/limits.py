"""What runaway queries do to others, and what thousands of stopped ones leave behind.

    python -m benchmarks.limits 10000 --stopped 10000

First the 99th percentile of look-ups alone, then while eight runaways run (cross products, an
unbounded path, sorting and grouping everything, a string bomb); then that many queries whose
client hangs up, with processes, descriptors and memory before and after. In Markdown.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

from benchmarks import servers
from benchmarks.generate import quads
from benchmarks.queries import LOOKUPS, PREFIXES

CROSS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
RUNAWAYS = (
    CROSS,
    "SELECT (COUNT(*) AS ?n) { ?a (!<http://e/none>|^!<http://e/none>)* ?b }",
    "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?f ?c",
    "SELECT ?c (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f } GROUP BY ?c ?f",
    "SELECT (STRLEN(?x9) AS ?n) { BIND('aaaaaaaaaaaaaaaaaaaa' AS ?x0) "
    + " ".join(f"BIND(CONCAT({', '.join([f'?x{n}'] * 8)}) AS ?x{n + 1})" for n in range(9))
    + " }",
    CROSS.replace("?l", "?m"),
    CROSS.replace("?l", "?q"),
    "SELECT DISTINCT ?a ?d ?g { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
)


def look_ups(url: str, many: int, size: int) -> tuple[float, float]:
    """Ask look-ups one after the other; gives the 50th and 99th percentile in milliseconds."""
    texts = list(LOOKUPS.values())
    times = []
    for number in range(many):
        text = texts[number % len(texts)].replace("{n}", str(number * 7919 % size))
        start = time.perf_counter()
        with urllib.request.urlopen(
            f"{url}?query={quote(f'{PREFIXES}{text} # {start}')}", timeout=60
        ) as reply:
            reply.read()
        times.append((time.perf_counter() - start) * 1000)
    times.sort()
    return times[len(times) // 2], times[len(times) * 99 // 100]


def run_away(url: str, text: str, seen: list[int], stop: threading.Event) -> None:
    """Ask one runaway again and again until told to stop."""
    while not stop.is_set():
        try:
            with urllib.request.urlopen(f"{url}?query={quote(text)}", timeout=90) as reply:
                seen.append(reply.status)
        except urllib.error.HTTPError as error:
            seen.append(error.code)


def processes(root: int) -> list[int]:
    """A process and all below it."""
    found, known = [root], {root}
    for path in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda one: int(one.parent.name)):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) in known:
            known.add(int(path.parent.name))
            found.append(int(path.parent.name))
    return found


def state(root: int) -> str:
    """Processes, threads, descriptors and memory of the service."""
    pids = processes(root)
    descriptors = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids[:2])
    threads = sum(len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids)
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids[:2])
    memory = pages * os.sysconf("SC_PAGE_SIZE") // 1024**2
    return f"{len(pids)} processes, {threads} threads, {descriptors} descriptors, {memory} MB"


def hang_up(port: int) -> None:
    """Ask a runaway and leave at once."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET /sparql?query={quote(CROSS)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        time.sleep(0.001)


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description="What runaway queries do to others.")
    parser.add_argument("size", type=int, help="number of centres")
    parser.add_argument("--stopped", type=int, default=10_000, help="queries whose client hangs up")
    parser.add_argument("--look-ups", type=int, default=2000, help="look-ups for each percentile")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "centres.nq"
        with data.open("w", encoding="utf-8") as file:
            file.writelines(quads(options.size))
        with servers.ours(data, Path(place)) as url:
            tell(url, options.size, options.look_ups, options.stopped)


def tell(url: str, size: int, many: int, stopped: int) -> None:
    """Run the measurements against a running service and print them."""
    look_ups(url, 200, size)
    alone = look_ups(url, many, size)
    seen: list[int] = []
    stop = threading.Event()
    threads = [threading.Thread(target=run_away, args=(url, text, seen, stop)) for text in RUNAWAYS]
    for thread in threads:
        thread.start()
    time.sleep(3)
    beside = look_ups(url, many, size)
    stop.set()
    for thread in threads:
        thread.join()
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    root = next(int(p.parent.name) for p in Path("/proc").glob("[0-9]*/cmdline") if _serves(p, port))
    before = state(root)
    for _ in range(stopped):
        hang_up(port)
    time.sleep(3)
    look_ups(url, 10, size)
    lines = [
        f"| look-ups, {size:,} centres | p50, ms | p99, ms |",
        "|---|---|---|",
        f"| alone | {alone[0]:.2f} | {alone[1]:.2f} |",
        f"| while eight runaways run | {beside[0]:.2f} | {beside[1]:.2f} |",
        "",
        f"Runaways: {len(seen)} answers, {sum(status in (503, 413) for status in seen)} of them 503 or 413.",
        f"Before {stopped:,} hang-ups: {before}.",
        f"After: {state(root)}.",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _serves(cmdline: Path, port: int) -> bool:
    try:
        words = cmdline.read_bytes().split(b"\0")
    except OSError:
        return False
    return str(port).encode() in words and b"-c" in words


if __name__ == "__main__":
    main()
