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
import resource
import selectors
import signal
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ncpc_kg.errors import NcpcError, ServiceError, StoreError
from ncpc_kg.settings import Limits
from ncpc_kg.store import Store, journal
from ncpc_kg.workers import child, frames
from ncpc_kg.workers.forks import Forks

logger = logging.getLogger("ncpc_kg.store")

_COMPACT_AT = 16 * 1024**2
_SOON = 0.005
_CONTROL, _RESULT = "control", "result"

Order = tuple[int, frames.Head, bytes]


@dataclass
class _Write:
    """The write that a fork works out, and what has come of it so far."""

    call: int
    fork: int
    connection: socket.socket | None
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
        self.selector = selectors.DefaultSelector()
        self.forks = Forks(self.selector)
        self.writes: deque[Order] = deque()
        self.writing: _Write | None = None
        self.generation = 0
        self.compact_at = _COMPACT_AT

    def run(self) -> None:
        """Serve until the serving process closes its end."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.collect()
        gc.freeze()
        self.selector.register(self.control, selectors.EVENT_READ, _CONTROL)
        self._announce()
        try:
            while self._turn():
                pass
        finally:
            self.forks.end()
            self.store.close()

    def _turn(self) -> bool:
        """Wait for what happens next and handle it; False when it is over."""
        for key, _ in self.selector.select(_SOON if self.forks.ending else None):
            if key.data == _CONTROL:
                message = frames.receive(self.control)
                if message is None:
                    return False
                self._order(*message)
            elif key.data == _RESULT:
                self._drain()
            else:
                self.forks.ended(key.data)
        for number, why in self.forks.bury():
            if self.writing is not None and self.writing.fork == number:
                self._finish_write(self.writing, why)
            else:
                self._tell({"gone": number, "why": why})
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
                self.forks.kill(head["id"])
            case "aside":
                self.forks.put_aside(head["id"], head["aside"])
            case "cancel":
                self._cancel(head["call"])
            case "prepare":
                self._prepare(head["call"])
            case _:
                self.writes.append((head["call"], head, body))
                self._next_write()

    def _fork_worker(self) -> None:
        def answer_queries(connection: socket.socket, life: int) -> None:
            sealed = child.seal(connection, life, self.limits, self.may_connect)
            child.run(lambda: child.answer_queries(self.store, sealed, self.limits))

        ours, theirs = socket.socketpair()
        number = self.forks.fork(ours, answer_queries)
        message = frames.pack({"worker": number, "generation": self.generation})
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(self.control, [message[:1]], [theirs.fileno()])
            self.control.sendall(message[1:])
        theirs.close()

    def _prepare(self, call: int) -> None:
        """Make the gate; workers forked from here on have it."""
        try:
            self.prepare()
        except NcpcError as error:
            self._tell({"done": call, **frames.error_head(error)})
            return
        self._renew()
        self._tell({"done": call, "made": True})

    def _renew(self) -> None:
        """Have workers forked from the state as it is now."""
        gc.collect()
        gc.freeze()
        self.generation += 1
        self._announce()

    # ------------------------------------------------------------------ writes

    def _next_write(self) -> None:
        if self.writing is not None or not self.writes:
            return
        call, head, body = self.writes.popleft()

        def work_out_write(connection: socket.socket, life: int) -> None:
            sealed = child.seal(connection, life, self.limits, self.may_connect)
            child.run(lambda: child.work_out_write(self.store, head, body, sealed, self.limits))

        ours, theirs = socket.socketpair()
        self.writing = _Write(call, self.forks.fork(ours, work_out_write), theirs)
        theirs.setblocking(False)
        self.selector.register(theirs, selectors.EVENT_READ, _RESULT)

    def _drain(self) -> None:
        """Take what the fork has sent; close the connection when that was all."""
        one = self.writing
        if one is None or one.connection is None:
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

    def _finish_write(self, one: _Write, why: str) -> None:
        self._drain()
        if one.connection is not None:
            self.selector.unregister(one.connection)
            one.connection.close()
        self.writing = None
        if one.result is None:
            self._tell({"done": one.call, **frames.error_head(ended(why, self.limits))})
        elif "error" in one.result[0]:
            self._tell({"done": one.call, **one.result[0]})
        else:
            self._commit(one.call, *one.result)
        self._next_write()

    def _commit(self, call: int, head: frames.Head, body: bytes) -> None:
        try:
            if body:
                change = journal.decode_body(body.partition(b"\n")[2])
                self.store.commit(change)
                self._compact()
                self._renew()
        except NcpcError as error:
            self._tell({"done": call, **frames.error_head(error)})
        else:
            self._tell({"done": call, "made": head["made"], "notes": head["notes"]})

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
        if self.writing is not None and self.writing.call == call and self.writing.result is None:
            self.forks.kill(self.writing.fork)


def ended(reason: str, limits: Limits) -> NcpcError:
    """The error for work whose process ended without an answer."""
    if reason == "time":
        return child.out_of_time(limits)
    if reason == "memory":
        return child.out_of_memory(limits)
    return ServiceError(
        "The process that did the work ended before it was done.", found=reason, hint="try again"
    )
