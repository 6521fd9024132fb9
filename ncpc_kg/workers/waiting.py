"""The queries that wait for a worker, and how many of them one worker takes at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from ncpc_kg.errors import LimitReached
from ncpc_kg.settings import Limits
from ncpc_kg.workers.worker import Job

_PACES = ((0.001, 32), (0.008, 8))
"""Seconds that a query takes, and how many of that kind one worker may have at hand."""
_LONG = 0.5
"""Seconds of waiting after which the newest come in turn with those that have waited longest."""
_SLOWEST = 1.0
"""Seconds that one query counts for at most in the pace of all."""


class Waiting:
    """Jobs in the order of their coming.

    Args:
        limits: How many may wait, and for how long.
        on_limit: Called when a job is refused.
        too_old: What is told to those that waited as long as a query may take.
    """

    def __init__(self, limits: Limits, on_limit: Callable[[], None], too_old: str) -> None:
        self._limits = limits
        self._on_limit = on_limit
        self._too_old = too_old
        self._jobs: deque[Job] = deque()
        self._pace = 0.0
        self._newest = False

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def add(self, job: Job) -> None:
        """Let a job wait.

        Raises:
            LimitReached: Too many wait already.
        """
        if len(self._jobs) >= self._limits.queue:
            self._on_limit()
            raise _too_many("Too many queries are waiting.")
        self._jobs.append(job)

    def put_first(self, jobs: list[Job]) -> None:
        """Let jobs wait again, before all others."""
        self._jobs.extendleft(reversed(jobs))

    def put_last(self, job: Job) -> None:
        """Let a job wait again, after all others."""
        self._jobs.append(job)

    def take(self) -> Job:
        """The first job, which waits no longer."""
        return self._jobs.popleft()

    def took(self, seconds: float) -> None:
        """Note how long a query took."""
        self._pace += (min(seconds, _SLOWEST) - self._pace) * 0.05

    @property
    def quick(self) -> bool:
        """Whether waking another worker costs more than to wait for one that is about to answer."""
        return self._pace < _PACES[0][0]

    @property
    def at_hand(self) -> int:
        """How many queries one worker may have at hand."""
        return next((most for pace, most in _PACES if self._pace < pace), 1)

    def share(self, now: float, has: int, workers: int) -> list[Job]:
        """Take the jobs for one worker.

        Those that have waited longest come first. Once that is long, they and the newest come
        in turn, so that a quick query need not wait until everything before it was tried.

        Args:
            now: The time.
            has: How many it has at hand already.
            workers: How many workers there are; while queries are not quick, each takes its share.
        """
        most = self.at_hand - has
        if not self.quick:
            most = min(most, -(-len(self._jobs) // max(workers, 1)))
        jobs: list[Job] = []
        while self._jobs and len(jobs) < most:
            self._newest = not self._newest and now - self._jobs[0].asked > _LONG
            job = self._jobs.pop() if self._newest else self._jobs.popleft()
            if job.alone and (has or jobs):
                self._jobs.appendleft(job)
                break
            if not job.reply.done():
                jobs.append(job)
                if job.alone:
                    break
        return jobs

    def refuse_old(self, now: float) -> None:
        """Refuse those that have waited as long as a query may take."""
        while self._jobs and now - self._jobs[0].asked > self._limits.seconds:
            job = self._jobs.popleft()
            if not job.reply.done():
                self._on_limit()
                job.reply.set_exception(_too_many(self._too_old))


def _too_many(problem: str) -> LimitReached:
    """The error for a query that found no room."""
    return LimitReached(problem, hint="try again in a few seconds")
