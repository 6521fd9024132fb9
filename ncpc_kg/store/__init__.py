"""The embedded, durable engine: `Store.open(directory)`.

Our `Store` is a directory and a state in memory; the store that pyoxigraph calls so holds that state.

    a query       embedded --(syntax, reach)--> snapshot --(columns, serialisation)--> Answer
    an update     embedded --(operations, updates, management)--> Change
    a graph       embedded --(documents, graphstore)--> Change
    a Change      gate, then state: on the disk (journal, durable), in the patch, in the snapshot
    a rebuild     state: a new directory of files beside the old one, then swapped in
    a backup      files, copied while the service runs
"""

from ncpc_kg.store.backup import backup, restore
from ncpc_kg.store.embedded import Store
from ncpc_kg.store.gate import Gate
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import Snapshot

__all__ = ["Gate", "Reach", "Snapshot", "Store", "backup", "restore"]
