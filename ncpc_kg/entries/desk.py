"""What one can do with entries: read, check, preview, write, hand in, accept.

Everything that looks at the graph takes the store; everything that changes it gives back the
text of one SPARQL update, which the engine applies in one step and the gate checks again on
the state of that moment. So it does not matter which process works out what.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import cast

from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Triple, parse, serialize

from ncpc_kg.catalogue import Catalogue, read_catalogue
from ncpc_kg.closure import read_rules
from ncpc_kg.entries import inbox, provenance, rdf_form, records, xlsx_write, yaml_form
from ncpc_kg.entries.check import Checked, Checker
from ncpc_kg.entries.fields import read_profile
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.entries.gate import refusal
from ncpc_kg.entries.inbox import Submission
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, Marks, Note, Record
from ncpc_kg.entries.preview import Preview, preview
from ncpc_kg.entries.read import FORM, XLSX, YAML, Form, entry_of, read_entries
from ncpc_kg.entries.register import Register, data
from ncpc_kg.errors import Conflict, NotConforming, UnsupportedMediaType
from ncpc_kg.graph import merge
from ncpc_kg.settings import Settings
from ncpc_kg.sources import find_sources, read_source
from ncpc_kg.store import Store
from ncpc_kg.validation import Shapes
from ncpc_kg.vocabulary import GRAPH

_SHAPES = "new-centre-entry"


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
        self.register = Register(self.base, self.profile.centre.kind)

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

    def read_in(self, store: Store, data: bytes, form: Form, name: str = "") -> tuple[Entry, ...]:
        """Read what was handed in; see `read_entries`. Provenance in it is left out."""
        found = read_entries(data, form, self.profile.centre, self.checker.known(store), name)
        return tuple(
            replace(entry, triples=tuple(t for t in entry.triples if not _is_provenance(t, self.base)))
            for entry in found
        )

    def from_record(self, store: Store, record: Record, notes: list[Note], digest: str) -> Entry:
        """Make an entry of a filled-in form."""
        return entry_of(record, notes, self.profile.centre, self.checker.known(store), FORM, "", digest)

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
        without = frozenset(self.register.quads(store, supersedes)) if supersedes else frozenset()
        found: list[Checked] = []
        for entry in entries:
            checked = self.checker.check(entry, self.checker.known(store), without)
            if any(one.entry.centre == entry.centre for one in found):
                checked = self._doubled(checked, self.checker.known(store))
            found.append(checked)
        return tuple(found)

    def _doubled(self, checked: Checked, known: Known) -> Checked:
        """The same, for an entry whose centre came before in what was handed in."""
        entry, message = (
            checked.entry,
            "This centre stands here twice. Put all that is known of it into one entry.",
        )
        spot = entry.marks.find(entry.centre)
        first = self.checker.words.about(entry.centre, entry, known, spot, message, "duplicate")
        report = replace(checked.report, findings=(first, *checked.report.findings))
        return replace(checked, report=report)

    def preview(self, store: Store, checked: Checked) -> Preview:
        """What accepting a checked entry would do."""
        return preview(store, checked, self.catalogue, self.base)

    def record(self, store: Store, entry: Entry) -> Record:
        """The values of an entry by field, for forms; without the IRIs that were made for it."""
        known = self.checker.known(store)
        record = records.to_record(self.profile.centre, entry.centre, entry.triples, known)
        return records.without_names(record, entry.minted, known)

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
            made = [self.record(store, entry) for entry in found]
            return xlsx_write.write_xlsx(made, self.profile.centre, self.checker.known(store), 0)
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
            return xlsx_write.write_xlsx((), self.profile.centre, self.checker.known(store), 3)
        if form.media_type == YAML:
            return yaml_form.template_yaml(self.profile.centre, self.checker.known(store)).encode()
        raise UnsupportedMediaType(
            "There is no template in this form.",
            found=form.media_type,
            expected="YAML (.yaml) or a spreadsheet (.xlsx)",
        )

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
        graph = self.register.graph(submission.name)
        steps = []
        if old := submission.supersedes:
            steps.append(self.register.withdrawal(store, old, who, when, graph))
        entry = self.submitted(submission)
        checked = self.check(store, (entry,), old)[0]
        if store.has_graph(graph):
            raise Conflict("This submission was accepted already.", found=graph.value)
        if checked.taken_by is not None:
            raise self.register.taken(store.snapshot.named, checked.report, checked.taken_by)
        if not checked.report.conforms:
            raise _changed_underneath(checked.report)
        triples = [*entry.triples, *provenance.of(entry, graph, submission.who, submission.time)]
        triples.append(Triple(graph, provenance.ACCEPTED, provenance.time_literal(when)))
        triples.append(Triple(graph, provenance.ACCEPTED_BY, Literal(who)))
        if old:
            triples.append(Triple(graph, provenance.REPLACES, self.register.graph(old)))
        return " ;\n".join([*steps, data("INSERT", graph, triples)])


def _is_provenance(triple: Triple, base: str) -> bool:
    subject = triple.subject
    about = isinstance(subject, NamedNode) and provenance.entry_name(base, subject.value) is not None
    return about or triple.predicate == provenance.PROVENANCE


def _changed_underneath(report: EntryReport) -> NotConforming:
    error = refusal(report)
    error.problem = (
        f"The graph has changed, and the entry of {report.label} no longer conforms; nothing was changed."
    )
    return error
