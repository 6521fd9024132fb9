"""The access log: one line of JSON a request, written many at a time.

What a request asked stays out of it: a query string may hold what is nobody's business.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from json.encoder import encode_basestring_ascii as quoted

from ncpc_kg.web.exchange import Reply

_PATIENCE = 0.25
_MOST = 256


def _to_standard_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class AccessLog:
    """Collects lines and writes them after a moment, or when there are many.

    Args:
        write: Takes whole lines; standard error by default.
    """

    def __init__(self, write: Callable[[str], object] = _to_standard_error) -> None:
        self.write = write
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._second = 0
        self._clock = ""

    def add(self, request_id: str, method: str, path: str, reply: Reply, seconds: float) -> None:
        """Note one request; `request_id` is one that needs no quoting."""
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._clock = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self._second))
        self._lines.append(
            f'{{"time": "{self._clock}.{int(now % 1 * 1000):03d}Z", "request": "{request_id}", '
            f'"method": {quoted(method[:16])}, "path": {quoted(path[:200])}, "status": {reply.status}, '
            f'"kind": "{reply.label}", "ms": {seconds * 1000:.2f}, '
            f'"bytes": {len(reply.body) + reply.sent}}}\n'
        )
        if len(self._lines) >= _MOST:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PATIENCE, self.flush)

    def flush(self) -> None:
        """Write what was collected."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._lines = self._lines, []
        if lines:
            self.write("".join(lines))
