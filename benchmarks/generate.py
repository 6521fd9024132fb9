"""A network of cleaner production centres of any size, always the same for the same seed.

    python -m benchmarks.generate 10000 centres.nq

Each centre has what the centres of the real programme have: one hosting, one or two
counterpart arrangements, one or two fundings, a start that is sometimes told twice, services,
six figures, staff, and a passage of the source behind every fact; about 65 triples. Hosts are
many, counterparts and donors few, as in the programme.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from ncpc_kg.vocabulary import BASE

NCPC, ID, CODE, SRC = BASE + "ontology#", BASE + "id/", BASE + "code/", BASE + "source/benchmark/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
ORG = "http://www.w3.org/ns/org#"
XSD = "http://www.w3.org/2001/XMLSchema#"
INDICATORS = ("assessments", "assessors", "trainings", "publications", "staff", "seminars")
GRAPH_SIZE = 500
"""Centres in one named graph."""


def iri(space: str, name: str) -> str:
    """An IRI in N-Quads."""
    return f"<{space}{name}>"


def number(value: int) -> str:
    """An integer in N-Quads."""
    return f'"{value}"^^<{XSD}integer>'


def centre(chance: random.Random, index: int, donors: int, counterparts: int, hosts: int) -> Iterator[str]:
    """The statements about one centre, without their graph."""
    me = iri(ID, f"centre-{index}")
    kind, concerns, status = iri(RDF, "type"), iri(NCPC, "concerns"), iri(NCPC, "status")
    passage = 0

    def evidence(fact: str) -> Iterator[str]:
        nonlocal passage
        passage += 1
        place = iri(SRC, f"{index}-{passage}")
        yield f"{fact} {iri(NCPC, 'hasEvidence')} {place}"
        yield f"{place} {iri(NCPC, 'lineStart')} {number(index * 20 + passage)}"

    yield f"{me} {kind} {iri(NCPC, 'Centre')}"
    yield f'{me} {iri(RDFS, "label")} "Centre {index}"@en'
    yield f"{me} {iri(NCPC, 'inCountry')} {iri(ID, f'country-{index % 120}')}"
    yield f"{me} {status} {iri(CODE, chance.choice(('status-current', 'status-current', 'status-planned')))}"
    facts = [("Hosting", "hasHost", f"org-host-{chance.randrange(hosts)}")]
    for _ in range(1 if chance.random() < 0.8 else 2):
        facts.append(
            ("CounterpartArrangement", "hasCounterpart", f"org-counterpart-{chance.randrange(counterparts)}")
        )
    for _ in range(1 if chance.random() < 0.7 else 2):
        facts.append(("Funding", "hasDonor", f"org-donor-{chance.randrange(donors)}"))
    for order, (name, role, party) in enumerate(facts):
        fact = iri(ID, f"{name.lower()}-{index}-{order}")
        yield f"{fact} {kind} {iri(NCPC, name)}"
        yield f"{fact} {concerns} {me}"
        yield f"{fact} {iri(NCPC, role)} {iri(ID, party)}"
        yield f"{fact} {status} {iri(CODE, 'status-current')}"
        yield from evidence(fact)
    starts = 2 if chance.random() < 0.3 else 1
    for order in range(starts):
        fact = iri(ID, f"start-{index}-{order}")
        yield f"{fact} {kind} {iri(NCPC, 'LifecycleEvent')}"
        yield f"{fact} {concerns} {me}"
        yield f'{fact} {iri(NCPC, "earliestDate")} "199{4 + order}-0{1 + index % 9}-01"^^<{XSD}date>'
        yield from evidence(fact)
    if starts == 2:
        clash = iri(ID, f"discrepancy-{index}")
        yield f"{clash} {kind} {iri(NCPC, 'Discrepancy')}"
        for order in range(2):
            yield f"{clash} {iri(NCPC, 'involves')} {iri(ID, f'start-{index}-{order}')}"
    for name in INDICATORS:
        cell = iri(ID, f"cell-{index}-{name}")
        yield f"{cell} {kind} {iri(NCPC, 'IndicatorObservation')}"
        yield f"{cell} {iri(NCPC, 'refUnit')} {me}"
        yield f"{cell} {iri(NCPC, 'indicator')} {iri(CODE, f'indicator-{name}')}"
        if chance.random() < 0.85:
            yield f"{cell} {iri(NCPC, 'countValue')} {number(chance.randrange(200))}"
        yield from evidence(cell)


def shared(donors: int, counterparts: int, hosts: int) -> Iterator[str]:
    """The organisations that centres share; donors are parts of larger ones, three deep."""
    for role, many in (("donor", donors), ("counterpart", counterparts), ("host", hosts)):
        for index in range(many):
            me = iri(ID, f"org-{role}-{index}")
            yield f"{me} {iri(RDF, 'type')} {iri(ORG, 'Organization')}"
            yield f'{me} {iri(RDFS, "label")} "{role.capitalize()} {index}"@en'
            if index:
                yield f"{me} {iri(ORG, 'subOrganizationOf')} {iri(ID, f'org-{role}-{(index - 1) // 4}')}"


def sizes(centres: int) -> tuple[int, int, int]:
    """How many donors, counterparts and hosts a network has."""
    return max(5, centres // 100), max(5, centres // 50), max(8, centres * 8 // 10)


def quads(centres: int, seed: int = 1998) -> Iterator[str]:
    """The whole network as lines of N-Quads."""
    chance = random.Random(seed)
    for line in shared(*sizes(centres)):
        yield f"{line} {iri(BASE, 'graph/organisations')} .\n"
    for index in range(centres):
        graph = iri(BASE, f"graph/centres-{index // GRAPH_SIZE}")
        for line in centre(chance, index, *sizes(centres)):
            yield f"{line} {graph} .\n"


def main(arguments: list[str]) -> None:
    """Write a network of the asked size."""
    with Path(arguments[1]).open("w", encoding="utf-8") as file:
        file.writelines(quads(int(arguments[0])))


if __name__ == "__main__":
    main(sys.argv[1:])
