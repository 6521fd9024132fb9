"""Read `queries/*.rq`: `#+` lines hold YAML about the question, the rest is the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml
from pyoxigraph import Store

from ncpc_kg.catalogue.question import TYPES, Catalogue, Parameter, Question, blocks
from ncpc_kg.errors import Place, SourceError
from ncpc_kg.sources import read_text
from ncpc_kg.store.syntax import Token, explain, prologue, tokens
from ncpc_kg.vocabulary import BASE, PREFIXES

_QUESTION_KEYS = frozenset({"id", "summary", "description", "tags", "params", "chart"})
_PARAMETER_KEYS = frozenset({"name", "label", "description", "type", "values", "example"})


def read_catalogue(directory: Path, base: str = BASE) -> Catalogue:
    """Read every question of a directory.

    Args:
        directory: The directory with the .rq files; subdirectories are not part of it.
        base: Base IRI the graph is published under.

    Raises:
        SourceError: A file's header or query is wrong, or its query is no SELECT.
    """
    questions = tuple(read_question(path, base) for path in sorted(directory.glob("*.rq")))
    for question in questions:
        found = tokens(question.text)
        form = found[prologue(found).end]
        if form.word != "SELECT":
            raise SourceError(
                "The answer to a question is a table.",
                found=form.text,
                expected="SELECT",
                place=Place(question.path, question.text.count("\n", 0, form.start) + 1),
            )
    return Catalogue(questions)


def read_question(path: Path, base: str = BASE) -> Question:
    """Read one question: `#+` lines hold YAML about it (grlc's convention), the rest is the query.

    Args:
        path: The .rq file.
        base: Base IRI the graph is published under.

    Raises:
        SourceError: The file cannot be read, its header is not as expected, its query has a
            syntax error, or a parameter has no VALUES block.
    """
    try:
        stat = path.stat()
    except OSError:
        return _read_question(path, 0, 0, base)
    return _read_question(path, stat.st_mtime_ns, stat.st_size, base)


# Several parts of the service read the same files; size and time tell when they changed.
@lru_cache(maxsize=1024)
def _read_question(path: Path, _modified: int, _size: int, base: str) -> Question:
    text = read_text(path)
    header = _read_header(text, path)
    found = tokens(text)
    _check_query(text, found, path)
    defaults = {name: text[start:end].strip() for name, start, end in blocks(found)}
    parameters = tuple(_read_parameter(entry, defaults, path) for entry in header.get("params", ()))
    expected = path.with_suffix(".csv")
    return Question(
        name=path.stem,
        identifier=str(header.get("id", "")),
        title=str(header["summary"]).strip(),
        description=str(header.get("description", "")).strip(),
        tags=tuple(map(str, header.get("tags", ()))),
        parameters=parameters,
        text=text.replace(BASE, base),
        path=path,
        expected=expected if expected.is_file() else None,
        base=base,
        chart=tuple(map(str, header.get("chart", ()))),
    )


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
    """Reads every value as the text it is, by libyaml where it is there, and no key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that stands in a mapping twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.MarkedYAMLError(problem=f"{name} stands here twice", problem_mark=key.start_mark)
            seen.add(name)
        return cast(dict[Any, Any], super().construct_mapping(node, deep))


def _read_header(text: str, path: Path) -> dict[str, Any]:
    lines = [line.removeprefix("#+") for line in text.splitlines() if line.startswith("#+")]
    first = next((n for n, line in enumerate(text.splitlines(), 1) if line.startswith("#+")), 1)
    try:
        header = yaml.load("\n".join(line.removeprefix(" ") for line in lines), _Loader) or {}  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = first + error.problem_mark.line if error.problem_mark else first
        raise SourceError(
            f"The #+ lines are not valid YAML: {error.problem}.", place=Place(path, line)
        ) from error
    if not isinstance(header, dict) or not header.get("summary"):
        raise SourceError(
            "The question has no summary.",
            expected="a line '#+ summary: the question in words' at the top",
            hint="copy the header of another file in queries/",
            place=Place(path, first),
        )
    _check_keys(header, _QUESTION_KEYS, "The header", path)
    return header


def _read_parameter(entry: Any, defaults: Mapping[str, str], path: Path) -> Parameter:
    if not isinstance(entry, dict) or not {"name", "label", "type"} <= entry.keys():
        raise SourceError(
            "A parameter lacks its name, label or type.", found=repr(entry), place=Place(path, 1)
        )
    _check_keys(entry, _PARAMETER_KEYS, f"The parameter {entry['name']}", path)
    name, kind = str(entry["name"]), entry["type"]
    if kind not in TYPES:
        raise SourceError(
            f"The parameter {name} has an unknown type.",
            found=str(kind),
            expected=", ".join(TYPES),
            place=Place(path, 1),
        )
    if name not in defaults:
        raise SourceError(
            f"The parameter {name} has no place in the query.",
            expected=f"a block VALUES ?{name} {{ ... }} with its default",
            hint="add the block, or delete the parameter",
            place=Place(path, 1),
        )
    if values := entry.get("values"):
        _check_query(values, tokens(values), path, f"The values query of {name}")
    return Parameter(
        name,
        str(entry["label"]),
        kind,
        defaults[name],
        str(entry.get("description", "")),
        values,
        str(entry.get("example", "")),
    )


def _check_keys(given: Mapping[str, Any], known: frozenset[str], what: str, path: Path) -> None:
    for key in given.keys() - known:
        raise SourceError(
            f"{what} has an unknown key.",
            found=str(key),
            expected=", ".join(sorted(known)),
            place=Place(path, 1),
        )


def _check_query(text: str, found: Sequence[Token], path: Path, what: str = "The query") -> None:
    for prefix, iri in prologue(found).prefixes.items():
        if PREFIXES.get(prefix) != iri:
            raise SourceError(
                f"The prefix {prefix}: differs from the project's prefix map.",
                found=f"<{iri}>",
                expected=f"<{PREFIXES[prefix]}>"
                if prefix in PREFIXES
                else "a prefix of ncpc_kg/vocabulary.py",
                place=Place(path, 1),
            )
    try:
        Store().query(text, prefixes=None if what == "The query" else PREFIXES)
    except SyntaxError as error:
        wrong = explain(text, error)
        place = wrong.place or Place()
        raise SourceError(
            f"{what} cannot be read: {wrong.problem}",
            found=wrong.found,
            expected=wrong.expected,
            hint=wrong.hint,
            place=Place(path, place.line, place.column) if what == "The query" else Place(path),
        ) from error
