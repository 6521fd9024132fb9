"""The connection to the keeper process: orders to it, and what it tells."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from ncpc_kg.errors import NcpcError
from ncpc_kg.workers import frames


class Listener(Protocol):
    """Who is told what the keeper says."""

    def keeper_state(self, version: str, generation: int, size: int) -> None:
        """New forks see this version of the state; the keeper takes `size` bytes of memory."""

    def worker_forked(self, number: int, generation: int, connection: socket.socket) -> None:
        """A worker was forked."""

    def worker_ended(self, number: int, why: str) -> None:
        """A worker has ended."""

    def keeper_failed(self, error: NcpcError) -> None:
        """The store cannot be opened."""

    def keeper_lost(self) -> None:
        """The keeper has ended by itself."""


class KeeperLink:
    """Starts the keeper; give orders with `order`, and `call` for those that are answered.

    Args:
        listener: Who is told what the keeper says.
        warn: Called with a note on something written although it breaks a shape.
    """

    def __init__(self, listener: Listener, warn: Callable[[str], None]) -> None:
        self._listener = listener
        self._warn = warn
        self._calls: dict[int, asyncio.Future[bool]] = {}
        self._numbers = itertools.count(1)
        self._orders: asyncio.Queue[bytes] = asyncio.Queue()
        self._unpacker = frames.Unpacker()
        self._descriptors: deque[int] = deque()
        self._closed = False
        self._control, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        self._process = subprocess.Popen(  # noqa: S603  (our own module, our own interpreter)
            [sys.executable, "-m", "ncpc_kg.workers", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self._control.setblocking(False)
        asyncio.get_running_loop().add_reader(self._control.fileno(), self._hear)
        self._sender = asyncio.create_task(self._send_orders())

    @property
    def process(self) -> int:
        """Process id of the keeper."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the keeper runs."""
        return not self._closed and self._process.poll() is None

    def order(self, head: frames.Head, body: bytes = b"") -> None:
        """Send an order that has no answer."""
        if not self._closed:
            self._orders.put_nowait(frames.pack(head, body))

    async def call(self, head: frames.Head, body: bytes = b"") -> bool:
        """Send an order and wait until it is carried out; cancelling this call cancels it.

        Returns:
            Whether something was made that was not there before.

        Raises:
            NcpcError: The keeper's reason why it was not.
        """
        number = next(self._numbers)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._calls[number] = done
        self.order({**head, "call": number}, body)
        try:
            return await done
        except asyncio.CancelledError:
            self.order({"do": "cancel", "call": number})
            raise
        finally:
            self._calls.pop(number, None)

    def fail(self, error: NcpcError) -> None:
        """Give whoever waits for an order this error, and listen no more."""
        if not self._closed:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
        for call in self._calls.values():
            if not call.done():
                call.set_exception(error)

    async def close(self, error: NcpcError) -> None:
        """End the keeper, and with it every worker; whoever waits gets this error."""
        self.fail(error)
        self._closed = True
        self._sender.cancel()
        self._control.close()
        try:
            await asyncio.to_thread(self._process.wait, 5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)
        with suppress(ProcessLookupError):  # a keeper that was killed leaves its workers behind
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _send_orders(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.sock_sendall(self._control, await self._orders.get())
            except (BrokenPipeError, ConnectionResetError):
                self._listener.keeper_lost()
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
            self._listener.keeper_lost()
            return
        for head, _ in self._unpacker.feed(data):
            self._heard(head)

    def _heard(self, head: frames.Head) -> None:
        if "worker" in head:
            connection = socket.socket(fileno=self._descriptors.popleft())
            connection.setblocking(False)
            self._listener.worker_forked(head["worker"], head["generation"], connection)
        elif "gone" in head:
            self._listener.worker_ended(head["gone"], head["why"])
        elif "version" in head:
            self._listener.keeper_state(head["version"], head["generation"], head["bytes"])
        elif "done" in head:
            for note in head.get("notes") or ():
                self._warn(note)
            call = self._calls.get(head["done"])
            if call is not None and not call.done():
                if "error" in head:
                    call.set_exception(frames.error_of(head["error"]))
                else:
                    call.set_result(head["made"])
        elif "error" in head:
            self._listener.keeper_failed(frames.error_of(head["error"]))
