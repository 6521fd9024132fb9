"""The tokens of a SPARQL text: enough to find its dataset, its services and its operations.

The engine parses every text itself; this module only answers what the engine does not tell:
which graphs a query names after FROM, which hosts it would call, where an update splits into
operations, and which words of a wrong text its author should look at (SPARQL 1.1, section 19).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from pyoxigraph import NamedNode

from ncpc_kg.errors import Place, QueryError

TokenKind = Literal["iri", "string", "variable", "name", "word", "number", "mark"]

_NAME = r"[^\W\d_](?:[\w.\-\u00b7]*[\w\-\u00b7])?"
_ESCAPED = r"%[0-9A-Fa-f]{2}|\\[_~.\-!$&'()*+,;=/?#@%]"
_LOCAL = rf"(?:(?:[\w:]|{_ESCAPED})(?:[\w:\-\u00b7.]|{_ESCAPED})*)?"
_TOKENS = re.compile(
    rf"""
    (?P<space>[\x20\t\r\n]+|\#[^\r\n]*)
  | (?P<iri><[^<>"{{}}|^`\\\x00-\x20]*(?:\\[uU][0-9A-Fa-f]+[^<>"{{}}|^`\\\x00-\x20]*)*>)
  | (?P<string>\"\"\"(?:[^"\\]|\\.|\"(?!\"\"))*\"\"\"|'''(?:[^'\\]|\\.|'(?!''))*'''
      |"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
  | (?P<variable>[?$]\w+)
  | (?P<name>_:[\w.\-]*[\w\-]|(?:{_NAME})?:{_LOCAL})
  | (?P<word>@[A-Za-z]+(?:-[A-Za-z0-9]+)*|[^\W\d]\w*)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<mark>\^\^|&&|\|\||[<>!]=|<<|>>|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DEEPEST = 100


@dataclass(frozen=True)
class Token:
    """One token of a SPARQL text; `start` and `end` are character offsets into it."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def word(self) -> str:
        """The keyword in capitals, or an empty text if this is no keyword."""
        return self.text.upper() if self.kind == "word" else ""


def tokens(text: str) -> tuple[Token, ...]:
    """Split a SPARQL text into tokens; characters that fit nowhere become marks."""
    found: list[Token] = []
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup
        if kind and kind != "space":
            found.append(Token(kind, match.group(), match.start(), match.end()))  # type: ignore[arg-type]
    return tuple(found)


def closing(found: Sequence[Token], opening: int) -> int:
    """Number of the token that closes the brace at token number `opening`; the last one if none does."""
    depth = 0
    for at in range(opening, len(found)):
        depth += (found[at].text == "{") - (found[at].text == "}")
        if depth == 0:
            return at
    return len(found) - 1


def place(text: str, offset: int) -> Place:
    """Line and column of a character offset."""
    line = text.count("\n", 0, offset) + 1
    return Place(line=line, column=offset - (text.rfind("\n", 0, offset) + 1) + 1)


@dataclass(frozen=True)
class Prologue:
    """The BASE and PREFIX declarations in force, and where the text goes on after them."""

    base: str | None
    prefixes: dict[str, str]
    end: int

    def resolve(self, token: Token, text: str) -> str:
        """The IRI that an IRI or prefixed-name token stands for.

        Raises:
            QueryError: The token is neither, its prefix is not declared, or the IRI is
                relative and nothing says to what.
        """
        if token.kind == "iri":
            iri = _absolute(self.base, token.text[1:-1])
            if not re.match(r"[A-Za-z][A-Za-z0-9+.\-]*:", iri):
                raise QueryError(
                    "A relative IRI has nothing to be resolved against.",
                    found=token.text,
                    hint="write the whole IRI, or put BASE <...> in front of the text",
                    place=place(text, token.start),
                )
            return _valid(iri, token, text)
        if token.kind == "name" and not token.text.startswith("_:"):
            prefix, _, local = token.text.partition(":")
            if prefix in self.prefixes:
                return _valid(self.prefixes[prefix] + re.sub(r"\\(.)", r"\1", local), token, text)
            raise undeclared(token, text)
        raise QueryError(
            "An IRI is missing here.",
            found=token.text,
            expected="<...> or prefix:name",
            place=place(text, token.start),
        )


def prologue(all_tokens: Sequence[Token], start: int = 0, outer: Prologue | None = None) -> Prologue:
    """Read BASE and PREFIX declarations from token number `start` on.

    Args:
        all_tokens: Tokens of the text.
        start: Number of the first token to look at.
        outer: Declarations of earlier operations of an update, which stay in force.
    """
    base = outer.base if outer else None
    prefixes = dict(outer.prefixes) if outer else {}
    at = start
    while at < len(all_tokens):
        rest = all_tokens[at : at + 3]
        if rest[0].word == "BASE" and len(rest) > 1 and rest[1].kind == "iri":
            base = _absolute(base, rest[1].text[1:-1])
            at += 2
        elif rest[0].word == "PREFIX" and len(rest) > 2 and rest[1].kind == "name" and rest[2].kind == "iri":
            prefixes[rest[1].text[:-1]] = _absolute(base, rest[2].text[1:-1])
            at += 3
        else:
            _refuse_joined(rest)
            break
    return Prologue(base, prefixes, at)


def _refuse_joined(rest: Sequence[Token]) -> None:
    """The engine reads `PREFIXe: <...>` as a declaration; by the grammar it is a name."""
    joined = len(rest) > 1 and rest[0].kind == "name" and rest[1].kind == "iri"
    if joined and rest[0].text.casefold().startswith("prefix"):
        raise QueryError(
            "A space is missing after PREFIX.",
            found=rest[0].text,
            expected=f"PREFIX {rest[0].text[6:]} {rest[1].text}",
            hint="put a space there",
        )


def dataset_clause(text: str, base: str | None = None) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The graphs a query names with FROM and FROM NAMED (SPARQL 1.1, section 13.2).

    Returns:
        Default graphs and named graphs, or None if the query has no such clause.
    """
    if "from" not in text.casefold():
        return None
    all_tokens = tokens(text)
    names = prologue(all_tokens, outer=Prologue(base, {}, 0))
    default: list[str] = []
    named: list[str] = []
    for at, token in enumerate(all_tokens):
        if token.word == "FROM" and at + 1 < len(all_tokens):
            into, target = default, all_tokens[at + 1]
            if target.word == "NAMED" and at + 2 < len(all_tokens):
                into, target = named, all_tokens[at + 2]
            into.append(names.resolve(target, text))
    return (tuple(default), tuple(named)) if default or named else None


def mentions(text: str, word: str) -> bool:
    """Whether a keyword occurs as a keyword, outside strings, IRIs, names and comments."""
    if word.casefold() not in text.casefold():
        return False
    return any(token.word == word for token in tokens(text))


def services(text: str, base: str | None = None) -> Iterator[tuple[str | None, Token]]:
    """Every target of SERVICE with its token; None where it is a variable."""
    if "service" not in text.casefold():
        return
    all_tokens = tokens(text)
    names = Prologue(base, {}, 0)
    for at, token in enumerate(all_tokens):
        if token.word in ("BASE", "PREFIX"):
            names = prologue(all_tokens, at, names)
        if token.word == "SERVICE" and at + 1 < len(all_tokens):
            target = all_tokens[at + 1]
            if target.word == "SILENT" and at + 2 < len(all_tokens):
                target = all_tokens[at + 2]
            yield (None if target.kind == "variable" else names.resolve(target, text)), target


def check_nesting(text: str) -> None:
    """Refuse a text whose brackets or negations are nested too deeply for a parser that recurses.

    Raises:
        QueryError: They are.
    """
    if text.count("(") + text.count("{") + text.count("[") + text.count("!") <= _DEEPEST:
        return
    depth = negations = 0
    for token in tokens(text):
        negations = negations + 1 if token.text == "!" else 0
        if token.kind == "mark":
            depth += 1 if token.text in "({[" else -1 if token.text in ")}]" else 0
            if depth > _DEEPEST or negations > _DEEPEST:
                raise QueryError(
                    "The text is nested too deeply.",
                    expected=f"at most {_DEEPEST} brackets or negations within each other",
                    place=place(text, token.start),
                )


def undeclared(token: Token, text: str) -> QueryError:
    """The error for a prefixed name whose prefix has no declaration."""
    prefix = token.text.partition(":")[0]
    return QueryError(
        f"The prefix {prefix}: is not declared.",
        found=token.text,
        hint=f"add PREFIX {prefix}: <...> in front of the text",
        place=place(text, token.start),
    )


def explain(text: str, error: SyntaxError, base: str | None = None) -> QueryError:
    """Turn the engine's syntax error into one that shows the place and what stands there.

    The engine names the furthest place it reached; a prefix without declaration is the one
    cause that it reports misleadingly, so that is looked for first.
    """
    all_tokens = tokens(text)
    names = Prologue(base, {}, 0)
    for at, token in enumerate(all_tokens):
        if token.word in ("BASE", "PREFIX"):
            names = prologue(all_tokens, at, names)
        declared = at > 0 and all_tokens[at - 1].word == "PREFIX"
        prefixed = token.kind == "name" and token.text[:2] != "_:" and not declared
        if prefixed and token.text.partition(":")[0] not in names.prefixes:
            return undeclared(token, text)
    match = re.match(r"error at (\d+):(\d+): (.*)", str(error), re.DOTALL)
    if not match:
        return QueryError("The text is not valid SPARQL.", found=str(error))
    line, column = int(match[1]), int(match[2])
    lines = text.split("\n")
    offset = sum(len(one) + 1 for one in lines[: line - 1]) + column - 1
    nearest = next((token for token in all_tokens if token.end > offset), None)
    hint = "check brackets and keywords around this place"
    if base is None and nearest is not None:
        before = [token for token in all_tokens if token.kind == "iri" and token.end <= offset + 1]
        if before and ":" not in before[-1].text and not names.base:
            hint = f"{before[-1].text} is relative: write the whole IRI, or declare BASE <...>"
    return QueryError(
        "The text is not valid SPARQL.",
        found=nearest.text if nearest else "the end of the text",
        expected=_expected(match[3]),
        hint=hint,
        place=Place(line=line, column=column),
    )


def _expected(said: str) -> str | None:
    """What the engine says it expected, where that helps a reader (not a character class)."""
    wanted = re.sub(r"^expected (one of )?", "", said)
    return None if "[" in wanted or len(wanted) > 120 else wanted


def _valid(iri: str, token: Token, text: str) -> str:
    try:
        return NamedNode(iri).value
    except ValueError as error:
        raise QueryError(
            "This is not an IRI.", found=token.text, expected=str(error), place=place(text, token.start)
        ) from error


def _unescape(text: str) -> str:
    return re.sub(
        r"\\(?:u([0-9A-Fa-f]{4})|U(00(?:0[0-9A-Fa-f]|10)[0-9A-Fa-f]{4}))",
        lambda m: chr(int(m[1] or m[2], 16)),
        text,
    )


def _absolute(base: str | None, iri: str) -> str:
    """An IRI made absolute; what cannot be is left as it is, for the engine to complain of."""
    iri = _unescape(iri)
    try:
        joined = urljoin(base, iri) if base else iri
    except ValueError:
        return iri
    lost = iri[len(iri.rstrip("?#")) :]  # `urljoin` drops an empty query and an empty fragment
    return joined if joined.endswith(lost) else joined + lost
