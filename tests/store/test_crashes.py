"""Kills and full disks at random moments: nothing acknowledged is lost, nothing is half there."""

from __future__ import annotations

import os
import random
import resource
import signal
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

from ncpc_kg.engine import Formats
from ncpc_kg.errors import StoreError
from ncpc_kg.store import Store

ROUNDS = 120
BUILT = [
    ox.Quad(
        ox.NamedNode(f"http://e/{n}"),
        ox.NamedNode("http://e/p"),
        ox.Literal(n),
        ox.NamedNode("http://e/built"),
    )
    for n in range(200)
]
COUNT = """
    SELECT (MAX(?n) AS ?last) (COUNT(?n) AS ?many) (SUM(IF(?n = ?m, 1, 0)) AS ?pairs)
    { GRAPH <http://e/one> { ?s <http://e/n> ?n } GRAPH <http://e/two> { ?s <http://e/n> ?m } }
"""


def write(store: Store, number: int) -> None:
    """One update that reaches over two graphs and takes a statement away."""
    store.update(
        f"INSERT DATA {{ GRAPH <http://e/one> {{ <http://e/{number}> <http://e/n> {number} }} "
        f"GRAPH <http://e/two> {{ <http://e/{number}> <http://e/n> {number} }} }} ;"
        f"DELETE DATA {{ GRAPH <http://e/built> {{ <http://e/{number}> <http://e/p> {number} }} }}"
    )


def in_child(work: Callable[[int], None]) -> tuple[int, int]:
    """Run something in a process of its own; gives its id and the pipe it reports to."""
    read, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            work(write_end)
        finally:
            os._exit(0)
    os.close(write_end)
    return pid, read


def last_report(pipe: int) -> int:
    """The last number a process has reported; 0 if none."""
    data = b""
    while part := os.read(pipe, 1 << 16):
        data += part
    os.close(pipe)
    numbers = [one for (one,) in struct.iter_unpack("!I", data[: len(data) // 4 * 4])]
    return numbers[-1] if numbers else 0


def check(place: Path, acknowledged: int) -> int:
    """Open the store and look that it holds a whole prefix of the writes; gives the last."""
    with Store.open(place) as store:
        last, many, pairs = store.query(COUNT, Formats(bindings="text/csv")).body.split()[1].split(b",")
        done = int(last or 0)
        assert int(many) == int(pairs or 0) == done, "every update is there whole, none is missing"
        assert done >= acknowledged, "nothing acknowledged is lost"
        left = store.query(
            "SELECT (COUNT(*) AS ?n) { GRAPH <http://e/built> { ?s ?p ?o } }", Formats(bindings="text/csv")
        )
        gone = sum(1 for n in range(1, done + 1) if n < len(BUILT))
        assert int(left.body.split()[1]) == len(BUILT) - gone
    return done


def test_kill_at_random_moments(tmp_path: Path) -> None:
    place = tmp_path / "store"
    chance = random.Random(1998)
    with Store.open(place) as store:
        store.replace_built(BUILT, "built")
    done = 0
    for turn in range(ROUNDS):

        def work(pipe: int, start: int = done, turn: int = turn) -> None:
            with Store.open(place) as store:
                for number in range(start + 1, start + 1000):
                    write(store, number)
                    os.write(pipe, struct.pack("!I", number))
                    if turn % 4 == 1 and number % 3 == 0:
                        store.compact()
                    if turn % 4 == 3 and number % 3 == 0:
                        store.replace_built(BUILT, f"built {number}")

        pid, pipe = in_child(work)
        time.sleep(chance.uniform(0.0, 0.06))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        done = check(place, max(done, last_report(pipe)))
    assert done > ROUNDS // 4, "the writers were killed before they wrote anything"


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """Every file may have some kilobytes: writes break off in the middle of a record."""
    place = tmp_path / "store"
    with Store.open(place) as store:
        store.replace_built(BUILT, "built")

    def work(pipe: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with Store.open(place) as store:
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
            refused = 0
            for number in range(1, 300):
                try:
                    write(store, number)
                    os.write(pipe, struct.pack("!I", number))
                except StoreError:
                    refused += 1
                    if refused == 3:
                        os.write(pipe, struct.pack("!I", 10_000 + number))
                        return

    pid, pipe = in_child(work)
    os.waitpid(pid, 0)
    reported = last_report(pipe)
    assert reported > 10_000, "the disk never filled up"
    assert check(place, 0) == reported - 10_000 - 3, "what was refused is not there, what was not is"


def test_a_rebuild_on_a_full_disk_leaves_the_old_state(tmp_path: Path) -> None:
    place = tmp_path / "store"
    with Store.open(place) as store:
        store.replace_built(BUILT, "old")

    def work(pipe: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with Store.open(place) as store:
            resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
            try:
                store.replace_built(BUILT * 2, "new")
            except StoreError:
                os.write(pipe, struct.pack("!I", 1))

    pid, pipe = in_child(work)
    os.waitpid(pid, 0)
    assert last_report(pipe) == 1
    with Store.open(place) as store:
        assert (store.fingerprint(), len(store)) == ("old", len(BUILT))
    assert sorted(path.name for path in place.iterdir() if path.is_dir()) == ["2"]
