"""An answer to a question as a file: JSON, CSV, TSV, XLSX, or RDF."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    Triple,
    parse_query_results,
)

from ncpc_kg.description.rows import datatype_of, term_of, text_of
from ncpc_kg.grounds import Grounds
from ncpc_kg.vocabulary import PREFIXES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EVIDENCE = ("passages", "contested")
RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_LONGEST_CELL = 32_767  # what a spreadsheet cell holds
_NUMBERS = frozenset(PREFIXES["xsd"] + name for name in ("integer", "decimal", "double", "float"))


@dataclass(frozen=True)
class Table:
    """Rows of an answer, with what each of them rests on if that was asked.

    Attributes:
        columns: Names of the columns.
        rows: Values in TSV spelling; an empty text where there is none.
        grounds: One for each row, or nothing.
        complete: False if the answer goes on after these rows.
        offset: Rows before these.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    grounds: tuple[Grounds, ...] = ()
    complete: bool = True
    offset: int = 0

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns, with those of the evidence."""
        return (*self.columns, *(EVIDENCE if self.grounds else ()))


def as_json(table: Table, about: dict[str, Any]) -> bytes:
    """Rows as objects, numbers as numbers.

    Args:
        table: The rows.
        about: What else to say: the question, its parameters, the next page.
    """
    rows = []
    for number, row in enumerate(table.rows):
        found: dict[str, Any] = {
            name: _json_value(value) for name, value in zip(table.columns, row, strict=True) if value
        }
        if table.grounds:
            found["evidence"] = {
                "passages": [link._asdict() for link in table.grounds[number].passages],
                "contested": [link._asdict() for link in table.grounds[number].contested],
            }
        rows.append(found)
    whole = {**about, "columns": table.columns, "rows": rows, "complete": table.complete}
    return json.dumps(whole, ensure_ascii=False, default=str).encode()


def as_csv(table: Table) -> bytes:
    """Rows as CSV (SPARQL 1.1 Query Results CSV, section 3.2), evidence in two more columns."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(table.header)
    for number, row in enumerate(table.rows):
        writer.writerow((*map(text_of, row), *_evidence(table, number)))
    return buffer.getvalue().encode()


def as_tsv(table: Table) -> bytes:
    """Rows as TSV (SPARQL 1.1 Query Results TSV, section 4.2), evidence in two more columns."""
    lines = ["\t".join(f"?{name}" for name in table.header)]
    for number, row in enumerate(table.rows):
        lines.append("\t".join((*row, *(str(Literal(text)) for text in _evidence(table, number)))))
    return ("\n".join(lines) + "\n").encode()


def as_sparql_json(table: Table) -> bytes:
    """Rows as SPARQL 1.1 Query Results JSON, evidence in two more columns."""
    solutions = parse_query_results(as_tsv(table), format=QueryResultsFormat.TSV)
    if not isinstance(solutions, QuerySolutions):
        raise ValueError("not a table")
    return solutions.serialize(format=QueryResultsFormat.JSON) or b""


def as_xlsx(table: Table, about: Iterable[tuple[str, str]]) -> bytes:
    """Rows as a spreadsheet, with a second sheet that says what they are.

    Text is always written as text: a value that begins with `=` is no formula.

    Args:
        table: The rows.
        about: Lines of the second sheet: a name and a text.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Answer")
    sheet.freeze_panes = "A2"

    def text(value: str, bold: bool = False) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST_CELL])
        cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        return cell

    sheet.append([text(name, True) for name in table.header])
    for number, row in enumerate(table.rows):
        cells: list[Any] = []
        for value in row:
            figure = _number(value)
            cells.append(text(text_of(value)) if figure is None else figure)
        sheet.append([*cells, *map(text, _evidence(table, number))])
    second = book.create_sheet("About")
    for name, said in about:
        second.append([text(name, True), text(said)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_triples(table: Table, iri: str) -> list[Triple]:
    """Rows in the vocabulary for result sets of the SPARQL working group.

    Args:
        table: The rows.
        iri: IRI of the answer.
    """
    kind = NamedNode(PREFIXES["rdf"] + "type")
    source = NamedNode(PREFIXES["dcterms"] + "source")
    answer = NamedNode(iri)
    found = [Triple(answer, kind, NamedNode(f"{RS}ResultSet"))]
    for name in table.columns:
        found.append(Triple(answer, NamedNode(f"{RS}resultVariable"), Literal(name)))
    for number, row in enumerate(table.rows):
        solution = BlankNode(f"row{table.offset + number}")
        index = Literal(str(table.offset + number + 1), datatype=NamedNode(PREFIXES["xsd"] + "integer"))
        found.append(Triple(answer, NamedNode(f"{RS}solution"), solution))
        found.append(Triple(solution, NamedNode(f"{RS}index"), index))
        for name, value in zip(table.columns, row, strict=True):
            if value:
                binding = BlankNode(f"row{table.offset + number}{name}")
                found.append(Triple(solution, NamedNode(f"{RS}binding"), binding))
                found.append(Triple(binding, NamedNode(f"{RS}variable"), Literal(name)))
                found.append(Triple(binding, NamedNode(f"{RS}value"), term_of(value)))
        for link in table.grounds[number].passages if table.grounds else ():
            found.append(Triple(solution, source, NamedNode(link.iri)))
        for link in table.grounds[number].contested if table.grounds else ():
            see = NamedNode(PREFIXES["rdfs"] + "seeAlso")
            found.append(Triple(solution, see, NamedNode(link.iri)))
    return found


def _evidence(table: Table, number: int) -> Sequence[str]:
    """The two cells of evidence of a row: IRIs with spaces between them."""
    if not table.grounds:
        return ()
    one = table.grounds[number]
    return (" ".join(link.iri for link in one.passages), " ".join(link.iri for link in one.contested))


def _number(value: str) -> int | float | None:
    """A number that a spreadsheet and JSON hold exactly enough; None for all other values."""
    if value[:1] in ("<", "_", "") or datatype_of(value) not in _NUMBERS:
        return None
    try:
        found = Decimal(text_of(value))
    except InvalidOperation:
        return None
    if not found.is_finite() or abs(found) >= 10**15:
        return None
    return int(found) if found == found.to_integral_value() else float(found)


def _json_value(value: str) -> Any:
    figure = _number(value)
    if figure is not None:
        return figure
    if value in ("true", "false"):
        return value == "true"
    return text_of(value)
