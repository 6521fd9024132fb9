"""The keeper: one process without threads that holds the state and forks from it.

It opens the store, forks workers that answer queries from its memory, has writes worked out
by a fork, puts them on the disk, and only then into its memory; the workers it forks after
that see the new state. The process that serves HTTP talks to the workers directly, over
sockets that the keeper hands over; to the keeper it sends writes and orders to end a worker.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import resource
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from ncpc_kg.errors import NcpcError, ServiceError, StoreError
from ncpc_kg.settings import Limits
from ncpc_kg.store import Store, journal
from ncpc_kg.workers import child, frames

logger = logging.getLogger("ncpc_kg.store")

_COMPACT_AT = 16 * 1024**2
_SOON = 0.005


@dataclass
class _Child:
    """A forked process: a worker, or the one that works out a write."""

    pid: int
    life: int
    call: int | None = None
    unwanted: bool = False
    connection: socket.socket | None = None
    unpacker: frames.Unpacker = field(default_factory=frames.Unpacker)
    result: tuple[frames.Head, bytes] | None = None


class Keeper:
    """Holds the state for one serving process.

    Args:
        store: The opened store.
        limits: Hard limits of the work in forks.
        control: Connection to the serving process; its end is the keeper's end.
        may_connect: Whether any host is allowed for SERVICE and LOAD.
        prepare: Makes the gate of writes; done on order, so that readers need not wait for it.
    """

    def __init__(
        self,
        store: Store,
        limits: Limits,
        control: socket.socket,
        may_connect: bool,
        prepare: Callable[[], None],
    ) -> None:
        self.store = store
        self.limits = limits
        self.control = control
        self.may_connect = may_connect
        self.prepare = prepare
        self.children: dict[int, _Child] = {}
        self.ending: set[int] = set()
        self.selector = selectors.DefaultSelector()
        self.writes: deque[tuple[int, frames.Head, bytes]] = deque()
        self.writing: int | None = None
        self.generation = 0
        self.last = 0
        self.compact_at = _COMPACT_AT

    def run(self) -> None:
        """Serve until the serving process closes its end."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.collect()
        gc.freeze()
        self.selector.register(self.control, selectors.EVENT_READ, None)
        self._announce()
        try:
            while self._turn():
                pass
        finally:
            for one in list(self.children.values()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
                os.waitpid(one.pid, 0)
            self.store.close()

    def _turn(self) -> bool:
        """Wait for what happens next and handle it; False when it is over."""
        for key, _ in self.selector.select(_SOON if self.ending else None):
            if key.data is None:
                message = frames.receive(self.control)
                if message is None:
                    return False
                self._order(*message)
            elif key.data[1] == "life":
                self._ended(key.data[0])
            else:
                self._hear(key.data[0])
        self._bury()
        return True

    def _tell(self, head: frames.Head, body: bytes = b"") -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.control.sendall(frames.pack(head, body))

    def _announce(self) -> None:
        size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        self._tell({"version": self.store.version, "generation": self.generation, "bytes": size})

    def _order(self, head: frames.Head, body: bytes) -> None:
        match head["do"]:
            case "fork":
                self._fork_worker()
            case "kill":
                self._kill(head["id"])
            case "aside":
                self._put_aside(head["id"], head["aside"])
            case "cancel":
                self._cancel(head["call"])
            case "prepare":
                self._prepare(head["call"])
            case _:
                self.writes.append((head["call"], head, body))
                self._next_write()

    # ------------------------------------------------------------------ forks

    def _fork_worker(self) -> None:
        ours, theirs = socket.socketpair()
        number = self._fork(ours, None)
        message = frames.pack({"worker": number, "generation": self.generation})
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self.control, [message[:1]], [theirs.fileno()])
            self.control.sendall(message[1:])
        theirs.close()

    def _fork(self, ours: socket.socket, write: tuple[int, frames.Head, bytes] | None) -> int:
        """Fork a process that keeps `ours`; returns its number."""
        life_read, life_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._be_child(ours, life_write, write)
        ours.close()
        os.close(life_write)
        self.last += 1
        self.children[self.last] = _Child(pid, life_read)
        self.selector.register(life_read, selectors.EVENT_READ, (self.last, "life"))
        return self.last

    def _be_child(
        self, connection: socket.socket, life: int, write: tuple[int, frames.Head, bytes] | None
    ) -> NoReturn:
        try:
            sealed = child.seal(connection, life, self.limits, self.may_connect)
            if write is None:
                child.run(lambda: child.answer_queries(self.store, sealed, self.limits))
            else:
                _, head, body = write
                child.run(lambda: child.work_out_write(self.store, head, body, sealed, self.limits))
        finally:
            os._exit(1)  # reached only if the two above fail: a child never runs the keeper's code

    def _kill(self, number: int) -> None:
        if one := self.children.get(number):
            one.unwanted = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGKILL)

    def _put_aside(self, number: int, aside: bool) -> None:
        """Keep a worker off one processor, on which short queries then never wait for it."""
        one = self.children.get(number)
        if one is None or not hasattr(os, "sched_setaffinity"):
            return
        processors = sorted(os.sched_getaffinity(0))
        if aside and len(processors) > 1:
            del processors[0]
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            for thread in Path(f"/proc/{one.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), processors)

    def _ended(self, number: int) -> None:
        """A process has closed everything; it may take a while yet to give back its memory."""
        one = self.children[number]
        self.selector.unregister(one.life)
        os.close(one.life)
        self.ending.add(number)

    def _bury(self) -> None:
        """Clear away the processes that have ended."""
        for number in tuple(self.ending):
            pid, status = os.waitpid(self.children[number].pid, os.WNOHANG)
            if pid:
                self.ending.discard(number)
                self._buried(self.children.pop(number), number, status)

    def _buried(self, one: _Child, number: int, status: int) -> None:
        if one.call is not None:
            self._finish_write(one, status)
        else:
            self._tell({"gone": number, "why": why(status, one.unwanted)})

    # ------------------------------------------------------------------ writes

    def _next_write(self) -> None:
        if self.writing is not None or not self.writes:
            return
        write = self.writes.popleft()
        ours, theirs = socket.socketpair()
        self.writing = self._fork(ours, write)
        one = self.children[self.writing]
        one.call, one.connection = write[0], theirs
        theirs.setblocking(False)
        self.selector.register(theirs, selectors.EVENT_READ, (self.writing, "result"))

    def _hear(self, number: int) -> None:
        one = self.children.get(number)
        if one is not None:
            self._drain(one)

    def _drain(self, one: _Child) -> None:
        """Take what a child has sent; close the connection when that was all."""
        if one.connection is None:
            return
        data = b"?"
        with contextlib.suppress(BlockingIOError):
            while data := one.connection.recv(1 << 20):
                for message in one.unpacker.feed(data):
                    one.result = message
        if one.result is not None or not data:
            self.selector.unregister(one.connection)
            one.connection.close()
            one.connection = None

    def _finish_write(self, one: _Child, status: int) -> None:
        self._drain(one)
        if one.connection is not None:
            self.selector.unregister(one.connection)
            one.connection.close()
        self.writing = None
        if one.result is None:
            self._tell({"done": one.call, **frames.error_head(ended(why(status, one.unwanted), self.limits))})
        elif "error" in one.result[0]:
            self._tell({"done": one.call, **one.result[0]})
        else:
            self._commit(one, *one.result)
        self._next_write()

    def _commit(self, one: _Child, head: frames.Head, body: bytes) -> None:
        try:
            if body:
                change = journal.decode_body(body.partition(b"\n")[2])
                self.store.commit(change)
                self._compact()
                gc.collect()
                gc.freeze()
                self.generation += 1
                self._announce()
        except NcpcError as error:
            self._tell({"done": one.call, **frames.error_head(error)})
        else:
            self._tell({"done": one.call, "made": head["made"], "notes": head["notes"]})

    def _compact(self) -> None:
        """Fold a long journal in; the write before it is made, whatever comes of this."""
        if self.store.journal_bytes <= self.compact_at:
            return
        try:
            self.store.compact()
        except StoreError as error:
            self.compact_at *= 2  # not again at every write
            logger.warning("the journal stays as it is: %s", error)
        else:
            self.compact_at = _COMPACT_AT

    def _cancel(self, call: int) -> None:
        self.writes = deque(write for write in self.writes if write[0] != call)
        for number, one in self.children.items():
            if one.call == call and one.result is None:
                self._kill(number)

    def _prepare(self, call: int) -> None:
        """Make the gate; workers forked from here on have it."""
        try:
            self.prepare()
        except NcpcError as error:
            self._tell({"done": call, **frames.error_head(error)})
            return
        gc.collect()
        gc.freeze()
        self.generation += 1
        self._announce()
        self._tell({"done": call, "made": True})


def why(status: int, unwanted: bool = False) -> str:
    """Why a process ended.

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


def ended(reason: str, limits: Limits) -> NcpcError:
    """The error for work whose process ended without an answer."""
    if reason == "time":
        return child.out_of_time(limits)
    if reason == "memory":
        return child.out_of_memory(limits)
    return ServiceError(
        "The process that did the work ended before it was done.", found=reason, hint="try again"
    )
