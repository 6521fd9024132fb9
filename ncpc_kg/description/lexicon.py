"""Labels for people: of the terms the graph uses, and for what has no label of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from ncpc_kg.description.rows import TSV, Row, split_rows, table, text_of
from ncpc_kg.engine import Answer, Formats
from ncpc_kg.vocabulary import BASE, prefixes_under

_ONTOLOGY_TERMS = """\
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT ?term ?label ?definition ?broader ?inverse WHERE {
  { ?term rdfs:isDefinedBy ?ontology } UNION { ?term skos:inScheme ?scheme }
  UNION { ?term a skos:ConceptScheme }
  OPTIONAL { ?term skos:prefLabel ?label }
  OPTIONAL { ?term skos:definition ?definition }
  OPTIONAL { ?term rdfs:subClassOf|rdfs:subPropertyOf ?broader }
  OPTIONAL { ?term owl:inverseOf ?inverse }
} LIMIT 20000
"""
LONGEST_LABEL = 300
_NUMBERED = re.compile(r"/(?:L(\d+)(?:-(\d+))?|entry/([0-9a-f]{8})-[0-9a-f-]{27})$")
_PARTS = re.compile(r"[/#:]")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")


@dataclass(frozen=True, eq=False)
class Lexicon:
    """What the terms of the graph are called; read once for each state of the graph.

    Attributes:
        labels: Label by IRI, English where there is one.
        definitions: Definition by IRI.
        broader: What is broader by IRI of a class or property, itself left out.
        inverses: Properties that only repeat another one the other way round.
        base: Base IRI the graph is published under.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    definitions: Mapping[str, str] = field(default_factory=dict)
    broader: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inverses: frozenset[str] = frozenset()
    base: str = BASE

    @cached_property
    def prefixes(self) -> tuple[tuple[str, str], ...]:
        """Namespaces with their prefixes, longest first."""
        return tuple(
            sorted(((iri, name) for name, iri in prefixes_under(self.base).items()), key=lambda p: -len(p[0]))
        )

    def label(self, iri: str) -> str:
        """What to call something: its label if it is a term, else what its IRI says.

        Args:
            iri: Any IRI.
        """
        return self.labels.get(iri) or spoken(iri)

    def short(self, iri: str) -> str:
        """The prefixed name of an IRI, or the IRI itself."""
        for namespace, prefix in self.prefixes:
            if iri.startswith(namespace):
                return f"{prefix}:{iri[len(namespace) :]}"
        return iri

    def narrowest(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """The types that no other type of the same thing implies, those of the ontology first."""
        implied = {broad for one in types for broad in self.broader.get(one, ())}
        own = f"{self.base}ontology#"
        return tuple(sorted((one for one in types if one not in implied), key=lambda t: (own not in t, t)))


def lexicon_query() -> tuple[str, Formats]:
    """The query that a lexicon is read from, with the format to ask for."""
    return _ONTOLOGY_TERMS, Formats(bindings=TSV)


def read_lexicon(answer: Answer, base: str = BASE) -> Lexicon:
    """Read a lexicon from the answer to `lexicon_query`.

    Args:
        answer: The answer.
        base: Base IRI the graph is published under.
    """
    return _read_lexicon(table(answer), base)


@lru_cache(maxsize=4)  # a write seldom changes the words
def _read_lexicon(text: str, base: str) -> Lexicon:
    labels: dict[str, Row] = {}
    definitions: dict[str, str] = {}
    direct: dict[str, set[str]] = {}
    inverses: set[str] = set()
    for term, label, definition, broader, inverse in split_rows(text):
        iri = term[1:-1]
        if label and better(label, labels.get(iri)):
            labels[iri] = label
        if definition:
            definitions.setdefault(iri, text_of(definition))
        if broader.startswith("<"):
            direct.setdefault(iri, set()).add(broader[1:-1])
        if inverse.startswith("<"):
            inverses.add(iri)
    return Lexicon(
        {iri: cut(text_of(label)) for iri, label in labels.items()},
        definitions,
        {iri: frozenset(_above(iri, direct)) for iri in direct},
        frozenset(inverses),
        base,
    )


def better(label: str, than: str | None) -> bool:
    """Whether one label (in TSV spelling) is to be preferred: English, then no language, then the first."""
    return than is None or _rank(label) < _rank(than)


def _rank(label: str) -> tuple[int, str]:
    return (0 if label.endswith("@en") else 1 if label.endswith('"') else 2, label)


def cut(text: str, longest: int = LONGEST_LABEL) -> str:
    """A text of bounded length; what was cut is marked by an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


@lru_cache(maxsize=16384)
def spoken(iri: str) -> str:
    """Words for something without a label, from the end of its IRI.

    `.../id/hosting-brazil-senai` is "Hosting brazil senai", `.../L497-499` is "Lines 497" to 499, and
    an entry of a random name is called by its beginning.
    """
    if match := _NUMBERED.search(iri):
        first, last, entry = match.groups()
        if entry:
            return f"Entry {entry}"
        return f"Lines {first}–{last}" if last and last != first else f"Line {first}"
    local = _PARTS.split(iri.rstrip("/#"))[-1]
    words = " ".join(word if word.isupper() else word.lower() for word in _WORDS.findall(local[:400]))
    return cut(words[:1].upper() + words[1:]) or cut(iri)


def _above(iri: str, direct: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [iri]
    while waiting:
        for broad in direct.get(waiting.pop(), ()):
            if broad not in found:
                found.add(broad)
                waiting.append(broad)
    return found - {iri}
