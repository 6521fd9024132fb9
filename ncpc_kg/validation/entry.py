"""Validate one entry: against the closed profile of entries, and for what it does to the graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from pyoxigraph import NamedNode
from rdflib import DCTERMS

from ncpc_kg.engine import Change, Quads, Term
from ncpc_kg.graph import Converter, from_rdflib
from ncpc_kg.validation.findings import Finding, Report, make_report
from ncpc_kg.validation.run import by_node, fill, touched
from ncpc_kg.validation.shapes import Shapes
from ncpc_kg.validation.view import HIDDEN, TYPE, View

_PROVENANCE = NamedNode(str(DCTERMS.provenance))


def validate_entry(store: Quads, change: Change, shapes: Shapes) -> Report:
    """Validate an entry as if it were accepted.

    Every node that the entry describes is held against the shapes of the entry profile for
    its class; everything the entry touches is held against the shapes of the graph. Where
    a shape of the profile says that it replaces one of the graph (`dcterms:replaces`), only
    the first is reported for a node.

    Args:
        store: The state before the entry.
        change: The entry's statements, `dcterms:provenance` of its nodes included, in the
            graph they will have; what it withdraws, if it replaces an earlier entry.
        shapes: The shapes of graph and profile.

    Returns:
        The findings.

    Raises:
        SourceError: A shape cannot be evaluated, or looks too far for this.
    """
    after = View(store, HIDDEN, change)
    work, triples = touched(store, change, shapes, after)
    # The submission itself is described beside the entry, not by it.
    submissions = {quad.object for quad in change.inserted if quad.predicate == _PROVENANCE}
    nodes = {cast(Term, quad.subject) for quad in change.inserted if quad.subject not in submissions}
    entry = [
        [node for node in nodes if kind is None or next(after.match(node, TYPE, kind), None)]  # type: ignore[arg-type]
        for _, kind in shapes.profile
    ]
    for node, indexes in by_node(dict(enumerate(map(set, entry)))).items():
        shapes.profile_reach.fetch(after, frozenset(indexes), node, triples)
    data = fill(shapes.processor.data(), triples)
    convert = Converter()
    runs = [(shapes.nodes[index], [convert(node) for node in found]) for index, found in sorted(work.items())]
    runs += [
        (shape, [convert(node) for node in members])
        for (shape, _), members in zip(shapes.profile, entry, strict=True)
    ]
    found = without_replaced(shapes.processor.run(data, runs), shapes)
    return make_report(found, sum(len(focus) for _, focus in runs))


def without_replaced(findings: Iterable[Finding], shapes: Shapes) -> list[Finding]:
    """Leave out findings that a shape of the profile says in its own words.

    Args:
        findings: What was found.
        shapes: The shapes, which say what they replace.

    Returns:
        The findings that remain.
    """
    found = list(findings)
    replacing = {
        (from_rdflib(shape), from_rdflib(other))
        for shape, other in shapes.graph.subject_objects(DCTERMS.replaces)
    }
    said = {
        (other, finding.focus) for finding in found for shape, other in replacing if shape == finding.shape
    }
    return [finding for finding in found if (finding.shape, finding.focus) not in said]
