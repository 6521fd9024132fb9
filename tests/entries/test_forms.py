"""Every form gives the same statements, and gives them back."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from ncpc_kg.entries import Desk, render
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.model import Entry
from ncpc_kg.entries.read import FORMS, Form, form_of
from ncpc_kg.store import Store


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.suffixes[0])
def test_an_entry_comes_back_from_every_form(
    form: Form, desk: Desk, graph: Store, check: Callable[..., Checked], good: str
) -> None:
    entry = check(good).entry
    named = Entry(entry.centre, entry.triples, entry.marks, (), "", "", "")
    (back,) = desk.read_in(graph, desk.write(graph, (named,), form), form)

    assert set(back.triples) == set(entry.triples)
    assert back.centre == entry.centre
    assert not back.notes


@pytest.mark.parametrize("suffix", ["yaml", "xlsx"])
def test_what_no_field_holds_is_kept(
    suffix: str, desk: Desk, graph: Store, check: Callable[..., Checked], good: str
) -> None:
    turtle = desk.write(graph, (check(good).entry,), form_of(None, "x.ttl"))
    extra = (
        turtle + b'\nid:centre-nicaragua skos:note " odd\\n\\"text\\" \xd9\x85"@ar ; schema:telephone 7 .\n'
    )
    (entry,) = desk.read_in(graph, extra, form_of(None, "x.ttl"))
    form = form_of(None, f"x.{suffix}")
    (back,) = desk.read_in(graph, desk.write(graph, (entry,), form), form)

    assert set(back.triples) == set(entry.triples)


TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.dictionaries(st.sampled_from(["en", "ar", "zh", "fr"]), TEXT, min_size=1),
    mail=TEXT,
    date=TEXT,
    country=TEXT,
)
def test_any_text_survives_yaml_and_spreadsheet(
    desk: Desk, graph: Store, names: dict[str, str], mail: str, date: str, country: str
) -> None:
    known = desk.checker.known(graph)
    cells = {f"name-{n}": text for n, text in enumerate(names.values(), 1)}
    cells |= {f"name-{n}.language": tag for n, tag in enumerate(names, 1)}
    cells |= {"contact.e-mail-1": mail, "date-1.date": date, "country": country, "iri": "id:centre-x"}
    from ncpc_kg.entries import flat

    record, unknown = flat.to_record(
        desk.profile.centre, {name: (text, None) for name, text in cells.items()}
    )
    assert not unknown
    entry = desk.from_record(graph, record, [], "")
    entry = Entry(entry.centre, entry.triples, entry.marks, (), "", "", "")
    for suffix in ("yaml", "xlsx", "ttl"):
        form = form_of(None, f"x.{suffix}")
        (back,) = desk.read_in(graph, desk.write(graph, (entry,), form), form)
        assert set(back.triples) == set(entry.triples), suffix
    assert known.base == desk.base


def test_the_same_report_whatever_the_form(
    desk: Desk, graph: Store, check: Callable[..., Checked], good: str
) -> None:
    checked = check(good.replace("cpml@example.org", "cpml").replace("Centre funded", "Nearly there"))
    expected = {(one.label, one.field, one.value, one.message) for one in checked.report.findings}
    assert len(expected) == 2
    for form in FORMS:
        (back,) = desk.read_in(graph, desk.write(graph, (checked.entry,), form), form)
        found = desk.check(graph, (back,))[0].report.findings
        assert {(one.label, one.field, one.value, one.message) for one in found} == expected, form


def test_the_template_of_yaml_reads_and_names_every_field(desk: Desk, graph: Store) -> None:
    text = desk.template(graph, form_of(None, "x.yaml")).decode()
    (entry,) = desk.read_in(graph, text.encode(), form_of(None, "x.yaml"))

    assert not entry.notes
    for group in desk.profile.groups:
        for field in group.fields:
            assert f"{field.key}" in text
    assert "One of: Argentina" in text


def test_the_template_of_xlsx_offers_lists(desk: Desk, graph: Store) -> None:
    book = load_workbook(io.BytesIO(desk.template(graph, form_of(None, "x.xlsx"))))
    heads = [cell.value for cell in book["Centres"][1]]
    lists = {cell.value: cell.column for cell in book["Lists"][1]}
    countries = [row[0] for row in book["Lists"].iter_rows(2, None, lists["Country"], lists["Country"], True)]

    assert "name 1" in heads
    assert "counterpart 3: institution" in heads
    assert "Nicaragua" in countries
    assert book["Centres"].data_validations.count > 5
    assert book["Help"].max_row > 20


def test_a_workbook_holds_many_centres_and_gets_marked(desk: Desk, graph: Store, good: str) -> None:
    form, xlsx = form_of(None, "x.yaml"), form_of(None, "x.xlsx")
    other = (
        good.replace("Nicaragua", "Honduras")
        .replace("Managua", "Tegucigalpa")
        .replace("cpml@example.org", "no mail")
    )
    entries = desk.read_in(graph, f"{good}\n---\n{other}".encode(), form)
    data = desk.write(graph, entries, xlsx)
    back = desk.read_in(graph, data, xlsx, "two.xlsx")
    reports = [one.report for one in desk.check(graph, back)]
    assert [one.conforms for one in reports] == [True, False]

    (finding,) = reports[1].findings
    assert str(finding.spot).startswith("Centres!")
    from ncpc_kg.entries.xlsx_write import mark_xlsx

    sheet = load_workbook(io.BytesIO(mark_xlsx(data, render.remarks(reports))))["Centres"]
    cell = sheet[finding.spot.cell]  # type: ignore[union-attr]
    assert cell.value == "no mail"
    assert "e-mail address" in cell.comment.text
    assert cell.fill.start_color.rgb.endswith("F8C8C0")


def test_a_shape_that_changes_changes_every_form(desk: Desk, graph: Store) -> None:
    import rdflib
    from rdflib import SH

    from ncpc_kg.entries.check import Checker
    from ncpc_kg.entries.fields import read_profile
    from ncpc_kg.validation import Shapes

    shapes = rdflib.Graph()
    for statement in desk.checker.shapes.graph:
        shapes.add(statement)
    field = rdflib.URIRef(f"{desk.base}shapes#NewCentreEntry-homePage")
    shapes.set((field, SH.name, rdflib.Literal("web address", lang="en")))
    shapes.add((field, SH.minCount, rdflib.Literal(1)))
    own = rdflib.Graph()
    for shape in (one.shape for one in desk.profile.groups):
        own += shapes.triples((rdflib.URIRef(shape.value), None, None))  # type: ignore[arg-type]
    profile = read_profile(shapes, own, desk.base)
    changed = Desk(Checker(Shapes(shapes), profile, desk.checker.rules, desk.base), desk.catalogue)

    assert "web address:" in changed.template(graph, form_of(None, "x.yaml")).decode()
    book = load_workbook(io.BytesIO(changed.template(graph, form_of(None, "x.xlsx"))))
    assert "web address" in [cell.value for cell in book["Centres"][1]]
    (entry,) = changed.read_in(graph, b"country: Nicaragua", form_of(None, "x.yaml"))
    (checked,) = changed.check(graph, (entry,))
    assert "Web address" in {one.field for one in checked.report.findings}
