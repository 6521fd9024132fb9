"""Any SPARQL 1.1 server behind the engine protocol: `Remote.open(settings)`."""

from ncpc_kg.remote.connection import Endpoints
from ncpc_kg.remote.engine import Remote

__all__ = ["Endpoints", "Remote"]
