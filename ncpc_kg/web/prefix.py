"""The service behind a reverse proxy: under a path prefix, another scheme and another host."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~\-]+)*$")
_PROTO = re.compile(r"https?$")


class Prefix:
    """Takes the prefix from the path and remembers it for links.

    The proxy may pass the prefix on or take it away itself; both work.

    Args:
        app: The application.
        root: The prefix as configured, such as `/kg`; empty without one.
        trusting: Whether the proxy's `X-Forwarded-` headers are believed.
    """

    def __init__(self, app: ASGIApp, root: str = "", trusting: bool = False) -> None:
        self.app = app
        self.root = cleaned(root)
        self.trusting = trusting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; nothing is done twice."""
        if scope["type"] == "http" and (self.root or self.trusting) and "ncpc_root" not in scope:
            scope = self._moved(scope)
        await self.app(scope, receive, send)

    def _moved(self, scope: Scope) -> Scope:
        root, moved = self.root, dict(scope)
        if self.trusting:
            told = {
                name: value.decode("latin-1").partition(",")[0].strip() for name, value in scope["headers"]
            }
            root = cleaned(told.get(b"x-forwarded-prefix", "")) or root
            if _PROTO.match(told.get(b"x-forwarded-proto", "")):
                moved["scheme"] = told[b"x-forwarded-proto"]
            if host := told.get(b"x-forwarded-host"):
                kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
                moved["headers"] = [*kept, (b"host", host.encode("latin-1"))]
        path = scope["path"]
        if root and (path == root or path.startswith(f"{root}/")):
            moved["path"] = path[len(root) :] or "/"
            raw = scope.get("raw_path") or b""
            if raw.startswith(root.encode()):
                moved["raw_path"] = raw[len(root) :] or b"/"
        moved["ncpc_root"] = root
        return moved


def cleaned(root: str) -> str:
    """A prefix without its last slash; empty if it is not a plain path."""
    root = root.rstrip("/")
    return root if _PREFIX.match(root) and not any(part in (".", "..") for part in root.split("/")) else ""
