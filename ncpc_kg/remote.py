"""Any SPARQL 1.1 server behind the engine protocol, through SPARQLWrapper.

The server is asked in one standard format and its answer written anew in the format the client
wants, so that all servers answer alike. What cannot be alike is in `CAPABILITIES`, and tested.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.error import HTTPError, URLError

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    NamedNode,
    Quad,
    QueryBoolean,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
    serialize,
)
from SPARQLWrapper import BASIC, DIGEST, POST, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException, Unauthorized

from ncpc_kg.engine import Answer, DatasetClause, Formats, GraphWrite, Subject, Term
from ncpc_kg.errors import (
    LimitReached,
    NcpcError,
    NotFound,
    PreconditionFailed,
    QueryError,
    ServiceError,
    StoreError,
    TooLarge,
)
from ncpc_kg.settings import Settings
from ncpc_kg.store import Reach, graphstore, syntax
from ncpc_kg.store.serialisation import graph_bytes, not_acceptable, solutions_bytes, truth_bytes
from ncpc_kg.store.updates import parse_graph
from ncpc_kg.vocabulary import BASE

CAPABILITIES: Mapping[str, tuple[bool, bool]] = {
    "queries, updates, named graphs, formats": (True, True),
    "a query is stopped at its time limit, and its processor time comes back": (True, False),
    "memory limit for each query": (True, False),
    "a rebuild is one step for readers": (True, False),
    "If-Match is checked in the same step as the write": (True, False),
    "the unnamed graph can be read apart from the union": (True, False),
    "empty graphs are kept": (True, False),
    "a statement in two graphs counts once": (True, False),
    "blank nodes in INSERT DATA": (True, False),
    "replies carry tags and are kept until the next write": (True, False),
}
"""What the embedded engine (first) and a remote one (second) can be relied on to do."""

_JSON = "application/sparql-results+json"
_NTRIPLES = "application/n-triples, text/plain;q=0.8, text/turtle;q=0.7"
_CHUNK = 2000
_PAUSES = (0.1, 0.4)
_BUILD = BASE + "graph/build"
_IDENTIFIER = "http://purl.org/dc/terms/identifier"
_PART = "http://purl.org/dc/terms/hasPart"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Endpoints:
    """Where a remote engine answers, and how to log in there.

    Attributes:
        queries: Addresses that answer queries, all with the same data: the first is asked
            first, the others in turn (read replicas).
        update: Address that takes updates (the one writer).
        user: Name to log in with; None: no log-in.
        password: Its password.
        digest: Whether the server wants HTTP Digest instead of Basic.
    """

    queries: tuple[str, ...]
    update: str
    user: str | None = None
    password: str = field(default="", repr=False)
    digest: bool = False

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Endpoints:
        """Addresses from the settings, credentials from the environment.

        `NCPC_KG_ENGINE_UPDATE` is the address for updates (else that for queries),
        `NCPC_KG_ENGINE_REPLICAS` further addresses for queries, `NCPC_KG_ENGINE_USER`,
        `NCPC_KG_ENGINE_PASSWORD` and `NCPC_KG_ENGINE_AUTH` (`basic` or `digest`) the log-in.

        Raises:
            ServiceError: No engine is set.
        """
        if settings.engine_url is None:
            raise ServiceError("No remote engine is set.", hint="start with --engine URL")
        replicas = environment.get("NCPC_KG_ENGINE_REPLICAS", "").split()
        return cls(
            (settings.engine_url, *replicas),
            environment.get("NCPC_KG_ENGINE_UPDATE", settings.engine_url),
            environment.get("NCPC_KG_ENGINE_USER"),
            environment.get("NCPC_KG_ENGINE_PASSWORD", ""),
            environment.get("NCPC_KG_ENGINE_AUTH", "basic").lower() == "digest",
        )


class Remote:
    """A remote SPARQL 1.1 server; implements `Engine`, `GraphStore` and `Reader`.

    Args:
        endpoints: Where it answers.
        settings: Limits and the allow-list of SERVICE.
    """

    version = ""

    def __init__(self, endpoints: Endpoints, settings: Settings) -> None:
        self.endpoints = endpoints
        self.limits = settings.limits
        self.reach = Reach(settings.allowed_services)
        self._turn = itertools.count()

    @classmethod
    def open(cls, settings: Settings) -> Remote:
        """The engine that the settings and the environment name."""
        return cls(Endpoints.of(settings), settings)

    # ------------------------------------------------------------------ Engine

    def query(self, text: str, formats: Formats = Formats(), dataset: DatasetClause | None = None) -> Answer:
        """Run a query there; see `Engine.query`. Tried again where the server was not there."""
        self._check(text, dataset)
        kind = _kind(text)
        accept = _JSON if kind in ("SELECT", "ASK") else _NTRIPLES
        if kind in ("CONSTRUCT", "DESCRIBE") and formats.graph is None:
            raise not_acceptable("graph")
        body = self._asked(text, accept, dataset)
        try:
            if kind in ("CONSTRUCT", "DESCRIBE"):
                triples = {quad.triple for quad in parse(body[0], _graph_format(body[1]))}
                form = formats.graph or "text/turtle"
                return Answer("graph", form, graph_bytes(triples, form, self.limits.result_bytes))
            found = parse_query_results(body[0], QueryResultsFormat.JSON)
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
        wrapper = self._wrapper(self.endpoints.update)
        wrapper.setMethod(POST)
        wrapper.setQuery(_with_base(text, using))
        for name, graphs in (
            ("using-graph-uri", using.default_graphs if using else ()),
            ("using-named-graph-uri", using.named_graphs if using else ()),
        ):
            for graph in graphs:
                wrapper.addParameter(name, graph)
        if not wrapper.isSparqlUpdateRequest():
            raise QueryError("The text is not a SPARQL update.", found=text[:80])
        self._called(lambda: wrapper.query().response.read(), safe=False)

    # ------------------------------------------------------------------ GraphStore

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
        for tags, wanted in ((write.if_match, True), (write.if_none_match, False)):
            if tags is not None and (tag is not None and ("*" in tags or tag in tags)) != wanted:
                raise PreconditionFailed("The graph is not in the state that the request expects.")
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

    # ------------------------------------------------------------------ Reader and build

    def match(
        self, subject: Subject | None, predicate: NamedNode | None, object: Term | None
    ) -> Iterator[Quad]:
        """Matching statements of the union, each once; see `Reader.match`."""
        terms = (subject, predicate, object)
        if any(isinstance(term, BlankNode) for term in terms):
            return
        shown = [
            str(term) if term is not None else f"?{name}" for term, name in zip(terms, "spo", strict=True)
        ]
        pattern = " ".join(shown)
        answer = self.query(
            f"CONSTRUCT {{ {pattern} }} WHERE {{ {pattern} }}", Formats(graph="application/n-triples")
        )
        yield from parse(answer.body, RdfFormat.N_TRIPLES)

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

    # ------------------------------------------------------------------ calls

    def _graph(self, name: str) -> list[Quad]:
        text = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}"
        body, media_type = self._asked(text, _NTRIPLES, None)
        return list(dict.fromkeys(parse(body, _graph_format(media_type))))

    def _check(self, text: str, dataset: DatasetClause | None) -> None:
        syntax.check_nesting(text)
        self.reach.check(text, dataset.base if dataset else None)
        for token in syntax.tokens(text):
            if token.word in ("DEFINE", "LOAD"):  # Virtuoso's DEFINE can make it fetch documents
                raise QueryError(
                    f"{token.word} is not allowed with a remote engine.",
                    found=token.text,
                    place=syntax.place(text, token.start),
                )

    def _wrapper(self, url: str) -> SPARQLWrapper:
        wrapper = SPARQLWrapper(url)
        wrapper.setTimeout(max(1, round(self.limits.seconds)))
        wrapper.setOnlyConneg(True)
        if self.endpoints.user is not None:
            wrapper.setHTTPAuth(DIGEST if self.endpoints.digest else BASIC)
            wrapper.setCredentials(self.endpoints.user, self.endpoints.password)
        return wrapper

    def _asked(self, text: str, accept: str, dataset: DatasetClause | None) -> tuple[bytes, str]:
        def call() -> tuple[bytes, str]:
            urls = self.endpoints.queries
            url = urls[next(self._turn) % len(urls)]
            if dataset is not None and (dataset.default_graphs or dataset.named_graphs):
                url = url.partition("?")[0]  # such as ?union-default-graph: the request says better
            wrapper = self._wrapper(url)
            wrapper.setMethod(POST)
            wrapper.setQuery(_with_base(text, dataset))
            wrapper.addCustomHttpHeader("Accept", accept)
            for graph in dataset.default_graphs if dataset else ():
                wrapper.addParameter("default-graph-uri", graph)
            for graph in dataset.named_graphs if dataset else ():
                wrapper.addParameter("named-graph-uri", graph)
            response = wrapper.query().response
            body: bytes = response.read(self.limits.result_bytes + 1)
            if len(body) > self.limits.result_bytes:
                raise TooLarge(
                    "The result is larger than this service sends.",
                    expected=f"at most {self.limits.result_bytes} bytes",
                )
            return body, response.headers.get_content_type()

        return self._called(call, safe=True)

    def _called(self, call: Callable[[], Result], safe: bool) -> Result:
        """Make a call; again after a pause where the server was not there or busy.

        Args:
            call: What to do.
            safe: Whether it may be done twice.
        """
        for pause in (*_PAUSES, None):
            try:
                return call()
            except QueryBadFormed as error:
                raise _bad(str(error)) from error
            except Unauthorized as error:
                raise ServiceError(
                    "The engine refuses the log-in.",
                    hint="set NCPC_KG_ENGINE_USER, NCPC_KG_ENGINE_PASSWORD and NCPC_KG_ENGINE_AUTH",
                ) from error
            except (SPARQLWrapperException, HTTPError, URLError, OSError) as error:
                if pause is None or not _may_repeat(error, safe):
                    raise _failed(error, self.limits.seconds) from error
                time.sleep(pause)
        raise AssertionError("unreachable")


def _truth(found: QuerySolutions) -> QueryBoolean | QuerySolutions:
    """The truth value that Virtuoso sends as a table of one cell."""
    cell = next(iter(found))[0]
    text = "true" if getattr(cell, "value", "0") not in ("0", "false") else "false"
    return parse_query_results(f'{{"head":{{}},"boolean":{text}}}'.encode(), QueryResultsFormat.JSON)


def _kind(text: str) -> str:
    for token in syntax.tokens(text):
        if token.word in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE"):
            return token.word
    raise QueryError("The text is not a SPARQL query.", found=text[:80] or "nothing")


def _named(name: str | None) -> str:
    if name is None:
        raise NotFound(
            "A remote engine does not show its unnamed graph apart from the others.",
            hint="write into a named graph: ?graph=IRI",
        )
    return name


def _with_base(text: str, dataset: DatasetClause | None) -> str:
    """The text with the base in front, if it has relative IRIs; lines keep their numbers."""
    if dataset is None or dataset.base is None:
        return text
    relative = any(token.kind == "iri" and ":" not in token.text for token in syntax.tokens(text))
    return f"BASE <{dataset.base}> {text}" if relative else text


def _insert(name: str, quads: Sequence[Quad]) -> str:
    triples = [Triple(quad.subject, quad.predicate, quad.object) for quad in quads]
    lines = (serialize(triples, format=RdfFormat.N_TRIPLES) or b"").decode()
    if any(_has_blank(quad) for quad in quads):  # Virtuoso takes no blank node in INSERT DATA
        return f"INSERT {{ GRAPH <{name}> {{\n{lines}}} }} WHERE {{ SELECT * {{ }} }}"
    return f"INSERT DATA {{ GRAPH <{name}> {{\n{lines}}} }}"


def _has_blank(quad: Quad) -> bool:
    return isinstance(quad.subject, BlankNode) or isinstance(quad.object, BlankNode)


def _graph_format(media_type: str) -> RdfFormat:
    found = RdfFormat.from_media_type(media_type)
    return RdfFormat.N_TRIPLES if found is None or media_type == "text/plain" else found


def _may_repeat(error: Exception, safe: bool) -> bool:
    """Whether a call may be made again: never if the server may have begun to write."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ConnectionRefusedError):
        return True
    busy = isinstance(error, HTTPError) and error.code in (429, 502, 503)
    return safe and (busy or isinstance(reason, ConnectionError))


def _bad(said: str) -> QueryError:
    return QueryError(
        "The engine cannot run the text as written.",
        found=" ".join(said.split())[:300],
        hint="check its syntax; this is the engine's own message",
    )


def _failed(error: Exception, seconds: float) -> NcpcError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return LimitReached(
            "The engine took too long.",
            expected=f"at most {seconds:g} seconds",
            hint="ask for less at once; the engine itself may go on for a while",
        )
    return ServiceError(
        "The engine does not answer.",
        found=" ".join(str(reason).split())[:300],
        hint="look whether it runs and whether --engine has its address",
    )
