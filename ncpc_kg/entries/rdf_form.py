"""Entries in RDF: Turtle, JSON-LD and the others, with the line and column of each statement."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import cast

from pyoxigraph import DefaultGraph, Literal, NamedNode, RdfFormat, Triple

from ncpc_kg.engine import Subject, Term
from ncpc_kg.entries.model import Marks, Spot
from ncpc_kg.entries.profile import TYPE, Group
from ncpc_kg.errors import Place, SourceError
from ncpc_kg.graph import rdflib_graph
from ncpc_kg.lines import LineParser
from ncpc_kg.vocabulary import PREFIXES, prefixes_under

_MOST = 5_000
_DEPTH = 64


def read_rdf(
    text: str, syntax: RdfFormat, group: Group, base: str
) -> list[tuple[Subject, list[Triple], Marks]]:
    """Read one or more centres.

    Args:
        text: The RDF.
        syntax: Its format.
        group: The fields of a centre; says of which class centres are.
        base: What relative IRIs are resolved against.

    Returns:
        Each centre with the statements about it and about what hangs on it.

    Raises:
        SourceError: The text cannot be parsed, names graphs, or describes no centre.
    """
    _refuse_traps(text, syntax)
    lines = text.split("\n")
    found: dict[Triple, int] = {}
    for quad, line in LineParser(text, syntax, base=base):
        if quad.graph_name != DefaultGraph():
            raise SourceError(
                "An entry names no graphs; it gets one of its own when it is accepted.",
                found=str(quad.graph_name),
                hint="leave out GRAPH and the braces around the statements",
                place=Place(None, line or None),
            )
        found.setdefault(quad.triple, line)
        if len(found) > _MOST:
            raise SourceError(
                "The text is too long for entries.",
                expected=f"at most {_MOST} statements",
                hint="hand the centres in in several files",
            )
    marks = {triple: _spot(triple, line, lines) for triple, line in found.items()}
    return _centres(list(found), marks, group)


def write_turtle(triples: Iterable[Triple], base: str) -> str:
    """Write statements as Turtle, in the project's spelling.

    Args:
        triples: The statements.
        base: Base IRI the graph is published under, for the prefixes.

    Returns:
        The text.
    """
    return rdflib_graph(triples, base).serialize(format="longturtle").strip() + "\n"


def write_json_ld(triples: Iterable[Triple], base: str) -> str:
    """Write statements as JSON-LD with a context of the prefixes they use.

    Args:
        triples: The statements.
        base: Base IRI the graph is published under, for the prefixes.

    Returns:
        The text.
    """
    statements = list(triples)
    used = {
        prefix: iri
        for prefix, iri in prefixes_under(base).items()
        if any(iri in str(part) for t in statements for part in (t.subject, t.predicate, t.object))
    }
    made = json.loads(rdflib_graph(statements, base).serialize(format="json-ld", context=used))
    # The same statements always give the same text, so that reviews show what changed.
    for node in made.get("@graph", ()):
        for values in node.values():
            if isinstance(values, list):
                values.sort(key=str)
    made.get("@graph", []).sort(key=lambda node: str(node.get("@id")))
    return json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _refuse_traps(text: str, syntax: RdfFormat) -> None:
    if syntax == RdfFormat.RDF_XML and (at := re.search(r"<!(DOCTYPE|ENTITY)", text)):
        raise SourceError(
            "The XML declares entities.",
            found=at[0],
            expected="RDF/XML without a document type",
            hint="write names and prefixes out",
            place=Place(None, text.count("\n", 0, at.start()) + 1),
        )
    depth = 0
    for match in re.finditer(r'"(?:[^"\\\n]|\\.)*"|[\[({]|[\])}]', text):
        depth += (match[0] in "[({") - (match[0] in "])}")
        if depth > _DEPTH:
            raise SourceError(
                "The text is nested too deeply.",
                expected=f"at most {_DEPTH} levels of brackets",
                hint="give nodes IRIs and write them one after the other",
                place=Place(None, text.count("\n", 0, match.start()) + 1),
            )


def _spot(triple: Triple, line: int, lines: list[str]) -> Spot | None:
    """The place of a statement: the line where it ends, the column where its object starts."""
    if not line:
        return None
    text = lines[line - 1] if line <= len(lines) else ""
    value = cast(Term, triple.object)
    if isinstance(value, Literal):
        shown = [value.value.splitlines()[-1] if value.value else '""']
    elif isinstance(value, NamedNode):
        shown = [f"<{value.value}>", *_names(value)]
    else:
        shown = ["[", "_:"]
    for part in shown:
        at = text.find(part)
        if at >= 0:
            if at and text[at - 1] in "\"'":
                at -= 1
            return Spot(line, at + 1)
    return Spot(line, len(text) - len(text.lstrip()) + 1)


def _names(node: NamedNode) -> list[str]:
    local = re.split(r"[#/]", node.value)[-1]
    if not local:
        return []
    prefixes = [name for name, iri in PREFIXES.items() if node.value == iri + local]
    return [f"{name}:{local}" for name in prefixes] + [f":{local}", local]


def _centres(
    triples: list[Triple], spots: dict[Triple, Spot | None], group: Group
) -> list[tuple[Subject, list[Triple], Marks]]:
    """Share the statements out among the centres they belong to."""
    centres = [t.subject for t in triples if t.predicate == TYPE and t.object == group.kind]
    if not centres:
        raise SourceError(
            "The text describes no centre.",
            found=f"{len(triples)} statements",
            expected=f"a node of the class <{group.kind.value}>",
            hint="say which node is the centre, e.g. id:centre-nicaragua a ncpc:Centre",
        )
    described = {t.subject for t in triples}
    links: dict[object, set[object]] = {}
    for triple in triples:
        if triple.object in described:
            links.setdefault(triple.subject, set()).add(triple.object)
            links.setdefault(triple.object, set()).add(triple.subject)
    owner: dict[object, int] = {}
    for number, centre in enumerate(dict.fromkeys(centres)):
        waiting: list[object] = [centre]
        while waiting:
            node = waiting.pop()
            if node in owner or (node in centres and node != centre):
                continue
            owner[node] = number
            waiting.extend(links.get(node, ()))
    made: list[tuple[Subject, list[Triple], Marks]] = [
        (cast(Subject, centre), [], Marks()) for centre in dict.fromkeys(centres)
    ]
    for triple in triples:
        _, statements, marks = made[owner.get(triple.subject, 0)]
        statements.append(triple)
        marks.add(spots[triple], triple.subject, triple.predicate, triple.object)  # type: ignore[arg-type]
    return made
