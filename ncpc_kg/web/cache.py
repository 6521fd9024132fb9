"""Replies kept until the next write, so that what was asked before costs almost nothing."""

from __future__ import annotations

from collections import OrderedDict

from ncpc_kg.web.exchange import Reply

Key = tuple[str | bytes, ...]


class ReplyCache:
    """The most recently used replies of one state of the graph.

    Args:
        most_bytes: Memory that bodies may take.
        largest: Largest body that is kept.
    """

    def __init__(self, most_bytes: int = 64 * 1024**2, largest: int = 1024**2) -> None:
        self.most_bytes = most_bytes
        self.largest = largest
        self.bytes = 0
        self._version = ""
        self._replies: OrderedDict[Key, Reply] = OrderedDict()

    def get(self, key: Key, version: str) -> Reply | None:
        """The reply to the same request in the same state, if it is kept."""
        if version != self._version:
            self._replies.clear()
            self.bytes, self._version = 0, version
            return None
        reply = self._replies.get(key)
        if reply is not None:
            self._replies.move_to_end(key)
        return reply

    def put(self, key: Key, version: str, reply: Reply) -> None:
        """Keep a reply, if it was made in this state and is not too large."""
        size = _size(key, reply)
        if version != self._version or not version or size > self.largest or key in self._replies:
            return
        self._replies[key] = reply
        self.bytes += size
        while self.bytes > self.most_bytes:
            old_key, old = self._replies.popitem(last=False)
            self.bytes -= _size(old_key, old)

    def __len__(self) -> int:
        return len(self._replies)


def _size(key: Key, reply: Reply) -> int:
    return len(reply.body) + sum(map(len, key)) + 512
