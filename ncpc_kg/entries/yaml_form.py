"""Entries in YAML: read with line and column, written, and as a commented template."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, cast

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ncpc_kg.entries.known import Known
from ncpc_kg.entries.model import IRI, OTHER, Item, Note, Record, Spot
from ncpc_kg.entries.profile import Field, Group, describe
from ncpc_kg.errors import Place, SourceError

_TEXT, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"
_DEPTH = 12
_LISTED = 40
# Nodes are read, never turned into values, so that a text stays as it is written. libyaml is
# ten times faster than the same loader in Python, which stands in where it is missing.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Without any of these no part is repeated, and nothing is nested deeper than it is indented.
_MAY_BE_TRAP = re.compile(r"[&*\[{]|^ {25}|(- ){4}", re.MULTILINE)


def read_yaml(text: str, group: Group) -> list[tuple[Record, list[Note]]]:
    """Read one or more centres; `---` stands between them.

    Args:
        text: The YAML.
        group: The fields of a centre.

    Returns:
        Each record with what is wrong in its form.

    Raises:
        SourceError: The text is no YAML, or is nested, repeated or tagged beyond what an
            entry needs.
    """
    _refuse_traps(text)
    try:
        nodes = list(yaml.compose_all(text, _LOADER))
    except yaml.YAMLError as error:
        raise _syntax_error(error, text) from error
    found = []
    for node in nodes:
        if isinstance(node, ScalarNode) and node.tag == _NULL:
            continue
        if not isinstance(node, MappingNode):
            spot = _spot(node)
            raise SourceError(
                "The YAML describes no centre.",
                expected="a line for each field, such as name: ...",
                hint="start from: ncpc-kg entry new",
                place=Place(None, spot.line, spot.column),
            )
        notes: list[Note] = []
        found.append((_record(node, group, notes), notes))
    if not found:
        raise SourceError("The YAML is empty.", hint="start from: ncpc-kg entry new")
    return found


def write_yaml(record: Record, group: Group) -> str:
    """Write a record.

    Args:
        record: The record.
        group: The fields of a centre.

    Returns:
        YAML that reads as the same record.
    """
    plain = _plain(record, group)
    return yaml.dump(plain, Dumper=_Writer, allow_unicode=True, width=10_000, sort_keys=False)


def template_yaml(group: Group, known: Known) -> str:
    """Make a commented template with every field.

    Args:
        group: The fields of a centre.
        known: The things that fields may name.

    Returns:
        YAML whose comments say what belongs where and what may be chosen.
    """
    lines = [f"# {group.label}", "# Lines that start with # are help; fill in the others.", ""]
    lines += _template(group, known, 0)
    return "\n".join(lines) + "\n"


def _template(group: Group, known: Known, depth: int) -> Iterator[str]:
    for of in group.fields:
        if of.constant is not None:
            continue
        wanted = "needed" if of.minimum else "if there is one"
        if of.many:
            most = f"up to {of.maximum}" if of.maximum else "any number"
            wanted += f"; {most}, each after a -"
        yield from _comment(f"{of.label} ({wanted}). {of.help}".strip(), depth)
        if expected := describe(of):
            yield from _comment(expected[:1].upper() + expected[1:] + ".", depth)
        if of.group is not None:
            yield "  " * depth + f"{of.key}:"
            inner = list(_template(of.group, known, depth + 1 + of.many))
            if of.many:
                at = next(i for i, line in enumerate(inner) if not line.lstrip().startswith("#"))
                start = "  " * (depth + 2)
                inner[at] = "  " * (depth + 1) + "- " + inner[at].removeprefix(start)
            yield from inner
        elif of.tagged:
            yield "  " * depth + f"{of.key}:"
            for language in of.languages[:1] or ("en",):
                yield "  " * (depth + 1) + f"{language}:"
        else:
            if of.is_choice:
                names = ", ".join(known.texts(of, _LISTED))
                left = len(known.choices(of).listed) - _LISTED
                more = f", and {left} more" if left > 0 else ""
                yield from _comment(f"One of: {names}{more}", depth)
            if of.new is not None:
                keys = ", ".join(one.key for one in of.new.fields)
                yield from _comment(f"Not in the list? Write the fields of a new one below: {keys}.", depth)
            yield "  " * depth + f"{of.key}:"


def _comment(text: str, depth: int) -> Iterator[str]:
    start = "  " * depth + "# "
    yield from (start + line for line in textwrap.wrap(text, 92 - len(start)))


class _Lines(str):
    """A text that is written line by line after a |."""


class _Writer(yaml.SafeDumper):
    """Writes lists two blanks further in than the field they belong to."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Never write a list as far out as its field."""
        super().increase_indent(flow, False)


_Writer.add_representer(_Lines, lambda writer, text: writer.represent_scalar(_TEXT, text, style="|"))


