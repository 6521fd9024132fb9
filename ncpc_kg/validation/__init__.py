"""Validation of asserted statements against shapes; never prints, never raises for bad data.

`read_shapes` once, then `validate` a dataset (`validate_in_parts` a very large one),
`validate_nodes` some of it, `validate_change` before a write, or `validate_entry` for a new centre.
"""

from ncpc_kg.validation.entry import validate_entry
from ncpc_kg.validation.findings import INFO, VIOLATION, WARNING, Finding, Report
from ncpc_kg.validation.parts import validate_in_parts
from ncpc_kg.validation.run import validate, validate_change, validate_nodes
from ncpc_kg.validation.shapes import Shapes, read_shapes

__all__ = [
    "INFO",
    "VIOLATION",
    "WARNING",
    "Finding",
    "Report",
    "Shapes",
    "read_shapes",
    "validate",
    "validate_change",
    "validate_entry",
    "validate_in_parts",
    "validate_nodes",
]
