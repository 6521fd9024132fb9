"""The SPARQL endpoint and the graph store in the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS, Format
from ncpc_kg.web.protocol import FORM, QUERY, UPDATE

_PROBLEM = {
    "description": "A problem document (RFC 9457) that says what came, what was expected and what to do.",
    "content": {"application/problem+json": {"schema": {"type": "object"}}, "text/html": {}},
}
_TEXT = {"type": "string"}
_IRI = {"type": "string", "format": "iri"}
_IRIS = {"type": "array", "items": _IRI}
_GRAPHS = ("default-graph-uri", "named-graph-uri", "using-graph-uri", "using-named-graph-uri")
_TOKEN: tuple[dict[str, list[str]], ...] = ({"token": []}, {"password": []})
_OFFERED: tuple[Format, ...] = (*RESULT_FORMATS, *GRAPH_FORMATS)

SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token of the scope update."},
    "password": {"type": "http", "scheme": "basic", "description": "The token as password, any user."},
}


def paths() -> dict[str, Any]:
    """The paths of SPARQL 1.1 Protocol and SPARQL 1.1 Graph Store HTTP Protocol."""
    return {"/sparql": _sparql(), "/graphs": _graphs()}


def _sparql() -> dict[str, Any]:
    form = {
        "type": "object",
        "properties": {
            **dict.fromkeys(("query", "update"), _TEXT),
            **dict.fromkeys(_GRAPHS, _IRIS),
        },
    }
    results: dict[str, Any] = {"text/html": {}, **{one.media_type: {} for one in _OFFERED}}
    answers = {
        "200": {"description": "The result, or the description of the service.", "content": results},
        **problems(400, 403, 406, 413, 414, 500, 503),
    }
    return {
        "get": {
            "summary": "Ask a question in SPARQL 1.1",
            "description": "Without a query: the description of the service (SPARQL 1.1 Protocol).",
            "operationId": "query",
            "tags": ["SPARQL"],
            "parameters": [
                parameter("query", _TEXT, "A SPARQL 1.1 query.", example="SELECT * { ?s ?p ?o } LIMIT 10"),
                *(parameter(name, _IRIS, explode=True) for name in _GRAPHS[:2]),
                _format(),
            ],
            "responses": answers,
        },
        "post": {
            "summary": "Ask a question or send an update",
            "operationId": "queryOrUpdate",
            "tags": ["SPARQL"],
            "requestBody": {
                "required": True,
                "content": {
                    FORM: {"schema": form, "example": {"query": "ASK { ?s ?p ?o }"}},
                    QUERY: {"schema": _TEXT, "example": "ASK { ?s ?p ?o }"},
                    UPDATE: {"schema": _TEXT, "example": "INSERT DATA { }"},
                },
            },
            "security": [{}, *_TOKEN],
            "responses": {
                **answers,
                "204": {"description": "The update is made and on the disk."},
                **problems(401, 404, 409, 415, 422),
            },
        },
    }


def _graphs() -> dict[str, Any]:
    which = [
        parameter("graph", _IRI, "IRI of a graph."),
        parameter(
            "default",
            {"type": "string", "enum": [""]},
            "The unnamed graph; takes no value.",
            allowEmptyValue=True,
        ),
    ]
    document: dict[str, Any] = {one.media_type: {} for one in GRAPH_FORMATS}
    multipart = {"multipart/form-data": {"schema": {"type": "object"}}}
    body = {"required": True, "content": {**document, **multipart}}
    refused = problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 500, 503)
    made = {"201": {"description": "The graph was made."}}
    changed = {"200": {"description": "The graph was changed."}}

    def operation(summary: str, name: str, responses: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "summary": summary,
            "operationId": name,
            "tags": ["Graph store"],
            "parameters": which,
            "responses": {**responses, **refused},
            **more,
        }

    read = operation(
        "Get a graph, or the list of graphs",
        "getGraph",
        {"200": {"description": "The statements.", "content": document}, **problems(406)},
    )
    read["parameters"] = [*which, _format()]
    security = {"security": list(_TOKEN)}
    return {
        "get": read,
        "put": operation(
            "Replace a graph",
            "putGraph",
            {**made, "204": {"description": "The graph was replaced."}},
            requestBody=body,
            **security,
        ),
        "post": operation(
            "Add to a graph, or make one", "postGraph", {**made, **changed}, requestBody=body, **security
        ),
        "delete": operation("Remove a graph", "deleteGraph", changed, **security),
    }


def _format() -> dict[str, Any]:
    names = list(dict.fromkeys(one.name for one in _OFFERED))
    text = "Overrules the Accept header; output and results do the same."
    return parameter("format", {"type": "string", "enum": names}, text)


def parameter(name: str, schema: Mapping[str, Any], text: str = "", **more: Any) -> dict[str, Any]:
    """A parameter in the query string.

    Args:
        name: Its name.
        schema: Its schema.
        text: What it does.
        more: What else to say of it.
    """
    return {"name": name, "in": "query", "description": text, "schema": schema, **more}


def problems(*statuses: int) -> dict[str, Any]:
    """The responses that tell an error.

    Args:
        statuses: Their status codes.
    """
    return {str(status): _PROBLEM for status in statuses}
