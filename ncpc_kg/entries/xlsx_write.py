"""Writing entries to a spreadsheet: drop-downs for what is known, help, marks on what is wrong."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import cast

from openpyxl import Workbook, load_workbook
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
from ncpc_kg.entries.model import Record
from ncpc_kg.entries.profile import Group, describe
from ncpc_kg.entries.xlsx_read import SHEET, refuse_traps, sheet_of

LISTS, HELP = "Lists", "Help"
_LISTED = 2_000
_SPARE_ROWS = 100
_HEAD = PatternFill("solid", start_color="DDE8F0")
_WRONG = PatternFill("solid", start_color="F8C8C0")


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
            options = list(known.texts(slot.field, _LISTED))
        if options:
            key = (slot.part, slot.field.range, tuple(options))
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
    refuse_traps(data)
    book = load_workbook(io.BytesIO(data))
    sheet = sheet_of(book)
    for name, text in remarks.items():
        cell = sheet[name]
        cell.fill = _WRONG
        cell.comment = Comment(text, "ncpc-kg", width=360, height=140)
    return _bytes(book)


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
