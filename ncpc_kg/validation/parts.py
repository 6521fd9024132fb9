"""Validate a whole dataset on all cores, a large one part by part in bounded memory."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from ncpc_kg.engine import Term
from ncpc_kg.graph import Dataset
from ncpc_kg.validation.findings import Finding, Report, make_report
from ncpc_kg.validation.run import Work, all_work, by_node, run_work, small_graph
from ncpc_kg.validation.shapes import Shapes
from ncpc_kg.validation.view import View

# How many nodes make a part, and how many are quicker checked all at once.
PART, FEW = 1_000, 8_000

# What the workers share: set right before they are forked, so that nothing is copied.
_shared: tuple[Dataset, Shapes, View] | None = None


def validate_in_parts(
    dataset: Dataset,
    shapes: Shapes,
    processes: int | None = None,
    size: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Validate a dataset as `validate` does, looking at one part of its nodes at a time.

    Each part is checked on a small graph of what its shapes look at, so memory grows with the
    part and not with the dataset. Shapes that look along an unbounded path need the whole at
    once.

    Args:
        dataset: Ontology and data.
        shapes: The shapes.
        processes: How many parts are checked at the same time, each in a process of its own; as
            many as there are cores by default. It is one where processes cannot be forked: on
            some systems, and beside other threads.
        size: How many nodes make a part; by default all, if they are few.
        progress: Told what share is done.

    Returns:
        The same report as that of `validate`.

    Raises:
        SourceError: A shape cannot be evaluated.
    """
    global _shared
    view = View(dataset.store)
    work = all_work(shapes, view)
    nodes = by_node(work)
    if (size is None and len(nodes) <= FEW) or not shapes.are_bounded:
        return run_work(shapes, work, view.match(None, None, None), dataset.place)
    del work
    size = size or PART
    parts = _parts(iter(nodes.items()), size)
    if processes is None:
        processes = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = -(-len(nodes) // size)
    alone = threading.active_count() == 1 and "fork" in multiprocessing.get_all_start_methods()
    _shared = dataset, shapes, view
    try:
        if processes == 1 or not alone:
            return _joined(map(_validate_part, parts), count, progress)
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            return _joined(pool.imap_unordered(_validate_part, parts), count, progress)
    finally:
        _shared = None


def _parts(nodes: Iterator[tuple[Term, list[int]]], size: int) -> Iterator[Work]:
    while some := list(islice(nodes, size)):
        work: Work = {}
        for node, indexes in some:
            for index in indexes:
                work.setdefault(index, set()).add(node)
        yield work


def _validate_part(work: Work) -> Report:
    if _shared is None:
        raise RuntimeError("a worker was started without its dataset")
    dataset, shapes, view = _shared
    return run_work(shapes, work, small_graph(view, shapes, work), dataset.place)


def _joined(reports: Iterable[Report], count: int, progress: Callable[[float], None] | None) -> Report:
    findings: list[Finding] = []
    checked = 0
    for number, report in enumerate(reports, 1):
        findings.extend(report.findings)
        checked += report.checked
        if progress is not None:
            progress(number / count)
    return make_report(findings, checked)
