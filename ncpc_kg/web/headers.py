"""Headers that every response carries: security, and use from other sites (CORS)."""

from __future__ import annotations

SECURITY: tuple[tuple[str, str], ...] = (
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "cross-origin"),
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", "ETag, Link, Location, Retry-After, X-Request-ID"),
)

METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
PREFLIGHT: tuple[tuple[str, str], ...] = (
    ("access-control-allow-methods", METHODS),
    (
        "access-control-allow-headers",
        "Accept, Authorization, Content-Type, If-Match, If-None-Match, X-Request-ID",
    ),
    ("access-control-max-age", "86400"),
)

SECURITY_BYTES: list[tuple[bytes, bytes]] = [(name.encode(), value.encode()) for name, value in SECURITY]
