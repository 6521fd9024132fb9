"""The questions and resources in the OpenAPI document, with typed parameters and examples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ncpc_kg.catalogue import Catalogue, Parameter, Question
from ncpc_kg.dataset import FORMATS as DUMPS
from ncpc_kg.web import protocol_document
from ncpc_kg.web.answers import default_text
from ncpc_kg.web.forms import SUFFIXES
from ncpc_kg.web.protocol_document import parameter, problems
from ncpc_kg.web.questions import FORMS

_TYPES: dict[str, dict[str, str]] = {
    "iri": {"type": "string"},
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "decimal": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "gYear": {"type": "string", "pattern": "^-?[0-9]{4,}$"},
    "gYearMonth": {"type": "string", "pattern": "^-?[0-9]{4,}-[0-9]{2}$"},
}
_SWITCH = {"type": "integer", "enum": [0, 1], "default": 0}
_THINGS = {
    "/id/{name}": ("A thing: a centre, an organisation, a fact", "centre-brazil"),
    "/code/{name}": ("A code or a code list", "status-current"),
    "/source/csd-bp28/{name}": ("A passage or section of the source", "L497-499"),
    "/graph/{name}": ("A named graph", "20-brazil"),
}


def documented(original: Callable[[], dict[str, Any]], catalogue: Catalogue) -> Callable[[], dict[str, Any]]:
    """The maker of the OpenAPI document, with our paths added to those that the framework knows.

    Args:
        original: What makes the framework's document.
        catalogue: The questions.
    """

    def document() -> dict[str, Any]:
        found = original()
        found["paths"] = {**protocol_document.paths(), **paths(catalogue), **found["paths"]}
        schemes = found.setdefault("components", {}).setdefault("securitySchemes", {})
        schemes.update(protocol_document.SECURITY_SCHEMES)
        return found

    return document


def paths(catalogue: Catalogue) -> dict[str, Any]:
    """The paths of questions, things and the dataset.

    Args:
        catalogue: The questions.
    """
    found: dict[str, Any] = {
        f"/questions/{question.name}": {"get": _question(question)} for question in catalogue.questions
    }
    found["/questions"] = _get("All questions", ("text/html", "text/turtle"), "Questions")
    found["/questions/{name}/{parameter}"] = {
        "get": {
            **_get("The values that a parameter may take", ("application/json",), "Questions")["get"],
            "parameters": [_path("name", "centres-by-donor"), _path("parameter", "donor")],
        }
    }
    for path, (summary, example) in _THINGS.items():
        found[path] = {"get": _thing(summary, example)}
    for path, summary in (("/dataset", "The dataset"), ("/.well-known/void", "The dataset, for machines")):
        found[path] = _get(f"{summary} (DCAT 3, VoID)", tuple(SUFFIXES.values()), "Dataset")
    found["/ontology"] = _get("The ontology", tuple(SUFFIXES.values()), "Dataset")
    found["/shapes"] = _get("The shapes", tuple(SUFFIXES.values()), "Dataset")
    for one in DUMPS:
        found[f"/dumps/{one.name}"] = _get(f"Everything: {one.label}", ("application/gzip",), "Dataset")
    return found


def _question(question: Question) -> dict[str, Any]:
    parameters = [_parameter(one, question) for one in question.parameters]
    parameters += [
        parameter("evidence", _SWITCH, "1 adds to each row the passages it rests on and what contests it."),
        parameter("limit", _whole(1), "Most rows; without it all of them."),
        parameter("offset", _whole(0), "Rows to leave out first."),
    ]
    operation: dict[str, Any] = _get(question.title, tuple(FORMS.values()), "Questions")["get"]
    text = " ".join(filter(None, (question.description, f"Subjects: {', '.join(question.tags)}.")))
    operation |= {"operationId": question.name, "description": text, "parameters": parameters}
    operation["responses"] |= problems(400, 404, 406)
    return operation


def _parameter(one: Parameter, question: Question) -> dict[str, Any]:
    told = [f"{one.label}.", one.description]
    schema: dict[str, Any] = dict(_TYPES[one.type])
    if one.values:
        told.append(f"Allowed values: /questions/{question.name}/{one.name}; a name of theirs will do.")
    elif one.type == "iri":
        schema["format"] = "iri"
    default = default_text(one, question.base)
    number = {"integer": int, "decimal": float}.get(one.type, str)
    if default:
        schema["default"] = number(default)
    example = default or one.example
    more = {"example": number(example)} if example else {}
    return parameter(one.name, schema, " ".join(filter(None, told)), **more)


def _thing(summary: str, example: str) -> dict[str, Any]:
    operation: dict[str, Any] = _get(summary, tuple(SUFFIXES.values()), "Things")["get"]
    suffixes = ", ".join(f".{suffix}" for suffix in SUFFIXES)
    operation["description"] = f"The address redirects by Accept; with {suffixes} it is the document."
    page = parameter("page", _whole(1), "Page of links, of a document with many.")
    operation["parameters"] = [_path("name", example), page]
    operation["responses"] |= {
        "303": {"description": "See the document in the Location header."},
        **problems(404, 406, 410),
    }
    return operation


def _get(summary: str, media_types: tuple[str, ...], tag: str) -> dict[str, Any]:
    content: dict[str, Any] = {media_type: {} for media_type in media_types}
    return {
        "get": {
            "summary": summary,
            "tags": [tag],
            "responses": {"200": {"description": summary, "content": content}},
        }
    }


def _path(name: str, example: str) -> dict[str, Any]:
    return parameter(name, {"type": "string"}, example=example) | {"in": "path", "required": True}


def _whole(least: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least}
