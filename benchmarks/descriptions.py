"""What a resource costs as the network grows: the query, the reading, the data, the page.

    python -m benchmarks.descriptions 10 1000 100000

Prints, for each size, the median of our own processor time in milliseconds over many things of
a kind, without network and server, and how it compares with the smallest size. The network is
that of `benchmarks.generate` with the inverses and classes that the closure adds.
"""

from __future__ import annotations

import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.generate import RDF, RDFS, quads
from ncpc_kg.engine import Answer, DatasetClause, Formats
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
    """The snapshot as an engine that is awaited, without threads between."""

    version = "benchmark-1"

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    async def query(self, text: str, formats: Formats, dataset: DatasetClause | None = None) -> Answer:
        return self.snapshot.query(text, formats, dataset)


async def measure(centres: int) -> dict[str, float]:
    """Median milliseconds by kind of thing and form."""
    snapshot = Snapshot()
    with tempfile.NamedTemporaryFile("w", suffix=".nq") as file:
        file.writelines(closed(centres))
        file.flush()
        snapshot.load_file(file.name, (), (), ())
    engine = _Inline(snapshot)
    app = create_app(engine, Settings(content=Path(__file__).resolve().parent.parent))  # type: ignore[arg-type]
    context, answer = app.state.context, app.state.things
    context.engine = engine
    await context.lexicon()
    found: dict[str, float] = {}
    for kind, pattern in _KINDS.items():
        for suffix in ("ttl", "html"):
            times = []
            for number in range(60):
                answer.cache.get(("",), str(number))  # forgets what it kept
                path = "/" + pattern.format(number * 7919 % centres) + "." + suffix
                start = time.process_time()
                reply = await answer(Exchange("GET", path))
                times.append(time.process_time() - start)
                if reply.status not in (200, 404):
                    raise SystemExit(f"{path}: {reply.status}")
            found[f"{kind}, {suffix}"] = statistics.median(times) * 1000
    return found


def main(sizes: list[int]) -> None:
    """Measure every size and print a table."""
    results = {size: asyncio.run(measure(size)) for size in sizes}
    print("| | " + " | ".join(f"{size:,} centres" for size in sizes) + " |")
    print("|---" * (len(sizes) + 1) + "|")
    for name, base in results[sizes[0]].items():
        cells = [f"{results[size][name]:.2f} ({results[size][name] / base:.1f}x)" for size in sizes]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [10, 1000])
