"""Validate a large dataset part by part, on several cores, in bounded memory."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from itertools import islice

from ncpc_kg.engine import Term
from ncpc_kg.graph import Dataset
from ncpc_kg.validation.findings import Finding, Report, make_report
from ncpc_kg.validation.run import validate
from ncpc_kg.validation.shapes import Shapes
from ncpc_kg.validation.view import View

PART = 1_000

# What the workers share: set right before they are forked, so that nothing is copied.
_shared: tuple[Dataset, Shapes] | None = None


def validate_in_parts(dataset: Dataset, shapes: Shapes, processes: int = 1, size: int = PART) -> Report:
    """Validate a dataset as `validate` does, looking at one part of its nodes at a time.

    Each part is checked on a small graph of what its shapes look at, so memory grows with the
    part and not with the dataset.

    Args:
        dataset: Ontology and data.
        shapes: The shapes; none may look along an unbounded path.
        processes: How many parts are checked at the same time, each in a process of its own.
            More than one needs a system with fork, and a caller without threads.
        size: How many nodes make a part.

    Returns:
        The same report as that of `validate`.

    Raises:
        SourceError: A shape cannot be evaluated, or looks too far for this.
    """
    global _shared
    nodes: set[Term] = set()
    view = View(dataset.store)
    for index in range(len(shapes.nodes)):
        nodes |= shapes.targets.nodes(view, index)
    parts = _parts(iter(nodes), size)
    if processes == 1 or "fork" not in multiprocessing.get_all_start_methods():
        return _joined(validate(dataset, shapes, part) for part in parts)
    shapes.reach  # noqa: B018  worked out once, before the workers are forked
    _shared = dataset, shapes
    try:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            return _joined(pool.imap_unordered(_validate_part, parts))
    finally:
        _shared = None


def _parts(nodes: Iterator[Term], size: int) -> Iterator[list[Term]]:
    while part := list(islice(nodes, size)):
        yield part


def _validate_part(part: list[Term]) -> Report:
    if _shared is None:
        raise RuntimeError("a worker was started without its dataset")
    return validate(*_shared, part)


def _joined(reports: Iterator[Report]) -> Report:
    findings: list[Finding] = []
    checked = 0
    for report in reports:
        findings.extend(report.findings)
        checked += report.checked
    return make_report(findings, checked)
