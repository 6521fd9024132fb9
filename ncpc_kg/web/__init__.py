"""The HTTP layer: `create_app` makes the application, `serve` runs it."""

from ncpc_kg.web.app import create_app
from ncpc_kg.web.server import check_port, serve

__all__ = ["check_port", "create_app", "serve"]
