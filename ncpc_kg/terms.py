"""Every term of our own namespaces that is used must be defined in the ontology or a code list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import cast

from pyoxigraph import Literal, NamedNode, Triple

from ncpc_kg.errors import Place, VocabularyError
from ncpc_kg.sources import SourceFile
from ncpc_kg.vocabulary import CODE, NCPC, abbreviate, expand

_OWN = (str(NCPC), str(CODE))

_TYPE = expand("rdf:type")
_IN_SPARQL = re.compile(r"(?<![\w:<])(ncpc|code):([A-Za-z][\w-]*)")
_SPARQL = frozenset(map(expand, ("sh:select", "sh:ask", "sh:construct", "sh:update", "sh:prefixes")))
_PROPERTIES = frozenset(map(expand, ("owl:ObjectProperty", "owl:DatatypeProperty", "owl:AnnotationProperty")))
_CLASSES = frozenset({expand("owl:Class")})
# What a shape says of these properties must be a property, or a class, of the ontology.
_NAMES_PROPERTY = frozenset(
    expand(f"sh:{name}")
    for name in (
        *("path", "inversePath", "zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath", "targetSubjectsOf"),
        *("targetObjectsOf", "equals", "disjoint", "lessThan", "lessThanOrEquals", "ignoredProperties"),
    )
)
_NAMES_CLASS = frozenset(map(expand, ("sh:targetClass", "sh:class")))


@dataclass(frozen=True)
class Vocabulary:
    """The terms of our namespaces that the ontology and the code lists define.

    Attributes:
        kinds: The types of each defined term.
    """

    kinds: dict[NamedNode, frozenset[NamedNode]]

    def missing(self, text: str) -> Iterator[tuple[str, int]]:
        """Find undefined terms in SPARQL text.

        Args:
            text: A query with our terms as prefixed names.

        Yields:
            The prefixed name and its line, counted from 1, of each undefined term.
        """
        for match in _IN_SPARQL.finditer(text):
            if expand(match[0]) not in self.kinds:
                yield match[0], text.count("\n", 0, match.start()) + 1


def read_vocabulary(files: Iterable[SourceFile]) -> Vocabulary:
    """Collect what the ontology and the code lists define.

    Args:
        files: All files; those of another role define nothing.
    """
    kinds: dict[NamedNode, set[NamedNode]] = {}
    for file in files:
        if file.role != "ontology":
            continue
        for triple in file.triples:
            if triple.predicate == _TYPE and _is_own(triple.subject) and isinstance(triple.object, NamedNode):
                kinds.setdefault(triple.subject, set()).add(triple.object)  # type: ignore[arg-type]
    return Vocabulary({term: frozenset(types) for term, types in kinds.items()})


def check_terms(files: Iterable[SourceFile]) -> Vocabulary:
    """Check that all files use only defined terms of our namespaces.

    Args:
        files: All files.

    Returns:
        The vocabulary they were checked against.

    Raises:
        VocabularyError: At the first undefined term, or the first shape that names a class
            where a property belongs; says how many more there are.
    """
    files = tuple(files)
    vocabulary = read_vocabulary(files)
    errors = [error for file in files for error in _errors(file, vocabulary)]
    if errors:
        first = errors[0]
        others = tuple(dict.fromkeys(f"{error.place}: {error.problem}" for error in errors[1:]))
        if others:
            shown = "\n".join(others[:20])
            more = f"\nand {len(others) - 20} more" if len(others) > 20 else ""
            first.found = f"{first.found}; also\n{shown}{more}"
        raise first
    return vocabulary


def undefined(name: str, place: Place, vocabulary: Vocabulary) -> VocabularyError:
    """Make the error for an undefined term, with the nearest defined spelling.

    Args:
        name: The term as a prefixed name.
        place: Where it is used.
        vocabulary: What is defined.
    """
    near = get_close_matches(name, map(_prefixed, vocabulary.kinds), n=1, cutoff=0.7)
    return VocabularyError(
        f"{name} is not defined.",
        found=name,
        expected="a term of ontology/ncpc.ttl or ontology/codes/",
        hint=f"did you mean {near[0]}?" if near else "correct the name, or define the term",
        place=place,
    )


def _errors(file: SourceFile, vocabulary: Vocabulary) -> Iterator[VocabularyError]:
    for triple, place in file.statements():
        for term in (triple.subject, triple.predicate, triple.object):
            node = term.datatype if isinstance(term, Literal) else term
            if _is_own(node) and node not in vocabulary.kinds:
                yield undefined(_prefixed(node), place, vocabulary)
        if file.role == "shapes":
            yield from _shape_errors(triple, place, vocabulary)


def _shape_errors(triple: Triple, place: Place, vocabulary: Vocabulary) -> Iterator[VocabularyError]:
    if triple.predicate in _SPARQL and isinstance(triple.object, Literal):
        for name, _ in vocabulary.missing(triple.object.value):
            yield undefined(name, place, vocabulary)
    for names, kinds, word in (
        (_NAMES_PROPERTY, _PROPERTIES, "property"),
        (_NAMES_CLASS, _CLASSES, "class"),
    ):
        defined = vocabulary.kinds.get(cast(NamedNode, triple.object))
        if triple.predicate in names and defined and defined.isdisjoint(kinds):
            yield VocabularyError(
                f"A shape names {_prefixed(triple.object)} where a {word} belongs.",
                found=_prefixed(triple.object),
                expected=f"a {word} of ontology/ncpc.ttl",
                hint="name another term, or give this one the right type in the ontology",
                place=place,
            )


def _is_own(term: object) -> bool:
    return isinstance(term, NamedNode) and term.value.startswith(_OWN) and term.value not in _OWN


def _prefixed(term: object) -> str:
    text = str(getattr(term, "value", term))
    return abbreviate(text) or text
