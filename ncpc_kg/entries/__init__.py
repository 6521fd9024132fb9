"""New centres: the one way through, from a file or form to a part of the graph.

    shapes --(fields)--> Profile          what an entry consists of, for every form
    bytes --(read)--> Entry               rdf_form, yaml_form, xlsx_read, flat give a Record;
                                          convert makes statements of it, known knows the names
    Entry --(check)--> EntryReport        against the whole graph; words says it, repair mends it,
                                          render writes it as text, JSON, RDF, SARIF
    Checked --(preview)--> Preview        what would follow, which answers would change
    Checked --(desk)--> Submission        waits in the inbox
    Submission --(desk)--> update         with its provenance; the register lists, exports, withdraws
    update --(gate)--> Change             checks again on the state of that moment, adds consequences

`Desk` is all of this over one set of shapes, for the command line; `Service` is the same for
a serving process: a question as plain data in, bytes out. Back to people: records, xlsx_write.
"""

from ncpc_kg.entries import inbox, preview, render
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
]
