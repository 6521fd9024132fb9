"""Signed in on a web form: a signed cookie with the scopes of a token, and CSRF protection."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from ncpc_kg.errors import Forbidden, Unauthorized
from ncpc_kg.web.exchange import Exchange
from ncpc_kg.web.tokens import SCOPES, Tokens

COOKIE = "ncpc_kg_session"
_LIFETIME = 8 * 3600
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Session:
    """Who is signed in.

    Attributes:
        name: The name they gave.
        scopes: What their token allows.
        csrf: What their forms must carry.
    """

    name: str
    scopes: frozenset[str]
    csrf: str


class Sessions:
    """Makes and reads session cookies; nothing is kept on the server.

    Args:
        tokens: The tokens of the service. The signing key is made from them, so that a
            session ends when the tokens change.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        digests = b"".join(sorted(digest for digest, _ in tokens.digests))
        self._key = (
            hashlib.sha256(b"ncpc-kg session" + digests).digest() if digests else secrets.token_bytes(32)
        )

    def sign_in(self, token: str, name: str) -> str:
        """Make the value of the cookie for someone who has a token.

        Args:
            token: The token.
            name: The name to note on entries.

        Raises:
            Unauthorized: The token is not known, or no name was given.
        """
        scopes = self.scopes_of(token)
        name = " ".join(name.split())[:_LONGEST_NAME]
        if not scopes:
            raise Unauthorized(
                "This token is not known. Copy it again in full, or ask whoever runs the service for one."
            )
        if not name:
            raise Unauthorized("Give your name; it is noted on what you hand in.")
        content = {"name": name, "scopes": sorted(scopes), "end": int(time.time()) + _LIFETIME}
        content["nonce"] = secrets.token_hex(8)
        body = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
        return f"{body}.{self._sign(body)}"

    def scopes_of(self, token: str) -> frozenset[str]:
        """The scopes of a token; none if it is not known."""
        asked = Exchange("POST", "/", headers={"authorization": f"Bearer {token}"})
        return frozenset(scope for scope in SCOPES if self._allows(asked, scope))

    def read(self, exchange: Exchange) -> Session | None:
        """The session of a request, if its cookie is one of ours and has not ended."""
        try:
            jar = SimpleCookie(exchange.header("cookie") or "")
        except CookieError:
            return None
        value = jar[COOKIE].value if COOKIE in jar else ""
        body, _, signature = value.rpartition(".")
        if not body or not hmac.compare_digest(self._sign(body).encode(), signature.encode()):
            return None
        content = json.loads(base64.urlsafe_b64decode(body))
        if content["end"] < time.time():
            return None
        return Session(content["name"], frozenset(content["scopes"]), self._sign("csrf " + body))

    def check(self, exchange: Exchange, scope: str, csrf: str | None) -> str:
        """Make sure that a request may do something; by its token, or by its session.

        Args:
            exchange: The request.
            scope: What it needs.
            csrf: What the form carries; programs send a token and no form.

        Returns:
            The name of who sends it; for a token without a name the start of its hash.

        Raises:
            Unauthorized: It carries neither token nor session.
            Forbidden: Token or session lack the scope, or the form does not come from us.
        """
        if exchange.header("authorization"):
            self.tokens.check(exchange, scope)
            digest = hashlib.sha256((exchange.header("authorization") or "").encode()).hexdigest()
            return f"token {digest[:8]}"
        session = self.read(exchange)
        if session is None:
            raise Unauthorized(
                "Sign in first, or send a token.",
                hint="sign in at /entries/session, or send: Authorization: Bearer TOKEN",
            )
        if scope not in session.scopes:
            raise Forbidden("Your token does not allow this.", expected=f"a token with scope {scope}")
        if not hmac.compare_digest(session.csrf.encode(), (csrf or "").encode()):
            raise Forbidden(
                "The form is out of date or comes from another site; nothing was changed.",
                hint="go back, load the page again, and repeat what you did",
            )
        return session.name

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def _allows(self, exchange: Exchange, scope: str) -> bool:
        try:
            self.tokens.check(exchange, scope)
        except (Forbidden, Unauthorized):
            return False
        return True


def cookie_header(value: str, secure: bool) -> str:
    """The Set-Cookie header of a session; an empty value ends it."""
    age = f"; Max-Age={_LIFETIME if value else 0}"
    return f"{COOKIE}={value}; Path=/entries; HttpOnly; SameSite=Strict{age}{'; Secure' if secure else ''}"
