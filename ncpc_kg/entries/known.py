"""The known things that a field may name: found by label, code or IRI, and the nearest ones."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nlargest
from itertools import islice
from typing import cast

from pyoxigraph import Literal, NamedNode
from rdflib import RDFS, SKOS

from ncpc_kg.engine import Quads, Subject, Term
from ncpc_kg.entries.profile import Field
from ncpc_kg.entries.remembered import TYPE, Remembered
from ncpc_kg.vocabulary import prefixes_under

_SUBCLASS = NamedNode(str(RDFS.subClassOf))
_IN_SCHEME = NamedNode(str(SKOS.inScheme))
LABEL, _OTHER_LABEL = NamedNode(str(SKOS.prefLabel)), NamedNode(str(SKOS.altLabel))
_ABSOLUTE = re.compile(r"<?([a-z][a-z0-9+.\-]*://[^\s<>\"{}|\\^`]+)>?$", re.IGNORECASE)
_PREFIXED = re.compile(r"([a-z][a-z0-9-]*):([\w.\-]+)$", re.IGNORECASE)
_NEAR = 0.55
# How many names are counted for one key, looked at letter by letter, and compared in full.
_COUNTED, _LOOKED_AT, _COMPARED = 4_000, 300, 60


@dataclass(frozen=True)
class Choice:
    """A thing that a field may name."""

    term: Term
    label: str


class Known:
    """What a graph knows, asked for one field at a time.

    Args:
        store: The graph, inferred statements included.
        base: Base IRI the graph is published under.
    """

    def __init__(self, store: Quads, base: str) -> None:
        self.store = Remembered(store)
        self.prefixes = prefixes_under(base)
        self.base = base
        self._choices: dict[tuple[object, ...], tuple[Choice, ...]] = {}
        self._texts: dict[tuple[object, ...], tuple[str, ...]] = {}
        self._names: dict[tuple[object, ...], dict[str, list[Term]]] = {}
        self._ends: dict[tuple[object, ...], dict[str, list[str]]] = {}

    def label(self, node: Term) -> str | None:
        """The name of a node, in English if there is one."""
        if not isinstance(node, Subject):
            return None
        found = [cast(Literal, quad.object) for quad in self.store.quads_for_pattern(node, LABEL, None, None)]
        found.sort(key=lambda text: (text.language not in ("en", None), text.value))
        return found[0].value if found else None

    def shorten(self, node: Term) -> str:
        """A node as a prefixed name, or its IRI; the text of a literal."""
        if isinstance(node, NamedNode):
            fitting = [(iri, name) for name, iri in self.prefixes.items() if node.value.startswith(iri)]
            if fitting:
                iri, name = max(fitting, key=lambda pair: len(pair[0]))
                local = node.value.removeprefix(iri)
                if re.fullmatch(r"[\w\-]+", local):
                    return f"{name}:{local}"
        return node.value

    def expand(self, text: str) -> NamedNode | None:
        """The node that an IRI or a prefixed name stands for, if the text is one."""
        text = text.strip()
        if match := _ABSOLUTE.match(text):
            return NamedNode(match[1])
        if (match := _PREFIXED.match(text)) and match[1] in self.prefixes:
            return NamedNode(self.prefixes[match[1]] + match[2])
        return None

    def resolve(self, field: Field, text: str) -> Term | None:
        """Find the thing that a text names.

        Args:
            field: The field it was written in.
            text: An IRI, a prefixed name, a label, or the end of a name.

        Returns:
            The thing; None if there is none, or more than one.
        """
        if (node := self.expand(text)) is not None:
            return node
        text = text.strip()
        found: dict[Term, None] = {}
        for language in dict.fromkeys(("en", None, *field.languages)):
            wanted = Literal(text, language=language) if language else Literal(text)
            for name in (LABEL, _OTHER_LABEL):
                for quad in self.store.quads_for_pattern(None, name, wanted, None):
                    if self.fits(field, quad.subject):  # type: ignore[arg-type]
                        found[cast(Term, quad.subject)] = None
        if not found:
            found = dict.fromkeys(self._named(field).get(folded(text), ()))
        return next(iter(found)) if len(found) == 1 else None

    def text(self, field: Field, node: Term) -> str:
        """What to write for a thing, so that reading it gives the same thing."""
        label = self.label(node)
        if label and self.resolve(field, label) == node:
            return label
        return self.shorten(node)

    def fits(self, field: Field, node: Term) -> bool:
        """Whether a field may name a thing, as far as its class and code list say."""
        if field.options:
            return node in field.options
        if not isinstance(node, Subject):
            return False
        if field.schemes:
            return any(self._has(node, _IN_SCHEME, scheme) for scheme in field.schemes)
        classes = {kind for name in field.classes for kind in self._kinds(name)}
        return any(q.object in classes for q in self.store.quads_for_pattern(node, TYPE, None, None))

    def choices(self, field: Field) -> tuple[Choice, ...]:
        """All things that a field may name, sorted by label."""
        key = (field.options, field.schemes, field.classes)
        if key not in self._choices:
            nodes = dict.fromkeys(self._members(field))
            made = [Choice(node, self.label(node) or self.shorten(node)) for node in nodes]
            self._choices[key] = tuple(sorted(made, key=lambda one: (folded(one.label), one.term.value)))
        return self._choices[key]

    def texts(self, field: Field) -> tuple[str, ...]:
        """What to write for each thing that a field may name."""
        key = (field.options, field.schemes, field.classes)
        if key not in self._texts:
            self._texts[key] = tuple(self.text(field, choice.term) for choice in self.choices(field))
        return self._texts[key]

    def near(self, field: Field, text: str, most: int = 3) -> tuple[Choice, ...]:
        """The things whose names are nearest to a text, best first."""
        wanted = folded(re.sub(r"^\w+:|.*[/#]", "", text).replace("-", " ") if self.expand(text) else text)
        if not wanted:
            return ()
        pieces = _pieces(wanted)
        scored: dict[Term, float] = {}
        named = self._named(field)
        # The costly comparison is made with the names that share most pairs of letters only.
        common = {
            name: len(pieces & _pieces(name)) / (len(pieces) + len(name))
            for name in self._candidates(field, wanted)
        }
        for name in nlargest(_COMPARED, common, key=lambda one: common[one]):
            nodes = named[name]
            ratio = SequenceMatcher(None, wanted, name).ratio()
            if wanted in name.split() or name.startswith(wanted) or name in wanted.split():
                ratio = max(ratio, 0.8)
            if ratio >= _NEAR:
                for node in nodes:
                    scored[node] = max(scored.get(node, 0.0), ratio)
        best = sorted(scored, key=lambda node: (-scored[node], node.value))[:most]
        return tuple(Choice(node, self.label(node) or self.shorten(node)) for node in best)

    def holds(self, node: Subject) -> bool:
        """Whether the graph says anything of a node."""
        return next(iter(self.store.quads_for_pattern(node, None, None, None)), None) is not None

    def _named(self, field: Field) -> dict[str, list[Term]]:
        key = (field.options, field.schemes, field.classes)
        if key not in self._names:
            names: dict[str, list[Term]] = {}
            for node in dict.fromkeys(self._members(field)):
                for name in dict.fromkeys(self._all_names(node)):
                    if name:
                        names.setdefault(name, []).append(node)
            self._names[key] = names
        return self._names[key]

    def _candidates(self, field: Field, wanted: str) -> Iterable[str]:
        """The names of a field that share the ends of most words with a text; all if they are few."""
        named = self._named(field)
        if len(named) <= _LOOKED_AT:
            return named
        key = (field.options, field.schemes, field.classes)
        if key not in self._ends:
            ends: dict[str, list[str]] = {}
            for name in named:
                for end in _ends(name):
                    ends.setdefault(end, []).append(name)
            self._ends[key] = ends
        lists = sorted((self._ends[key].get(end, []) for end in _ends(wanted)), key=len)
        shared: Counter[str] = Counter()
        for names in lists:
            # A key that nearly every name has tells little; how many are counted is bounded.
            if len(names) <= _COUNTED or not shared:
                shared.update(islice(names, _COUNTED))
        size = len(wanted)
        return nlargest(_LOOKED_AT, shared, key=lambda name: (shared[name], -abs(len(name) - size)))

    def names_of(self, node: Term) -> Iterator[str]:
        """The names that people give to a thing, folded."""
        if not isinstance(node, Subject):
            yield folded(node.value)
            return
        for name in (LABEL, _OTHER_LABEL):
            for quad in self.store.quads_for_pattern(node, name, None, None):
                yield folded(cast(Literal, quad.object).value)

    def _all_names(self, node: Term) -> Iterator[str]:
        yield from self.names_of(node)
        if not isinstance(node, Subject):
            return
        local = folded(re.split(r"[#/]", node.value)[-1])
        yield local
        yield local.replace("-", " ")
        yield local.partition("-")[2].replace("-", " ")

    def _members(self, field: Field) -> Iterator[Term]:
        if field.options:
            yield from field.options
        for scheme in field.schemes:
            yield from self._subjects(_IN_SCHEME, scheme)
        if not field.options and not field.schemes:
            for name in field.classes:
                for kind in self._kinds(name):
                    yield from self._subjects(TYPE, kind)

    def _kinds(self, name: NamedNode) -> set[NamedNode]:
        found, waiting = {name}, [name]
        while waiting:
            for node in self._subjects(_SUBCLASS, waiting.pop()):
                if isinstance(node, NamedNode) and node not in found:
                    found.add(node)
                    waiting.append(node)
        return found

    def _subjects(self, predicate: NamedNode, value: Term) -> Iterable[Term]:
        return (cast(Term, q.subject) for q in self.store.quads_for_pattern(None, predicate, value, None))

    def _has(self, node: Subject, predicate: NamedNode, value: Term) -> bool:
        return next(iter(self.store.quads_for_pattern(node, predicate, value, None)), None) is not None


def folded(text: str) -> str:
    """A text without case, accents and repeated blanks, for comparison."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(plain.split())


def _ends(name: str) -> set[str]:
    """The first and the last two letters of each word."""
    return {end for word in re.split(r"[\s-]+", name) if word for end in (f"^{word[:2]}", f"{word[-2:]}$")}


def _pieces(text: str) -> set[str]:
    return {text[at : at + 2] for at in range(len(text) - 1)} or {text}
