"""The SPARQL endpoint and the graph store in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS, Format
from ncpc_kg.web.protocol import FORM, QUERY, UPDATE

_PROBLEM = {
    "description": "A problem document (RFC 9457) that says what came, what was expected and what to do.",
    "content": {"application/problem+json": {"schema": {"type": "object"}}, "text/html": {}},
}
_IRI = {"type": "string", "format": "iri"}
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
            "query": {"type": "string"},
            "update": {"type": "string"},
            **{name: {"type": "array", "items": _IRI} for name in _GRAPHS},
        },
    }
    answers = {
        "200": {"description": "The result, or the description of the service.", "content": _results()},
        **problems(400, 403, 406, 413, 414, 500, 503),
    }
    return {
        "get": {
            "summary": "Ask a question in SPARQL 1.1",
            "description": "Without a query: the description of the service (SPARQL 1.1 Protocol).",
            "operationId": "query",
            "tags": ["SPARQL"],
            "parameters": [_query_text(), *map(_graph_list, _GRAPHS[:2]), _format()],
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
                    QUERY: {"schema": {"type": "string"}, "example": "ASK { ?s ?p ?o }"},
                    UPDATE: {"schema": {"type": "string"}, "example": "INSERT DATA { }"},
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


_GRAPHS = ("default-graph-uri", "named-graph-uri", "using-graph-uri", "using-named-graph-uri")


def _graphs() -> dict[str, Any]:
    which = [
        {"name": "graph", "in": "query", "description": "IRI of a graph.", "schema": _IRI},
        {
            "name": "default",
            "in": "query",
            "allowEmptyValue": True,
            "description": "The unnamed graph; takes no value.",
            "schema": {"type": "string", "enum": [""]},
        },
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


def _query_text() -> dict[str, Any]:
    return {
        "name": "query",
        "in": "query",
        "description": "A SPARQL 1.1 query.",
        "schema": {"type": "string"},
        "example": "SELECT * { ?s ?p ?o } LIMIT 10",
    }


def _graph_list(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "array", "items": _IRI}, "explode": True}


def _format() -> dict[str, Any]:
    names = list(dict.fromkeys(one.name for one in _OFFERED))
    return {
        "name": "format",
        "in": "query",
        "description": "Overrules the Accept header; output and results do the same.",
        "schema": {"type": "string", "enum": names},
    }


def _results() -> dict[str, Any]:
    return {"text/html": {}, **{one.media_type: {} for one in _OFFERED}}


def problems(*statuses: int) -> dict[str, Any]:
    """The responses that tell an error.

    Args:
        statuses: Their status codes.
    """
    return {str(status): _PROBLEM for status in statuses}
