"""Who works for which query, and when work is stopped.

A worker runs one query at a time; while queries are quick and many, it gets several at once and
answers them together, which saves both sides most of their waking up. If it stalls or dies over
them, each of them is run again by itself, since one of them is to blame. A query that runs
longer than a moment is *long*: one more worker is forked, and while short queries come in it
keeps off one of the processors. One too many *very long* query is put off: stopped, and run
again when another has ended. A caller that leaves: the worker is killed, and with it everything
the query held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ncpc_kg.errors import NcpcError
from ncpc_kg.settings import Limits
from ncpc_kg.workers import frames
from ncpc_kg.workers.waiting import Waiting
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
_MOMENT = 0.001
"""Seconds that a query waits for a worker that is about to answer, rather than wake another."""


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
        self._waiting = Waiting(limits, lambda: self.on_limit("queue"), "No worker became free in time.")
        self._put_off = Waiting(
            limits, lambda: self.on_limit("long"), "Too many long queries run at the same time."
        )
        self._ordered = 0
        self._most = limits.most_workers(0)
        self._quick = 0.0
        self._soon: asyncio.Handle | None = None
        self._late: asyncio.TimerHandle | None = None
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

    def submit(self, job: Job) -> None:
        """Let a job wait for a worker, at least for this turn of the loop.

        Raises:
            LimitReached: Too many wait already, or the service is stopping.
        """
        if self.over is not None:
            raise self.over
        self._waiting.add(job)
        if self._soon is None:
            self._soon = self.loop.call_soon(self._serve_soon)
        self._start_ticking()

    def _serve_soon(self) -> None:
        """Serve what came in one turn, unless a worker will ask for it in a moment."""
        self._soon = None
        if len(self._waiting) > self._waiting.at_hand // 2 or not self._about_to_answer():
            self._serve_waiting()
        elif self._late is None:
            self._late = self.loop.call_later(_MOMENT, self._serve_late)

    def _serve_late(self) -> None:
        self._late = None
        self._serve_waiting()

    def _about_to_answer(self) -> bool:
        return self._waiting.quick and any(one.jobs and not one.long for one in self.workers.values())

    def took(self, now: float, seconds: float) -> None:
        """Note how long a query took."""
        self._waiting.took(seconds)
        if seconds < LONG:
            self._quick = now

    def free(self, worker: Worker) -> None:
        """A worker has answered: it takes the jobs that have waited longest, or rests."""
        if worker.generation != self.generation:
            if not worker.jobs:
                self._discard(worker)
                if self._waiting:
                    self._fork_if_room()
            return
        worker.long = worker.very_long = False
        if worker.aside:
            self._put_aside(worker, False)
        if len(worker.jobs) > self._waiting.at_hand // 2:
            return
        now = self.loop.time()
        jobs = self._waiting.share(now, len(worker.jobs), len(self.workers))
        if jobs:
            worker.start(jobs, now)
        elif not worker.jobs:
            self._idle.append(worker)
            if len(self._idle) > self.limits.workers and self._retiring is None:
                self._retiring = self.loop.call_later(_SPARE, self._retire)

    def _retire(self) -> None:
        """End the workers that have been idle longest, down to what short queries need."""
        self._retiring = None
        while len(self._idle) > self.limits.workers:
            self._discard(self._idle.pop(0))

    def take_apart(self, worker: Worker) -> None:
        """Run again, each by itself, what a worker had at hand that stalls or has died."""
        for job in worker.jobs:
            job.alone = True
        self.end(worker, worker.jobs)

    def _give_back(self, jobs: list[Job]) -> None:
        """Let jobs wait again, before all others."""
        jobs = [job for job in jobs if not job.reply.done()]
        if self.over is not None:
            for job in jobs:
                job.reply.set_exception(self.over)
            return
        self._waiting.put_first(jobs)
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        now = self.loop.time()
        while self._waiting and self._idle:
            idle = self._idle.pop()
            if idle.gone or idle.generation != self.generation:
                self._discard(idle)
            elif jobs := self._waiting.share(now, 0, len(self.workers)):
                idle.start(jobs, now)
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
        self._most = self.limits.most_workers(size)
        for worker in self._idle:
            self._discard(worker)
        self._idle.clear()
        for _ in range(self.limits.workers):
            self._fork()

    def end(self, worker: Worker, again: Iterable[Job] | None = None) -> None:
        """Kill a worker in the middle of its job, or clear away one that has ended.

        Args:
            worker: The worker.
            again: Jobs to run again; None: all but the one it does.
        """
        jobs = list(worker.jobs)[1:] if again is None else list(again)
        self._order({"do": "kill", "id": worker.number})
        worker.jobs.clear()
        self._discard(worker)
        self._give_back(jobs)

    def stop(self, error: NcpcError) -> None:
        """End all workers; whoever waits gets this error."""
        self.over = error
        for timer in (self._ticking, self._retiring, self._soon, self._late):
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
        self._waiting.refuse_old(now)
        self._put_off.refuse_old(now)
        busy = [(one, one.jobs[0]) for one in self._busy() if not one.gone]
        again = busy or self._waiting or self._put_off
        self._ticking = self.loop.call_later(_TICK, self._tick) if again else None
        crowded = now - self._quick < _LATELY
        for worker, job in busy:
            age = now - job.since
            if age > LONG and len(worker.jobs) > 1:
                self.take_apart(worker)
                continue
            if age > LONG and job.reply.done():  # its caller left while it was one of several
                self.end(worker)
                continue
            if age > LONG and not worker.long:
                worker.long = True
                self._fork_if_room()
            if age > VERY_LONG and not worker.very_long:
                self._limit(worker, job)
            if worker.long and worker.aside != crowded and worker.number in self.workers:
                self._put_aside(worker, crowded)
        if self._put_off:
            self._resume()

    def _put_aside(self, worker: Worker, aside: bool) -> None:
        worker.aside = aside
        self._order({"do": "aside", "id": worker.number, "aside": aside})

    def _limit(self, worker: Worker, job: Job) -> None:
        """Let a very long query go on, or put it off if there are too many."""
        if self._very_long() < self.limits.long_queries:
            worker.very_long = True
            return
        job.put_off, job.worker = True, None
        self._put_off.put_last(job)
        self.end(worker)

    def _very_long(self) -> int:
        return sum(one.very_long for one in self.workers.values())

    def _resume(self) -> None:
        """Run again what was put off, as far as long queries have ended."""
        jobs = [one.jobs[0] for one in self._busy() if not one.very_long] + list(self._waiting)
        run = self._very_long() + sum(job.put_off for job in jobs)
        while self._put_off and run < self.limits.long_queries:
            job = self._put_off.take()
            if not job.reply.done():
                self._waiting.put_first([job])
                run += 1
        self._serve_waiting()


def _ignore(kind: str) -> None:
    """Tell nobody that a limit was reached."""
