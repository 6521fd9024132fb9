"""The HTTP layer: `create_app` makes the application, `serve` runs it."""

from ncpc_kg.web.app import create_app
from ncpc_kg.web.server import serve

__all__ = ["create_app", "serve"]
