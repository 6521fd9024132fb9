"""Reading entries from a spreadsheet: a row for each centre; what is no plain workbook is refused."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime
from difflib import get_close_matches
from typing import cast

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from ncpc_kg.entries import flat
from ncpc_kg.entries.model import Note, Record, Spot
from ncpc_kg.entries.profile import Group
from ncpc_kg.errors import SourceError

SHEET = "Centres"
_UNPACKED = 32 * 1024**2
_RATIO = 200
_PARTS = 500
_ROWS, _COLUMNS = 1_000, 400


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
    sheet = sheet_of(_open(data))
    # Not max_row and max_column, which count cells that are only coloured.
    used = [place for place, cell in sheet._cells.items() if cell.value not in (None, "")]
    height, width = (max((place[at] for place in used), default=1) for at in (0, 1))
    if height > _ROWS + 1 or width > _COLUMNS:
        raise SourceError(
            "The sheet is too large.",
            found=f"{height} rows, {width} columns",
            expected=f"at most {_ROWS} centres below the headings, and {_COLUMNS} columns",
            hint="hand the centres in in several files",
        )
    rows = iter(sheet.iter_rows(max_row=height, max_col=width))
    heads = {cell.column: str(cell.value).strip() for cell in next(rows, ()) if cell.value is not None}
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
            hint="start from: ncpc-kg entry new centres.xlsx",
        )
    return found


def _open(data: bytes) -> Workbook:
    refuse_traps(data)
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


def refuse_traps(data: bytes) -> None:
    """Refuse what is no workbook, or unpacks to far more than it seems.

    Raises:
        SourceError: It is that.
    """
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
                    hint="copy the centres into a fresh template: ncpc-kg entry new centres.xlsx",
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


def sheet_of(book: Workbook) -> Worksheet:
    """The sheet that holds the centres.

    Raises:
        SourceError: There is none.
    """
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
