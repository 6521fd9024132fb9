"""Hostile and broken input: an error or a finding each, nothing accepted by accident."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from ncpc_kg.entries import Desk
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.read import form_of, read_bytes
from ncpc_kg.errors import NcpcError, SourceError, TooLarge, UnsupportedMediaType
from ncpc_kg.store import Store

BROKEN = {
    "turtle": ("x.ttl", b"@prefix a: <http://a/> .\na:b a:c \n a:d a:e .", 3),
    "undeclared prefix": ("x.ttl", b"\nid:x a ncpc:Centre .", 2),
    "json": ("x.jsonld", b'{"@id": "http://a/b",\n "http://a/c": }', 2),
    "json-ld context elsewhere": (
        "x.jsonld",
        b'{"@context": "http://127.0.0.1:9/c", "@id": "http://a/b"}',
        None,
    ),
    "rdf/xml": ("x.rdf", b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n<a", None),
    "xml entities": ("x.rdf", b"<?xml version='1.0'?>\n<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", 2),
    "n-triples": ("x.nt", b"<http://a> <http://b> .", 1),
    "yaml indentation": ("x.yaml", b"name:\n  en: a\n country: b", 3),
    "yaml tab": ("x.yaml", b"name:\n\ten: a", 2),
    "yaml colon": ("x.yaml", b"name: a: b", 1),
    "yaml list": ("x.yaml", b"- a\n- b", 1),
    "yaml empty": ("x.yaml", b"# nothing\n", None),
    "yaml alias": ("x.yaml", b"name: &a {en: x}\ncountry: *a", 1),
    "yaml cycle": ("x.yaml", b"name: &a [*a]", 1),
    "yaml depth": ("x.yaml", b"name: " + b"[" * 5_000, 1),
    "yaml tag": ("x.yaml", b"!!python/object/apply:os.system ['true']", 1),
    "turtle depth": ("x.ttl", b"<http://a> <http://b> " + b"[ <http://c> " * 50_000, 1),
    "json depth": ("x.jsonld", b"[" * 100_000, 1),
    "named graph": ("x.trig", b"<http://g> { <http://a> <http://b> <http://c> }", 1),
    "no centre": ("x.ttl", b"<http://a> <http://b> <http://c> .", None),
    "latin-1": ("x.yaml", "name:\n  es: Producción".encode("latin-1"), 2),
    "utf-16": ("x.yaml", "name: a".encode("utf-16"), None),
    "binary": ("x.yaml", b"name: \x00\x01", None),
    "no workbook": ("x.xlsx", b"PK\x03\x04 but no more", None),
    "old workbook": ("x.xlsx", b"\xd0\xcf\x11\xe0" + b"\x00" * 512, None),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_what_cannot_be_read_is_an_error_with_its_place(case: str, desk: Desk, graph: Store) -> None:
    name, data, line = BROKEN[case]
    with pytest.raises(SourceError) as caught:
        desk.read_in(graph, data, form_of(None, name), name)

    assert caught.value.hint
    assert caught.value.place is not None
    assert str(caught.value.place.path) == name
    assert caught.value.place.line == line


def test_an_alias_is_not_called_a_cycle(desk: Desk, graph: Store) -> None:
    _, data, _ = BROKEN["yaml alias"]
    with pytest.raises(SourceError, match="repeats"):
        desk.read_in(graph, data, form_of(None, "x.yaml"), "x.yaml")


def test_a_file_of_200_mb_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(200 * 1024**2)
    with pytest.raises(TooLarge, match="too large"):
        read_bytes(path)


def test_large_bodies_are_refused_before_they_are_parsed(desk: Desk, graph: Store) -> None:
    with pytest.raises(TooLarge):
        desk.read_in(graph, b"# " + b"x" * 1024**2, form_of(None, "x.yaml"))
    with pytest.raises(TooLarge):
        desk.read_in(graph, bytes(9 * 1024**2), form_of(None, "x.xlsx"))


def test_many_statements_are_refused(desk: Desk, graph: Store) -> None:
    text = "".join(f"<http://a/{n}> <http://b> <http://c> .\n" for n in range(6_000))
    with pytest.raises(SourceError, match="too long"):
        desk.read_in(graph, text.encode(), form_of(None, "x.nt"))


def test_an_unknown_form_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"cannot be read"):
        form_of(None, "centre.docx")
    with pytest.raises(UnsupportedMediaType):
        form_of("application/pdf")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        read_bytes(tmp_path / "none.yaml")


def _book(desk: Desk, graph: Store, good: str, **cells: object) -> bytes:
    (entry,) = desk.read_in(graph, good.encode(), form_of(None, "x.yaml"))
    book = load_workbook(io.BytesIO(desk.write(graph, (entry,), form_of(None, "x.xlsx"))))
    heads = {cell.value: cell.column for cell in book["Centres"][1]}
    for head, value in cells.items():
        book["Centres"].cell(2, heads[head.replace("_", " ")]).value = value
    return _saved(book)


def test_a_zip_bomb_is_not_unpacked(desk: Desk, graph: Store, good: str) -> None:
    out = io.BytesIO(_book(desk, graph, good))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet9.xml", b"0" * 60 * 1024**2)
    assert len(out.getvalue()) < 1024**2
    with pytest.raises(SourceError, match="unpacks to far more"):
        desk.read_in(graph, out.getvalue(), form_of(None, "x.xlsx"))


def test_xml_entities_in_a_workbook_are_refused(desk: Desk, graph: Store, good: str) -> None:
    source = zipfile.ZipFile(io.BytesIO(_book(desk, graph, good)))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in source.namelist():
            text = source.read(name)
            if name.endswith("sheet1.xml"):
                text = b'<!DOCTYPE a [<!ENTITY b "c">]>' + text
            archive.writestr(name, text)
    with pytest.raises(SourceError, match="XML entities"):
        desk.read_in(graph, out.getvalue(), form_of(None, "x.xlsx"))


def test_no_value_is_lost_far_from_the_others(desk: Desk, graph: Store, good: str) -> None:
    form = form_of(None, "x.xlsx")
    book = load_workbook(io.BytesIO(_book(desk, graph, good)))
    book["Centres"].cell(3_000, 900).number_format = "@"  # only formatted: not in the way
    assert desk.read_in(graph, _saved(book), form)

    book["Centres"].cell(2, 900).value = "lost"
    with pytest.raises(SourceError, match="too large"):
        desk.read_in(graph, _saved(book), form)


def _saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("formula", ["=1+1", '=HYPERLINK("http://a","b")', "=Lists!A1", "@SUM(1)"])
def test_a_formula_is_a_finding_at_its_cell(formula: str, desk: Desk, graph: Store, good: str) -> None:
    data = _book(desk, graph, good, country=formula)
    (entry,) = desk.read_in(graph, data, form_of(None, "x.xlsx"))
    report = desk.check(graph, (entry,))[0].report

    assert not report.conforms
    assert any(
        one.spot is not None and one.spot.cell and one.field.lower() == "country" for one in report.findings
    )


def test_text_that_looks_like_a_formula_is_written_as_text(desk: Desk, graph: Store, good: str) -> None:
    (entry,) = desk.read_in(
        graph, good.replace("Managua\npost", "'=1+1'\npost").encode(), form_of(None, "x.yaml")
    )
    data = desk.write(graph, (entry,), form_of(None, "x.xlsx"))
    (back,) = desk.read_in(graph, data, form_of(None, "x.xlsx"))

    assert not back.notes
    assert {t.object.value for t in back.triples} == {t.object.value for t in entry.triples}  # type: ignore[union-attr]


def test_dates_and_numbers_of_a_workbook_are_read_as_typed(desk: Desk, graph: Store, good: str) -> None:
    from datetime import datetime

    data = _book(desk, graph, good, **{"date 1: date": datetime(1998, 2, 13), "status: as-of date": 1998})
    (entry,) = desk.read_in(graph, data, form_of(None, "x.xlsx"))

    assert desk.check(graph, (entry,))[0].report.conforms


CASES = {
    "31/02/1998": ("1998-02-13", "31/02/1998"),
    "1998-02-31": ("1998-02-13", "1998-02-31"),
    "1998-13": ("1998-02-13", "1998-13"),
    "tomorrow": ("1998-02-13", "tomorrow"),
    "language that is none": ("  en: National", "  e n: National"),
    "language of another list": ("  en: National", "  tlh: National"),
    "same language twice": ("  en: National Cleaner Production Centre of Nicaragua", "  en: [One, Two]"),
    "negative count": ("count: 4", "count: -4"),
    "count in words": ("count: 4", "count: four"),
    "javascript link": ("https://cpml.example.org/", "javascript:alert(1)"),
    "structure for a value": ("country: Nicaragua\nprog", "country: {a: b}\nprog"),
    "value for a structure": ("hosting:\n  kind: Housed\n", "hosting: Housed\nx:\n"),
    "a bell in a text": ("town: Managua", r'town: "Mana\x07gua"'),
    "text turned round": ("town: Managua", r'town: "\u202eaugana"'),
    "lost letters": ("town: Managua", r'town: "Mana\uFFFDua"'),
    "nothing that is seen": ("town: Managua", r'town: "\u200f"'),
    "twice": ("country: Nicaragua\nprog", "country: Nicaragua\ncountry: Brazil\nprog"),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_wrong_values_are_findings(case: str, check: Callable[..., Checked], good: str) -> None:
    old, new = CASES[case]
    assert old in good
    report = check(good.replace(old, new, 1)).report

    assert not report.conforms, case
    assert all(one.message for one in report.findings)


STATEMENTS = {
    "a node without a name": ("_:x <http://example.org/b> 1 .", "foreign-node"),
    "a statement about a statement": ("<< id:a ncpc:b id:c >> ncpc:d 1 .", "foreign-node"),
    "the same as another centre": ("id:centre-nicaragua owl:sameAs id:centre-brazil .", "axiom"),
    "what a term means": ("ncpc:Centre rdfs:subClassOf ncpc:Fact .", "axiom"),
    "another's node": ("id:centre-brazil ncpc:inCountry id:country-austria .", "foreign-node"),
}


@pytest.mark.parametrize("case", STATEMENTS, ids=lambda case: case.replace(" ", "-"))
def test_statements_that_do_not_belong_in_an_entry_are_findings(
    case: str, desk: Desk, graph: Store, check: Callable[..., Checked], good: str
) -> None:
    text, rule = STATEMENTS[case]
    whole = desk.write(graph, (check(good).entry,), form_of(None, "x.ttl")).decode()
    prefixes = (
        "PREFIX owl: <http://www.w3.org/2002/07/owl#>\nPREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
    )
    report = check(f"{prefixes}{whole}{text}\n", "entry.ttl").report

    (finding,) = [one for one in report.findings if one.rule == rule]
    assert finding.severity == "violation"
    assert finding.spot is not None
    assert (finding.spot.line or 0) > whole.count("\n")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("ar", "المركز الوطني للإنتاج الأنظف"),
        ("zh", "国家清洁生产中心"),
        ("vi", "Trung ta\u0302m Sa\u0309n xua\u0302\u0301t sa\u0323ch"),
        ("ru", "Национальный центр"),
    ],
)
def test_any_script_is_welcome(tag: str, name: str, check: Callable[..., Checked], good: str) -> None:
    checked = check(good.replace("  es: Centro", f"  {tag}: {name}\n  es: Centro"))

    assert checked.report.conforms
    assert any(getattr(t.object, "value", "") == name for t in checked.entry.triples)


def test_nothing_bad_ever_conforms_by_accident(desk: Desk, graph: Store) -> None:
    for name, data, _ in BROKEN.values():
        try:
            entries = desk.read_in(graph, data, form_of(None, name), name)
        except NcpcError:
            continue
        assert not any(one.report.conforms for one in desk.check(graph, entries))