def _refuse_traps(text: str) -> None:
    """Refuse deep nesting, anchors and aliases before any structure is made."""
    if not _MAY_BE_TRAP.search(text):
        return
    depth = 0
    try:
        for event in yaml.parse(text, _LOADER):
            if isinstance(event, CollectionStartEvent):
                depth += 1
            elif isinstance(event, CollectionEndEvent):
                depth -= 1
            mark = cast(Any, event.start_mark)
            place = Place(None, mark.line + 1, mark.column + 1)
            if depth > _DEPTH:
                raise SourceError(
                    "The YAML is nested too deeply.",
                    expected=f"at most {_DEPTH} levels",
                    hint="write an entry as ncpc-kg entry new shows it",
                    place=place,
                )
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                raise SourceError(
                    "The YAML names a part of itself or repeats one by its name.",
                    expected="no anchors (&) and aliases (*)",
                    hint="write the value out, or put a text that starts with & or * in quotes",
                    place=place,
                )
    except yaml.YAMLError as error:
        raise _syntax_error(error, text) from error


def _syntax_error(error: yaml.YAMLError, text: str) -> SourceError:
    if not isinstance(error, yaml.MarkedYAMLError):
        return SourceError(f"Not valid YAML: {error}.", hint="correct the text")
    mark = cast(Any, error.problem_mark or error.context_mark)
    problem = " ".join(str(part) for part in (error.context, error.problem) if part)
    hint = "correct the text there"
    if mark and re.match(r" *\t", "".join(text.split("\n")[mark.line : mark.line + 1])):
        hint = "indent with blanks, not with tabs"
    elif "mapping values are not allowed" in problem:
        hint = "put a text that holds a colon in quotes, and look at the indentation"
    return SourceError(
        f"Not valid YAML: {problem}.",
        hint=hint,
        place=Place(None, mark.line + 1, mark.column + 1) if mark else None,
    )


def _record(node: MappingNode, group: Group, notes: list[Note]) -> Record:
    record = Record(spot=_spot(node))
    seen: set[str] = set()
    for key_node, value in node.value:
        key = str(key_node.value).strip() if isinstance(key_node, ScalarNode) else ""
        spot = _spot(key_node)
        if key.lower() in seen:
            notes.append(Note("This field stands here twice. Put its values into one list.", key, spot=spot))
            continue
        seen.add(key.lower())
        if key.lower() in (IRI, OTHER):
            if not isinstance(value, ScalarNode):
                notes.append(Note("Here belongs one text.", key, spot=_spot(value), rule="structure"))
            elif key.lower() == IRI:
                record.iri = str(value.value).strip() or None
            else:
                record.other = str(value.value)
            continue
        of = group.field(key.lower())
        if of is None:
            keys = [one.key for one in group.fields]
            near = tuple(get_close_matches(key.lower(), keys, n=2))
            notes.append(
                Note(
                    f"There is no field of this name. The fields here are: {', '.join(keys)}.",
                    key or "(no name)",
                    suggestions=near,
                    spot=spot,
                    rule="unknown-field",
                )
            )
            continue
        for item in _items(value, of, notes):
            record.add(of.key, item)
    return record


def _items(node: Node, of: Field, notes: list[Note]) -> Iterator[Item]:
    spot = _spot(node)
    if isinstance(node, SequenceNode):
        for inner in node.value:
            if isinstance(inner, SequenceNode):
                notes.append(
                    Note("A list in a list. Put every value one level up.", of.label, spot=_spot(inner))
                )
            else:
                yield from _items(inner, of, notes)
    elif isinstance(node, ScalarNode):
        null = node.tag == _NULL
        yield Item("" if null else str(node.value), spot=spot)
    elif of.inner is not None and isinstance(node, MappingNode):
        inner_notes: list[Note] = []
        yield Item(spot=spot, record=_record(node, of.inner, inner_notes))
        notes += inner_notes
    elif of.tagged:
        for tag, value in node.value:
            for item in _items(value, of, notes):
                item.language = str(tag.value).strip()
                yield item
    else:
        notes.append(Note("Here belongs one value.", of.label, spot=spot, rule="structure"))


def _plain(record: Record, group: Group) -> dict[str, object]:
    plain: dict[str, object] = {}
    if record.iri:
        plain[IRI] = record.iri
    for of in group.fields:
        items = record.get(of.key)
        if not items:
            continue
        if of.inner is not None:
            inner = [_plain(item.record, of.inner) if item.record else item.text or "" for item in items]
            plain[of.key] = inner if len(inner) > 1 or (of.many and of.group) else inner[0]
        elif of.tagged and all(item.language for item in items):
            texts: dict[str, list[str]] = {}
            for item in items:
                texts.setdefault(item.language or "", []).append(item.text or "")
            plain[of.key] = {tag: _one(found) for tag, found in texts.items()}
        elif of.tagged and any(item.language for item in items):
            plain[of.key] = [{item.language: item.text} if item.language else item.text for item in items]
        else:
            plain[of.key] = _one([item.text or "" for item in items])
    if record.other:
        plain[OTHER] = _Lines(record.other)
    return plain


def _one(texts: list[str]) -> object:
    return texts[0] if len(texts) == 1 else texts


def _spot(node: Node) -> Spot:
    return Spot(node.start_mark.line + 1, node.start_mark.column + 1)
