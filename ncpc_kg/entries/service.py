"""Entries behind a serving process: questions as plain data in, answers as bytes out.

The gate of writes lives where the state of the graph is, in a process that holds no web
server; so does all that has to look at the graph to say something of an entry.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from pyoxigraph import NamedNode, Quad

from ncpc_kg import __version__
from ncpc_kg.engine import Answer, Change
from ncpc_kg.entries import flat, inbox, preview, render
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.desk import Desk
from ncpc_kg.entries.gate import OnViolation, WriteGate
from ncpc_kg.entries.inbox import Submission
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Item, Note, Record, Spot
from ncpc_kg.entries.outline import outline
from ncpc_kg.entries.profile import TYPE, Group
from ncpc_kg.entries.read import FORMS, XLSX, Form, form_of
from ncpc_kg.entries.repair import repaired
from ncpc_kg.entries.xlsx_write import mark_xlsx
from ncpc_kg.errors import NotAcceptable, NotConforming, NotFound, ParameterError
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store

JSON = "application/json"
SARIF = "application/sarif+json"
TURTLE = "text/turtle"
TEXT = "text/plain"
REPORTS = (JSON, SARIF, TURTLE, TEXT, XLSX)

Head = Mapping[str, Any]


class Service(WriteGate):
    """The gate of writes, which also answers questions about entries.

    Args:
        desk: What one can do with entries.
        on_violation: What happens to a write that breaks a shape of the graph.
    """

    def __init__(self, desk: Desk, on_violation: OnViolation = "refuse") -> None:
        super().__init__(desk.checker, on_violation)
        self.desk = desk
        self._answers: dict[str, Callable[[Store, Head, bytes], Answer]] = {
            "check": self._check,
            "preview": self._preview,
            "fields": self._fields,
            "form": self._form,
            "submission": self._submission,
            "acceptance": self._acceptance,
            "withdrawal": self._withdrawal,
            "list": self._list,
            "export": self._export,
            "record": self._record,
            "template": self._template,
        }

    def consult(self, store: Store, head: Head, body: bytes) -> Answer:
        """Answer a question about entries.

        Args:
            store: The graph.
            head: The question: `ask` names it, the rest depends on it.
            body: What was handed in, if anything.

        Returns:
            The answer, mostly as JSON.

        Raises:
            NcpcError: As the methods of `Desk`.
        """
        answer = self._answers.get(str(head.get("ask")))
        if answer is None:
            raise ParameterError("There is no such question about entries.", found=str(head.get("ask"))[:60])
        return answer(store, head, body)

    def warm(self, store: Store) -> None:
        """Do everything once, so that forked processes need no file and no first time."""
        graph = NamedNode(f"{self.desk.base}graph/warm")
        name, kind = NamedNode(f"{self.desk.base}id/centre-warm"), self.desk.profile.centre.kind
        chosen, self.on_violation = self.on_violation, "refuse"  # or the log would tell of a write
        with contextlib.suppress(NotConforming):  # one that is let through and one that is not
            self(Change((Quad(graph, TYPE, graph, graph),)), store)
            self(Change((Quad(name, TYPE, kind, graph),)), store)
        self.on_violation = chosen
        known = self.checker.known(store)
        known.prepare(self.desk.profile)
        record = _filled(self.desk.profile.centre, known)
        entry = self.desk.from_record(store, record, [], inbox.digest_of(""))
        checked = self.desk.check(store, (entry,))
        for media_type in REPORTS[:-1]:
            self._report(checked, media_type, b"")
        for form in FORMS:
            data = self.desk.write(store, (entry,), form)
            self.desk.read_in(store, data, form)
        mark_xlsx(self.desk.write(store, (entry,), form_of(XLSX)), {"A2": "x"})

    # ------------------------------------------------------------------ answers

    def _check(self, store: Store, head: Head, body: bytes) -> Answer:
        checked = self._checked(store, head, body)
        return self._report(checked, str(head.get("accept") or JSON), body)

    def _report(self, checked: tuple[Checked, ...], media_type: str, body: bytes) -> Answer:
        reports = [one.report for one in checked]
        if media_type == JSON:
            text = render.as_json(reports)
        elif media_type == SARIF:
            text = render.as_sarif(reports, __version__)
        elif media_type == TURTLE:
            text = render.as_rdf(reports, self.desk.base).serialize(format="turtle")
        elif media_type == TEXT:
            text = "\n".join(render.as_text(one) for one in reports)
        elif media_type == XLSX:
            return Answer("graph", XLSX, mark_xlsx(body, render.remarks(reports)))
        else:
            raise NotAcceptable(
                "There is no report in this form.", found=media_type, expected=", ".join(REPORTS)
            )
        return Answer("graph", media_type, text.encode())

    def _preview(self, store: Store, head: Head, body: bytes) -> Answer:
        found = []
        for one in self._checked(store, head, body):
            values = render.as_dict(one.report)
            if one.report.conforms:
                values["preview"] = preview.as_dict(self.desk.preview(store, one))
            found.append(values)
        return _json({"entries": found})

    def _fields(self, store: Store, head: Head, body: bytes) -> Answer:
        """Check what stands in the fields of the web form, repaired first where asked."""
        cells = {name: (text, Spot(field=name)) for name, text in json.loads(body).items()}
        record, unknown = flat.to_record(self.desk.profile.centre, cells)
        notes = [Note("There is no field of this name.", name, rule="unknown-field") for name in unknown]
        entry = self.desk.from_record(store, record, notes, inbox.digest_of(body.decode()))
        (checked,) = self.desk.check(store, (entry,), head.get("supersedes"))
        if head.get("repair"):
            repairs = [one.repair for one in checked.report.findings if one.repair is not None]
            entry = repaired(entry, repairs)
            (checked,) = self.desk.check(store, (entry,), head.get("supersedes"))
            record = self.desk.record(store, entry)
        values = render.as_dict(checked.report)
        if head.get("preview") and checked.report.conforms:
            values["preview"] = preview.as_dict(self.desk.preview(store, checked))
        if head.get("turtle"):
            values["turtle"] = self.desk.write(store, (entry,), form_of(None, "x.ttl")).decode()
        values["cells"] = (
            self._cells(record) if head.get("repair") else {name: c[0] for name, c in cells.items()}
        )
        return _json(values)

    def _form(self, store: Store, head: Head, body: bytes) -> Answer:
        """The fields of the form with the things that each may name."""
        del head, body
        return _json(outline(self.desk.profile, self.checker.known(store)))

    def _submission(self, store: Store, head: Head, body: bytes) -> Answer:
        when = datetime.fromisoformat(str(head["when"]))
        supersedes = head.get("supersedes")
        if head.get("fields"):
            cells = {name: (text, Spot(field=name)) for name, text in json.loads(body).items()}
            record, _ = flat.to_record(self.desk.profile.centre, cells)
            entry = self.desk.from_record(store, record, [], inbox.digest_of(body.decode()))
            checked = self.desk.check(store, (entry,), supersedes)
        else:
            checked = self._checked(store, head, body)
        found = [self.desk.submission(one, str(head["who"]), when, supersedes) for one in checked]
        return _json({"submissions": [asdict(one) for one in found]})

    def _acceptance(self, store: Store, head: Head, body: bytes) -> Answer:
        """The update that accepts the submission that comes as body; none comes if it waits no longer."""
        if not body:
            raise self.desk.register.not_waiting(store, str(head["name"]))
        when = datetime.fromisoformat(str(head["when"]))
        submission = Submission(**json.loads(body))
        return _text(self.desk.acceptance(store, submission, str(head["who"]), when))

    def _withdrawal(self, store: Store, head: Head, body: bytes) -> Answer:
        del body
        when = datetime.fromisoformat(str(head["when"]))
        return _text(self.desk.register.withdrawal(store, str(head["name"]), str(head["who"]), when))

    def _list(self, store: Store, head: Head, body: bytes) -> Answer:
        del head, body
        return _json({"entries": [asdict(one) for one in self.desk.register.list(store)]})

    def _export(self, store: Store, head: Head, body: bytes) -> Answer:
        """An accepted entry, or a submission that comes as body, in a form."""
        form = form_of(str(head["accept"]))
        if body:
            entry = self.desk.submitted(Submission(**json.loads(body)))
            return Answer("graph", form.media_type, self.desk.write(store, (entry,), form))
        name = str(head["name"])
        if form.rdf is not None and head.get("provenance"):
            statements = self.desk.register.statements(store, name)
            return Answer("graph", form.media_type, self.desk.write_statements(statements, form))
        entry = self.desk.register.entry(store, name)
        return Answer("graph", form.media_type, self.desk.write(store, (entry,), form))

    def _record(self, store: Store, head: Head, body: bytes) -> Answer:
        """The cells of an accepted entry, of a submission, or of what was handed in, for the form."""
        if head.get("name"):
            entry = self.desk.register.entry(store, str(head["name"]))
        else:
            entries = self.desk.read_in(store, body, _form_of(head), str(head.get("file") or ""))
            if len(entries) != 1:
                raise NotFound("The form takes one centre.", found=f"{len(entries)} centres")
            entry = entries[0]
        return _json(self._cells(self.desk.record(store, entry)))

    def _template(self, store: Store, head: Head, body: bytes) -> Answer:
        del body
        form = form_of(str(head["accept"]))
        return Answer("graph", form.media_type, self.desk.template(store, form))

    # ------------------------------------------------------------------ inside

    def _checked(self, store: Store, head: Head, body: bytes) -> tuple[Checked, ...]:
        entries = self.desk.read_in(store, body, _form_of(head), str(head.get("file") or ""))
        return self.desk.check(store, entries, head.get("supersedes"))

    def _cells(self, record: Record) -> dict[str, str]:
        made = flat.slots(self.desk.profile.centre, (record,))
        texts = {slot.name: flat.text_in(record, slot) for slot in made}
        return {name: text for name, text in texts.items() if text}


def make_gate(settings: Settings) -> Service:
    """Make the gate of writes, as `ncpc_kg.entries:make_gate` for whoever opens the store.

    Args:
        settings: Where the content lies, its base, and what to do with violations.

    Returns:
        The gate.
    """
    return Service(Desk.read(settings), cast(OnViolation, settings.on_violation))


def _filled(group: Group, known: Known) -> Record:
    """A record with something in every field, so that every rule is asked for."""
    record = Record()
    for of in group.fields:
        item = Item("1998", "en" if of.tagged else None)
        if of.is_choice:
            item.text = next(iter(known.texts(of, 1)), "")
        elif of.group is not None:
            item = Item(record=_filled(of.group, known))
        record.add(of.key, item)
    return record


def _form_of(head: Head) -> Form:
    return form_of(cast("str | None", head.get("media_type")), cast("str | None", head.get("file")))


def _json(values: object) -> Answer:
    return Answer("graph", JSON, json.dumps(values, ensure_ascii=False).encode())


def _text(text: str) -> Answer:
    return Answer("graph", TEXT, text.encode())
