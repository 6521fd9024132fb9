"""Runs the application: `serve(settings, engine)`, until the process is told to stop."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import uvloop
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from ncpc_kg.engine import Engine
from ncpc_kg.errors import ServiceError
from ncpc_kg.settings import Settings, limits_from
from ncpc_kg.store import Store
from ncpc_kg.web.access_log import AccessLog
from ncpc_kg.web.app import create_app
from ncpc_kg.web.engines import AsyncEngine, Threaded
from ncpc_kg.web.front import Front
from ncpc_kg.web.metrics import Metrics
from ncpc_kg.web.prefix import Prefix
from ncpc_kg.workers import WorkerPool

log = logging.getLogger("ncpc_kg.server")

Extend = Callable[..., None]
_LARGEST_HEADERS = 64 * 1024
_MOST_CONNECTIONS = 4096
_OTHER_FILES = 128


def serve(
    settings: Settings,
    engine: Engine | None = None,
    *,
    gate: str | None = None,
    extend: Extend | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish what runs.

    Args:
        settings: Where the store is, where to listen, the limits.
        engine: What `pipeline.build` made. The embedded store is closed here and opened
            again by the keeper process; any other engine (a remote one) is used as it is.
            None: the store in `settings.store`.
        gate: `module:function` that takes the settings and makes the `Gate` for writes.
        extend: Called with the application before it serves, to add pages.
        on_ready: Called with the address once requests are answered.

    Raises:
        ServiceError: The port is in use, or a process does not start.
        StoreError: The store cannot be opened.
    """
    set_up_logs()
    if isinstance(engine, Store):
        engine.close()
        engine = None
    settings = replace(settings, limits=limits_from(os.environ, settings.limits))
    check_port(settings.host, settings.port)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, engine, gate, extend, on_ready))


def check_port(host: str, port: int) -> None:
    """Make sure that the port can be listened on.

    Raises:
        ServiceError: It is in use, or the address is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServiceError(
                f"The server cannot listen on {host}, port {port}.",
                found=error.strerror,
                hint="stop what uses that port, or choose another with --port",
            ) from error


async def _serve(
    settings: Settings,
    engine: Engine | None,
    gate: str | None,
    extend: Extend | None,
    on_ready: Callable[[str], None] | None,
) -> None:
    pool = WorkerPool(settings, gate) if engine is None else None
    # The keeper reads the state in a process of its own while the application is made here.
    starting = asyncio.create_task(pool.open()) if pool is not None else None
    await asyncio.sleep(0)
    answering: AsyncEngine = pool if pool is not None else Threaded(engine)  # type: ignore[arg-type]
    if pool is None:  # each call to a remote engine waits in a thread
        threads = settings.limits.workers + settings.limits.long_queries
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads))
    app = create_app(answering, settings)
    if extend is not None:
        extend(app)
    metrics = Metrics()
    access_log = AccessLog() if settings.access_log else None
    front = Front(app, metrics, access_log)
    _watch(metrics, front, pool)
    behind_proxy = settings.root_path or settings.trust_proxy
    server = Server(
        Prefix(front, settings.root_path, settings.trust_proxy) if behind_proxy else front,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        websockets=False,
        log_enabled=False,
        backlog=1024,
        backpressure=_connections(),
        http1_settings=HTTP1Settings(header_read_timeout=15_000, max_buffer_size=_LARGEST_HEADERS * 8),
    )
    if starting is not None:
        await starting
    gc.collect()
    gc.freeze()  # what is there now stays: looking through it again and again would be for nothing
    gc.set_threshold(20_000, 20, 20)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    serving = asyncio.create_task(server.serve())
    if on_ready is not None:
        on_ready(f"http://{settings.host}:{settings.port}")
    ends = {serving, asyncio.create_task(stop.wait())}
    if pool is not None:
        ends.add(asyncio.create_task(pool.failed.wait()))
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        failed = pool is not None and pool.failed.is_set()
        await _finish(front, settings.limits.seconds)
    finally:
        if pool is not None:
            await pool.close()
        if not serving.done():
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait({serving}, timeout=5)
        for task in ends:
            task.cancel()
    if access_log is not None:
        access_log.flush()
    if failed:
        raise ServiceError("The keeper of the graph ended.", hint="look at the log and start again")


def _connections() -> int:
    """How many connections may be open; the process is allowed as many files as they take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_CONNECTIONS + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return (
        _MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else min(soft - _OTHER_FILES, _MOST_CONNECTIONS)
    )


async def _finish(front: Front, seconds: float) -> None:
    """Take no new work and let running work end, for at most the time a query may take."""
    front.draining = True
    deadline = time.monotonic() + seconds
    log.info("stopping; %d requests are being answered", front.running)
    while front.running and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


def _watch(metrics: Metrics, front: Front, pool: WorkerPool | None) -> None:
    metrics.watch("running_requests", "Requests that are being answered.", lambda: front.running)
    metrics.watch("cache_bytes", "Memory of kept replies.", lambda: front.cache.bytes)
    if pool is None:
        return
    pool.watch_limits(metrics.limit)
    metrics.watch("workers", "Worker processes.", lambda: pool.load.workers)
    metrics.watch("workers_busy", "Workers that run a query.", lambda: pool.load.busy)
    metrics.watch("queries_waiting", "Queries that wait for a worker.", lambda: pool.load.waiting)
    metrics.watch("queries_long", "Queries that run longer than a moment.", lambda: pool.load.long)
    metrics.watch("queries_put_off", "Long queries stopped to be run later.", lambda: pool.load.put_off)
    metrics.watch("writes", "Number of the last write.", lambda: float(pool.version.rpartition("-")[2] or 0))


class Line(logging.Formatter):
    """An event as one line of JSON, as the access log writes requests."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, with the request's id and the traceback where there are any."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {
            "time": f"{seconds}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "part": record.name,
            "event": record.getMessage(),
        }
        if request := getattr(record, "request", None):
            line["request"] = request
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up_logs() -> None:
    """One line an event on standard error; left alone if somebody set logs up before."""
    ours = logging.getLogger("ncpc_kg")
    if not ours.handlers and not logging.getLogger().handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(Line())
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
