"""New centres: entries read from any form, checked, previewed, accepted; and the gate of writes.

What an entry consists of is read from the shapes (`profile`). Every form is read into one
`Entry` (`read`), and every entry is checked in one way (`check`). `Desk` offers what one can
do with entries, `WriteGate` guards every write, `Service` is both for a serving process.
"""

from ncpc_kg.entries import inbox, preview, render, xlsx_form
from ncpc_kg.entries.desk import Desk
from ncpc_kg.entries.gate import WriteGate
from ncpc_kg.entries.inbox import Inbox
from ncpc_kg.entries.service import Service, make_gate

__all__ = [
    "Desk",
    "Inbox",
    "Service",
    "WriteGate",
    "inbox",
    "make_gate",
    "preview",
    "render",
    "xlsx_form",
]
