"""Validation of asserted statements against shapes; never prints, never raises for bad data.

`read_shapes` once, then `validate` a dataset or `validate_change` before a write.
"""

from ncpc_kg.validation.findings import INFO, VIOLATION, WARNING, Finding, Report
from ncpc_kg.validation.run import Shapes, read_shapes, validate, validate_change

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
]
