"""RDF documents from elsewhere: refused where they are bombs for a parser, then read."""

from __future__ import annotations

import re
from xml.parsers import expat

from pyoxigraph import Quad, RdfFormat, parse

from ncpc_kg.errors import Place, QueryError
from ncpc_kg.mediatypes import GRAPHS_BY_MEDIA_TYPE
from ncpc_kg.store.changes import AnyGraph

_DECLARATION = re.compile(rb"<!ENTITY\s+(%\s+)?([^\s%\"'>]+)\s*(\"[^\"]*\"|'[^']*')?")
_REFERENCE = re.compile(rb"&(?!#|(?:amp|lt|gt|quot|apos);)")
_JSON = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_TURTLE = re.compile(rb'"(?:[^"\\\n]|\\.)*"|<<|>>')
_LARGEST = 64 * 1024**2
_DEEPEST = 1000


def parse_graph(body: bytes, media_type: str, base: str, target: AnyGraph) -> list[Quad]:
    """Read the statements of a document into one graph.

    Args:
        body: The document.
        media_type: Its media type, without parameters.
        base: What relative IRIs are resolved against.
        target: The graph the statements go to.

    Raises:
        QueryError: It is not well-formed, or holds named graphs.
    """
    kind = GRAPHS_BY_MEDIA_TYPE.get(media_type)
    if kind is None:
        raise QueryError(
            "The document is in no format that is read here.",
            found=media_type,
            expected=", ".join(GRAPHS_BY_MEDIA_TYPE),
        )
    form = kind.engine
    check(body, form)
    try:
        quads = [
            Quad(q.subject, q.predicate, q.object, target)
            for q in parse(body, form, base_iri=base, without_named_graphs=True, rename_blank_nodes=True)
        ]
    except SyntaxError as error:
        where = re.search(r"line (\d+)(?: (?:column|between columns) (\d+))?", str(error))
        line, column = (error.lineno, error.offset) if error.lineno else (None, None)
        if line is None and where:
            line, column = int(where[1]), int(where[2]) if where[2] else None
        raise QueryError(
            f"The body is not well-formed {kind.name}.",
            found=str(error.msg or error)[:300],
            hint="check the body, or whether the Content-Type header says what it is",
            place=Place(line=line, column=column),
        ) from error
    return quads


def check(body: bytes, form: RdfFormat) -> None:
    """Refuse a document that is a bomb for its parser.

    Raises:
        QueryError: It has entities that grow, is nested too deeply for a parser that recurses, or is
            XML that breaks off, which the engine's parser would take for whole.
    """
    if form == RdfFormat.RDF_XML:
        _check_entities(body)
        _check_whole(body)
    elif form == RdfFormat.JSON_LD:
        _check_depth(body, _JSON, b"[{", b"]}")
    elif b"<<" in body:
        _check_depth(body, _TURTLE, b"<<", b">>")


def _check_depth(body: bytes, marks: re.Pattern[bytes], opening: bytes, closing: bytes) -> None:
    depth = 0
    for match in marks.finditer(body):
        depth += 1 if match[0] in opening else -1 if match[0] in closing else 0
        if depth > _DEEPEST:
            line = body.count(b"\n", 0, match.start()) + 1
            raise QueryError(
                "The document is nested too deeply.",
                expected=f"at most {_DEEPEST} levels",
                place=Place(line=line, column=match.start() - body.rfind(b"\n", 0, match.start())),
            )


def _check_entities(body: bytes) -> None:
    """Refuse entities that are nested, from elsewhere, or used too often (XML 1.0, section 4).

    Short names for namespaces, as many RDF/XML documents have them, pass.

    Raises:
        QueryError: An entity refers to another one or to a file or host, or all of them
            together would become larger than any body may be.
    """
    if b"<!ENTITY" not in body:
        return
    grown = 0
    for match in _DECLARATION.finditer(body):
        name, value = match[2], match[3]
        if match[1] or value is None or _REFERENCE.search(value):
            raise _refused(body, match.start(), "an entity that refers to something else")
        grown += len(value) * body.count(b"&" + name + b";")
        if grown > _LARGEST:
            raise _refused(body, match.start(), "entities that become larger than a body may be")


def _check_whole(body: bytes) -> None:
    try:
        expat.ParserCreate().Parse(body, True)
    except expat.ExpatError as error:
        raise QueryError(
            "The body is not well-formed XML.",
            found=expat.errors.messages.get(error.code, str(error)),
            hint="check the body, or whether the Content-Type header says what it is",
            place=Place(line=error.lineno, column=error.offset + 1),
        ) from error


def _refused(body: bytes, at: int, found: str) -> QueryError:
    line = body.count(b"\n", 0, at) + 1
    return QueryError(
        "The document declares entities that are not expanded here.",
        found=f"{found}, in line {line}",
        hint="write the text itself in place of the entity",
    )
