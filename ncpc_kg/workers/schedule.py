"""Who works for which query, and when work is stopped.

A worker runs one query at a time; while queries are quick and many, the next few lie ready at
their worker, which saves both sides most of their waking up. One that runs longer than a moment
is *long*: what lies behind it goes to other workers, one more is forked, and while short queries
come in it keeps off one of the processors. One too many *very long* query is put off: stopped,
and run again when another has ended. A caller that leaves: the worker is killed, and with it
everything the query held.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable

from ncpc_kg.errors import LimitReached, NcpcError
from ncpc_kg.settings import Limits
from ncpc_kg.workers import frames
from ncpc_kg.workers.worker import Job, Worker

LONG = 0.15
"""Seconds after which a query is long."""
VERY_LONG = 1.0
"""Seconds after which a query is very long, and counts against `Limits.long_queries`."""
_SPARE = 10.0
"""Seconds after which workers that only long queries made necessary are ended."""
_LATELY = 0.5
"""Seconds for which a processor is kept free after a short query."""
_TICK = 0.05
_QUICK = 0.008
_READY = 8
"""Most queries at one worker, running and lying ready, while a query takes less than `_QUICK`."""


class Schedule:
    """Decides for all workers of one serving process.

    Args:
        limits: How much may run at once, and for how long.
        order: Sends an order to the keeper.
    """

    def __init__(self, limits: Limits, order: Callable[[frames.Head], None]) -> None:
        self.limits = limits
        self.loop = asyncio.get_running_loop()
        self.on_limit: Callable[[str], None] = _ignore
        self.generation = 0
        self.workers: dict[int, Worker] = {}
        self.over: NcpcError | None = None
        self._order = order
        self._idle: list[Worker] = []
        self._waiting: deque[Job] = deque()
        self._put_off: deque[Job] = deque()
        self._ordered = 0
        self._most = most_workers(limits, 0)
        self._pace = 0.0
        self._quick = 0.0
        self._ticking: asyncio.TimerHandle | None = None
        self._retiring: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Queries that have not been started, or were put off."""
        return len(self._waiting) + len(self._put_off) + sum(len(one.jobs) - 1 for one in self._busy())

    @property
    def put_off(self) -> int:
        """Queries that were stopped, to be run again."""
        return len(self._put_off)

    def _busy(self) -> list[Worker]:
        return [one for one in self.workers.values() if one.jobs]

    # ------------------------------------------------------------------ jobs

    def submit(self, job: Job) -> None:
        """Give a job to an idle worker, or let it wait for one.

        Raises:
            LimitReached: Too many wait already, or the service is stopping.
        """
        while self._idle:
            worker = self._idle.pop()
            if not worker.gone and worker.generation == self.generation:
                worker.start([job], job.since)
                self._start_ticking()
                return
            self._discard(worker)
        if self.over is not None:
            raise self.over
        if len(self._waiting) >= self.limits.queue:
            self.on_limit("queue")
            raise too_many("Too many queries are waiting.")
        self._waiting.append(job)
        self._start_ticking()
        self._fork_if_room()

    def took(self, now: float, seconds: float) -> None:
        """Note how long a query took; decides whether more than one may lie at a worker."""
        self._pace += (min(seconds, VERY_LONG) - self._pace) * 0.05
        if seconds < LONG:
            self._quick = now

    def free(self, worker: Worker) -> None:
        """A worker has answered: it takes the jobs that have waited longest, or rests."""
        if worker.spoilt:
            self.end(worker)
            return
        if worker.generation != self.generation:
            if not worker.jobs:
                self._discard(worker)
                if self._waiting:
                    self._fork_if_room()
            return
        worker.long = worker.very_long = False
        if worker.aside:
            self._put_aside(worker, False)
        if len(worker.jobs) > _READY // 2:
            return
        jobs = self._share(len(worker.jobs))
        if jobs:
            worker.start(jobs, self.loop.time())
        elif not worker.jobs:
            self._idle.append(worker)
            if len(self._idle) > self.limits.workers and self._retiring is None:
                self._retiring = self.loop.call_later(_SPARE, self._retire)

    def _retire(self) -> None:
        """End the workers that have been idle longest, down to what short queries need."""
        self._retiring = None
        while len(self._idle) > self.limits.workers:
            self._discard(self._idle.pop(0))

    def _share(self, has: int) -> list[Job]:
        """The waiting jobs that one worker takes: its share of them while they are quick."""
        most = 0 if has else 1
        if self._pace < _QUICK:
            fair = -(-len(self._waiting) // max(len(self.workers), 1))
            most = max(most, min(_READY - has, fair))
        jobs: list[Job] = []
        while self._waiting and len(jobs) < most:
            job = self._waiting.popleft()
            if not job.reply.done():
                jobs.append(job)
        return jobs

    def rescue(self, worker: Worker) -> None:
        """Give what lies ready at a worker to others, since the job before it holds it up."""
        stranded = [job for job in list(worker.jobs)[1:] if not job.reply.done()]
        while len(worker.jobs) > 1:
            worker.jobs.pop()
            worker.spoilt = True  # it does not know, and would go on with them
        if self.over is not None:
            for job in stranded:
                job.reply.set_exception(self.over)
            return
        self._waiting.extendleft(reversed(stranded))
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting and self._idle:
            idle = self._idle.pop()
            if idle.gone or idle.generation != self.generation:
                self._discard(idle)
            elif jobs := self._share(0):
                idle.start(jobs, self.loop.time())
            else:
                self._idle.append(idle)
        if self._waiting:
            self._start_ticking()
            self._fork_if_room()

    # ------------------------------------------------------------------ workers

    def adopt(self, worker: Worker) -> None:
        """Take on a worker that the keeper has forked."""
        self._ordered -= 1
        if worker.generation != self.generation or self.over is not None:
            worker.close()
            if self.over is None:
                self._fork_if_room()
            return
        self.workers[worker.number] = worker
        self.free(worker)

    def gone(self, number: int, why: str) -> None:
        """A worker has ended."""
        worker = self.workers.pop(number, None)
        if worker is not None and not worker.why.done():
            worker.why.set_result(why)

    def renew(self, generation: int, size: int) -> None:
        """Use workers forked from now on; those that work end first.

        Args:
            generation: Number of the state that they see.
            size: Bytes of memory of the keeper.
        """
        self.generation = generation
        self._most = most_workers(self.limits, size)
        for worker in self._idle:
            self._discard(worker)
        self._idle.clear()
        for _ in range(self.limits.workers):
            self._fork()

    def end(self, worker: Worker) -> None:
        """Kill a worker in the middle of its job, or clear away one that has ended."""
        self._order({"do": "kill", "id": worker.number})
        self.rescue(worker)
        worker.jobs.clear()
        self._discard(worker)
        if self._waiting:
            self._fork_if_room()

    def stop(self, error: NcpcError) -> None:
        """End all workers; whoever waits gets this error."""
        self.over = error
        for timer in (self._ticking, self._retiring):
            if timer is not None:
                timer.cancel()
        for worker in list(self.workers.values()):
            self.gone(worker.number, "stop")
            worker.close()
        for job in (*self._waiting, *self._put_off):
            if not job.reply.done():
                job.reply.set_exception(error)

    def _discard(self, worker: Worker) -> None:
        self.workers.pop(worker.number, None)
        worker.close()

    def _fork_if_room(self) -> None:
        """Fork so that short queries find a worker: not more than may be busy at once."""
        short = sum(not one.long for one in self.workers.values() if one.generation == self.generation)
        if short + self._ordered < self.limits.workers and len(self.workers) + self._ordered < self._most:
            self._fork()

    def _fork(self) -> None:
        self._ordered += 1
        self._order({"do": "fork"})

    # ------------------------------------------------------------------ long queries

    def _start_ticking(self) -> None:
        if self._ticking is None and self.over is None:
            self._ticking = self.loop.call_later(_TICK, self._tick)

    def _tick(self) -> None:
        """Look which queries have become long or waited in vain; comes again while any is."""
        now = self.loop.time()
        self._refuse_old(self._waiting, now, "queue", "No worker became free in time.")
        self._refuse_old(self._put_off, now, "long", "Too many long queries run at the same time.")
        busy = [(one, one.jobs[0]) for one in self._busy() if not one.gone]
        again = busy or self._waiting or self._put_off
        self._ticking = self.loop.call_later(_TICK, self._tick) if again else None
        crowded = now - self._quick < _LATELY
        for worker, job in busy:
            age = now - job.since
            if age > LONG and not worker.long:
                worker.long = True
                self.rescue(worker)
                self._fork_if_room()
            if age > LONG and job.reply.done():  # its caller left while it lay ready
                self.end(worker)
                continue
            if age > VERY_LONG and not worker.very_long:
                self._limit(worker, job)
            if worker.long and worker.aside != crowded and worker.number in self.workers:
                self._put_aside(worker, crowded)
        if self._put_off:
            self._resume()

    def _refuse_old(self, jobs: deque[Job], now: float, limit: str, problem: str) -> None:
        while jobs and now - jobs[0].asked > self.limits.seconds:
            job = jobs.popleft()
            if not job.reply.done():
                self.on_limit(limit)
                job.reply.set_exception(too_many(problem))

    def _put_aside(self, worker: Worker, aside: bool) -> None:
        worker.aside = aside
        self._order({"do": "aside", "id": worker.number, "aside": aside})

    def _limit(self, worker: Worker, job: Job) -> None:
        """Let a very long query go on, or put it off if there are too many."""
        if self._very_long() < self.limits.long_queries:
            worker.very_long = True
            return
        job.put_off, job.worker = True, None
        self._put_off.append(job)
        worker.jobs.clear()
        self.end(worker)

    def _very_long(self) -> int:
        return sum(one.very_long for one in self.workers.values())

    def _resume(self) -> None:
        """Run again what was put off, as far as long queries have ended."""
        jobs = [one.jobs[0] for one in self._busy() if not one.very_long] + list(self._waiting)
        run = self._very_long() + sum(job.put_off for job in jobs)
        while self._put_off and run < self.limits.long_queries:
            job = self._put_off.popleft()
            if not job.reply.done():
                self._waiting.appendleft(job)
                run += 1
        self._serve_waiting()


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
    return max(limits.workers, min(limits.workers + limits.long_queries, room))


def too_many(problem: str) -> LimitReached:
    """The error for a query that found no room."""
    return LimitReached(problem, hint="try again in a few seconds")


def _ignore(kind: str) -> None:
    """Tell nobody that a limit was reached."""
