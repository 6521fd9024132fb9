"""From bytes in any form to entries: the one way in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import RdfFormat

from ncpc_kg import sources
from ncpc_kg.entries.convert import to_statements
from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import Entry, Note, Record
from ncpc_kg.entries.profile import Group
from ncpc_kg.entries.rdf_form import read_rdf
from ncpc_kg.entries.xlsx_read import read_xlsx
from ncpc_kg.entries.yaml_form import read_yaml
from ncpc_kg.errors import Place, SourceError, TooLarge, UnsupportedMediaType

YAML = "application/yaml"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORM = "application/x-www-form-urlencoded"
TEXT_BYTES = 1024**2
BOOK_BYTES = 8 * 1024**2


@dataclass(frozen=True)
class Form:
    """A form an entry may come in.

    Attributes:
        media_type: Its media type.
        suffixes: Ends of file names.
        rdf: The RDF format, if it is one.
    """

    media_type: str
    suffixes: tuple[str, ...]
    rdf: RdfFormat | None = None


FORMS = (
    Form("text/turtle", (".ttl",), RdfFormat.TURTLE),
    Form("application/ld+json", (".jsonld", ".json"), RdfFormat.JSON_LD),
    Form(YAML, (".yaml", ".yml")),
    Form(XLSX, (".xlsx",)),
    Form("application/n-triples", (".nt",), RdfFormat.N_TRIPLES),
    Form("application/rdf+xml", (".rdf", ".owl", ".xml"), RdfFormat.RDF_XML),
    Form("text/n3", (".n3",), RdfFormat.N3),
    Form("application/trig", (".trig",), RdfFormat.TRIG),
    Form("application/n-quads", (".nq",), RdfFormat.N_QUADS),
)
_ALSO = {
    "application/x-yaml": YAML,
    "text/yaml": YAML,
    "text/x-yaml": YAML,
    "application/json": "application/ld+json",
    "application/x-turtle": "text/turtle",
}


def form_of(media_type: str | None = None, name: str | None = None) -> Form:
    """Find the form by its media type, or else by the name of the file.

    Args:
        media_type: As in a Content-Type header.
        name: Name of a file.

    Returns:
        The form.

    Raises:
        UnsupportedMediaType: Neither is known.
    """
    plain = (media_type or "").partition(";")[0].strip().lower()
    plain = _ALSO.get(plain, plain)
    suffix = Path(name).suffix.lower() if name else ""
    for form in FORMS:
        if form.media_type == plain or (
            suffix in form.suffixes and plain in ("", "application/octet-stream")
        ):
            return form
    raise UnsupportedMediaType(
        "An entry in this form cannot be read.",
        found=media_type or name,
        expected="Turtle (.ttl), JSON-LD (.jsonld), YAML (.yaml), a spreadsheet (.xlsx) or other RDF",
        hint="save it in one of these forms",
    )


def read_bytes(path: Path) -> bytes:
    """Read a file that is to be an entry, unless it is far too large for one.

    Args:
        path: The file.

    Returns:
        What is in it.

    Raises:
        TooLarge: It is larger than an entry may be.
        SourceError: It cannot be read.
    """
    form = form_of(None, path.name)
    if path.exists():
        _refuse_size(path.stat().st_size, form)
    return sources.read_bytes(path)


def read_entries(data: bytes, form: Form, group: Group, known: Known, name: str = "") -> tuple[Entry, ...]:
    """Read entries.

    Args:
        data: What was handed in.
        form: Its form.
        group: The fields of a centre.
        known: The things that values may name.
        name: Name of the file, for messages.

    Returns:
        One entry for each centre.

    Raises:
        TooLarge: It is larger than an entry may be.
        SourceError: It cannot be read as what it says it is.
    """
    _refuse_size(len(data), form)
    digest = hashlib.sha256(data).hexdigest()
    try:
        if form.media_type == XLSX:
            records = read_xlsx(data, group)
        elif form.rdf is None:
            records = read_yaml(decoded(data), group)
        else:
            found = read_rdf(decoded(data), form.rdf, group, known.base + "id/")
            return tuple(
                Entry(centre, tuple(triples), marks, (), form.media_type, name, digest)
                for centre, triples, marks in found
            )
    except SourceError as error:
        raise _named(error, name) from error
    return tuple(
        entry_of(record, notes, group, known, form.media_type, name, digest) for record, notes in records
    )


def entry_of(
    record: Record,
    notes: list[Note],
    group: Group,
    known: Known,
    media_type: str,
    name: str = "",
    digest: str = "",
) -> Entry:
    """Make an entry from a record.

    Args:
        record: What was written.
        notes: What is wrong in its form.
        group: The fields of a centre.
        known: The things that values may name.
        media_type: What it was read from.
        name: Name of the file.
        digest: SHA-256 of what was handed in.

    Returns:
        The entry.
    """
    written = to_statements(group, record, known)
    return Entry(
        written.node,
        tuple(written.triples),
        written.marks,
        (*notes, *written.notes),
        media_type,
        name,
        digest,
        frozenset(written.minted),
    )


def decoded(data: bytes) -> str:
    """Decode a text.

    Raises:
        SourceError: It is not UTF-8, or holds characters that no text holds.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise SourceError("The text is UTF-16.", expected="UTF-8", hint="save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise SourceError(
            "The text is not UTF-8.",
            found=f"the byte 0x{data[error.start]:02x}; in Latin-1 it would be "
            f"{data[error.start : error.start + 1].decode('latin-1')!r}",
            hint="save it as UTF-8",
            place=Place(None, line, column),
        ) from error
    if "\x00" in text:
        raise SourceError("The text holds null characters; it is a binary file.", hint="hand in a text")
    return text


def _refuse_size(size: int, form: Form) -> None:
    most = BOOK_BYTES if form.media_type == XLSX else TEXT_BYTES
    if size > most:
        raise TooLarge(
            "The file is too large for an entry.",
            found=f"{size / 1024**2:.1f} MB",
            expected=f"at most {most // 1024**2} MB",
            hint="hand the centres in in several files",
        )


def _named(error: SourceError, name: str) -> SourceError:
    """The same error with the name of the file in its place."""
    place = error.place or Place()
    error.place = Place(Path(name) if name else None, place.line, place.column)
    return error
