"""Figures for Prometheus: requests and their times, limits hit, how busy the workers are.

They are counted in plain dictionaries, since that costs a request next to nothing, and put
into the library's form when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ncpc_kg.web.exchange import Reply

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class _Times:
    """How many requests took how long."""

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.seconds = 0.0


class Metrics(Collector):
    """The figures of one service."""

    def __init__(self) -> None:
        self._times: dict[str, _Times] = {}
        self._replies: Counter[tuple[str, int]] = Counter()
        self._limits: Counter[str] = Counter()
        self._cached = 0
        self._watched: dict[str, tuple[str, Callable[[], float]]] = {}
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def request(self, reply: Reply, seconds: float) -> None:
        """Count one reply and its time."""
        kind = reply.label or "other"
        times = self._times.get(kind)
        if times is None:
            times = self._times[kind] = _Times()
        times.counts[bisect_left(_BOUNDS, seconds)] += 1
        times.seconds += seconds
        self._replies[kind, reply.status] += 1

    def cached(self) -> None:
        """Count a reply that came from the cache."""
        self._cached += 1

    def limit(self, kind: str) -> None:
        """Count work that a limit stopped: time, memory, queue or long."""
        self._limits[kind] += 1

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show a figure that is looked up whenever somebody asks."""
        self._watched[name] = (text, value)

    def collect(self) -> Iterator[Metric]:
        """All figures, in the library's form."""
        times = HistogramMetricFamily(
            "ncpc_kg_request_seconds", "Time from request to reply, by kind of request.", labels=["kind"]
        )
        for kind, found in self._times.items():
            total = 0
            buckets: list[tuple[str, float]] = []
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), found.counts, strict=True):
                total += count
                buckets.append((bound, total))
            times.add_metric([kind], buckets, found.seconds)
        yield times
        replies = CounterMetricFamily(
            "ncpc_kg_replies", "Replies, by kind and status.", labels=["kind", "status"]
        )
        for (kind, status), many in self._replies.items():
            replies.add_metric([kind, str(status)], many)
        yield replies
        limits = CounterMetricFamily("ncpc_kg_limits", "Work stopped at a limit, by limit.", labels=["limit"])
        for limit, many in self._limits.items():
            limits.add_metric([limit], many)
        yield limits
        yield CounterMetricFamily("ncpc_kg_cached", "Replies from the cache.", value=self._cached)
        for name, (text, value) in self._watched.items():
            yield GaugeMetricFamily(f"ncpc_kg_{name}", text, value=value())

    def text(self) -> bytes:
        """All figures in the text format of Prometheus."""
        return generate_latest(self._registry)
