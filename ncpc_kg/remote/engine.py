"""Any SPARQL 1.1 server behind the engine protocol.

The server is asked in one standard format and its answer written anew in the format the client
wants, so that all servers answer alike. What cannot be alike stands in `docs/engines.md`, and
is tested.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    parse,
    parse_query_results,
)

from ncpc_kg.engine import Answer, DatasetClause, Formats, GraphWrite
from ncpc_kg.errors import NotFound, ServiceError, StoreError
from ncpc_kg.remote import guard
from ncpc_kg.remote.connection import Connection, Endpoints
from ncpc_kg.settings import Settings
from ncpc_kg.store import Reach, graphstore, syntax
from ncpc_kg.store.documents import parse_graph
from ncpc_kg.store.serialisation import graph_bytes, not_acceptable, solutions_bytes, truth_bytes
from ncpc_kg.vocabulary import BASE

_JSON = "application/sparql-results+json"
_NTRIPLES = "application/n-triples, text/plain;q=0.8, text/turtle;q=0.7"
_CHUNK = 2000
_BUILD = BASE + "graph/build"
_IDENTIFIER = "http://purl.org/dc/terms/identifier"
_PART = "http://purl.org/dc/terms/hasPart"
# Virtuoso spells the truth values of its data 1 and 0, in JSON and in N-Triples.
_BOOLEAN = rb"http://www\.w3\.org/2001/XMLSchema#boolean"
_DIGIT = re.compile(rb'"([01])"(?=\^\^<%b>)|(?<="%b", "value": )"([01])"' % (_BOOLEAN, _BOOLEAN))


class Remote:
    """A remote SPARQL 1.1 server; implements `Engine` and `GraphStore`.

    Args:
        endpoints: Where it answers.
        settings: Limits and the allow-list of SERVICE.
    """

    version = ""
    keeps_empty_graphs = False

    def __init__(self, endpoints: Endpoints, settings: Settings) -> None:
        self.limits = settings.limits
        self.reach = Reach(settings.allowed_services)
        self._connection = Connection(endpoints, settings.limits)

    @classmethod
    def open(cls, settings: Settings) -> Remote:
        """The engine that the settings and the environment name."""
        return cls(Endpoints.of(settings), settings)

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        """Run a query there; see `Engine.query`. Tried again where the server was not there."""
        self._check(text, dataset)
        kind = guard.form(text)
        accept = _JSON if kind in ("SELECT", "ASK") else _NTRIPLES
        if kind in ("CONSTRUCT", "DESCRIBE") and formats.graph is None:
            raise not_acceptable("graph")
        body = self._connection.ask(text, accept, dataset)
        try:
            if kind in ("CONSTRUCT", "DESCRIBE"):
                triples = {quad.triple for quad in _statements(*body)}
                form = formats.graph or "text/turtle"
                return Answer("graph", form, graph_bytes(triples, form, self.limits.result_bytes))
            found = parse_query_results(_DIGIT.sub(_spelt, body[0]), QueryResultsFormat.JSON)
            if kind == "ASK" and not isinstance(found, QueryBoolean):
                found = _truth(found)
            if isinstance(found, QueryBoolean):
                return truth_bytes(found, formats)
            return solutions_bytes(found, formats, self.limits.result_bytes)
        except (SyntaxError, ValueError) as error:
            raise ServiceError(
                "The engine gave an answer that cannot be read.",
                found=str(error)[:300],
                hint="look whether the address is that of a SPARQL 1.1 endpoint",
            ) from error

    def update(self, text: str, using: DatasetClause | None = None) -> None:
        """Run an update there, once; see `Engine.update`."""
        self._check(text, using)
        guard.check_update(text)
        self._connection.tell(text, using)

    def read_graph(self, name: str | None, media_type: str) -> Answer:
        """Serialise a graph; see `GraphStore.read_graph`."""
        quads = self._graph(_named(name))
        if not quads:
            raise NotFound("There is no such graph.", found=name)
        body = graph_bytes((quad.triple for quad in quads), media_type, self.limits.result_bytes)
        return Answer("graph", media_type, body, tag=graphstore.tag(quads))

    def write_graph(self, write: GraphWrite) -> bool:
        """Replace, extend or remove a graph; see `GraphStore.write_graph`."""
        name = _named(write.name)
        before = self._graph(name)
        tag = graphstore.tag(before) if before else None
        graphstore.check_conditions(write, tag)
        if write.method == "delete":
            if not before:
                raise NotFound("There is no such graph.", found=write.name)
            self.update(f"DROP SILENT GRAPH <{name}>")
            return False
        quads = [
            quad
            for body, media_type in write.parts
            for quad in parse_graph(body, media_type, write.base, NamedNode(name))
        ]
        steps = [f"DROP SILENT GRAPH <{name}>"] if write.method == "put" else []
        steps += [_insert(name, quads)] if quads else []
        if steps:
            self.update(" ;\n".join(steps))
        return not before

    def fingerprint(self) -> str | None:
        """Hash of the inputs of the built part, as given to `replace_built`; None before."""
        found = [quad for quad in self._graph(_BUILD) if quad.predicate.value == _IDENTIFIER]
        return getattr(found[0].object, "value", None) if found else None

    def replace_built(self, quads: Iterable[Quad], fingerprint: str) -> None:
        """Put a new built part in place of the old one, graph by graph; what is written stays.

        The hash is taken away first and written last, so that a build that was broken off is
        done again.
        """
        graphs: dict[str, list[Quad]] = {}
        for quad in quads:
            if isinstance(quad.graph_name, DefaultGraph):
                raise StoreError("A remote engine takes named graphs only.", found=str(quad))
            graphs.setdefault(quad.graph_name.value, []).append(quad)
        old = {
            getattr(quad.object, "value", "") for quad in self._graph(_BUILD) if quad.predicate.value == _PART
        }
        build = NamedNode(_BUILD)
        parts = [Quad(build, NamedNode(_PART), NamedNode(name), build) for name in {*graphs, *old}]
        self.update(f"DROP SILENT GRAPH <{_BUILD}>")
        if parts:
            self.update(_insert(_BUILD, parts))
        for name in sorted(old | graphs.keys()):
            self.update(f"DROP SILENT GRAPH <{name}>")
            found = graphs.get(name, [])
            blank = [quad for quad in found if _has_blank(quad)]
            plain = [quad for quad in found if not _has_blank(quad)]
            if blank:  # in one piece, or a blank node would become two
                self.update(_insert(name, blank))
            for start in range(0, len(plain), _CHUNK):
                self.update(_insert(name, plain[start : start + _CHUNK]))
        done = "".join(f"<{_BUILD}> <{_PART}> <{name}> .\n" for name in sorted(graphs))
        self.update(
            f"DROP SILENT GRAPH <{_BUILD}> ;\n"
            f'INSERT DATA {{ GRAPH <{_BUILD}> {{ <{_BUILD}> <{_IDENTIFIER}> "{fingerprint}" .\n{done} }} }}'
        )

    def close(self) -> None:
        """Nothing is held open between calls."""

    def _graph(self, name: str) -> list[Quad]:
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}"
        return list(dict.fromkeys(_statements(*self._connection.ask(text, _NTRIPLES))))

    def _check(self, text: str, dataset: DatasetClause | None) -> None:
        syntax.check_nesting(text)
        self.reach.check(text, dataset.base if dataset else None)
        guard.check(text)


def _truth(found: QuerySolutions) -> QueryBoolean | QuerySolutions:
    """The truth value that Virtuoso sends as a table of one cell."""
    cell = next(iter(found))[0]
    text = "true" if getattr(cell, "value", "0") not in ("0", "false") else "false"
    return parse_query_results(f'{{"head":{{}},"boolean":{text}}}'.encode(), QueryResultsFormat.JSON)


def _named(name: str | None) -> str:
    if name is None:
        raise NotFound(
            "A remote engine does not show its unnamed graph apart from the others.",
            hint="write into a named graph: ?graph=IRI",
        )
    return name


def _insert(name: str, quads: Sequence[Quad]) -> str:
    """The update that adds statements; Virtuoso takes neither blank nodes nor durations as data."""
    data = template = bound = ""
    for number, quad in enumerate(quads):
        value = quad.object
        if timed := isinstance(value, Literal) and value.datatype.value.endswith("uration"):
            bound += f" BIND(STRDT({Literal(value.value)}, {value.datatype}) AS ?v{number})"
        line = f"{quad.subject} {quad.predicate} {f'?v{number}' if timed else value} .\n"
        if timed or _has_blank(quad):
            template += line
        else:
            data += line
    steps = [f"INSERT DATA {{ GRAPH <{name}> {{\n{data}}} }}"] if data else []
    if template:
        steps.append(f"INSERT {{ GRAPH <{name}> {{\n{template}}} }} WHERE {{{bound or ' SELECT * { }'} }}")
    return " ;\n".join(steps)


def _has_blank(quad: Quad) -> bool:
    return isinstance(quad.subject, BlankNode) or isinstance(quad.object, BlankNode)


def _statements(body: bytes, media_type: str) -> Iterator[Quad]:
    """The statements of an answer."""
    form = RdfFormat.from_media_type(media_type)
    plain = form is None or media_type == "text/plain"
    return parse(_DIGIT.sub(_spelt, body), RdfFormat.N_TRIPLES if plain else form)


def _spelt(digit: re.Match[bytes]) -> bytes:
    return b'"true"' if b"1" in digit[0] else b'"false"'
