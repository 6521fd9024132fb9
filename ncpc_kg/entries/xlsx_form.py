"""Entries in a spreadsheet: a row for each centre, drop-downs for what is known."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from difflib import get_close_matches
from typing import cast

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.comments import Comment
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import WorksheetWriter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from ncpc_kg.entries import flat
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Note, Record, Spot
from ncpc_kg.entries.profile import Group, describe
from ncpc_kg.errors import SourceError

SHEET, LISTS, HELP = "Centres", "Lists", "Help"
_UNPACKED = 32 * 1024**2
_RATIO = 200
_PARTS = 500
_ROWS, _COLUMNS = 1_000, 400
_LISTED = 2_000
_SPARE_ROWS = 100
_HEAD = PatternFill("solid", start_color="DDE8F0")
_WRONG = PatternFill("solid", start_color="F8C8C0")


def read_xlsx(data: bytes, group: Group) -> list[tuple[Record, list[Note]]]:
    """Read the centres of a workbook, one from each row that is not empty.

    Args:
        data: The workbook.
        group: The fields of a centre.

    Returns:
        Each record with what is wrong in its form.

    Raises:
        SourceError: The file is no workbook, unpacks to more than an entry needs, or lacks
            the sheet.
    """
    sheet = _sheet(_open(data))
    width = min(sheet.max_column, _COLUMNS)
    rows = iter(sheet.iter_rows(max_row=min(sheet.max_row, _ROWS + 1), max_col=width))
    heads = {cell.column: str(cell.value).strip() for cell in next(rows, ()) if cell.value is not None}
    if sheet.max_row > _ROWS + 1:
        raise SourceError(
            "The sheet has too many rows.",
            found=str(sheet.max_row),
            expected=f"at most {_ROWS} centres",
            hint="hand the centres in in several files",
        )
    names = flat.known_names(group)
    found = []
    for row in rows:
        filled = {cell.column: cell for cell in row if cell.value not in (None, "")}
        if not filled:
            continue
        notes: list[Note] = []
        cells: dict[str, tuple[str, Spot | None]] = {}
        for column, head in heads.items():
            cell = row[column - 1]
            cells[head] = (_text(cast(Cell, cell), head, notes), _spot(cast(Cell, cell)))
        for column in sorted(set(filled) - set(heads)):
            notes.append(
                Note(
                    "This column has no heading, so its value would be lost. Move it below a heading.",
                    value=str(filled[column].value),
                    spot=_spot(cast(Cell, filled[column])),
                    rule="unknown-field",
                )
            )
        record, unknown = flat.to_record(group, cells)
        for head in unknown:
            if cells[head][0]:
                notes.append(
                    Note(
                        "There is no field of this name, so its value would be lost. Correct the heading.",
                        head,
                        cells[head][0],
                        tuple(get_close_matches(head.lower(), names, n=2)),
                        cells[head][1],
                        "unknown-field",
                    )
                )
        record.spot = Spot(sheet=SHEET, cell=f"A{row[0].row}")
        found.append((record, notes))
    if not found:
        raise SourceError(
            "The sheet holds no centre.",
            expected="a row for each centre, below the headings",
            hint="start from: ncpc-kg entry template centres.xlsx",
        )
    return found


def write_xlsx(records: Iterable[Record], group: Group, known: Known, spare: int = 2) -> bytes:
    """Write records, or an empty workbook to fill in.

    Args:
        records: What goes into the rows.
        group: The fields of a centre.
        known: The things that drop-downs offer.
        spare: Empty columns for a further value of fields with many.

    Returns:
        The workbook.
    """
    found = tuple(records)
    book = Workbook()
    sheet = cast(Worksheet, book.active)
    sheet.title = SHEET
    lists = book.create_sheet(LISTS)
    made = flat.slots(group, found, spare)
    ranges: dict[object, str] = {}
    last = len(found) + 1 + _SPARE_ROWS
    for column, slot in enumerate(made, 1):
        head = sheet.cell(1, column, slot.heading)
        head.font, head.fill = Font(bold=True), _HEAD
        head.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(column)].width = 24
        # Everything is text: a date or a number must stay as it was typed.
        sheet.column_dimensions[get_column_letter(column)].number_format = "@"
        for row, record in enumerate(found, 2):
            text = flat.text_in(record, slot)
            if text:
                cell = sheet.cell(row, column)
                cell.value = text
                cell.number_format = "@"
                cell.data_type = "s"  # a text that starts with = is no formula
        if slot.field is None:
            continue
        if slot.part == "text":
            needed = "Needed. " if slot.field.minimum else ""
            help_text = f"{needed}{slot.field.help} {describe(slot.field)}".strip()
            if help_text:
                head.comment = Comment(help_text, "ncpc-kg")
        options = list(slot.field.languages) if slot.part == "language" else []
        if slot.part == "text" and slot.field.is_choice:
            options = list(known.texts(slot.field)[:_LISTED])
        if options:
            key = (slot.part, slot.field.options, slot.field.schemes, slot.field.classes, tuple(options))
            if key not in ranges:
                ranges[key] = _list(lists, len(ranges) + 1, slot.field.label, options)
            rule = DataValidation("list", formula1=ranges[key], allow_blank=True, showErrorMessage=False)
            rule.add(f"{get_column_letter(column)}2:{get_column_letter(column)}{last}")
            sheet.add_data_validation(rule)
    sheet.freeze_panes = "B2"
    _help(book.create_sheet(HELP), group)
    return _bytes(book)


def mark_xlsx(data: bytes, remarks: Mapping[str, str]) -> bytes:
    """Make a copy of a workbook in which the cells with findings are marked.

    Args:
        data: The workbook.
        remarks: What to say, by cell.

    Returns:
        The copy: those cells coloured, with a comment each.
    """
    _refuse_traps(data)
    book = load_workbook(io.BytesIO(data))
    sheet = _sheet(book)
    for name, text in remarks.items():
        cell = sheet[name]
        cell.fill = _WRONG
        cell.comment = Comment(text, "ncpc-kg", width=360, height=140)
    return _bytes(book)


def _open(data: bytes) -> Workbook:
    _refuse_traps(data)
    try:
        return load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        SyntaxError,
        zipfile.BadZipFile,
    ) as e:
        raise SourceError(
            "The workbook is damaged.",
            found=str(e)[:200],
            hint="open it, save it again as .xlsx, and try again",
        ) from e


def _refuse_traps(data: bytes) -> None:
    """Refuse what is no workbook, or unpacks to far more than it seems."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "xl/workbook.xml" not in names:
                raise _no_workbook("a ZIP file without a workbook in it")
            whole = sum(part.file_size for part in parts)
            packed = sum(part.compress_size for part in parts) or 1
            if len(parts) > _PARTS or whole > _UNPACKED or (whole > 1024**2 and whole / packed > _RATIO):
                raise SourceError(
                    "The workbook unpacks to far more than an entry needs.",
                    found=f"{whole / 1024**2:.1f} MB from {packed / 1024**2:.2f} MB, in {len(parts)} parts",
                    expected=f"at most {_UNPACKED // 1024**2} MB",
                    hint="copy the centres into a fresh template: ncpc-kg entry template centres.xlsx",
                )
            for part in parts:
                # The sizes above are what the file claims; reading stops where they end.
                with archive.open(part) as member:
                    text = member.read(part.file_size + 1)
                if re.search(rb"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
                    raise SourceError("The workbook declares XML entities.", found=part.filename)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _no_workbook(str(error)) from error


def _no_workbook(found: str) -> SourceError:
    return SourceError(
        "The file is no workbook.",
        found=found,
        expected="a spreadsheet saved as .xlsx, without a password",
        hint="save it as .xlsx (Excel workbook) and try again",
    )


def _sheet(book: Workbook) -> Worksheet:
    if SHEET not in book.sheetnames:
        raise SourceError(
            f"The workbook has no sheet {SHEET}.",
            found=", ".join(book.sheetnames),
            hint=f"name the sheet with the centres {SHEET}",
        )
    return cast(Worksheet, book[SHEET])


def _text(cell: Cell, head: str, notes: list[Note]) -> str:
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f" or (isinstance(value, str) and cell.data_type != "s"):
        kind = "an error" if cell.data_type == "e" else "a formula"
        notes.append(
            Note(
                f"The cell holds {kind}; an entry takes only what is typed. Type the value.",
                head,
                str(getattr(value, "text", value)),
                spot=_spot(cell),
                rule="formula",
            )
        )
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _spot(cell: Cell) -> Spot:
    return Spot(sheet=SHEET, cell=cell.coordinate)


def _list(sheet: Worksheet, column: int, label: str, options: list[str]) -> str:
    sheet.cell(1, column, label).font = Font(bold=True)
    for row, option in enumerate(options, 2):
        sheet.cell(row, column, option)
    letter = get_column_letter(column)
    return f"{LISTS}!${letter}$2:${letter}${len(options) + 1}"


def _help(sheet: Worksheet, group: Group) -> None:
    for column, (title, width) in enumerate((("Field", 36), ("Needed", 10), ("What belongs there", 90)), 1):
        sheet.cell(1, column, title).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = width
    row = 2
    for slot in flat.slots(group, ()):
        if slot.field is not None and slot.part == "text":
            sheet.cell(row, 1, slot.heading)
            sheet.cell(row, 2, "yes" if slot.field.minimum else "no")
            sheet.cell(row, 3, f"{slot.field.help} {describe(slot.field)}".strip())
            row += 1


class _Writer(ExcelWriter):  # type: ignore[misc]
    """Writes a workbook without temporary files, which a sealed worker process may not open."""

    def write_worksheet(self, ws: Worksheet) -> None:
        """Write one sheet; as openpyxl does, but in memory."""
        ws._drawing = SpreadsheetDrawing()
        ws._drawing.charts, ws._drawing.images = ws._charts, ws._images
        text = io.BytesIO()
        writer = WorksheetWriter(ws, text)
        writer.write()
        ws._rels = writer._rels
        self._archive.writestr(ws.path[1:], text.getvalue())
        self.manifest.append(ws)


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        _Writer(book, archive).write_data()
    return out.getvalue()
