"""From statements back to the record that people write, without loss; `convert` goes forth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from ncpc_kg.engine import Subject, Term
from ncpc_kg.entries.convert import literal
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Item, Record, objects
from ncpc_kg.entries.profile import TYPE, Field, Group


def to_record(group: Group, node: Subject, triples: Iterable[Triple], known: Known) -> Record:
    """Turn statements into a record; what no field holds goes into its `other`.

    Args:
        group: The fields of a centre.
        node: The centre.
        triples: The statements.
        known: The things that values may name.

    Returns:
        The record; `to_statements` gives the same statements again.
    """
    left = dict.fromkeys(triples)
    record = _read_record(group, node, tuple(left), left, known)
    if left:
        quads = [Quad(t.subject, t.predicate, t.object) for t in left]
        record.other = cast(bytes, serialize(quads, format=RdfFormat.N_TRIPLES)).decode()
    return record


def without_names(record: Record, names: frozenset[str], known: Known) -> Record:
    """Take out the IRIs that were made for an entry, so that it looks as it was written.

    Args:
        record: The record; it is changed.
        names: The IRIs.
        known: Expands prefixed names.

    Returns:
        The same record.
    """
    node = known.expand(record.iri) if record.iri else None
    if node is not None and node.value in names:
        record.iri = None
    for items in record.items.values():
        for item in items:
            if item.record is not None:
                without_names(item.record, names, known)
    return record


def _read_record(
    group: Group, node: Subject, triples: tuple[Triple, ...], left: dict[Triple, None], known: Known
) -> Record:
    record = Record(iri=known.shorten(node) if isinstance(node, NamedNode) else None)
    left.pop(Triple(node, TYPE, group.kind), None)
    for of in group.fields:
        for value in objects(triples, node, of.path, of.turned):
            triple = _triple(of, node, value)
            if triple not in left:
                continue
            inside = of.inner
            if inside and isinstance(value, NamedNode) and Triple(value, TYPE, inside.kind) in left:
                del left[triple]
                record.add(of.key, Item(record=_read_record(inside, value, triples, left, known)))
                continue
            if of.group is not None:
                continue
            if value == of.constant:
                del left[triple]
                continue
            item = _item(of, value, known)
            if item is not None:
                del left[triple]
                record.add(of.key, item)
    return record


def _item(of: Field, value: Term, known: Known) -> Item | None:
    """The value as written, if reading it gives the same value again."""
    if isinstance(value, NamedNode):
        if of.is_choice:
            return Item(known.text(of, value))
        return Item(value.value) if of.link else None
    if not isinstance(value, Literal) or value.value != value.value.strip() or not value.value:
        return None
    if of.is_choice or of.link:
        same = value == Literal(value.value) and known.resolve(of, value.value) is None
        return Item(value.value) if same else None
    item = Item(value.value, value.language)
    if literal(of, value.value, value.language) == value:
        return item
    return None


def _triple(of: Field, node: Subject, value: Term) -> Triple:
    return Triple(value, of.path, node) if of.turned else Triple(node, of.path, value)  # type: ignore[arg-type]
