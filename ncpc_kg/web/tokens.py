"""Who may write: tokens with scopes, compared in constant time. Without tokens nobody may."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ncpc_kg.errors import Forbidden, SourceError, Unauthorized
from ncpc_kg.errors import Place as Where
from ncpc_kg.web.exchange import Exchange

SCOPES = ("submit", "accept", "update")
VARIABLE = "NCPC_KG_TOKENS"
_SHORTEST = 16


@dataclass(frozen=True)
class Tokens:
    """The tokens of a service, kept as hashes.

    Attributes:
        digests: SHA-256 of each token, with the scopes it has.
    """

    digests: tuple[tuple[bytes, frozenset[str]], ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str], file: Path | None = None) -> Tokens:
        """Read tokens from the environment and a file.

        Both hold lines (in the environment also separated by spaces and commas between
        scopes) of the form `scope[,scope]:token`, e.g. `submit,update:` and 32 random letters.

        Args:
            environment: The process environment; `NCPC_KG_TOKENS` is looked at.
            file: A file of such lines; `#` starts a comment.

        Raises:
            SourceError: A line is not of that form.
        """
        lines = [(text, Where()) for text in environment.get(VARIABLE, "").split()]
        if file is not None:
            try:
                written = file.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise SourceError("The file of tokens cannot be read.", found=str(error)) from error
            lines += [(line.strip(), Where(file, number)) for number, line in enumerate(written, 1)]
        return cls(tuple(_parse(text, where) for text, where in lines if text and text[0] != "#"))

    def grant(self, scope: str) -> bool:
        """Whether any token has a scope."""
        return any(scope in scopes for _, scopes in self.digests)

    def check(self, exchange: Exchange, scope: str) -> None:
        """Make sure that a request carries a token with a scope.

        Raises:
            Unauthorized: It has no token, or one that is not known.
            Forbidden: Its token lacks the scope, or the service has no tokens at all.
        """
        if not self.grant(scope):
            raise Forbidden(
                "This service can only be read.",
                hint=f"its operator can allow writing with a token of scope {scope!r} in {VARIABLE}",
            )
        scopes = self._scopes_of(_token(exchange.header("authorization")))
        if scopes is None:
            raise Unauthorized("This request needs a token.", hint="send it as: Authorization: Bearer TOKEN")
        if scope not in scopes:
            raise Forbidden("The token does not allow this.", expected=f"a token with scope {scope}")

    def _scopes_of(self, token: str) -> frozenset[str] | None:
        """Scopes of a token; every known token is compared, whichever matches."""
        digest = hashlib.sha256(token.encode()).digest()
        found: frozenset[str] | None = None
        for known, scopes in self.digests:
            if hmac.compare_digest(known, digest):
                found = scopes
        return found


def _parse(text: str, where: Where) -> tuple[bytes, frozenset[str]]:
    scopes, colon, token = text.partition(":")
    names = frozenset(scopes.split(","))
    if not colon or not names <= set(SCOPES) or len(token) < _SHORTEST:
        raise SourceError(
            "A token line cannot be read.",
            expected=f"scope[,scope]:token with scopes {', '.join(SCOPES)} and {_SHORTEST} letters or more",
            hint="make a token with: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            place=where,
        )
    return hashlib.sha256(token.encode()).digest(), names


def _token(header: str | None) -> str:
    """The token of an Authorization header: Bearer, or the password of Basic."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""  # no token: the request is refused as one without
    return ""
