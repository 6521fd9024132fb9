"""What a resource costs as the network grows: the query, the reading, the data, the page.

    python -m benchmarks.descriptions paper 10 1000 100000

Prints the median processor time in milliseconds over many things of a kind, without network and
server: our own when a thing is asked for the first time, after a write that touched it, and after a
write elsewhere; and that of the engine. `paper` is the real graph; a number is that many centres of
`benchmarks.generate`, with the inverses and classes that the closure adds.
"""

from __future__ import annotations

import asyncio
import gc
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad

from benchmarks.generate import RDF, RDFS, quads, sizes
from ncpc_kg.closure import close, read_rules
from ncpc_kg.engine import Answer, DatasetClause, Formats
from ncpc_kg.pipeline import read
from ncpc_kg.settings import Settings
from ncpc_kg.store.snapshot import Snapshot
from ncpc_kg.vocabulary import BASE, PREFIXES
from ncpc_kg.web.app import create_app
from ncpc_kg.web.exchange import Exchange

NCPC = BASE + "ontology#"
_LINE = re.compile(r"(<[^>]*>) <([^>]*)> (<[^>]*>) <[^>]*> \.")
_INVERSES = {
    f"{NCPC}concerns": f"{NCPC}hasFact",
    f"{NCPC}refUnit": f"{NCPC}hasFact",
    f"{NCPC}involves": f"{NCPC}isInvolvedIn",
    f"{NCPC}hasHost": f"{NCPC}hosts",
    f"{NCPC}hasCounterpart": f"{NCPC}advises",
    f"{NCPC}hasDonor": f"{NCPC}funds",
}
_KINDS = {
    "centre": "id/centre-{}",
    "fact": "id/hosting-{}-0",
    "figure": "id/cell-{}-staff",
    "host": "id/org-host-{}",
    "donor with many links": "id/org-donor-0",
    "code with all links": "code/status-current",
}
_OF_PAPER = {
    "centre": "centre",
    "country": "country",
    "donor": "id/gov-netherlands",
    "agency with many links": "id/org-unep",
    "passage": "source/csd-bp28/L1638-1640",
    "code with all links": "code/status-current",
}
_COUNTRIES = (
    *("brazil", "china", "czech-republic", "hungary", "india"),
    *("mexico", "slovakia", "tanzania", "tunisia", "zimbabwe"),
)
_SETTINGS = Settings(content=Path(__file__).resolve().parent.parent)


def closed(centres: int) -> Iterator[str]:
    """The network with what the closure adds to it, in a graph of its own."""
    inferred = f"<{BASE}graph/inferred>"
    for line in quads(centres):
        yield line.replace(f"{RDFS}label", PREFIXES["skos"] + "prefLabel")
        if not (match := _LINE.match(line)):
            continue
        subject, predicate, value = match.groups()
        if inverse := _INVERSES.get(predicate):
            yield f"{value} <{inverse}> {subject} {inferred} .\n"
        if predicate == f"{NCPC}hasEvidence":
            yield f"{subject} <{RDF}type> <{NCPC}SourcedFact> {inferred} .\n"


class _Inline:
    """The snapshot as an engine that is awaited, without threads between; keeps the time it takes."""

    version = "benchmark-1"

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.taken = 0.0

    async def query(self, text: str, formats: Formats, dataset: DatasetClause | None = None) -> Answer:
        start = time.process_time()
        answer = self.snapshot.query(text, formats, dataset)
        self.taken += time.process_time() - start
        return answer


def generated(centres: int) -> Snapshot:
    """A network of any size."""
    snapshot = Snapshot()
    with tempfile.NamedTemporaryFile("w", suffix=".nq") as file:
        file.writelines(closed(centres))
        file.flush()
        snapshot.load_file(file.name, (), (), ())
    return snapshot


def paper() -> Snapshot:
    """The real graph, closed."""
    whole = read(_SETTINGS).asserted
    close(whole, read_rules(whole, _SETTINGS.content))
    snapshot = Snapshot()
    snapshot.load(whole.quads())
    return snapshot


async def measure(size: str) -> dict[str, tuple[float, ...]]:
    """Median milliseconds by kind of thing and form: our own at first, changed, again; the engine's."""
    snapshot = paper() if size == "paper" else generated(int(size))
    engine = _Inline(snapshot)
    app = create_app(engine, _SETTINGS)  # type: ignore[arg-type]
    context, answer = app.state.context, app.state.things
    context.engine = engine
    await context.lexicon()
    gc.collect()
    gc.freeze()  # as the server does
    gc.set_threshold(20_000, 20, 20)
    found: dict[str, tuple[float, ...]] = {}
    for kind, pattern in (_OF_PAPER if size == "paper" else _KINDS).items():
        paths = list(dict.fromkeys(_paths(pattern, size)))
        for suffix in ("ttl", "html"):
            rounds: list[list[tuple[float, float]]] = []
            for number in range(3):
                if number == 1:
                    snapshot.named.extend(_statement(path, suffix) for path in paths)
                times = []
                for at, path in enumerate(paths):
                    answer.cache.get(("",), f"{number} {at}")  # forgets what it kept
                    engine.taken, start = 0.0, time.process_time()
                    reply = await answer(Exchange("GET", f"/{path}.{suffix}"))
                    times.append((time.process_time() - start - engine.taken, engine.taken))
                    if reply.status != 200:
                        raise SystemExit(f"{path}: {reply.status}")
                rounds.append(times)
            all_times = [one for times in rounds for one in times]
            found[f"{kind}, {suffix}"] = (*(_median(times, 0) for times in rounds), _median(all_times, 1))
    return found


def _statement(path: str, number: str) -> Quad:
    """A statement that changes what is said about a thing."""
    subject, graph = (NamedNode(BASE + name) for name in (path, "graph/benchmark"))
    return Quad(subject, NamedNode(PREFIXES["dcterms"] + "identifier"), Literal(number), graph)


def _paths(pattern: str, size: str) -> list[str]:
    if size != "paper":
        hosts = sizes(int(size))[2]
        return [pattern.format(number * 7919 % min(int(size), hosts)) for number in range(60)]
    return [pattern] if "/" in pattern else [f"id/{pattern}-{country}" for country in _COUNTRIES]


def _median(times: list[tuple[float, float]], at: int) -> float:
    return statistics.median(time[at] for time in times) * 1000


def main(sizes: list[str]) -> None:
    """Measure every size and print a table for each."""
    for size in sizes:
        name = size if size == "paper" else f"{int(size):,}"
        print(f"| {name} | first, ms | changed, ms | unchanged, ms | engine, ms |\n|---|---|---|---|---|")
        for name, milliseconds in asyncio.run(measure(size)).items():
            print(f"| {name} | {' | '.join(f'{one:.2f}' for one in milliseconds)} |")
        print()


if __name__ == "__main__":
    main(sys.argv[1:] or ["paper", "10", "1000"])
