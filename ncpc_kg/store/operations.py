"""The operations of a SPARQL update (SPARQL 1.1 Update, section 3), found in its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ncpc_kg.errors import QueryError
from ncpc_kg.store import syntax
from ncpc_kg.store.syntax import Prologue, Token


@dataclass(frozen=True)
class Operation:
    """One operation of an update: its tokens and the declarations in force."""

    tokens: tuple[Token, ...]
    names: Prologue
    text: str

    @property
    def word(self) -> str:
        """Its first keyword."""
        return self.tokens[0].word if self.tokens else ""

    def source(self, tokens: Sequence[Token] | None = None) -> str:
        """The text of some of its tokens, or of all."""
        chosen = self.tokens if tokens is None else tokens
        return self.text[chosen[0].start : chosen[-1].end] if chosen else ""

    def declarations(self) -> str:
        """BASE and PREFIX lines that make a piece of it readable alone."""
        lines = [f"BASE <{self.names.base}>"] if self.names.base else []
        lines += [f"PREFIX {prefix}: <{iri}>" for prefix, iri in self.names.prefixes.items()]
        return "\n".join(lines) + "\n"

    def resolve(self, at: int) -> str:
        """The IRI that token number `at` stands for.

        Raises:
            QueryError: It stands for none.
        """
        return self.names.resolve(self.tokens[at], self.text)

    def failed(self, at: int, problem: str) -> QueryError:
        """The error for an operation that does not succeed, with the place of a token."""
        token = self.tokens[min(at, len(self.tokens) - 1)]
        return QueryError(
            problem,
            found=token.text,
            hint=f"write {self.word} SILENT to go on without it",
            place=syntax.place(self.text, token.start),
        )


def split(text: str, base: str | None = None) -> tuple[Operation, ...]:
    """Split an update into its operations at the semicolons between them."""
    all_tokens = syntax.tokens(text)
    operations: list[Operation] = []
    names = Prologue(base, {}, 0)
    at = 0
    while at < len(all_tokens):
        names = syntax.prologue(all_tokens, at, names)
        at = names.end
        end = at
        while end < len(all_tokens) and all_tokens[end].text != ";":
            end = 1 + (syntax.closing(all_tokens, end) if all_tokens[end].text == "{" else end)
        if end > at:
            operations.append(Operation(all_tokens[at:end], names, text))
        at = end + 1
    return tuple(operations)
