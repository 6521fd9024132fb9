"""What never goes out to another engine: texts that would have it read or write elsewhere.

Engines differ from the standard where it hurts. Virtuoso runs updates that come as queries, and
calls a stored procedure for a function that it does not know: `bif:http_get` reads from hosts,
`bif:exec` runs SQL. So a text goes out only if its words cannot mean anything of that kind.
"""

from __future__ import annotations

import re

from ncpc_kg.errors import Forbidden, NcpcError, QueryError
from ncpc_kg.store import syntax
from ncpc_kg.store.syntax import Token
from ncpc_kg.vocabulary import PREFIXES

_QUERIES = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_UPDATES = frozenset({"INSERT", "DELETE", "WITH", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY"})
_PROLOGUE = frozenset({"BASE", "PREFIX"})
_FETCHING = frozenset({"DEFINE", "LOAD"})
_PROCEDURES = ("bif:", "sql:")
# Engines differ in where a text or a comment ends; words could hide behind that.
_UNCLEAR = ("\\", "'", '"')
_LONE_RETURN = re.compile(r"\r(?!\n)")


def form(text: str) -> str:
    """The form of a query, such as `SELECT`.

    Raises:
        QueryError: It is none, or has words of an update.
    """
    words = [token for token in syntax.tokens(text) if token.word]
    first = next((token.word for token in words if token.word not in _PROLOGUE), "")
    if first not in _QUERIES:
        raise QueryError("The text is not a SPARQL query.", found=text[:80] or "nothing")
    for token in words:
        if token.word in _UPDATES:
            raise _refused(text, token, f"A query has no {token.word}.", "send an update as an update")
    return first


def check_update(text: str) -> None:
    """Refuse a text that is no update.

    Raises:
        QueryError: It has no word of an update.
    """
    if not any(token.word in _UPDATES for token in syntax.tokens(text)):
        raise QueryError("The text is not a SPARQL update.", found=text[:80])


def check(text: str) -> None:
    """Refuse a query or update that could reach out of the engine.

    Raises:
        Forbidden: It calls a function other than the casts of XML Schema, or names a procedure.
        QueryError: It has words that fetch, or could be read in two ways.
    """
    if _LONE_RETURN.search(text):
        raise QueryError("A line ends with a carriage return alone.", hint="end lines with a line feed")
    found = syntax.tokens(text)
    casts = (f"<{PREFIXES['xsd']}", *_cast_prefixes(found))
    for token, following in zip(found, (*found[1:], None), strict=True):
        after = following.text if following is not None else ""
        if token.word in _FETCHING:
            raise _refused(text, token, f"{token.word} is not allowed with a remote engine.")
        if token.text in _UNCLEAR or _touching(token, following):
            hint = "check the quotes, and escape nothing but in texts and IRIs"
            raise _refused(text, token, "An engine might read this in another way than it is meant.", hint)
        if token.kind not in ("iri", "name"):
            continue
        own = after == "(" and not token.text.startswith(casts)
        if own or any(scheme in token.text.casefold() for scheme in _PROCEDURES):
            raise _refused(
                text,
                token,
                "Functions of an engine's own are not called from here.",
                "take functions of SPARQL and casts of XML Schema; write lists with rdf:first and rdf:rest",
                Forbidden,
            )


def _touching(token: Token, following: Token | None) -> bool:
    return following is not None and token.kind == following.kind == "string" and token.end == following.start


def _cast_prefixes(found: tuple[Token, ...]) -> tuple[str, ...]:
    """The prefixes that mean XML Schema and nothing else."""
    declared: dict[str, set[str]] = {"xsd:": {f"<{PREFIXES['xsd']}>"}}
    for word, name, iri in zip(found, found[1:], found[2:], strict=False):
        if word.word == "PREFIX":
            declared.setdefault(name.text, set()).add(iri.text)
    return tuple(name for name, iris in declared.items() if iris == {f"<{PREFIXES['xsd']}>"})


def _refused(
    text: str, token: Token, problem: str, hint: str | None = None, kind: type[NcpcError] = QueryError
) -> NcpcError:
    return kind(problem, found=token.text[:80], hint=hint, place=syntax.place(text, token.start))
