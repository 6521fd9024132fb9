"""Killable processes behind the engine protocol: `await WorkerPool.start(settings)`.

    serving process   pool --(waiting, schedule)--> worker, the socket to one fork
                      pool --(link)--> keeper: writes, and orders to fork, kill, put aside
    keeper process    __main__ opens the store; keeper holds it; forks makes and buries processes
    forked process    child: answers queries, or works out one write and tells the keeper

They talk in `frames`.
"""

from ncpc_kg.workers.pool import Load, WorkerPool

__all__ = ["Load", "WorkerPool"]
