"""What a store asks before it takes a write; this one lets everything pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ncpc_kg.engine import Answer, Change
from ncpc_kg.errors import NotFound

if TYPE_CHECKING:
    from ncpc_kg.store.embedded import Store


class Gate:
    """Checks and completes writes to an embedded store; `ncpc_kg.entries` has the one that services use."""

    def __call__(self, change: Change, store: Store) -> Change:  # noqa: ARG002
        """Check a write before it is committed.

        Args:
            change: What is about to be written.
            store: The store, in the state before.

        Returns:
            The write to commit, with what it entails added.

        Raises:
            NcpcError: Why it is refused, such as `NotConforming`.
        """
        return change

    def follow(self, store: Store, change: Change, before: str) -> None:
        """Take note of a write that a store has taken.

        Args:
            store: The store, in the state after.
            change: The write.
            before: The version of the store before it.
        """

    def consult(self, store: Store, head: Mapping[str, Any], body: bytes) -> Answer:  # noqa: ARG002
        """Answer a question about entries on the state of this moment.

        Args:
            store: The store.
            head: The question: `ask` names it, the rest depends on it.
            body: What was handed in, if anything.

        Raises:
            NcpcError: As the question has it.
        """
        raise NotFound("This service takes no entries.")

    def warm(self, store: Store) -> None:
        """Do everything once, so that processes forked later need no file and no first time."""
