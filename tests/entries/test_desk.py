"""From handing in to withdrawal, and two who come at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from entries.conftest import EXAMPLES, is_closed
from ncpc_kg.engine import Formats
from ncpc_kg.entries import Desk, Inbox, Service, inbox
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.inbox import Submission
from ncpc_kg.entries.read import form_of
from ncpc_kg.errors import Conflict, Gone, NcpcError, NotConforming, NotFound
from ncpc_kg.store import Store

YAML = form_of(None, "x.yaml")
ASK_HOST = (
    "PREFIX id: <https://w3id.org/ncpc/id/> PREFIX ncpc: <https://w3id.org/ncpc/ontology#> "
    "ASK { id:centre-nicaragua ncpc:hasCurrentHost ?h . ?h a ncpc:HostInstitution }"
)


def _holds(store: Store, text: str) -> bool:
    return b"true" in store.query(text, Formats()).body


def _submission(
    desk: Desk, store: Store, text: str, who: str = "Maria", old: str | None = None
) -> Submission:
    (entry,) = desk.read_in(store, text.encode(), YAML, "nicaragua.yaml")
    (checked,) = desk.check(store, (entry,), old)
    return desk.submission(checked, who, inbox.now(), old)


def _accept(desk: Desk, store: Store, submission: Submission, who: str = "Curator") -> None:
    store.update(desk.acceptance(store, submission, who, inbox.now()))


def test_what_the_source_says_is_refused_with_what_is_missing(check: Callable[..., Checked]) -> None:
    report = check(EXAMPLES / "nicaragua-source-only.yaml").report

    assert not report.conforms
    assert {one.field for one in report.findings if one.severity == "violation"} == {
        "Name",
        "Hosting",
        "Date",
        "Contact",
    }


def test_completed_with_made_up_details_it_becomes_part_of_the_graph(
    desk: Desk, fresh: Store, good: str
) -> None:
    submission = _submission(desk, fresh, good)
    _accept(desk, fresh, submission)

    assert _holds(fresh, ASK_HOST)
    assert is_closed(fresh)
    (listed,) = desk.register.list(fresh)
    assert (listed.state, listed.who, listed.name) == ("accepted", "Maria", submission.name)
    assert listed.digest == f"sha256:{submission.digest}"
    statements = desk.register.statements(fresh, submission.name)
    turtle = desk.write_statements(statements, form_of(None, "x.ttl")).decode()
    assert 'dcterms:publisher "Curator"' in turtle
    assert "dcterms:dateAccepted" in turtle


def test_it_is_there_after_a_restart(desk: Desk, fresh: Store, good: str) -> None:
    _accept(desk, fresh, _submission(desk, fresh, good))
    directory = fresh.directory
    fresh.close()
    with Store.open(directory, gate=Service(desk)) as again:
        assert _holds(again, ASK_HOST)
        assert [one.state for one in desk.register.list(again)] == ["accepted"]


def test_of_two_at_once_one_wins_and_the_other_is_told_why(desk: Desk, fresh: Store, good: str) -> None:
    submissions = [_submission(desk, fresh, good, who) for who in ("Maria", "Juan")]
    updates = [desk.acceptance(fresh, one, "Curator", inbox.now()) for one in submissions]
    outcomes: list[NcpcError | None] = []

    def apply(text: str) -> None:
        try:
            fresh.update(text)
            outcomes.append(None)
        except NcpcError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=apply, args=(text,)) for text in updates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (error,) = [one for one in outcomes if one is not None]
    assert isinstance(error, Conflict)
    assert "the other submission won" in error.problem
    (listed,) = desk.register.list(fresh)
    assert f"handed in by {listed.who}" in str(error.found)
    assert is_closed(fresh)


def test_the_same_submission_is_accepted_once(desk: Desk, fresh: Store, good: str) -> None:
    submission = _submission(desk, fresh, good)
    text = desk.acceptance(fresh, submission, "Ana", inbox.now())
    late = text.replace('dateAccepted> "20', 'dateAccepted> "21')
    other = text.replace('publisher> "Ana"', 'publisher> "Eva"')
    assert text not in (late, other)
    fresh.update(text)
    for again in (late, other):
        with pytest.raises(Conflict, match="accepted already"):
            fresh.update(again)
    with pytest.raises(Conflict):
        desk.acceptance(fresh, submission, "Ana", inbox.now())


def test_a_graph_that_changed_underneath_refuses_it(desk: Desk, fresh: Store, good: str) -> None:
    submission = _submission(desk, fresh, good)
    text = desk.acceptance(fresh, submission, "Ana", inbox.now())
    rival = good.replace("name:\n  en: National", "iri: id:centre-rival\nname:\n  en: Rival", 1)
    rival = rival.replace("  es: Centro de Producción Más Limpia de Nicaragua\n", "")
    rival = rival.replace("Made-up University", "Other University")
    _accept(desk, fresh, _submission(desk, fresh, rival, "Juan"))

    with pytest.raises(NotConforming, match="no longer conforms"):
        desk.acceptance(fresh, submission, "Ana", inbox.now())
    with pytest.raises(NotConforming, match="refused") as caught:
        fresh.update(text)
    assert caught.value.report is not None
    messages = [one["message"] for one in caught.value.report["findings"]]  # type: ignore[attr-defined]
    assert any("already has a centre for this country" in message for message in messages)
    assert len(desk.register.list(fresh)) == 1


def test_superseding_swaps_both_in_one_step(desk: Desk, fresh: Store, good: str) -> None:
    first = _submission(desk, fresh, good)
    _accept(desk, fresh, first)
    exported = desk.write(fresh, (desk.register.entry(fresh, first.name),), YAML).decode()
    assert "1998-02-13" in exported
    second = _submission(desk, fresh, exported.replace("1998-02-13", "1998-02-14"), "Maria", first.name)
    _accept(desk, fresh, second)

    states = {one.name: (one.state, one.by) for one in desk.register.list(fresh)}
    assert states == {first.name: ("superseded", second.name), second.name: ("accepted", "")}
    assert is_closed(fresh)
    with pytest.raises(Gone, match="superseded"):
        desk.register.statements(fresh, first.name)
    with pytest.raises(Gone):
        desk.acceptance(fresh, _replace(second, first.name), "Ana", inbox.now())


def _replace(submission: Submission, supersedes: str) -> Submission:
    from dataclasses import replace

    return replace(submission, name=inbox.digest_of("x")[:8] + submission.name[8:], supersedes=supersedes)


def test_withdrawal_takes_everything_out_but_who_and_when(desk: Desk, fresh: Store, good: str) -> None:
    before = set(fresh.quads())
    submission = _submission(desk, fresh, good)
    _accept(desk, fresh, submission)
    fresh.update(desk.register.withdrawal(fresh, submission.name, "Curator", inbox.now()))

    graph = NamedNode(f"{desk.base}graph/entry/{submission.name}")
    assert {quad for quad in fresh.quads() if quad.graph_name != graph} == before
    assert is_closed(fresh)
    (listed,) = desk.register.list(fresh)
    assert (listed.state, listed.ended_by, bool(listed.ended)) == ("withdrawn", "Curator", True)
    with pytest.raises(Gone, match="withdrawn by Curator at 2"):
        desk.register.withdrawal(fresh, submission.name, "Curator", inbox.now())
    with pytest.raises(Conflict, match="withdrawn"):
        fresh.update(f"INSERT DATA {{ GRAPH {graph} {{ <urn:a> <urn:b> <urn:c> }} }}")
    with pytest.raises(NotFound):
        desk.register.statements(fresh, "nothing")


def test_the_preview_tells_what_follows_and_which_answers_change(desk: Desk, fresh: Store, good: str) -> None:
    before = set(fresh.quads())
    (entry,) = desk.read_in(fresh, good.encode(), YAML)
    (checked,) = desk.check(fresh, (entry,))
    found = desk.preview(fresh, checked)

    assert set(fresh.quads()) == before
    assert len(found.added) == len(entry.triples)
    _accept(desk, fresh, desk.submission(checked, "Maria", inbox.now()))
    assert len(found.inferred) == len(set(fresh.quads()) - before) - len(entry.triples) - _provenance(
        fresh, desk
    )
    changed = {one.name for one in found.answers}
    assert {"host-of-centre", "centres-by-donor", "centres-by-counterpart"} <= changed
    rows = next(one for one in found.answers if one.name == "host-of-centre").added
    assert any("Made-up University of Managua" in row for row in rows)


def _provenance(store: Store, desk: Desk) -> int:
    graph = NamedNode(desk.register.list(store)[0].graph)
    return sum(q.subject == graph or q.object == graph for q in store.graph(graph))


def test_several_centres_in_one_text_are_checked_one_by_one(desk: Desk, graph: Store, good: str) -> None:
    entries = desk.read_in(graph, f"{good}\n---\n{good}".encode(), YAML)
    reports = [one.report for one in desk.check(graph, entries)]

    assert reports[0].conforms
    assert "stands here twice" in reports[1].findings[0].message


def test_the_inbox_keeps_each_thing_once(tmp_path: Path, desk: Desk, graph: Store, good: str) -> None:
    box = Inbox(tmp_path / "entries")
    assert box.all() == ()
    first = box.put(_submission(desk, graph, good))
    again = box.put(_submission(desk, graph, good))
    other = box.put(_submission(desk, graph, good, "Juan"))

    assert again == first
    assert {one.name for one in box.all()} == {first.name, other.name}
    assert desk.submitted(first).triples
    box.remove(first.name)
    assert box.find(first.name) is None
    assert box.find("../../etc/passwd") is None


def test_what_does_not_conform_cannot_be_handed_in(desk: Desk, graph: Store, good: str) -> None:
    with pytest.raises(NotConforming, match="was refused") as caught:
        _submission(desk, graph, good.replace("cpml@example.org", "cpml"))
    assert caught.value.report is not None
    assert caught.value.report["conforms"] is False
