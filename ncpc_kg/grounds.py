"""What the rows of an answer rest on: the passages behind each row, and what contests it.

A row is a summary of solutions of the question's pattern. The pattern is run again for the
rows at hand with all its variables; the facts among their values have the evidence. Where a
question walks a shortcut (`ncpc:hasCurrentHost`), the fact is found that ties the two things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ncpc_kg.description import Lexicon, Link
from ncpc_kg.description.rows import TSV, read_rows, text_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.store.syntax import closing, prologue, tokens

# Bounds of one request; reaching one is told.
SOLUTIONS = 5000
NODES = 2000
PAIRS = 600

Rows = Sequence[Sequence[str]]

_NAME = """OPTIONAL { ?contested skos:prefLabel ?label } OPTIONAL { ?contested dcterms:identifier ?id }
      BIND(COALESCE(?label, ?id) AS ?name)"""


@dataclass(frozen=True)
class Grounds:
    """What one row rests on.

    Attributes:
        passages: Passages of the source, in the order of their lines.
        contested: Contradictions that facts behind the row are involved in.
    """

    passages: tuple[Link, ...] = ()
    contested: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Behind:
    """The things behind each row.

    Attributes:
        rows: IRIs by row, in the order of the rows.
        complete: False if there were more than could be looked at.
    """

    rows: tuple[tuple[str, ...], ...]
    complete: bool

    @property
    def nodes(self) -> tuple[str, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys(iri for row in self.rows for iri in row))[:NODES]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Pairs of things that stand in the same row."""
        found = {(a, b): None for row in self.rows if len(row) <= 8 for a in row for b in row if a != b}
        return tuple(found)[:PAIRS]


def solutions_query(text: str, columns: Sequence[str], rows: Rows) -> tuple[str, Formats] | None:
    """The query for all solutions behind some rows, with the format to ask for.

    Args:
        text: A SELECT query, its parameters filled in.
        columns: Names of the columns of the rows.
        rows: The rows, values in TSV spelling.

    Returns:
        The query; None if the text is no SELECT.
    """
    found = tokens(text)
    start = prologue(found).end
    select = next((at for at in range(start, len(found)) if found[at].word == "SELECT"), None)
    if select is None or not rows:
        return None
    opening = next((at for at in range(select, len(found)) if found[at].text == "{"), None)
    if opening is None:
        return None
    head = text[: found[select].start]
    pattern = text[found[opening].start : found[closing(found, opening)].end]
    keys = key_columns(text, columns)
    values = _values(keys, columns, rows)
    return f"{head}SELECT * WHERE {pattern}\nLIMIT {SOLUTIONS + 1}\n{values}\n", Formats(bindings=TSV)


