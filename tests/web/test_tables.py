"""Answers as files."""

from __future__ import annotations

import csv
import io
import json

import openpyxl
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from ncpc_kg.description import Link
from ncpc_kg.grounds import Grounds
from ncpc_kg.store.serialisation import graph_bytes
from ncpc_kg.web.tables import Table, as_csv, as_json, as_triples, as_tsv, as_xlsx

XSD = "http://www.w3.org/2001/XMLSchema#"
ROW = ("<http://x/a>", '"text"@en', "5", f'"2.5"^^<{XSD}decimal>', "true", "")
TABLE = Table(("iri", "text", "number", "share", "yes", "none"), (ROW,))
EVIDENCE = Table(
    ("n",), (("1",),), (Grounds((Link("http://p/1", "Line 1"), Link("http://p/2", "Line 2")), ()),)
)


def test_json() -> None:
    document = json.loads(as_json(TABLE, {"question": "q"}))
    assert document["rows"] == [{"iri": "http://x/a", "text": "text", "number": 5, "share": 2.5, "yes": True}]
    assert document["question"] == "q"


def test_csv_and_tsv() -> None:
    assert as_csv(TABLE).decode().splitlines()[1] == "http://x/a,text,5,2.5,true,"
    assert as_tsv(TABLE).decode().splitlines() == ["\t".join(f"?{n}" for n in TABLE.columns), "\t".join(ROW)]
    assert as_csv(EVIDENCE).decode().splitlines() == ["n,passages,contested", "1,http://p/1 http://p/2,"]
    solutions = ox.parse_query_results(as_tsv(EVIDENCE), format=ox.QueryResultsFormat.TSV)
    assert [row["passages"].value for row in solutions] == ["http://p/1 http://p/2"]  # type: ignore[union-attr]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=1, max_size=5
    )
)
def test_any_text_survives_csv(texts: list[str]) -> None:
    table = Table(("t",), tuple((str(ox.Literal(text)),) for text in texts))
    read = list(csv.reader(io.StringIO(as_csv(table).decode(), newline="")))[1:]
    assert [row[0] if row else "" for row in read] == texts


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\x01bad", "x" * 40_000, "\u202e"])
def test_texts_in_a_spreadsheet_stay_texts(text: str) -> None:
    body = as_xlsx(Table(("t",), ((str(ox.Literal(text)),),)), [("About", text)])
    cell = openpyxl.load_workbook(io.BytesIO(body))["Answer"]["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).startswith(text[:1].replace("\x01", "bad"))


def test_types_in_a_spreadsheet() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(TABLE, ())))["Answer"]
    assert [cell.value for cell in sheet[2]] == ["http://x/a", "text", 5, 2.5, "true", None]
    assert [cell.value for cell in sheet[1]] == list(TABLE.columns)


@pytest.mark.parametrize("number", ["INF", "NaN", "1e400", "9" * 30])
def test_numbers_that_no_spreadsheet_holds_stay_texts(number: str) -> None:
    table = Table(("n",), ((f'"{number}"^^<{XSD}double>',),))
    assert json.loads(as_json(table, {}))["rows"] == [{"n": number}]


def test_a_result_set_in_rdf() -> None:
    body = graph_bytes(as_triples(EVIDENCE, "http://x/answer"), "text/turtle")
    graph = rdflib.Graph().parse(data=body, format="turtle")
    assert len(list(graph.objects(None, rdflib.DCTERMS.source))) == 2
    assert len(graph) == 2 + 2 + 3 + 2
