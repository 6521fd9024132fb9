"""Killable processes behind the engine protocol: `await WorkerPool.start(settings)`."""

from ncpc_kg.workers.pool import Load, WorkerPool

__all__ = ["Load", "WorkerPool"]
