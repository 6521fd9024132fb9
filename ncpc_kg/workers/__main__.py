"""Start of the keeper process: `python -m ncpc_kg.workers DESCRIPTOR`, by `pool.py` only."""

from __future__ import annotations

import importlib
import socket
import sys
from pathlib import Path

from ncpc_kg.errors import NcpcError, ServiceError
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.store import Gate, Reach, Store
from ncpc_kg.workers import frames
from ncpc_kg.workers.keeper import Keeper


def settings_of(values: frames.Head) -> Settings:
    """Settings from the message that `pool.py` sends first."""
    return Settings(
        content=Path(values["content"]),
        store=Path(values["store"]),
        base=values["base"],
        limits=Limits(**values["limits"]),
        allowed_services=tuple(values["allowed_services"]),
        on_violation=values["on_violation"],
    )


def load_gate(name: str | None, settings: Settings) -> Gate | None:
    """The gate that a dotted name `module:function` makes from the settings.

    Raises:
        ServiceError: There is no such function.
    """
    if not name:
        return None
    module, _, function = name.partition(":")
    try:
        made: Gate = getattr(importlib.import_module(module), function)(settings)
    except (ImportError, AttributeError) as error:
        raise ServiceError("The check of writes cannot be loaded.", found=str(error)) from error
    return made


def main(descriptor: int) -> None:
    """Open the store and keep it until the other side closes."""
    control = socket.socket(fileno=descriptor)
    first = frames.receive(control)
    if first is None:
        return
    try:
        settings = settings_of(first[0])
        reach = Reach(settings.allowed_services, max_bytes=settings.limits.body_bytes)
        store = Store.open(settings.store, reach=reach)
    except NcpcError as error:
        control.sendall(frames.pack(frames.error_head(error)))
        return

    def prepare() -> None:
        store.gate = load_gate(first[0]["gate"], settings)
        if store.gate:
            store.gate.warm(store)  # a forked process may open no file

    Keeper(store, settings.limits, control, bool(settings.allowed_services), prepare).run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
