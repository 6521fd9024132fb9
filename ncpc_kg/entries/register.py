"""Entries that are, or were, part of the graph: each its own named graph with its provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad, Triple

from ncpc_kg.entries import inbox, provenance, render
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, Marks
from ncpc_kg.entries.profile import TYPE
from ncpc_kg.errors import Conflict, Gone, NotFound
from ncpc_kg.store import Store


@dataclass(frozen=True)
class Listed:
    """An accepted entry, or one that was accepted once.

    Attributes:
        name: Its name.
        graph: IRI of its graph.
        state: `accepted`, `withdrawn` or `superseded`.
        node: IRI of the centre; empty once it is withdrawn.
        label: Name of the centre.
        who: Who handed it in.
        when: When.
        accepted: When it was accepted.
        digest: Checksum of what was handed in, with the name of its algorithm.
        by: Name of the entry that took its place.
        ended: When it was withdrawn or superseded.
        ended_by: Who did that.
    """

    name: str
    graph: str
    state: str
    node: str
    label: str
    who: str
    when: str
    accepted: str
    digest: str
    by: str = ""
    ended: str = ""
    ended_by: str = ""


class Register:
    """Reads and ends accepted entries.

    Args:
        base: Base IRI the graph is published under.
        kind: The class of centres.
    """

    def __init__(self, base: str, kind: NamedNode) -> None:
        self.base = base
        self.kind = kind

    def graph(self, name: str) -> NamedNode:
        """IRI of the graph of an entry.

        Raises:
            NotFound: No entry can have such a name.
        """
        try:
            return NamedNode(provenance.graph_iri(self.base, name))
        except ValueError as error:
            raise NotFound("No entry has such a name.", found=name[:60]) from error

    def list(self, store: Store) -> tuple[Listed, ...]:
        """Entries that are, or were, part of the graph, the newest first."""
        named = store.snapshot.named
        names = (name for name in store.graphs() if provenance.entry_name(self.base, name.value) is not None)
        found = [self._listed(named, cast(NamedNode, graph)) for graph in names]
        return tuple(
            sorted((one for one in found if one), key=lambda one: (one.accepted, one.name), reverse=True)
        )

    def quads(self, store: Store, name: str) -> tuple[Quad, ...]:
        """All that stands in the graph of an entry."""
        return store.graph(self.graph(name))

    def statements(self, store: Store, name: str) -> tuple[Triple, ...]:
        """The statements of an accepted entry, its provenance included.

        Raises:
            NotFound: There is no such entry.
            Gone: It was withdrawn.
        """
        listed = self._listed(store.snapshot.named, self.graph(name))
        if listed is None:
            raise NotFound("There is no accepted entry of this name.", found=name[:60])
        if listed.state != "accepted":
            instead = provenance.graph_iri(self.base, listed.by) if listed.by else None
            who = listed.ended_by and f" by {listed.ended_by}"
            raise Gone(
                f"This entry was {listed.state}{who} at {listed.ended}.",
                found=listed.graph,
                expected=instead,
                hint=f"see {instead}" if instead else "if it was right, hand the centre in again",
            )
        return tuple(quad.triple for quad in self.quads(store, name))

    def entry(self, store: Store, name: str) -> Entry:
        """An accepted entry as it was handed in, without its provenance; raises as `statements`."""
        graph = self.graph(name)
        body = tuple(t for t in self.statements(store, name) if not provenance.is_about(graph, t))
        centre = next(t.subject for t in body if t.predicate == TYPE and t.object == self.kind)
        return Entry(cast(NamedNode, centre), body, Marks(), (), "text/turtle", f"{name}.ttl", "")

    def withdrawal(
        self, store: Store, name: str, who: str, when: datetime, by: NamedNode | None = None
    ) -> str:
        """The update that takes an accepted entry out; who withdrew it, when, and what it was of stays.

        Args:
            store: The graph.
            name: Name of the entry.
            who: Who withdraws it.
            when: When.
            by: Graph of the entry that takes its place, if one does.

        Raises:
            NotFound: There is no such entry.
            Gone: It was withdrawn before.
        """
        graph = self.graph(name)
        gone = [triple for triple in self.statements(store, name) if triple.subject != graph]
        listed = self._listed(store.snapshot.named, graph)
        stays = [
            Triple(graph, provenance.WITHDRAWN, provenance.time_literal(when)),
            Triple(graph, provenance.WITHDRAWN_BY, Literal(who)),
        ]
        if listed is not None and listed.node:
            stays.append(Triple(graph, provenance.ABOUT, Literal(listed.label)))
            stays.append(Triple(graph, provenance.TOPIC, NamedNode(listed.node)))
        if by is not None:
            stays.append(Triple(graph, provenance.REPLACED_BY, by))
        return f"{data('DELETE', graph, gone)} ;\n{data('INSERT', graph, stays)}"

    def not_waiting(self, store: Store, name: str) -> Conflict | NotFound:
        """The error for a submission that somebody decided on before, or that never was."""
        listed = self._listed(store.snapshot.named, self.graph(name)) if inbox.is_name(name) else None
        if listed is None:
            return NotFound(
                "No entry of this name waits.", found=name[:60], hint="look at the list of entries"
            )
        return Conflict(
            f"The entry of {listed.label} was accepted already.",
            found=f"accepted at {listed.accepted}; now it is {listed.state}",
            hint="nothing is left to do; to correct an accepted entry, supersede it",
        )

    def taken(self, named: ox.Store, report: EntryReport, graph: str) -> Conflict:
        """The error for an entry whose centre another one describes already."""
        listed = self._listed(named, NamedNode(graph))
        error = Conflict(
            f"{report.label} is in the graph already; the other submission won.",
            found=f"{graph}, handed in by {listed.who} at {listed.when}" if listed else graph,
            hint="look at that entry; to correct it, hand in an entry that supersedes it",
        )
        error.report = render.as_dict(report)
        return error

    def _listed(self, named: ox.Store, graph: NamedNode) -> Listed | None:
        quads = list(named.quads_for_pattern(None, None, None, graph))
        about = {quad.predicate: quad.object.value for quad in quads if quad.subject == graph}  # type: ignore[union-attr]
        if provenance.CREATED not in about:
            return None
        node = next((q.subject.value for q in quads if q.predicate == TYPE and q.object == self.kind), "")  # type: ignore[union-attr]
        by = provenance.entry_name(self.base, about.get(provenance.REPLACED_BY, "")) or ""
        state = "superseded" if by else "withdrawn" if provenance.WITHDRAWN in about else "accepted"
        label = Known(named, self.base).label(NamedNode(node)) if node else about.get(provenance.ABOUT)
        return Listed(
            provenance.entry_name(self.base, graph.value) or "",
            graph.value,
            state,
            node,
            label or "",
            about.get(provenance.CREATOR, ""),
            about[provenance.CREATED],
            about.get(provenance.ACCEPTED, ""),
            about.get(provenance.IDENTIFIER, ""),
            by,
            about.get(provenance.WITHDRAWN, ""),
            about.get(provenance.WITHDRAWN_BY, ""),
        )


def data(verb: str, graph: NamedNode, triples: Iterable[Triple]) -> str:
    """An operation `INSERT DATA` or `DELETE DATA` on one graph."""
    lines = "".join(f"{triple} .\n" for triple in triples)
    return f"{verb} DATA {{ GRAPH {graph} {{\n{lines}}} }}"
