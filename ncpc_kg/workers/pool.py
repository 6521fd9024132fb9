"""The serving process's side: who works for which request, and when work is stopped.

A worker runs one query at a time; while queries are quick and many, the next few lie ready at
their worker, which saves both sides most of their waking up. One that runs longer than a moment
is *long*: what lies behind it goes to other workers, and one more is forked, so that short
queries do not wait for it; later it is also given less of the processor. Too many long queries
at once, or a caller that leaves: the worker is killed, and with it everything the query held.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from ncpc_kg.engine import Answer, DatasetClause, Formats, GraphWrite
from ncpc_kg.errors import LimitReached, NcpcError, ServiceError
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.workers import frames
from ncpc_kg.workers.keeper import ended

logger = logging.getLogger("ncpc_kg.gate")

LONG = 0.15
"""Seconds after which a query is long."""
VERY_LONG = 1.0
"""Seconds after which a long query gets less of the processor."""
_GRACE = 2.0
_EARLY = 0.02
_TICK = 0.05
_QUICK = 0.008
_READY = 8
"""Most queries at one worker, running and lying ready, while a query takes less than `_QUICK`."""


@dataclass(frozen=True)
class Load:
    """How busy the pool is, for metrics."""

    workers: int
    busy: int
    waiting: int
    long: int


Reply = tuple[frames.Head, bytes]


class _Job:
    """One message for any worker, and who waits for the reply."""

    __slots__ = ("message", "reply", "since", "worker")

    def __init__(self, message: bytes, loop: asyncio.AbstractEventLoop) -> None:
        self.message = message
        self.reply: asyncio.Future[Reply] = loop.create_future()
        self.since = loop.time()
        self.worker: _Worker | None = None


class _Worker(asyncio.BufferedProtocol):
    """The connection to one worker, which does one job at a time; the others lie ready."""

    def __init__(self, pool: WorkerPool, number: int, generation: int) -> None:
        self.pool = pool
        self.number = number
        self.generation = generation
        self.jobs: deque[_Job] = deque()
        self.transport: asyncio.Transport | None = None
        self.gone = False
        self.why: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.long = False
        self.slowed = False
        self.spoilt = False
        self.doomed: NcpcError | None = None
        self._unpacker = frames.Unpacker()
        self._buffer = memoryview(bytearray(1 << 16))

    @property
    def job(self) -> _Job | None:
        """The job that runs."""
        return self.jobs[0] if self.jobs else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        now, answered = self.pool.loop.time(), False
        for reply in self._unpacker.feed(bytes(self._buffer[:nbytes])):
            if not self.jobs:
                return
            job = self.jobs.popleft()
            self.pool.took(now - job.since)
            if self.jobs:
                self.jobs[0].since = now
            if not job.reply.done():
                job.reply.set_result(reply)
            answered = True
        if answered:
            self.pool.free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.gone = True
        self.pool.rescue(self)
        if self.job is not None and not self.job.reply.done():
            self.job.reply.set_exception(ConnectionResetError())

    def start(self, jobs: list[_Job], now: float) -> None:
        """Send jobs; their replies come later, in this order."""
        for job in jobs:
            job.worker, job.since = self, now
        self.jobs.extend(jobs)
        if self.transport is not None and not self.gone:
            self.transport.write(jobs[0].message if len(jobs) == 1 else b"".join(one.message for one in jobs))
            return
        for job in jobs:
            job.reply.set_exception(ConnectionResetError())

    def close(self) -> None:
        """Close the connection; an idle worker ends by that."""
        if self.transport is not None:
            self.transport.abort()


class WorkerPool:
    """Killable workers behind `AsyncEngine`; make one with `await WorkerPool.start(...)`, or open it later.

    Args:
        settings: Where the store is, and the limits.
        gate: `module:function` that makes the gate of writes from the settings, if any.
    """

    def __init__(self, settings: Settings, gate: str | None) -> None:
        self.settings = settings
        self.limits = settings.limits
        self.gate = gate
        self.loop = asyncio.get_running_loop()
        self.on_limit: Callable[[str], None] = _ignore
        self._pace = 0.0
        self._version = ""
        self._generation = 0
        self._workers: dict[int, _Worker] = {}
        self._idle: list[_Worker] = []
        self._waiting: deque[_Job] = deque()
        self._ordered = 0
        self._calls: dict[int, asyncio.Future[bool]] = {}
        self._numbers = itertools.count(1)
        self._orders: asyncio.Queue[bytes] = asyncio.Queue()
        self._started: asyncio.Future[None] | None = None
        self._adopting: set[asyncio.Future[None]] = set()
        self._closing = False
        self._ticking: asyncio.TimerHandle | None = None
        self._most = limits_all(self.limits)
        self._dead: NcpcError | None = None
        self.failed: asyncio.Event = asyncio.Event()

    @classmethod
    async def start(cls, settings: Settings, gate: str | None = None) -> Self:
        """Start the keeper and wait until it can answer.

        Raises:
            StoreError: The store cannot be opened.
            ServiceError: The keeper does not start.
        """
        pool = cls(settings, gate)
        await pool.open()
        return pool

    async def open(self) -> None:
        """Start the keeper, once, and wait until it can answer.

        Raises:
            NcpcError: As `start`.
        """
        ours, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        self._process = subprocess.Popen(  # noqa: S603  (our own module, our own interpreter)
            [sys.executable, "-m", "ncpc_kg.workers", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        ours.setblocking(False)
        self._control = ours
        loop = asyncio.get_running_loop()
        self._started = loop.create_future()
        self._unpacker = frames.Unpacker()
        self._descriptors: deque[int] = deque()
        loop.add_reader(ours.fileno(), self._hear)
        self._sender = asyncio.create_task(self._send_orders())
        self._order(
            {
                "content": str(self.settings.content),
                "store": str(self.settings.store),
                "base": self.settings.base,
                "limits": asdict(self.limits),
                "allowed_services": list(self.settings.allowed_services),
                "on_violation": self.settings.on_violation,
                "gate": self.gate,
            }
        )
        try:
            await self._started
        except NcpcError:
            await self.close()
            raise
        for _ in range(self.limits.workers):
            self._fork()
        # Every later order waits at the keeper until the gate is made; queries do not.
        self._prepared = asyncio.create_task(self._write({"do": "prepare"}, b""))
        self._prepared.add_done_callback(self._has_gate)

    def _has_gate(self, prepared: asyncio.Task[bool]) -> None:
        """Without the gate no write may be taken: the service ends."""
        error = None if prepared.cancelled() else prepared.exception()
        if isinstance(error, NcpcError) and not self._closing:
            logger.error("%s", error)
            self._lost(error)

    # ------------------------------------------------------------------ AsyncEngine

    @property
    def version(self) -> str:
        """Version of the state that new queries see."""
        return self._version

    async def query(self, text: str, formats: Formats, dataset: DatasetClause | None = None) -> Answer:
        """Run a query in a worker; cancelling this call kills it."""
        return await self._ask(frames.pack_question(text, formats, dataset))

    async def read_graph(self, name: str | None, media_type: str) -> Answer:
        """Serialise a graph in a worker."""
        return await self._ask(frames.pack({"do": "graph", "name": name, "media_type": media_type}))

    async def consult(self, question: Mapping[str, Any], body: bytes = b"") -> Answer:
        """Have a question about entries answered in a worker."""
        await asyncio.shield(self._prepared)  # only workers forked after that can answer it
        return await self._ask(frames.pack({"do": "consult", "question": dict(question)}, body))

    async def update(self, text: str, using: DatasetClause | None = None) -> None:
        """Have an update worked out, put on the disk and made visible."""
        head, body = frames.question(text, Formats(), using)
        await self._write({**head, "do": "update"}, body)

    async def write_graph(self, write: GraphWrite) -> bool:
        """Have a write to a graph worked out, put on the disk and made visible."""
        head = {
            "do": "graph",
            "method": write.method,
            "name": write.name,
            "base": write.base,
            "parts": [[len(body), media_type] for body, media_type in write.parts],
            "if_match": write.if_match,
            "if_none_match": write.if_none_match,
        }
        return await self._write(head, b"".join(body for body, _ in write.parts))

    async def backup(self, target: str) -> None:
        """Copy the state of this moment to a new directory."""
        await self._write({"do": "backup", "target": target}, b"")

    async def ready(self) -> bool:
        """Whether the keeper runs and a trivial query is answered."""
        if self._closing or self._dead is not None or self._process.poll() is not None:
            return False
        await self.query("ASK {}", Formats())
        return True

    @property
    def keeper(self) -> int:
        """Process id of the keeper."""
        return self._process.pid

    @property
    def load(self) -> Load:
        """How busy the pool is now."""
        busy = [one for one in self._workers.values() if one.job is not None]
        waiting = len(self._waiting) + sum(len(one.jobs) - 1 for one in busy)
        return Load(len(self._workers), len(busy), waiting, sum(one.long for one in busy))

    async def close(self) -> None:
        """End the keeper and with it every worker."""
        if self._closing:
            return
        self._closing = True
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        self._sender.cancel()
        self._control.close()
        for one in list(self._workers.values()):
            one.close()
        if self._ticking is not None:
            self._ticking.cancel()
        for job in self._waiting:
            if not job.reply.done():
                job.reply.set_exception(_stopping())
        for call in self._calls.values():
            if not call.done():
                call.set_exception(_stopping())
        try:
            await asyncio.to_thread(self._process.wait, 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    # ------------------------------------------------------------------ queries

    async def _ask(self, message: bytes) -> Answer:
        reply = await self._asked(message, self.limits.workers)
        if "error" in reply[0]:
            failure = frames.error_of(reply[0]["error"])
            if isinstance(failure, LimitReached):
                self.on_limit("memory")
            raise failure
        return frames.answer_of(*reply)

    async def _asked(self, message: bytes, tries: int) -> Reply:
        """Ask a worker; one found dead on arrival leaves the question to another."""
        loop = asyncio.get_running_loop()
        job = _Job(message, loop)
        self._submit(job)
        try:
            return await job.reply
        except ConnectionResetError as error:
            worker = job.worker
            if worker is None:
                raise _stopping() from error
            early = loop.time() - job.since < _EARLY
            reason = await self._reason(worker)
            self._end(worker)
            if not (early and tries and isinstance(reason, ServiceError) and self._dead is None):
                raise reason from error
        except asyncio.CancelledError:
            if job.worker is not None and job.worker.job is job:
                self._end(job.worker)
            raise
        return await self._asked(message, tries - 1)

    def _submit(self, job: _Job) -> None:
        """Give a job to an idle worker, or let it wait for one."""
        while self._idle:
            worker = self._idle.pop()
            if not worker.gone and worker.generation == self._generation:
                worker.start([job], job.since)
                self._start_ticking()
                return
            self._discard(worker)
        self._refuse_if_over()
        if len(self._waiting) >= self.limits.queue:
            self.on_limit("queue")
            raise _too_many("Too many queries are waiting.")
        self._waiting.append(job)
        self._start_ticking()
        self._fork_if_room()

    def took(self, seconds: float) -> None:
        """Note how long a query took; decides whether more than one may lie at a worker."""
        self._pace += (min(seconds, VERY_LONG) - self._pace) * 0.05

    def free(self, worker: _Worker) -> None:
        """A worker has answered: it takes the jobs that have waited longest, or rests."""
        if worker.spoilt:
            self._end(worker)
            return
        if worker.slowed or worker.generation != self._generation:
            if not worker.jobs:
                self._discard(worker)
                if self._waiting:
                    self._fork_if_room()
            return
        worker.long = False
        if len(worker.jobs) > _READY // 2:
            return
        jobs = self._share(len(worker.jobs))
        if jobs:
            worker.start(jobs, self.loop.time())
        elif not worker.jobs:
            self._idle.append(worker)

    def _share(self, has: int) -> list[_Job]:
        """The waiting jobs that one worker takes: its share of them while they are quick."""
        most = 0 if has else 1
        if self._pace < _QUICK:
            fair = -(-len(self._waiting) // max(len(self._workers), 1))
            most = max(most, min(_READY - has, fair))
        jobs: list[_Job] = []
        while self._waiting and len(jobs) < most:
            job = self._waiting.popleft()
            if not job.reply.done():
                jobs.append(job)
        return jobs

    def rescue(self, worker: _Worker) -> None:
        """Give what lies ready at a worker to others, since the job before it holds it up."""
        stranded = [job for job in list(worker.jobs)[1:] if not job.reply.done()]
        while len(worker.jobs) > 1:
            worker.jobs.pop()
            worker.spoilt = True  # it does not know, and would go on with them
        over = self._dead or (_stopping() if self._closing else None)
        if over is not None:
            for job in stranded:
                job.reply.set_exception(over)
            return
        self._waiting.extendleft(reversed(stranded))
        while self._waiting and self._idle:
            idle = self._idle.pop()
            if idle.gone or idle.generation != self._generation:
                self._discard(idle)
            elif jobs := self._share(0):
                idle.start(jobs, self.loop.time())
            else:
                self._idle.append(idle)
        if self._waiting:
            self._start_ticking()
            self._fork_if_room()

    def _end(self, worker: _Worker) -> None:
        """Kill a worker in the middle of its job, or clear away one that has ended."""
        self._order({"do": "kill", "id": worker.number})
        self.rescue(worker)
        worker.jobs.clear()
        self._discard(worker)
        if self._waiting:
            self._fork_if_room()

    def _discard(self, worker: _Worker) -> None:
        self._workers.pop(worker.number, None)
        worker.close()

    def _start_ticking(self) -> None:
        if self._ticking is None and not self._closing:
            self._ticking = asyncio.get_running_loop().call_later(_TICK, self._tick)

    def _tick(self) -> None:
        """Look which queries have become long or waited in vain; comes again while any is."""
        loop = asyncio.get_running_loop()
        while self._waiting and loop.time() - self._waiting[0].since > self.limits.seconds:
            job = self._waiting.popleft()
            if not job.reply.done():
                self.on_limit("queue")
                job.reply.set_exception(_too_many("No worker became free in time."))
        busy = [(one, one.job) for one in self._workers.values() if one.job is not None]
        self._ticking = loop.call_later(_TICK, self._tick) if (busy or self._waiting) else None
        for worker, job in busy:
            age = loop.time() - job.since
            if age > LONG and not worker.long:
                worker.long = True
                self.rescue(worker)
                self._fork_if_room()
            if age > LONG and job.reply.done():  # its caller left while it lay ready
                self._end(worker)
                continue
            if age > VERY_LONG and not worker.slowed and worker.doomed is None:
                self._slow_down(worker)

    def _slow_down(self, worker: _Worker) -> None:
        """Give a very long query what the others leave; one too many is stopped."""
        if sum(one.slowed for one in self._workers.values()) >= self.limits.long_queries:
            worker.doomed = _too_many("Too many long queries run at the same time.")
            self.on_limit("long")
            self._order({"do": "kill", "id": worker.number})
            return
        worker.slowed = True
        self._order({"do": "nice", "id": worker.number})
        self._fork_if_room()

    def _fork_if_room(self) -> None:
        """Fork so that short queries find a worker: not more than may be busy at once."""
        short = sum(not one.long for one in self._workers.values() if one.generation == self._generation)
        if short + self._ordered < self.limits.workers and len(self._workers) + self._ordered < self._most:
            self._fork()

    async def _reason(self, worker: _Worker) -> NcpcError:
        """Why a worker ended in the middle of its work."""
        if worker.doomed is not None:
            return worker.doomed
        try:
            reason = await asyncio.wait_for(asyncio.shield(worker.why), _GRACE)
        except TimeoutError:
            reason = "unknown"
        if reason in ("time", "memory"):
            self.on_limit(reason)
        return _stopping() if self._closing else ended(reason, self.limits)

    # ------------------------------------------------------------------ writes

    async def _write(self, head: frames.Head, body: bytes) -> bool:
        self._refuse_if_over()
        call = next(self._numbers)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._calls[call] = done
        self._order({**head, "call": call}, body)
        try:
            return await done
        except asyncio.CancelledError:
            self._order({"do": "cancel", "call": call})
            raise
        finally:
            self._calls.pop(call, None)

    # ------------------------------------------------------------------ keeper

    def _refuse_if_over(self) -> None:
        if self._dead is not None:
            raise self._dead
        if self._closing:
            raise _stopping()

    def _order(self, head: frames.Head, body: bytes = b"") -> None:
        if not self._closing:
            self._orders.put_nowait(frames.pack(head, body))

    def _fork(self) -> None:
        self._ordered += 1
        self._order({"do": "fork"})

    async def _send_orders(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.sock_sendall(self._control, await self._orders.get())
            except (BrokenPipeError, ConnectionResetError):
                self._lost()
                return

    def _hear(self) -> None:
        """Take what the keeper has sent: descriptors of workers, and messages."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, 1 << 16, 16)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data, descriptors = b"", []
        self._descriptors.extend(descriptors)
        if not data:
            self._lost()
            return
        for head, _ in self._unpacker.feed(data):
            self._heard(head)

    def _heard(self, head: frames.Head) -> None:
        if "worker" in head:
            self._ordered -= 1
            adopting = asyncio.ensure_future(
                self._adopt(head["worker"], head["generation"], self._descriptors.popleft())
            )
            self._adopting.add(adopting)
            adopting.add_done_callback(self._adopting.discard)
        elif "gone" in head:
            worker = self._workers.pop(head["gone"], None)
            if worker is not None and not worker.why.done():
                worker.why.set_result(head["why"])
        elif "version" in head:
            self._most = most_workers(self.limits, head["bytes"])
            self._new_state(head["version"], head["generation"])
        elif "done" in head:
            for note in head.get("notes") or ():
                logger.warning("written although it does not conform: %s", note)
            call = self._calls.get(head["done"])
            if call is not None and not call.done():
                if "error" in head:
                    call.set_exception(frames.error_of(head["error"]))
                else:
                    call.set_result(head["made"])
        elif "error" in head and self._started is not None and not self._started.done():
            self._started.set_exception(frames.error_of(head["error"]))

    async def _adopt(self, number: int, generation: int, descriptor: int) -> None:
        connection = socket.socket(fileno=descriptor)
        connection.setblocking(False)
        loop = asyncio.get_running_loop()
        _, worker = await loop.create_unix_connection(
            lambda: _Worker(self, number, generation), sock=connection
        )
        if generation != self._generation or self._closing:
            worker.close()
            if not self._closing:
                self._fork_if_room()
            return
        self._workers[number] = worker
        self.free(worker)

    def _new_state(self, version: str, generation: int) -> None:
        self._version, self._generation = version, generation
        if self._started is not None and not self._started.done():
            self._started.set_result(None)
            return
        for worker in self._idle:
            self._discard(worker)
        self._idle.clear()
        for _ in range(self.limits.workers):
            self._fork()

    def _lost(self, error: NcpcError | None = None) -> None:
        """The keeper ended by itself or is of no use: nothing more can be answered."""
        if self._dead is not None:
            return
        asyncio.get_running_loop().remove_reader(self._control.fileno())
        if error is None:
            error = ServiceError("The keeper of the graph ended.", hint="restart the service")
        self._dead = error
        for worker in list(self._workers.values()):
            self._discard(worker)
        waiting = [job.reply for job in self._waiting]
        for future in (self._started, *self._calls.values(), *waiting):
            if future is not None and not future.done():
                future.set_exception(error)
        self.failed.set()


def limits_all(limits: Limits) -> int:
    """Workers that may exist at the same time as far as the limits go."""
    return limits.workers + limits.long_queries


def most_workers(limits: Limits, snapshot: int, memory: int | None = None) -> int:
    """Workers that may exist at the same time without filling the memory of the machine.

    Reading makes a worker's share of the graph its own, so each may come to need as much
    memory as the keeper.

    Args:
        limits: The limits.
        snapshot: Bytes that the keeper takes.
        memory: Bytes of memory of the machine; looked up if absent.
    """
    if memory is None:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    room = int(memory * 0.75 / max(snapshot, 1)) - 1
    return max(limits.workers, min(limits_all(limits), room))


def _ignore(kind: str) -> None:
    """Tell nobody that a limit was reached."""


def _too_many(problem: str) -> LimitReached:
    return LimitReached(problem, hint="try again in a few seconds")


def _stopping() -> LimitReached:
    return LimitReached("The service is shutting down.", hint="try again in a few seconds")
