"""How the web layer waits for an engine: the engine protocol, awaited."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Protocol, cast, runtime_checkable

from ncpc_kg.engine import Answer, DatasetClause, Engine, Formats, GraphStore, GraphWrite
from ncpc_kg.errors import NotFound


@runtime_checkable
class AsyncEngine(Protocol):
    """`Engine` and `GraphStore`, for an event loop; cancelling a call stops its work."""

    @property
    def version(self) -> str:
        """As in `Engine`; an empty text if the engine cannot tell when it changes."""
        ...

    async def query(self, text: str, formats: Formats, dataset: DatasetClause | None = None) -> Answer:
        """As in `Engine`."""
        ...

    async def update(self, text: str, using: DatasetClause | None = None) -> None:
        """As in `Engine`."""
        ...

    async def read_graph(self, name: str | None, media_type: str) -> Answer:
        """As in `GraphStore`."""
        ...

    async def write_graph(self, write: GraphWrite) -> bool:
        """As in `GraphStore`."""
        ...

    async def ready(self) -> bool:
        """Whether it answers now."""
        ...


class Threaded:
    """An engine that blocks, run in threads; its queries cannot be stopped."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def version(self) -> str:
        """As in `Engine`."""
        return self.engine.version

    @property
    def keeps_empty_graphs(self) -> bool:
        """Whether a graph without statements is one."""
        return getattr(self.engine, "keeps_empty_graphs", True)

    async def query(self, text: str, formats: Formats, dataset: DatasetClause | None = None) -> Answer:
        """As in `Engine`."""
        return await asyncio.to_thread(self.engine.query, text, formats, dataset)

    async def consult(self, question: Mapping[str, Any], body: bytes = b"") -> Answer:
        """Have a question about entries answered by the gate of the store."""
        if not hasattr(self.engine, "consult"):
            raise NotFound("This engine takes no entries.", hint="serve the graph from the embedded store")
        return cast(Answer, await asyncio.to_thread(self.engine.consult, question, body))

    async def update(self, text: str, using: DatasetClause | None = None) -> None:
        """As in `Engine`."""
        await asyncio.to_thread(self.engine.update, text, using)

    async def read_graph(self, name: str | None, media_type: str) -> Answer:
        """As in `GraphStore`."""
        return await asyncio.to_thread(self._graphs().read_graph, name, media_type)

    async def write_graph(self, write: GraphWrite) -> bool:
        """As in `GraphStore`."""
        return await asyncio.to_thread(self._graphs().write_graph, write)

    async def ready(self) -> bool:
        """Whether a trivial query is answered."""
        await self.query("ASK {}", Formats())
        return True

    def _graphs(self) -> GraphStore:
        if not hasattr(self.engine, "read_graph"):
            raise NotFound("This engine has no graph store.", hint="use SPARQL queries and updates")
        store: GraphStore = self.engine  # type: ignore[assignment]
        return store


def keeps_empty_graphs(engine: AsyncEngine) -> bool:
    """Whether a graph without statements is one there."""
    return getattr(engine, "keeps_empty_graphs", True)


async def graph_names(engine: AsyncEngine) -> tuple[str, ...]:
    """IRIs of all named graphs, empty ones included where there are any."""
    pattern = "" if keeps_empty_graphs(engine) else "?s ?p ?o"  # Virtuoso leaves ?g unbound without
    answer = await engine.query(
        f"SELECT DISTINCT ?g WHERE {{ GRAPH ?g {{ {pattern} }} }} ORDER BY ?g", Formats()
    )
    rows = json.loads(answer.body)["results"]["bindings"]
    return tuple(row["g"]["value"] for row in rows if row["g"]["type"] == "uri")
