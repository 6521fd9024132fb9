"""The connection to one worker: what it does and what else it has at hand."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

from ncpc_kg.workers import frames

Reply = tuple[frames.Head, bytes]


class Job:
    """One message for any worker, and who waits for the reply.

    Attributes:
        alone: Whether it must be given to a worker by itself.
        asked: When it came.
        since: When it was given to its worker.
        put_off: Whether it was stopped once, to be run again when fewer long queries run.
    """

    __slots__ = ("alone", "asked", "message", "put_off", "reply", "since", "worker")

    def __init__(self, message: bytes, loop: asyncio.AbstractEventLoop) -> None:
        self.message = message
        self.reply: asyncio.Future[Reply] = loop.create_future()
        self.asked = self.since = loop.time()
        self.alone = self.put_off = False
        self.worker: Worker | None = None


class Owner(Protocol):
    """Who decides what a worker does next."""

    loop: asyncio.AbstractEventLoop

    def took(self, now: float, seconds: float) -> None:
        """A query was answered at this time and took this long."""

    def free(self, worker: Worker) -> None:
        """A worker has answered."""

    def take_apart(self, worker: Worker) -> None:
        """A worker died that had several jobs at hand."""


class Worker(asyncio.BufferedProtocol):
    """One worker, which does one job at a time and may have others at hand.

    Attributes:
        long: Its query runs longer than a moment.
        very_long: It counts against the limit of long queries.
        aside: It keeps off the processor that is left to short queries.
        why: Set once it has ended: for what reason.
    """

    def __init__(self, owner: Owner, number: int, generation: int) -> None:
        self.owner = owner
        self.number = number
        self.generation = generation
        self.jobs: deque[Job] = deque()
        self.transport: asyncio.Transport | None = None
        self.gone = False
        self.why: asyncio.Future[str] = owner.loop.create_future()
        self.long = False
        self.very_long = False
        self.aside = False
        self._unpacker = frames.Unpacker()
        self._buffer = memoryview(bytearray(1 << 16))

    @property
    def job(self) -> Job | None:
        """The job that runs."""
        return self.jobs[0] if self.jobs else None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands (`asyncio.BaseProtocol`)."""
        self.transport = transport  # type: ignore[assignment]

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002
        """Where to put what arrives (`asyncio.BufferedProtocol`)."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take replies: they come in the order of the jobs."""
        now, answered = self.owner.loop.time(), False
        for reply in self._unpacker.feed(bytes(self._buffer[:nbytes])):
            if not self.jobs:
                return
            job = self.jobs.popleft()
            self.owner.took(now, now - job.since)
            if self.jobs:
                self.jobs[0].since = now
            if not job.reply.done():
                job.reply.set_result(reply)
            answered = True
        if answered:
            self.owner.free(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The worker has ended; its job learns it, if it is clear which that was."""
        self.gone = True
        if len(self.jobs) > 1:
            self.owner.take_apart(self)
        elif self.job is not None and not self.job.reply.done():
            self.job.reply.set_exception(ConnectionResetError())

    def start(self, jobs: list[Job], now: float) -> None:
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
