"""Killable workers: real processes, real limits."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from ncpc_kg.engine import Answer, Change, DatasetClause, Formats, GraphWrite
from ncpc_kg.errors import (
    Forbidden,
    LimitReached,
    NcpcError,
    NotAcceptable,
    NotConforming,
    NotFound,
    QueryError,
    ServiceError,
    StoreError,
    TooLarge,
)
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.store import Gate, Store, backup, journal
from ncpc_kg.workers import WorkerPool, frames
from ncpc_kg.workers.keeper import Keeper
from ncpc_kg.workers.schedule import VERY_LONG

CSV = Formats(bindings="text/csv")
COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
INSERT = "INSERT DATA { <http://e/a> <http://e/p> " + ", ".join(map(str, range(40))) + " }"
CROSS = "SELECT (COUNT(*) AS ?n) { " + " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(8)) + " }"
SORT = "SELECT * { " + " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(6)) + " } ORDER BY ?a0 ?c1"
BOMB = (
    "SELECT (STRLEN(?x9) AS ?n) { BIND('aaaaaaaaaaaaaaaaaaaa' AS ?x0) "
    + " ".join(
        f"BIND(CONCAT(?x{n}, ?x{n}, ?x{n}, ?x{n}, ?x{n}, ?x{n}, ?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(9)
    )
    + " }"
)

Test = Callable[[WorkerPool], Awaitable[None]]


def with_pool(place: Path, test: Test, gate: str | None = None, **limits: float) -> None:
    """Run a test with a pool, and make sure that no process is left behind."""
    chosen = Limits(**{"seconds": 20.0, "memory_bytes": 300 * 1024**2, "workers": 2, **limits})  # type: ignore[arg-type]
    settings = Settings(content=place, store=place / "store", limits=chosen)

    async def go() -> int:
        pool = await WorkerPool.start(settings, gate)
        try:
            await test(pool)
        finally:
            await pool.close()
        return pool.keeper

    keeper = asyncio.run(go())
    assert children(keeper) == []
    with pytest.raises(ProcessLookupError):
        os.kill(keeper, 0)


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fail after five seconds."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


async def number(pool: WorkerPool) -> int:
    return int((await pool.query(COUNT, CSV)).body.split()[1])


def test_queries_updates_and_graphs(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        before = pool.version
        await pool.update(INSERT)
        assert pool.version != before
        assert await number(pool) == 40
        assert (await pool.query("ASK {}", Formats())).kind == "boolean"
        made = await pool.write_graph(
            GraphWrite("put", "http://e/g", ((b"<a> <b> 1 .", "text/turtle"),), "http://e/")
        )
        assert made
        graph = await pool.read_graph("http://e/g", "application/n-triples")
        assert graph.body.startswith(b"<http://e/a> <http://e/b>")
        only = DatasetClause(("http://e/g",))
        assert (await pool.query(COUNT, CSV, only)).body == b"n\r\n1\r\n"
        using = DatasetClause(("http://e/g",), (), "http://base/")
        await pool.update("INSERT { GRAPH <t> { ?s ?p ?o } } WHERE { ?s ?p ?o }", using)
        assert (await pool.read_graph("http://base/t", "text/turtle")).tag == graph.tag
        assert await pool.ready()

    with_pool(tmp_path, test)
    with Store.open(tmp_path / "store") as store:
        assert len(store) == 42


@pytest.mark.parametrize(
    ("text", "formats", "kind"),
    [
        ("SELECT * {", CSV, QueryError),
        ("ASK {}", Formats(boolean=None), NotAcceptable),
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", CSV, Forbidden),
        ("SELECT * { SERVICE ?where { ?s ?p ?o } }", CSV, QueryError),
        ("SELECT * { " + "{" * 200 + "}" * 201, CSV, QueryError),
    ],
)
def test_errors_cross_the_processes(
    tmp_path: Path, text: str, formats: Formats, kind: type[NcpcError]
) -> None:
    async def test(pool: WorkerPool) -> None:
        with pytest.raises(kind) as caught:
            await pool.query(text, formats)
        assert caught.value.problem
        with pytest.raises(NotFound):
            await pool.read_graph("http://e/none", "text/turtle")

    with_pool(tmp_path, test)


@pytest.mark.parametrize(("text", "limit"), [(CROSS, "time"), (SORT, "memory"), (BOMB, "memory")])
def test_a_runaway_query_is_stopped_and_its_worker_is_gone(tmp_path: Path, text: str, limit: str) -> None:
    async def test(pool: WorkerPool) -> None:
        hits: list[str] = []
        pool.watch_limits(hits.append)
        await pool.update(INSERT)
        with pytest.raises(LimitReached, match=f"too (long|much {limit})"):
            await pool.query(text, CSV)
        assert hits == [limit]
        await until(lambda: pool.load.busy == 0 and len(children(pool.keeper)) == pool.load.workers)
        assert await number(pool) == 40

    with_pool(tmp_path, test, seconds=1.5 if limit == "time" else 20, memory_bytes=100 * 1024**2)


def test_a_runaway_update_is_stopped_and_changes_nothing(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        version = pool.version
        with pytest.raises(LimitReached, match="too long"):
            await pool.update(f"INSERT {{ <http://e/x> <http://e/n> ?n }} WHERE {{ {CROSS} }}")
        assert pool.version == version
        await pool.update("INSERT DATA { <http://e/b> <http://e/p> 1 }")
        assert await number(pool) == 41

    with_pool(tmp_path, test, seconds=1.0)


def test_a_result_that_is_too_large_is_refused_whole(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        wide = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
        for formats in (CSV, Formats()):
            with pytest.raises(TooLarge, match="larger"):
                await pool.query(wide, formats)
        with pytest.raises(TooLarge):
            await pool.query("CONSTRUCT WHERE { ?s ?p ?o }", Formats(graph="text/turtle"))
        with pytest.raises(TooLarge):
            await pool.read_graph(None, "text/turtle")

    with_pool(tmp_path, test, result_bytes=150)


def test_a_cancelled_query_is_killed(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        running = asyncio.ensure_future(pool.query(CROSS, CSV))
        await until(lambda: pool.load.busy == 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await until(lambda: pool.load.busy == 0 and len(children(pool.keeper)) == pool.load.workers)
        assert await number(pool) == 40

    with_pool(tmp_path, test)


@pytest.mark.parametrize(("text", "limit"), [(CROSS, "time"), (SORT, "memory")])
def test_of_several_queries_at_one_worker_only_the_one_to_blame_fails(
    tmp_path: Path, text: str, limit: str
) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        texts = [COUNT] * 5 + [text] + [COUNT] * 5
        asked = [asyncio.ensure_future(pool.query(one, CSV)) for one in texts]
        blamed = asked.pop(5)
        for answer in await asyncio.wait_for(asyncio.gather(*asked), 10):
            assert answer.body.split()[1] == b"40"
        with pytest.raises(LimitReached, match=f"too (long|much {limit})"):
            await blamed

    with_pool(tmp_path, test, seconds=2.0 if limit == "time" else 20, memory_bytes=100 * 1024**2, workers=1)


def test_one_of_several_queries_at_a_worker_that_is_given_up_leaves_the_others(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        for given_up in (0, 2):
            texts = [COUNT, COUNT, COUNT]
            texts[given_up] = CROSS
            asked = [asyncio.ensure_future(pool.query(one, CSV)) for one in texts]
            await until(lambda: pool.load.busy == 1)
            gone = asked.pop(given_up)
            gone.cancel()
            answers = await asyncio.wait_for(asyncio.gather(*asked), 10)
            assert [answer.body.split()[1] for answer in answers] == [b"40", b"40"]
            with pytest.raises(asyncio.CancelledError):
                await gone
            await until(lambda: pool.load.busy == 0 and len(children(pool.keeper)) == pool.load.workers)

    with_pool(tmp_path, test, workers=1)


def test_a_quick_query_need_not_wait_until_all_slow_ones_before_it_were_tried(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        slow = [asyncio.ensure_future(pool.query(CROSS, CSV)) for _ in range(12)]
        await until(lambda: pool.load.long == 2)
        assert await asyncio.wait_for(number(pool), 4) == 40
        assert pool.load.waiting > pool.load.put_off
        for one in slow:
            one.cancel()
        await asyncio.gather(*slow, return_exceptions=True)

    with_pool(tmp_path, test, long_queries=1)


def test_short_queries_pass_long_ones(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        runaways = [asyncio.ensure_future(pool.query(CROSS, CSV)) for _ in range(3)]
        await until(lambda: pool.load.long == 3)
        for _ in range(50):
            assert await asyncio.wait_for(number(pool), 2) == 40
        assert not any(one.done() for one in runaways)
        for one in runaways:
            one.cancel()
        await asyncio.gather(*runaways, return_exceptions=True)
        await until(lambda: pool.load.busy == 0)

    with_pool(tmp_path, test, long_queries=3)


def test_one_long_query_too_many_is_put_off_until_another_ends(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        first = asyncio.ensure_future(pool.query(CROSS, CSV))
        await until(lambda: pool.load.long == 1)
        await asyncio.sleep(VERY_LONG)
        second = asyncio.ensure_future(pool.query(CROSS, CSV))
        await until(lambda: pool.load.put_off == 1)
        assert await number(pool) == 40
        assert pool.load.put_off == 1
        first.cancel()
        await until(lambda: pool.load.put_off == 0 and pool.load.long == 1)
        assert not second.done()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        await until(lambda: pool.load.busy == 0 and pool.load.waiting == 0)

    with_pool(tmp_path, test, long_queries=1)


def test_workers_that_only_long_queries_needed_end_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ncpc_kg.workers.schedule._SPARE", 0.3)
    # Long but finite: the same count again and again.
    slow = " UNION ".join(["{ " + " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(4)) + " }"] * 2)

    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        text = f"SELECT (COUNT(*) AS ?n) {{ {slow} }}"
        most = 0

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, pool.load.workers)
                await asyncio.sleep(0.01)

        watching = asyncio.ensure_future(watch())
        results = await asyncio.gather(*(pool.query(text, CSV) for _ in range(4)))
        watching.cancel()
        assert {one.body for one in results} == {f"n\r\n{2 * 40**4}\r\n".encode()}
        assert most > 2
        await until(lambda: pool.load.workers == 2 and len(children(pool.keeper)) == 2)

    with_pool(tmp_path, test)


def test_what_is_put_off_for_too_long_is_refused(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        hits: list[str] = []
        pool.watch_limits(hits.append)
        await pool.update(INSERT)
        runaways = [asyncio.ensure_future(pool.query(CROSS, CSV)) for _ in range(4)]
        results = await asyncio.gather(*runaways, return_exceptions=True)
        problems = [one.problem for one in results if isinstance(one, LimitReached)]
        assert len(problems) == 4
        assert any("took too long" in one for one in problems)
        assert problems.count("Too many long queries run at the same time.") == hits.count("long") >= 1

    with_pool(tmp_path, test, long_queries=1, seconds=2.5)


def test_long_queries_leave_a_processor_to_short_ones(tmp_path: Path) -> None:
    """Only while short ones come: alone, they may use every processor."""

    most = 1 if len(os.sched_getaffinity(0)) > 1 else 0

    def narrow(pool: WorkerPool) -> int:
        here = len(os.sched_getaffinity(0))
        return sum(
            all(
                len(os.sched_getaffinity(int(thread.name))) < here
                for thread in Path(f"/proc/{pid}/task").iterdir()
            )
            for pid in children(pool.keeper)
        )

    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        runaway = asyncio.ensure_future(pool.query(CROSS, CSV))
        await until(lambda: pool.load.long == 1)
        for _ in range(500):
            await number(pool)
            if narrow(pool) == most:
                break
        assert narrow(pool) == most
        await until(lambda: narrow(pool) == 0)
        assert not runaway.done()
        runaway.cancel()
        await asyncio.gather(runaway, return_exceptions=True)

    with_pool(tmp_path, test)


def test_a_full_queue_is_refused_at_once(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        results = await asyncio.gather(*(pool.query(COUNT, CSV) for _ in range(200)), return_exceptions=True)
        refused = [one for one in results if isinstance(one, LimitReached)]
        assert refused
        assert len(refused) < 200
        assert all("waiting" in one.problem for one in refused)
        assert await number(pool) == 0

    with_pool(tmp_path, test, queue=20)


def test_an_older_query_ends_on_the_state_it_began_with(tmp_path: Path) -> None:
    """A write does not wait for readers, and they do not see it."""
    slow = "SELECT (COUNT(*) AS ?n) { " + " . ".join(f"?a{n} ?b{n} ?c{n}" for n in range(4)) + " }"

    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT.replace(", 39", ""))
        old = asyncio.ensure_future(pool.query(slow, CSV))
        await asyncio.sleep(0.05)
        assert not old.done()
        await pool.update("INSERT DATA { <http://e/a> <http://e/p> 39 }")
        assert await number(pool) == 40
        assert (await old).body == f"n\r\n{39**4}\r\n".encode()
        assert (await pool.query(slow, CSV)).body == f"n\r\n{40**4}\r\n".encode()

    with_pool(tmp_path, test)


def test_writes_are_applied_in_order_and_none_is_lost(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update("INSERT DATA { <http://e/c> <http://e/n> 0 }")
        add = "DELETE { ?c ?p ?n } INSERT { ?c ?p ?m } WHERE { ?c ?p ?n BIND(?n + 1 AS ?m) }"
        await asyncio.gather(*(pool.update(add) for _ in range(25)))
        body = (await pool.query("SELECT ?n { ?c <http://e/n> ?n }", CSV)).body
        assert body == b"n\r\n25\r\n"

    with_pool(tmp_path, test)


def test_a_worker_can_open_nothing(tmp_path: Path) -> None:
    """The kernel refuses files and connections, whatever the query says."""

    async def test(pool: WorkerPool) -> None:
        await until(lambda: len(children(pool.keeper)) == 2)
        for _ in range(4):
            await asyncio.gather(*(pool.query("ASK {}", Formats()) for _ in range(4)))
        for pid in children(pool.keeper):
            limits = Path(f"/proc/{pid}/limits").read_text()
            line = next(one for one in limits.splitlines() if one.startswith("Max open files"))
            assert line.split()[3:5] == ["5", "5"]
            assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"
            assert len(list(Path(f"/proc/{pid}/fd").iterdir())) == 5

    with_pool(tmp_path, test)


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.query("ASK {}", Formats())
        await until(lambda: len(children(pool.keeper)) == pool.limits.workers)
        old = children(pool.keeper)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        await until(lambda: not set(children(pool.keeper)) & set(old))
        assert await number(pool) == 0

    with_pool(tmp_path, test)


def test_a_query_that_the_kernel_kills_is_told_as_one_that_needed_too_much_memory(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        running = asyncio.ensure_future(pool.query(CROSS, CSV))
        await until(lambda: pool.load.long == 1)
        for pid in children(pool.keeper):
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(LimitReached, match="too much memory"):
            await running
        assert await number(pool) == 40

    with_pool(tmp_path, test)


def test_the_end_of_the_keeper_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    async def go() -> None:
        pool = await WorkerPool.start(Settings(content=tmp_path, store=tmp_path / "store"))
        os.kill(pool.keeper, signal.SIGKILL)
        await asyncio.wait_for(pool.failed.wait(), 5)
        with pytest.raises(NcpcError):
            await asyncio.wait_for(pool.update(INSERT), 5)
        assert not await pool.ready()
        await pool.close()

    asyncio.run(go())


def test_a_query_that_runs_when_the_keeper_ends_gets_an_error_at_once(tmp_path: Path) -> None:
    async def go() -> None:
        pool = await WorkerPool.start(Settings(content=tmp_path, store=tmp_path / "store"))
        await pool.update(INSERT)
        running = asyncio.create_task(pool.query(CROSS, Formats()))
        await until(lambda: pool.load.long == 1)
        workers = children(pool.keeper)
        os.kill(pool.keeper, signal.SIGKILL)
        with pytest.raises(ServiceError, match="keeper"):
            await asyncio.wait_for(running, 5)
        await pool.close()
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))

    asyncio.run(go())


def test_a_store_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    async def go() -> None:
        with Store.open(tmp_path / "store"), pytest.raises(StoreError, match="in use"):
            await WorkerPool.start(Settings(content=tmp_path, store=tmp_path / "store"))

    asyncio.run(go())


def test_without_its_gate_the_service_ends(tmp_path: Path) -> None:
    async def go() -> None:
        pool = await WorkerPool.start(Settings(content=tmp_path, store=tmp_path / "store"), "no.such:gate")
        await asyncio.wait_for(pool.failed.wait(), 10)
        with pytest.raises(ServiceError, match="check of writes"):
            await pool.update(INSERT)
        await pool.close()

    asyncio.run(go())


def refusing_gate(settings: Settings) -> Gate:
    """A gate for the test below, loaded in the keeper process by its name."""

    class OneAtATime(Gate):
        def __call__(self, change: Change, store: Store) -> Change:
            if len(change.inserted) > 1:
                raise NotConforming("Only one at a time.", hint=str(len(store)))
            return change

    return OneAtATime()


def test_the_gate_runs_before_a_write_is_made(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        with pytest.raises(NotConforming) as caught:
            await pool.update(INSERT)
        assert caught.value.hint == "1"
        assert await number(pool) == 1

    with_pool(tmp_path, test, gate="tests.test_workers:refusing_gate")


def following_gate(settings: Settings) -> Gate:
    """A gate that notes the writes it is told of."""

    class Following(Gate):
        def __init__(self) -> None:
            self.told: list[str] = []

        def follow(self, store: Store, change: Change, before: str) -> None:
            self.told.append(f"{len(change.inserted)} {before != store.version}")

        def consult(self, store: Store, head: object, body: bytes) -> Answer:
            return Answer("graph", "text/plain", ", ".join(self.told).encode())

    return Following()


def test_workers_know_what_the_gate_was_told_before_they_were_forked(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        assert (await pool.consult({})).body == b""
        await pool.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        await pool.update(INSERT)
        assert (await pool.consult({})).body == b"1 True, 39 True"

    with_pool(tmp_path, test, gate="tests.test_workers:following_gate")


def drawing_gate(settings: Settings) -> Gate:
    """A gate whose making draws a blank node, as reading the shapes does."""
    ox.BlankNode()
    return Gate()


def test_what_is_drawn_is_drawn_once(tmp_path: Path) -> None:
    """SPARQL 1.1 Update, 3.1.1: blank nodes of each request are new; Query, 17.4.2.12: so are UUIDs."""
    insert = "INSERT DATA { _:x <http://e/p> 1 } ; INSERT { ?u <http://e/u> 1 } WHERE { BIND(UUID() AS ?u) }"
    drawn = "SELECT (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o }"

    async def test(pool: WorkerPool) -> None:
        for name in ("http://e/1", "http://e/2"):
            await pool.update(insert)
            await pool.write_graph(GraphWrite("put", name, ((b"_:x <p> 1 .", "text/turtle"),), "http://e/"))
        assert (await pool.query(drawn, CSV)).body == b"n\r\n6\r\n"

    with_pool(tmp_path, test, gate="tests.test_workers:drawing_gate")


def test_backup_while_serving(tmp_path: Path) -> None:
    async def test(pool: WorkerPool) -> None:
        await pool.update(INSERT)
        backup(tmp_path / "store", tmp_path / "copy")
        with pytest.raises(StoreError, match="exists already"):
            backup(tmp_path / "store", tmp_path / "copy")

    with_pool(tmp_path, test)
    with Store.open(tmp_path / "copy", read_only=True) as copy:
        assert len(copy) == 40


def test_a_journal_that_cannot_be_folded_in_fails_no_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(store: Store) -> None:
        raise StoreError("The new state could not be put on the disk.")

    monkeypatch.setattr(Store, "compact", full)
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    with Store.open(tmp_path / "store") as store, ours, theirs:
        keeper = Keeper(store, Limits(), ours, False, lambda: None)
        keeper.compact_at = 100
        quad = ox.Quad(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p"), ox.Literal(1))
        record = journal.encode(journal.Record(0, Change(inserted=(quad,))))
        keeper._commit(5, {"made": False, "notes": []}, record)
        told = [frames.receive(theirs) for _ in range(2)]
        assert [one and one[0].get("generation") for one in told] == [1, None]
        assert told[1] == ({"done": 5, "made": False, "notes": []}, b"")
        assert (len(store), keeper.compact_at) == (1, 200)
    assert "could not be put on the disk" in caplog.text