def key_columns(text: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that are variables of the pattern, not worked out from others.

    Args:
        text: A SELECT query.
        columns: Names of its columns.
    """
    found = tokens(text)
    select = next((at for at, one in enumerate(found) if one.word == "SELECT"), None)
    if select is None:
        return ()
    plain: list[str] = []
    depth = 0
    for one in found[select + 1 :]:
        if one.text == "{" or one.word in ("WHERE", "FROM"):
            break
        depth += (one.text == "(") - (one.text == ")")
        if one.text == "*" and not depth:
            return tuple(columns)
        if one.kind == "variable" and not depth:
            plain.append(one.text[1:])
    return tuple(name for name in columns if name in plain)


def read_solutions(answer: Answer, text: str, columns: Sequence[str], rows: Rows) -> Behind:
    """Sort the solutions by row.

    Args:
        answer: The answer to `solutions_query`.
        text: The query that gave the rows.
        columns: Names of the columns of the rows.
        rows: The rows, values in TSV spelling.
    """
    names = [name.lstrip("?") for name in answer.body.decode().partition("\n")[0].split("\t")]
    solutions = read_rows(answer)
    keys = key_columns(text, columns)
    at_row = [columns.index(key) for key in keys]
    at_solution = [names.index(key) for key in keys]
    found: dict[tuple[str, ...], dict[str, None]] = {}
    for solution in solutions[:SOLUTIONS]:
        behind = found.setdefault(tuple(solution[at] for at in at_solution), {})
        for value in solution:
            if value.startswith("<") and not value.startswith("<<"):
                behind[value[1:-1]] = None
    return Behind(
        tuple(tuple(found.get(tuple(row[at] for at in at_row), ())) for row in rows),
        len(solutions) <= SOLUTIONS,
    )


def grounds_query(behind: Behind, base: str) -> tuple[str, Formats]:
    """The query for the evidence of the things behind rows, with the format to ask for.

    Args:
        behind: The things.
        base: Base IRI the graph is published under.
    """
    nodes = " ".join(f"<{iri}>" for iri in behind.nodes)
    pairs = " ".join(f"(<{a}> <{b}>)" for a, b in behind.pairs)
    text = f"""\
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX ncpc: <{base}ontology#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?node ?other ?fact ?passage ?contested ?name WHERE {{
  {{
    VALUES ?node {{ {nodes} }}
    ?node ncpc:hasEvidence ?passage .
    BIND(EXISTS {{ ?node a ncpc:SourcedFact }} AS ?fact)
    OPTIONAL {{ ?contested ncpc:involves ?node {_NAME} }}
  }} UNION {{
    VALUES (?node ?other) {{ {pairs} }}
    VALUES ?link {{ ncpc:hasHost ncpc:hasCounterpart ncpc:hasDonor ncpc:hasParty }}
    ?between ncpc:concerns ?node ; ?link ?other ; ncpc:hasEvidence ?passage .
    OPTIONAL {{ ?contested ncpc:involves ?between {_NAME} }}
  }}
}}
"""
    return text, Formats(bindings=TSV)


def read_grounds(answer: Answer, behind: Behind, lexicon: Lexicon) -> tuple[Grounds, ...]:
    """Read what each row rests on: its facts, or the facts between its things, or its things.

    Args:
        answer: The answer to `grounds_query`.
        behind: The things behind the rows.
        lexicon: Labels of the terms.
    """
    facts: dict[str, _Found] = {}
    things: dict[str, _Found] = {}
    between: dict[tuple[str, str], _Found] = {}
    names: dict[str, str] = {}
    for node, other, fact, passage, dispute, name in read_rows(answer):
        iri = node[1:-1]
        if other:
            found = between.setdefault((iri, other[1:-1]), _Found())
        elif fact == "true":
            found = facts.setdefault(iri, _Found())
        else:
            found = things.setdefault(iri, _Found())
        found.passages[passage[1:-1]] = None
        if dispute.startswith("<"):
            found.contested[dispute[1:-1]] = None
            names[dispute[1:-1]] = text_of(name) if name else lexicon.label(dispute[1:-1])
    result = []
    for row in behind.rows:
        pairs = [between[a, b] for a in row for b in row if (a, b) in between]
        chosen = [facts[iri] for iri in row if iri in facts] or pairs
        chosen = chosen or [things[iri] for iri in row if iri in things]
        passages = dict.fromkeys(one for found in chosen for one in found.passages)
        contested = dict.fromkeys(one for found in chosen for one in found.contested)
        result.append(
            Grounds(
                tuple(Link(one, lexicon.label(one)) for one in sorted(passages, key=_line)),
                tuple(Link(one, names[one]) for one in sorted(contested)),
            )
        )
    return tuple(result)


class _Found:
    def __init__(self) -> None:
        self.passages: dict[str, None] = {}
        self.contested: dict[str, None] = {}


def _values(keys: Sequence[str], columns: Sequence[str], rows: Rows) -> str:
    """A VALUES block that keeps the solutions of some rows; rows with blank nodes are left open."""
    if not keys:
        return ""
    at = [columns.index(key) for key in keys]
    lines: Mapping[str, None] = dict.fromkeys(
        "(" + " ".join(_spelled(row[number]) for number in at) + ")" for row in rows
    )
    return f"VALUES ({' '.join('?' + key for key in keys)}) {{ {' '.join(lines)} }}"


def _spelled(value: str) -> str:
    return "UNDEF" if not value or value.startswith(("_:", "<<")) else value


def _line(passage: str) -> tuple[int, str]:
    digits = passage.rpartition("/L")[2].partition("-")[0]
    return (int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0, passage)
