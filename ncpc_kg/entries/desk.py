"""What one can do with entries: check, preview, hand in, accept, list, export, withdraw, supersede.

Everything that looks at the graph takes the store; everything that changes it gives back the
text of one SPARQL update, which the engine applies in one step and the gate checks again on
the state of that moment. So it does not matter which process works out what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse, serialize

from ncpc_kg.catalogue import Catalogue, read_catalogue
from ncpc_kg.closure import read_rules
from ncpc_kg.entries import convert, inbox, provenance, rdf_form, xlsx_form, yaml_form
from ncpc_kg.entries.check import Checked, Checker
from ncpc_kg.entries.findings import EntryFinding, EntryReport, Repair
from ncpc_kg.entries.gate import refusal
from ncpc_kg.entries.inbox import Submission
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, Marks, Note, Record
from ncpc_kg.entries.preview import Preview, preview
from ncpc_kg.entries.profile import TYPE, read_profile
from ncpc_kg.entries.read import FORM, XLSX, YAML, Form, entry_of, read_entries
from ncpc_kg.errors import Conflict, Gone, NotConforming, NotFound, UnsupportedMediaType
from ncpc_kg.graph import merge
from ncpc_kg.settings import Settings
from ncpc_kg.sources import find_sources, read_source
from ncpc_kg.store import Store
from ncpc_kg.validation import Shapes
from ncpc_kg.vocabulary import GRAPH

_SHAPES = "new-centre-entry"


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


class Desk:
    """Entries over one set of shapes.

    Args:
        checker: Checks entries.
        catalogue: The ready questions, for previews.
    """

    def __init__(self, checker: Checker, catalogue: Catalogue) -> None:
        self.checker = checker
        self.profile = checker.profile
        self.catalogue = catalogue
        self.base = checker.base
        self._known: tuple[Path, str, Known] | None = None

    @classmethod
    def read(cls, settings: Settings) -> Desk:
        """Read shapes, axioms and questions of the content.

        Args:
            settings: Where the content lies and under which base it is published.

        Raises:
            SourceError: A file cannot be read.
        """
        files = [
            read_source(path, role, GRAPH[name])
            for path, role, name in find_sources(settings.content)
            if role != "data"
        ]
        shapes = merge(file for file in files if file.role == "shapes").rebased(settings.base)
        ontology = merge(file for file in files if file.role == "ontology").rebased(settings.base)
        graph = shapes.to_rdflib()
        own = shapes.to_rdflib(NamedNode(f"{settings.base}graph/{_SHAPES}"))
        rules = read_rules(ontology, settings.content, settings.base)
        made = Shapes(graph)
        _ = made.reach, made.profile_reach  # worked out once, before any process forks
        checker = Checker(made, read_profile(graph, own, settings.base), rules, settings.base)
        return cls(checker, read_catalogue(settings.content / "queries", settings.base))

    # ------------------------------------------------------------------ looking

    def known(self, store: Store) -> Known:
        """The things that entries may name; what was looked up is kept until the next write."""
        if self._known is None or self._known[:2] != (store.directory, store.version):
            self._known = store.directory, store.version, Known(store.snapshot.named, self.base)
        return self._known[2]

    def read_in(self, store: Store, data: bytes, form: Form, name: str = "") -> tuple[Entry, ...]:
        """Read what was handed in; see `read_entries`. Provenance in it is left out."""
        found = read_entries(data, form, self.profile.centre, self.known(store), name)
        return tuple(
            replace(entry, triples=tuple(t for t in entry.triples if not _is_provenance(t, self.base)))
            for entry in found
        )

    def from_record(self, store: Store, record: Record, notes: list[Note], digest: str) -> Entry:
        """Make an entry of a filled-in form."""
        return entry_of(record, notes, self.profile.centre, self.known(store), FORM, "", digest)

    def check(
        self, store: Store, entries: Iterable[Entry], supersedes: str | None = None
    ) -> tuple[Checked, ...]:
        """Check entries, each after those before it.

        Args:
            store: The graph.
            entries: The entries.
            supersedes: Name of the accepted entry that they take the place of.

        Returns:
            For each its findings, and what it would add.
        """
        without = frozenset(self._statements(store, supersedes)) if supersedes else frozenset()
        found: list[Checked] = []
        for entry in entries:
            checked = self.checker.check(store.snapshot.named, entry, without, self.known(store))
            twin = next((one for one in found if one.entry.centre == entry.centre), None)
            if twin is not None:
                checked = replace(checked, report=_doubled(entry, checked.report))
            found.append(checked)
        return tuple(found)

    def preview(self, store: Store, checked: Checked) -> Preview:
        """What accepting a checked entry would do."""
        return preview(store, checked, self.catalogue, self.base)

    def record(self, store: Store, entry: Entry) -> Record:
        """The values of an entry by field, for forms; without the IRIs that were made for it."""
        known = self.known(store)
        record = convert.to_record(self.profile.centre, entry.centre, entry.triples, known)
        return convert.without_names(record, entry.minted, known)

    def write(self, store: Store, entries: Iterable[Entry], form: Form) -> bytes:
        """Write entries in a form.

        Args:
            store: The graph, for the names of things.
            entries: The entries.
            form: The form.

        Returns:
            The text or workbook; reading it gives the same statements.

        Raises:
            UnsupportedMediaType: Nothing is written in this form.
        """
        found = tuple(entries)
        if form.media_type == XLSX:
            records = [self.record(store, entry) for entry in found]
            return xlsx_form.write_xlsx(records, self.profile.centre, self.known(store), 0)
        if form.media_type == YAML:
            texts = [yaml_form.write_yaml(self.record(store, entry), self.profile.centre) for entry in found]
            return "---\n".join(texts).encode()
        triples = [triple for entry in found for triple in entry.triples]
        return self.write_statements(triples, form)

    def write_statements(self, triples: Iterable[Triple], form: Form) -> bytes:
        """Write statements in an RDF form."""
        if form.media_type == "text/turtle":
            return rdf_form.write_turtle(triples, self.base).encode()
        if form.media_type == "application/ld+json":
            return rdf_form.write_json_ld(triples, self.base).encode()
        if form.rdf is None:
            raise UnsupportedMediaType("An entry is not written in this form.", found=form.media_type)
        quads = [Quad(t.subject, t.predicate, t.object) for t in triples]
        return cast(bytes, serialize(quads, format=form.rdf))

    def template(self, store: Store, form: Form) -> bytes:
        """An empty entry to fill in: commented YAML, or a workbook with drop-downs."""
        if form.media_type == XLSX:
            return xlsx_form.write_xlsx((), self.profile.centre, self.known(store), 3)
        if form.media_type == YAML:
            return yaml_form.template_yaml(self.profile.centre, self.known(store)).encode()
        raise UnsupportedMediaType(
            "There is no template in this form.",
            found=form.media_type,
            expected="YAML (.yaml) or a spreadsheet (.xlsx)",
        )

    def list(self, store: Store) -> tuple[Listed, ...]:
        """Entries that are, or were, part of the graph, the newest first."""
        start = f"{self.base}graph/entry/"
        graphs = [name for name in store.graphs() if name.value.startswith(start)]
        found = [self._listed(store, cast(NamedNode, graph)) for graph in graphs]
        return tuple(
            sorted((one for one in found if one), key=lambda one: (one.accepted, one.name), reverse=True)
        )

    def statements(self, store: Store, name: str) -> tuple[Triple, ...]:
        """The statements of an accepted entry, its provenance included.

        Raises:
            NotFound: There is no such entry.
            Gone: It was withdrawn.
        """
        quads = self._statements(store, name)
        listed = self._listed(store, self._graph(name)) if quads else None
        if listed is None:
            raise NotFound("There is no accepted entry of this name.", found=name[:60])
        if listed.state != "accepted":
            raise Gone(
                f"This entry was {listed.state}.",
                found=listed.graph,
                hint=f"see the entry {listed.by}" if listed.by else None,
            )
        return tuple(quad.triple for quad in quads)

    def accepted(self, store: Store, name: str) -> Entry:
        """An accepted entry as it was handed in, without its provenance."""
        triples = self.statements(store, name)
        body = tuple(t for t in triples if not provenance.is_about(self._graph(name), t))
        centre = next(t.subject for t in body if t.predicate == TYPE and t.object == self.profile.centre.kind)
        return Entry(cast(NamedNode, centre), body, Marks(), (), "text/turtle", f"{name}.ttl", "")

    # ------------------------------------------------------------------ changing

    def submission(
        self, checked: Checked, who: str, when: datetime, supersedes: str | None = None
    ) -> Submission:
        """Make a submission of a checked entry.

        Raises:
            NotConforming: It has violations.
            Conflict: Its centre is in the graph already.
        """
        if checked.taken_by is not None and not supersedes:
            raise Conflict(
                f"{checked.report.label} is in the graph already.",
                found=checked.taken_by,
                hint="to correct an accepted entry, hand in one that supersedes it",
            )
        if not checked.report.conforms:
            raise refusal(checked.report)
        entry = checked.entry
        return Submission(
            provenance.new_id(),
            who,
            inbox.stamp(when),
            entry.centre.value,
            checked.report.label,
            rdf_form.write_turtle(entry.triples, self.base),
            entry.media_type,
            entry.name,
            entry.digest,
            supersedes,
        )

    def submitted(self, submission: Submission) -> Entry:
        """The entry of a submission."""
        triples = tuple(quad.triple for quad in parse(submission.turtle, format=RdfFormat.TURTLE))
        return Entry(
            NamedNode(submission.node),
            triples,
            Marks(),
            (),
            submission.media_type,
            submission.file,
            submission.digest,
        )

    def acceptance(self, store: Store, submission: Submission, who: str, when: datetime) -> str:
        """The update that makes a submission part of the graph.

        Args:
            store: The graph.
            submission: The submission.
            who: Who accepts it.
            when: When.

        Returns:
            SPARQL Update; it takes the superseded entry out in the same step.

        Raises:
            NotConforming: The graph has changed so that it no longer conforms.
            Conflict: It is in the graph already.
        """
        if submission.supersedes:
            self.statements(store, submission.supersedes)
        entry = self.submitted(submission)
        checked = self.check(store, (entry,), submission.supersedes)[0]
        graph = self._graph(submission.name)
        if store.has_graph(graph):
            raise Conflict("This submission was accepted already.", found=graph.value)
        if not checked.report.conforms:
            if checked.taken_by is not None:
                raise self._taken(store, checked.report, checked.taken_by)
            raise _changed_underneath(checked.report)
        triples = [*entry.triples, *provenance.of(entry, graph, submission.who, submission.time)]
        triples.append(Triple(graph, provenance.ACCEPTED, provenance.time_literal(when)))
        triples.append(Triple(graph, provenance.ACCEPTED_BY, Literal(who)))
        steps = []
        if submission.supersedes:
            old = self._graph(submission.supersedes)
            triples.append(Triple(graph, provenance.REPLACES, old))
            steps.append(self._withdrawing(store, old, who, when, graph))
        steps.append(f"INSERT DATA {{ GRAPH {graph} {{\n{_lines(triples)}}} }}")
        return " ;\n".join(steps)

    def withdrawal(self, store: Store, name: str, who: str, when: datetime) -> str:
        """The update that takes an accepted entry out; who withdrew it and when stays.

        Raises:
            NotFound: There is no such entry.
            Gone: It was withdrawn before.
        """
        self.statements(store, name)
        return self._withdrawing(store, self._graph(name), who, when, None)

    def _withdrawing(
        self, store: Store, graph: NamedNode, who: str, when: datetime, by: NamedNode | None
    ) -> str:
        quads = store.graph(graph)
        gone = [quad.triple for quad in quads if quad.subject != graph]
        label = self._listed(store, graph)
        stays = [
            Triple(graph, provenance.WITHDRAWN, provenance.time_literal(when)),
            Triple(graph, provenance.WITHDRAWN_BY, Literal(who)),
        ]
        if label is not None and label.label:
            stays.append(Triple(graph, provenance.ABOUT, Literal(label.label)))
        if by is not None:
            stays.append(Triple(graph, provenance.REPLACED_BY, by))
        return (
            f"DELETE DATA {{ GRAPH {graph} {{\n{_lines(gone)}}} }} ;\n"
            f"INSERT DATA {{ GRAPH {graph} {{\n{_lines(stays)}}} }}"
        )

    # ------------------------------------------------------------------ inside

    def _graph(self, name: str) -> NamedNode:
        try:
            return NamedNode(provenance.graph_iri(self.base, name))
        except ValueError as error:
            raise NotFound("No entry has such a name.", found=name[:60]) from error

    def _statements(self, store: Store, name: str) -> tuple[Quad, ...]:
        return store.graph(self._graph(name))

    def _listed(self, store: Store, graph: NamedNode) -> Listed | None:
        quads = store.graph(graph)
        about = {quad.predicate: quad.object.value for quad in quads if quad.subject == graph}  # type: ignore[union-attr]
        if provenance.CREATED not in about:
            return None
        kind = self.profile.centre.kind
        node = next((q.subject.value for q in quads if q.predicate == TYPE and q.object == kind), "")  # type: ignore[union-attr]
        by = provenance.entry_name(self.base, about.get(provenance.REPLACED_BY, "")) or ""
        state = "superseded" if by else "withdrawn" if provenance.WITHDRAWN in about else "accepted"
        label = self.known(store).label(NamedNode(node)) if node else about.get(provenance.ABOUT, "")
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
        )

    def _taken(self, store: Store, report: EntryReport, graph: str) -> Conflict:
        listed = self._listed(store, NamedNode(graph))
        by = f", handed in by {listed.who} at {listed.when}" if listed else ""
        return Conflict(
            f"{report.label} is in the graph already; the other submission won.",
            found=f"{graph}{by}",
            hint="look at that entry; to correct it, hand in an entry that supersedes it",
        )


def repaired(entry: Entry, repairs: Iterable[Repair]) -> Entry:
    """Make safe corrections.

    Args:
        entry: The entry.
        repairs: The corrections, as the findings propose them.

    Returns:
        The corrected entry.
    """
    triples = dict.fromkeys(entry.triples)
    for repair in repairs:
        if repair.remove is not None:
            triples.pop(repair.remove, None)
        triples |= dict.fromkeys(repair.add)
    return replace(entry, triples=tuple(triples), notes=())


def _is_provenance(triple: Triple, base: str) -> bool:
    subject = triple.subject
    about = isinstance(subject, NamedNode) and provenance.entry_name(base, subject.value) is not None
    return about or triple.predicate == provenance.PROVENANCE


def _doubled(entry: Entry, report: EntryReport) -> EntryReport:
    """The report on an entry that comes twice in what was handed in."""
    message = "This centre stands here twice. Put all that is known of it into one entry."
    first = EntryFinding(
        "violation",
        report.node,
        report.label,
        "",
        None,
        message,
        rule="duplicate",
        spot=entry.marks.find(entry.centre),
    )
    return replace(report, findings=(first, *report.findings))


def _changed_underneath(report: EntryReport) -> NotConforming:
    error = refusal(report)
    error.problem = (
        f"The graph has changed, and the entry of {report.label} no longer conforms; nothing was changed."
    )
    return error


def _lines(triples: Iterable[Triple]) -> str:
    return "".join(f"{triple} .\n" for triple in triples)
