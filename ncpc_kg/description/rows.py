"""Rows of a SELECT result, kept in SPARQL's TSV spelling until somebody needs a term.

A description has hundreds of rows, of which most values are only compared or shown:
splitting text is ten times faster than making a term of each.
"""

from __future__ import annotations

import re

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryResultsFormat,
    QuerySolutions,
    RdfFormat,
    Triple,
    parse,
    parse_query_results,
)

from ncpc_kg.engine import Answer, Term
from ncpc_kg.vocabulary import PREFIXES

TSV = "text/tab-separated-values"

Row = str
XSD = PREFIXES["xsd"]
_BARE = frozenset((f"{XSD}integer", f"{XSD}boolean"))
_ESCAPE = re.compile(r'\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[tnrbf"\'\\])')
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+)|\^\^<([^>]*)>)?$', re.DOTALL)
_INTEGER = re.compile(r"[+-]?[0-9]+$")
_DECIMAL = re.compile(r"[+-]?[0-9]*\.[0-9]+$")


def read_rows(answer: Answer) -> list[tuple[str, ...]]:
    """The rows of a SELECT result, each value in TSV spelling, an unbound one as empty text.

    Args:
        answer: An answer of kind `bindings`, in TSV or in any other SPARQL result format.
    """
    return split_rows(table(answer))


def table(answer: Answer) -> str:
    """A SELECT result as TSV.

    Args:
        answer: As for `read_rows`.
    """
    if answer.media_type == TSV and b"<<" not in answer.body:
        return answer.body.decode()
    form = QueryResultsFormat.from_media_type(answer.media_type)
    solutions = parse_query_results(answer.body, format=form) if form else None
    if not isinstance(solutions, QuerySolutions):
        raise ValueError(f"not a table: {answer.kind}")
    width = range(len(solutions.variables))
    rows = (["" if row[at] is None else _spelled(row[at]) for at in width] for row in solutions)
    return "".join("\t".join(row) + "\n" for row in ([str(one) for one in solutions.variables], *rows))


def text_of(spelled: str) -> str:
    """The text of a value in TSV spelling: an IRI, or a literal without language and datatype."""
    if spelled.startswith("<") and not spelled.startswith("<<"):
        return spelled[1:-1]
    if spelled.startswith('"'):
        end = spelled.rfind('"')
        return unescape(spelled[1:end])
    return spelled


def language_of(spelled: str) -> str | None:
    """The language of a literal in TSV spelling."""
    found = _LITERAL.match(spelled)
    return found[2] if found else None


def datatype_of(spelled: str) -> str | None:
    """The datatype of a literal in TSV spelling; None for a language-tagged one and for IRIs."""
    if found := _LITERAL.match(spelled):
        return None if found[2] else found[3] or f"{XSD}string"
    return _bare_type(spelled)


def term_of(spelled: str) -> Term | Triple:
    """The term behind a value in TSV spelling.

    Raises:
        ValueError: It is no IRI, blank node, literal or triple.
        SyntaxError: It begins like a triple and is none.
    """
    if spelled.startswith("<<"):
        line = f"<urn:s> <urn:p> {spelled} .".encode()
        triple: Triple = next(iter(parse(line, RdfFormat.N_TRIPLES))).triple
        return triple.object
    if spelled.startswith("<"):
        return NamedNode(spelled[1:-1])
    if spelled.startswith("_:"):
        return BlankNode(spelled[2:])
    if found := _LITERAL.match(spelled):
        text = unescape(found[1])
        if found[2]:
            return Literal(text, language=found[2])
        return Literal(text, datatype=NamedNode(found[3])) if found[3] else Literal(text)
    datatype = _bare_type(spelled)
    if datatype is None:
        raise ValueError(f"no term: {spelled[:80]}")
    return Literal(spelled, datatype=NamedNode(datatype))


def unescape(text: str) -> str:
    """Resolve the escapes of TSV and N-Triples."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: _ESCAPED.get(m[1]) or chr(int(m[1][1:], 16)), text)


def split_rows(text: str) -> list[tuple[str, ...]]:
    """The rows of a table in TSV, without its head.

    All are split at once, which is faster than one by one.
    """
    head, _, rest = text.partition("\n")
    width = head.count("\t") + 1
    values = rest.removesuffix("\n").replace("\n", "\t").split("\t") if rest else []
    return list(zip(*[iter(values)] * width, strict=True))


def _bare_type(spelled: str) -> str | None:
    """The datatype of a number or truth value, which TSV writes without quotes."""
    if spelled in ("true", "false"):
        return f"{XSD}boolean"
    if _INTEGER.match(spelled):
        return f"{XSD}integer"
    if _DECIMAL.match(spelled):
        return f"{XSD}decimal"
    if spelled and spelled[0] in "+-.0123456789":
        return f"{XSD}double"
    return None


def _spelled(term: object) -> str:
    if isinstance(term, Triple):
        inner = " ".join(map(_spelled, (term.subject, term.predicate, term.object)))
        return f"<<( {inner} )>>"
    if isinstance(term, Literal) and _bare_type(term.value) == term.datatype.value in _BARE:
        return term.value
    return str(term).replace("\t", "\\t")
