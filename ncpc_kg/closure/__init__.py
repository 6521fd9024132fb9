"""OWL 2 RL closure of the asserted statements, in a graph of its own.

`close` closes a whole dataset, `close_addition` and `close_removal` follow one change,
`close_reference` does the first with owlrl: slower, and independent of our rules;
`compare_with_owlrl` tells where the two differ.
"""

from ncpc_kg.closure.axioms import read_rules
from ncpc_kg.closure.full import close
from ncpc_kg.closure.increment import close_addition, close_removal
from ncpc_kg.closure.reference import close_reference, compare_with_owlrl
from ncpc_kg.closure.rules import Rules

__all__ = [
    "Rules",
    "close",
    "close_addition",
    "close_reference",
    "close_removal",
    "compare_with_owlrl",
    "read_rules",
]
