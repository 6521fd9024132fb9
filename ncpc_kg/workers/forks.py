"""The processes forked from the keeper: made, kept off a processor, killed, and buried."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass
class _Fork:
    """A forked process; `life` is the read end of a pipe that closes when it ends."""

    pid: int
    life: int
    unwanted: bool = False


class Forks:
    """The forked processes by their numbers, which are never used again.

    Args:
        selector: Tells that a process has ended: its data are then the number.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._forks: dict[int, _Fork] = {}
        self._ending: set[int] = set()
        self._last = 0

    @property
    def ending(self) -> bool:
        """Whether any process has ended and still holds its memory."""
        return bool(self._ending)

    def fork(self, ours: socket.socket, work: Callable[[socket.socket, int], object]) -> int:
        """Fork a process; returns its number.

        Args:
            ours: The connection it keeps; it is closed here.
            work: What it does, with the connection and the write end of its life pipe; it ends
                the process.
        """
        life_read, life_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                work(ours, life_write)
            finally:
                os._exit(1)  # reached only if the work fails: a fork never runs the keeper's code
        ours.close()
        os.close(life_write)
        self._last += 1
        self._forks[self._last] = _Fork(pid, life_read)
        self._selector.register(life_read, selectors.EVENT_READ, self._last)
        return self._last

    def kill(self, number: int) -> None:
        """Kill a process whose work nobody wants any more."""
        if one := self._forks.get(number):
            one.unwanted = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)

    def put_aside(self, number: int, aside: bool) -> None:
        """Keep a process off one processor, on which short queries then never wait for it."""
        one = self._forks.get(number)
        if one is None or not hasattr(os, "sched_setaffinity"):
            return
        processors = sorted(os.sched_getaffinity(0))
        if aside and len(processors) > 1:
            del processors[0]
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            for thread in Path(f"/proc/{one.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), processors)

    def ended(self, number: int) -> None:
        """A process has closed everything; it may take a while yet to give back its memory."""
        life = self._forks[number].life
        self._selector.unregister(life)
        os.close(life)
        self._ending.add(number)

    def bury(self) -> Iterator[tuple[int, str]]:
        """Clear away the processes that have ended; yields their numbers, and why each ended."""
        for number in tuple(self._ending):
            pid, status = os.waitpid(self._forks[number].pid, os.WNOHANG)
            if pid:
                self._ending.discard(number)
                yield number, _why(status, self._forks.pop(number).unwanted)

    def end(self) -> None:
        """Kill every process, and wait until it is gone."""
        for one in self._forks.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)


def _why(status: int, unwanted: bool) -> str:
    """Why a process ended: time, memory, killed, failed, or ended by itself.

    Args:
        status: Its wait status.
        unwanted: Whether the keeper killed it; otherwise the kernel did, for want of memory.
    """
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGALRM:
            return "time"
        if number == signal.SIGKILL:
            return "killed" if unwanted else "memory"
        if number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGTRAP):
            return "memory"
        return "killed"
    return "ended" if os.WEXITSTATUS(status) == 0 else "failed"
