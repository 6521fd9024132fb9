"""The HTTP operations of an OpenAPI document as plain data, for the page that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Argument:
    """A parameter of an operation.

    Attributes:
        name: Its name.
        place: `query`, `path` or `header`.
        required: Whether it must be given.
        description: What it does.
        type: Its type, such as `string`.
        example: An example, or an empty text.
    """

    name: str
    place: str
    required: bool
    description: str
    type: str
    example: str


@dataclass(frozen=True)
class Operation:
    """An operation.

    Attributes:
        method: Method, in capitals.
        path: Path with its variables in braces.
        summary: What it does, in a line.
        description: More about it, or an empty text.
        arguments: Its parameters.
        answers: Media types it answers in.
    """

    method: str
    path: str
    summary: str
    description: str
    arguments: tuple[Argument, ...]
    answers: tuple[str, ...]


def operations(document: Mapping[str, Any]) -> tuple[tuple[str, tuple[Operation, ...]], ...]:
    """List the operations of an OpenAPI document.

    Args:
        document: The document (OpenAPI 3.1, section 4.8.8).

    Returns:
        The operations by their first tag, in the order of the document.
    """
    found: dict[str, list[Operation]] = {}
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                tags = item[method].get("tags") or [""]
                found.setdefault(str(tags[0]), []).append(_operation(method, path, item[method]))
    return tuple((tag, tuple(each)) for tag, each in found.items())


def _operation(method: str, path: str, said: Mapping[str, Any]) -> Operation:
    answers = (
        answer.get("content", {}) for code, answer in said.get("responses", {}).items() if code[0] == "2"
    )
    return Operation(
        method.upper(),
        path,
        said.get("summary", ""),
        said.get("description", ""),
        tuple(map(_argument, said.get("parameters", ()))),
        tuple(dict.fromkeys(media_type for content in answers for media_type in content)),
    )


def _argument(said: Mapping[str, Any]) -> Argument:
    schema = said.get("schema", {})
    kinds = [schema, *schema.get("anyOf", ())]
    examples = said.get("examples") or {}
    first: Any = next(iter(examples.values()), {}) if isinstance(examples, dict) else {}
    example = said.get("example", first.get("value", schema.get("example", "")))
    return Argument(
        said["name"],
        said["in"],
        bool(said.get("required")),
        said.get("description", ""),
        next((str(kind["type"]) for kind in kinds if kind.get("type") not in (None, "null")), ""),
        str(example),
    )
