"""The serving process's side: `AsyncEngine` over killable workers."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from ncpc_kg.engine import Answer, DatasetClause, Formats, GraphWrite
from ncpc_kg.errors import LimitReached, NcpcError, ServiceError
from ncpc_kg.settings import Settings
from ncpc_kg.workers import frames
from ncpc_kg.workers.keeper import ended
from ncpc_kg.workers.link import KeeperLink
from ncpc_kg.workers.schedule import Schedule
from ncpc_kg.workers.worker import Job, Reply, Worker

logger = logging.getLogger("ncpc_kg.gate")

_GRACE = 20.0
"""Seconds in which the reason why a worker ended must come: giving back much memory takes a while."""
_EARLY = 0.02


@dataclass(frozen=True)
class Load:
    """How busy the pool is, for metrics."""

    workers: int
    busy: int
    waiting: int
    long: int
    put_off: int


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
        self.failed = asyncio.Event()
        self._version = ""
        self._closing = False
        self._adopting: set[asyncio.Task[None]] = set()

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
        self._started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._link = KeeperLink(
            self, lambda note: logger.warning("written although it does not conform: %s", note)
        )
        self._schedule = Schedule(self.limits, self._link.order)
        self._link.order(
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
        # Every later order waits at the keeper until the gate is made; queries do not.
        self._prepared = asyncio.create_task(self._write({"do": "prepare"}, b""))
        self._prepared.add_done_callback(self._has_gate)

    def _has_gate(self, prepared: asyncio.Task[bool]) -> None:
        """Without the gate no write may be taken: the service ends."""
        error = None if prepared.cancelled() else prepared.exception()
        if isinstance(error, NcpcError) and not self._closing:
            logger.error("%s", error)
            self._lose(error)

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

    async def ready(self) -> bool:
        """Whether the keeper runs and a trivial query is answered."""
        if self._schedule.over is not None or not self._link.runs:
            return False
        await self.query("ASK {}", Formats())
        return True

    @property
    def keeper(self) -> int:
        """Process id of the keeper."""
        return self._link.process

    @property
    def load(self) -> Load:
        """How busy the pool is now."""
        workers = self._schedule.workers.values()
        busy, long = sum(bool(one.jobs) for one in workers), sum(one.long for one in workers)
        return Load(len(workers), busy, self._schedule.waiting, long, self._schedule.put_off)

    def watch_limits(self, on_limit: Callable[[str], None]) -> None:
        """Have a function called with the kind of each limit that a query reaches."""
        self._schedule.on_limit = on_limit

    async def close(self) -> None:
        """End the keeper and with it every worker."""
        if self._closing:
            return
        self._closing = True
        self._schedule.stop(_stopping())
        await self._link.close(_stopping())

    # ------------------------------------------------------------------ queries and writes

    async def _ask(self, message: bytes) -> Answer:
        reply = await self._asked(message, self.limits.workers)
        if "error" in reply[0]:
            failure = frames.error_of(reply[0]["error"])
            if isinstance(failure, LimitReached):
                self._schedule.on_limit("memory")
            raise failure
        return frames.answer_of(*reply)

    async def _asked(self, message: bytes, tries: int) -> Reply:
        """Ask a worker; one found dead on arrival leaves the question to another."""
        loop = asyncio.get_running_loop()
        job = Job(message, loop)
        self._schedule.submit(job)
        try:
            return await job.reply
        except ConnectionResetError as error:
            worker = job.worker
            if worker is None:
                raise _stopping() from error
            early = loop.time() - job.since < _EARLY
            reason = await self._reason(worker)
            self._schedule.end(worker)
            if not (early and tries) or self.failed.is_set():
                raise reason from error
        except asyncio.CancelledError:
            if job.worker is not None and job.worker.job is job:
                self._schedule.end(job.worker)
            raise
        return await self._asked(message, tries - 1)

    async def _reason(self, worker: Worker) -> NcpcError:
        """Why a worker ended in the middle of its work."""
        try:
            reason = await asyncio.wait_for(asyncio.shield(worker.why), _GRACE)
        except TimeoutError:
            reason = "unknown"
        if reason in ("time", "memory"):
            self._schedule.on_limit(reason)
        return self._schedule.over or ended(reason, self.limits)

    async def _write(self, head: frames.Head, body: bytes) -> bool:
        if self._schedule.over is not None:
            raise self._schedule.over
        return await self._link.call(head, body)

    # ------------------------------------------------------------------ what the keeper tells

    def keeper_state(self, version: str, generation: int, size: int) -> None:
        """New queries see a new version of the state."""
        self._version = version
        self._schedule.renew(generation, size)
        if not self._started.done():
            self._started.set_result(None)

    def worker_forked(self, number: int, generation: int, connection: socket.socket) -> None:
        """Take on a worker."""
        adopting = asyncio.create_task(self._adopt(number, generation, connection))
        self._adopting.add(adopting)
        adopting.add_done_callback(self._adopting.discard)

    async def _adopt(self, number: int, generation: int, connection: socket.socket) -> None:
        _, worker = await asyncio.get_running_loop().create_unix_connection(
            lambda: Worker(self._schedule, number, generation), sock=connection
        )
        self._schedule.adopt(worker)

    def worker_ended(self, number: int, why: str) -> None:
        """A worker has ended, and this is why."""
        self._schedule.gone(number, why)

    def keeper_failed(self, error: NcpcError) -> None:
        """The store cannot be opened."""
        if not self._started.done():
            self._started.set_exception(error)

    def keeper_lost(self) -> None:
        """The keeper ended by itself."""
        self._lose(ServiceError("The keeper of the graph ended.", hint="restart the service"))

    def _lose(self, error: NcpcError) -> None:
        """Nothing more can be answered."""
        if self.failed.is_set():
            return
        self.failed.set()
        self._schedule.stop(error)
        self._link.fail(error)
        self.keeper_failed(error)


def _stopping() -> LimitReached:
    return LimitReached("The service is shutting down.", hint="try again in a few seconds")
