"""Close a whole dataset: the rules as SPARQL updates, run by the store itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import cast

from pyoxigraph import NamedNode, QueryTriples

from ncpc_kg.closure.axioms import read_rules
from ncpc_kg.closure.rules import TYPE, Chain, Entailed, Rules
from ncpc_kg.engine import Subject
from ncpc_kg.errors import NotConforming
from ncpc_kg.graph import Dataset


def close(dataset: Dataset, rules: Rules | None = None) -> Dataset:
    """Add what the asserted statements entail (OWL 2 Profiles, section 4.3).

    What holds now is derived first, by a query over asserted statements; OWL 2 RL cannot
    say it. Left out are statements without use: those with a literal as subject, those of a
    thing with itself (`owl:sameAs`), those about the ontology's own terms, and those already
    asserted.

    Args:
        dataset: Ontology and data. Its graph of inferred statements is made anew; no other
            is touched.
        rules: The rules; read from the dataset by default.

    Returns:
        The same dataset.

    Raises:
        VocabularyError: The ontology uses an OWL term that no rule covers.
        NotConforming: A node belongs to two disjoint classes.
    """
    rules = rules or read_rules(dataset)
    store, inferred = dataset.store, rules.inferred
    if store.contains_named_graph(inferred):
        store.clear_graph(inferred)
    dataset.add(inferred, list(cast(QueryTriples, dataset.query(rules.shortcuts))))
    # Tables are saturated, so one pass over asserted statements and shortcuts is complete. Each
    # update costs the store a look at all it holds, so as many rules as can be stand in one.
    used = [name for name in rules.properties if _holds(dataset, name)]
    _update(
        dataset,
        *(_property_update(name, rules.properties[name], inferred) for name in used),
        *(_chain_update(chain, rules) for chain in rules.chains),
    )
    _close_chains(dataset, rules)
    kinds = [name for name in rules.classes if _holds(dataset, TYPE, name)]
    _update(
        dataset,
        *(_class_update(name, rules.classes[name], inferred) for name in kinds),
        *_asserted_removals(inferred),
    )
    check_consistency(dataset, rules)
    return dataset


def check_consistency(dataset: Dataset, rules: Rules) -> None:
    """Refuse a node that belongs to two disjoint classes (rules cax-dw and cax-adc).

    Args:
        dataset: The closed dataset.
        rules: The rules.

    Raises:
        NotConforming: Names the node, the classes and the place.
    """
    for names in rules.disjoint:
        members = {name: _members(dataset, name) for name in sorted(names, key=str)}
        for (one, first), (other, second) in combinations(members.items(), 2):
            for node in sorted(first & second, key=str):
                raise NotConforming(
                    f"{node} belongs to two disjoint classes.",
                    found=f"{one} and {other}",
                    expected="one of them",
                    hint="correct its type, or the property whose domain or range gives the other type",
                    place=dataset.place(cast(Subject, node)),
                )


def _members(dataset: Dataset, name: NamedNode) -> set[object]:
    return {quad.subject for quad in dataset.store.quads_for_pattern(None, TYPE, name, None)}


def _holds(dataset: Dataset, predicate: NamedNode, value: NamedNode | None = None) -> bool:
    return next(dataset.match(None, predicate, value), None) is not None


def _update(dataset: Dataset, *updates: str) -> None:
    if updates:
        dataset.store.update(" ;\n".join(updates))


def _anywhere(pattern: str) -> str:
    return f"{{ {{ {pattern} }} UNION {{ GRAPH ?g {{ {pattern} }} }} }}"


def _templates(subject: str, value: str, found: Entailed) -> Iterator[str]:
    # A template whose subject is bound to a literal adds nothing (SPARQL Update, 3.1.3).
    yield from (f"{subject} {name} {value} ." for name in found.forward)
    yield from (f"{value} {name} {subject} ." for name in found.backward)
    yield from (f"{subject} {TYPE} {name} ." for name in found.subject)
    yield from (f"{value} {TYPE} {name} ." for name in found.object)


def _property_update(name: NamedNode, found: Entailed, inferred: NamedNode) -> str:
    template = " ".join(_templates("?x", "?y", found))
    return f"INSERT {{ GRAPH {inferred} {{ {template} }} }} WHERE {_anywhere(f'?x {name} ?y')}"


def _class_update(name: NamedNode, supers: Iterable[NamedNode], inferred: NamedNode) -> str:
    template = " ".join(f"?x {TYPE} {upper} ." for upper in supers)
    return f"INSERT {{ GRAPH {inferred} {{ {template} }} }} WHERE {_anywhere(f'?x {TYPE} {name}')}"


def _chain_update(chain: Chain, rules: Rules) -> str:
    found = rules.properties.get(chain.head)
    last = f"?v{len(chain.body)}"
    template = f"?v0 {chain.head} {last} . "
    template += " ".join(_templates("?v0", last, found)) if found else ""
    steps = " ".join(
        _anywhere(f"?v{number} {name} ?v{number + 1}").replace("?g", f"?g{number}")
        for number, name in enumerate(chain.body)
    )
    return f"INSERT {{ GRAPH {rules.inferred} {{ {template} }} }} WHERE {{ {steps} }}"


def _close_chains(dataset: Dataset, rules: Rules) -> None:
    """Run the chains again that other chains, or they themselves, may have fed, until nothing is new."""
    fed: set[NamedNode] = set()
    for chain in rules.chains:
        found = rules.properties.get(chain.head)
        fed |= {chain.head} | (found.forward | found.backward if found else frozenset())
    again = [_chain_update(chain, rules) for chain in rules.chains if fed.intersection(chain.body)]
    before = -1
    while again and len(dataset) > before:
        before = len(dataset)
        _update(dataset, *again)


def _asserted_removals(inferred: NamedNode) -> Iterator[str]:
    """What is asserted in the unnamed or a named graph is not kept as inferred."""
    for place in ("?s ?p ?o", f"GRAPH ?g {{ ?s ?p ?o }} FILTER(?g != {inferred})"):
        yield (
            f"DELETE {{ GRAPH {inferred} {{ ?s ?p ?o }} }} "
            f"WHERE {{ {place} GRAPH {inferred} {{ ?s ?p ?o }} }}"
        )
