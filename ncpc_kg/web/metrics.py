"""Figures for Prometheus: requests and their times, limits hit, how busy the workers are."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from ncpc_kg.web.exchange import Reply

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Metrics:
    """The figures of one service, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "ncpc_kg_request_seconds",
            "Time from request to reply, by kind of request.",
            ["kind"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._replies = Counter(
            "ncpc_kg_replies_total",
            "Replies, by kind and status.",
            ["kind", "status"],
            registry=self.registry,
        )
        self._limits = Counter(
            "ncpc_kg_limits_total", "Work stopped at a limit, by limit.", ["limit"], registry=self.registry
        )
        self._cached = Counter("ncpc_kg_cached_total", "Replies from the cache.", registry=self.registry)
        self._gauges: dict[str, Gauge] = {}

    def request(self, reply: Reply, seconds: float) -> None:
        """Count one reply and its time."""
        kind = reply.label or "other"
        self._seconds.labels(kind).observe(seconds)
        self._replies.labels(kind, str(reply.status)).inc()

    def cached(self) -> None:
        """Count a reply that came from the cache."""
        self._cached.inc()

    def limit(self, kind: str) -> None:
        """Count work that a limit stopped: time, memory, queue or long."""
        self._limits.labels(kind).inc()

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a figure that is looked up whenever somebody asks."""
        gauge = Gauge(f"ncpc_kg_{name}", text, registry=self.registry)
        gauge.set_function(value)
        self._gauges[name] = gauge

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self.registry)
