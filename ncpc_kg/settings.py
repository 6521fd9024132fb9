"""Everything an operator can set, in one frozen object that is passed in, never imported."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from platformdirs import user_data_path

from ncpc_kg.errors import ParameterError
from ncpc_kg.vocabulary import BASE


@dataclass(frozen=True)
class Limits:
    """Hard limits of one query or request.

    Attributes:
        seconds: Wall-clock time a query may take.
        memory_bytes: Memory one worker may add to the snapshot it reads.
        result_bytes: Size of a serialised result.
        body_bytes: Size of a request body.
        workers: Queries that run at the same time.
        queue: Queries that may wait for a worker before callers get 503.
        long_queries: Queries that may run longer than a moment at the same time, beside
            `workers` short ones.
    """

    seconds: float = 30.0
    memory_bytes: int = 2 * 1024**3
    result_bytes: int = 256 * 1024**2
    body_bytes: int = 64 * 1024**2
    workers: int = max(2, os.cpu_count() or 2)
    queue: int = 256
    long_queries: int = 8

    def most_workers(self, snapshot: int, memory: int | None = None) -> int:
        """Workers that may exist at the same time without filling the memory of the machine.

        Reading makes a worker's share of the graph its own, so each may come to need as much
        memory as the process it was forked from.

        Args:
            snapshot: Bytes that this process takes.
            memory: Bytes of memory of the machine; looked up if absent.
        """
        if memory is None:
            memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        room = int(memory * 0.75 / max(snapshot, 1)) - 1
        return max(self.workers, min(self.workers + self.long_queries, room))


_MEGABYTE = 1024**2
_LIMIT_VARIABLES: dict[str, tuple[str, int]] = {
    "NCPC_KG_LIMIT_MEMORY_MB": ("memory_bytes", _MEGABYTE),
    "NCPC_KG_LIMIT_RESULT_MB": ("result_bytes", _MEGABYTE),
    "NCPC_KG_LIMIT_BODY_MB": ("body_bytes", _MEGABYTE),
    "NCPC_KG_LIMIT_WORKERS": ("workers", 1),
    "NCPC_KG_LIMIT_QUEUE": ("queue", 1),
    "NCPC_KG_LIMIT_LONG_QUERIES": ("long_queries", 1),
    "NCPC_KG_LIMIT_SECONDS": ("seconds", 1),
}


def limits_from(environment: Mapping[str, str], limits: Limits = Limits()) -> Limits:
    """The limits with what the environment says of them.

    Args:
        environment: The process environment; `NCPC_KG_LIMIT_...` are looked at.
        limits: The limits that hold where it says nothing.

    Raises:
        ParameterError: A value is no positive whole number.
    """
    changes: dict[str, int] = {}
    for variable, (name, unit) in _LIMIT_VARIABLES.items():
        text = environment.get(variable)
        if text is None:
            continue
        if not text.isdecimal() or not int(text):
            raise ParameterError(
                f"{variable} is not a limit.", found=text, expected="a positive whole number"
            )
        changes[name] = int(text) * unit
    return replace(limits, **changes)


@dataclass(frozen=True)
class Settings:
    """Where things lie and how the service behaves.

    Attributes:
        content: Directory that holds `ontology/`, `data/ttl/`, `shapes/` and `queries/`.
        store: Directory of the durable store.
        base: Base IRI the graph is published under.
        engine_url: SPARQL endpoint of a remote engine, or None for the embedded one.
        host: Address the server listens on.
        port: Port the server listens on.
        limits: Hard limits of a query.
        allowed_services: Hosts that SERVICE and LOAD may reach; none by default.
        tokens_file: File of tokens for writing, beside those in the environment.
        on_violation: What happens to a write that breaks a shape: `refuse` or `warn`.
        access_log: Whether each request is logged.
        root_path: Path prefix under which a reverse proxy publishes the service, such as `/kg`.
        trust_proxy: Whether `X-Forwarded-Prefix`, `-Proto` and `-Host` are believed; only behind a
            proxy that sets them.
    """

    content: Path
    store: Path = field(default_factory=lambda: user_data_path("ncpc-kg") / "store")
    base: str = BASE
    engine_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    limits: Limits = Limits()
    allowed_services: tuple[str, ...] = ()
    tokens_file: Path | None = None
    on_violation: str = "refuse"
    access_log: bool = True
    root_path: str = ""
    trust_proxy: bool = False
