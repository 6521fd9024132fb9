"""What a forked process does: answer queries one at a time, or work out one write.

The kernel holds the limits, whatever the engine does: a timer ends the process at the
deadline, an address-space limit ends it when memory runs out, and a limit on open files
keeps it from opening any file or connection.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from ncpc_kg.engine import Formats, GraphWrite
from ncpc_kg.errors import LimitReached, NcpcError, ServiceError
from ncpc_kg.settings import Limits
from ncpc_kg.store import Store, journal
from ncpc_kg.store.updates import plan
from ncpc_kg.workers import frames

_CONNECTION, _LIFE = 3, 4
_STACK = 8 * 1024**2
_MOMENT = 0.0005
"""Seconds for which a reply may wait for those of the queries that came with it."""


def seal(connection: socket.socket, life: int, limits: Limits, may_connect: bool) -> socket.socket:
    """Close everything but one connection and put the limits in force.

    Args:
        connection: The one connection that stays open.
        life: Write end of a pipe whose closing tells the keeper that this process ended.
        limits: Memory limit.
        may_connect: Whether SERVICE or LOAD may open connections to allowed hosts.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    high = [os.dup(connection.fileno()), os.dup(life)]
    while min(high) <= _LIFE:
        high = [os.dup(descriptor) for descriptor in high]
    os.dup2(high[0], _CONNECTION)
    os.dup2(high[1], _LIFE)
    connection.detach()
    os.closerange(_LIFE + 1, 4096)
    silence = os.open(os.devnull, os.O_WRONLY)  # what the engine prints as it dies helps nobody
    os.dup2(silence, 2)
    os.close(silence)
    _die_first()
    size = _address_space() + limits.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not may_connect:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_LIFE + 1, _LIFE + 1))
    gc.disable()
    return socket.socket(fileno=_CONNECTION)


def run(work: Callable[[], NoReturn]) -> None:
    """Run the work of this process on a thread of its own.

    The engine draws blank nodes, UUIDs and random numbers from a generator of each thread. A fork
    copies that of the thread it leaves behind, and would draw again what others have drawn.

    Args:
        work: Ends the process.
    """
    threading.stack_size(_STACK)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def answer_queries(store: Store, connection: socket.socket, limits: Limits) -> NoReturn:
    """Answer queries until the other side closes; never returns.

    Those that came together are answered together, unless they take longer than a moment.
    """
    unpacker = frames.Unpacker()
    while data := connection.recv(1 << 16):
        replies: list[bytes] = []
        since = time.monotonic()
        for head, body in unpacker.feed(data):
            if replies and time.monotonic() - since > _MOMENT:
                connection.sendall(b"".join(replies))
                replies, since = [], time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, limits.seconds)
            replies.append(_answered(store, head, body, limits))
        signal.setitimer(signal.ITIMER_REAL, 0)
        connection.sendall(b"".join(replies))
    os._exit(0)


def _answered(store: Store, head: frames.Head, body: bytes, limits: Limits) -> bytes:
    try:
        if head["do"] == "query":
            text, dataset = body.decode("utf-8", "surrogatepass"), frames.dataset_of(head)
            store.check(text, dataset)
            answer = store.snapshot.query(text, Formats(*head["formats"]), dataset, limits.result_bytes)
        elif head["do"] == "graph":
            answer = store.read_graph(head["name"], head["media_type"], limits.result_bytes)
        else:
            answer = store.consult(head["question"], body)
        return frames.pack_answer(answer)
    except NcpcError as error:
        return frames.pack(frames.error_head(error))
    except MemoryError:
        return frames.pack(frames.error_head(out_of_memory(limits)))
    except Exception as error:  # noqa: BLE001  (nobody else would hear of it: the process ends)
        return frames.pack(frames.error_head(_failed(error)))


def work_out_write(
    store: Store, head: frames.Head, body: bytes, connection: socket.socket, limits: Limits
) -> NoReturn:
    """Work out what a write changes, send it to the keeper, and end."""
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    try:
        if head["do"] == "update":
            text, using = body.decode(), frames.dataset_of(head)
            change = plan(store.snapshot, text, using, store.reach, store.derived, owned=store.gate is None)
            change, made = store.gated(change), False
        else:
            change, made = store.prepare_graph(_graph_write(head, body))
        record = journal.encode(journal.Record(0, change)) if change else b""
        reply = frames.pack({"made": made, "notes": list(change.notes)}, record)
    except NcpcError as error:
        reply = frames.pack(frames.error_head(error))
    except MemoryError:
        reply = frames.pack(frames.error_head(out_of_memory(limits)))
    except Exception as error:  # noqa: BLE001  (nobody else would hear of it: the process ends)
        reply = frames.pack(frames.error_head(_failed(error)))
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(reply)
    os._exit(0)


def _graph_write(head: frames.Head, body: bytes) -> GraphWrite:
    parts, start = [], 0
    for size, media_type in head["parts"]:
        parts.append((body[start : start + size], media_type))
        start += size
    tags = [tuple(one) if one is not None else None for one in (head["if_match"], head["if_none_match"])]
    return GraphWrite(head["method"], head["name"], tuple(parts), head["base"], tags[0], tags[1])


def _failed(error: Exception) -> ServiceError:
    return ServiceError(
        "The work failed for a reason that nobody foresaw.",
        found=repr(error)[:300],
        hint="please report it with the text you sent",
    )


def out_of_memory(limits: Limits) -> LimitReached:
    """The error for work that needed more memory than one worker may have."""
    return LimitReached(
        "The work was stopped because it needed too much memory.",
        expected=f"at most {limits.memory_bytes // 1024**2} MB",
        hint="ask for less at once: add conditions or LIMIT, and avoid sorting or grouping everything",
    )


def out_of_time(limits: Limits) -> LimitReached:
    """The error for work that took longer than it may."""
    return LimitReached(
        "The work was stopped because it took too long.",
        expected=f"at most {limits.seconds:g} seconds",
        hint="ask for less at once: add conditions or LIMIT, and avoid patterns that share no variable",
    )


def _die_first() -> None:
    """When the machine runs out of memory, let the kernel end this process and not the keeper."""
    path = Path("/proc/self/oom_score_adj")
    if path.exists():
        path.write_text("1000")


def _address_space() -> int:
    """Bytes of address space that this process has now; 0 where that cannot be told."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[0]) * resource.getpagesize() if path.exists() else 0
