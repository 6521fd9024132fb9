"""The embedded, durable engine (pyoxigraph): `Store.open(directory)`."""

from ncpc_kg.store.backup import backup, restore
from ncpc_kg.store.embedded import Store
from ncpc_kg.store.gate import Gate
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import Snapshot

__all__ = ["Gate", "Reach", "Snapshot", "Store", "backup", "restore"]
