"""What a graph knows: the names of things, and the things that a name stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import cast

from pyoxigraph import Literal, NamedNode, Quad
from rdflib import RDFS, SKOS

from ncpc_kg.engine import Change, Quads, Subject, Term
from ncpc_kg.entries.choices import Choice, Choices, folded
from ncpc_kg.entries.profile import Field, Profile
from ncpc_kg.entries.remembered import TYPE, Remembered
from ncpc_kg.vocabulary import abbreviate, prefixes_under

_SUBCLASS = NamedNode(str(RDFS.subClassOf))
_IN_SCHEME = NamedNode(str(SKOS.inScheme))
LABEL, _OTHER_LABEL = _NAMING = NamedNode(str(SKOS.prefLabel)), NamedNode(str(SKOS.altLabel))
_TELLING = frozenset((TYPE, _IN_SCHEME, *_NAMING))
_ABSOLUTE = re.compile(r"<?([a-z][a-z0-9+.\-]*://[^\s<>\"{}|\\^`]+)>?$", re.IGNORECASE)
_PREFIXED = re.compile(r"([a-z][a-z0-9-]*):([\w.\-]+)$", re.IGNORECASE)
# A thing with so many statements that it takes the engine long to find its types.
_HUB = 500


class Known:
    """What a graph knows, asked for one field at a time.

    Whoever writes to the graph tells of it with `follow`.

    Args:
        store: The graph, inferred statements included.
        base: Base IRI the graph is published under.
    """

    def __init__(self, store: Quads, base: str) -> None:
        self.store = Remembered(store)
        self._plain = store
        self.prefixes = prefixes_under(base)
        self.base = base
        # By their range, with one of the fields that have it.
        self._choices: dict[tuple[object, ...], tuple[Field, Choices]] = {}
        self._texts: dict[tuple[object, ...], tuple[str, ...]] = {}

    def prepare(self, profile: Profile) -> None:
        """Read the choices of every field now, so that they only have to follow the writes."""
        for group in profile.groups:
            for field in group.fields:
                if field.is_choice:
                    self.choices(field)

    def follow(self, change: Change) -> None:
        """Bring what is kept to the state after a write, which the graph has taken."""
        self.store.follow(change)
        changed = (*change.inserted, *change.deleted)
        if any(quad.predicate == _SUBCLASS for quad in changed):
            self._choices.clear()
        told = {cast(Term, quad.subject) for quad in changed if quad.predicate in _TELLING}
        if told:
            self._texts.clear()
        for node in told:
            quads = self._about(node)
            for field, choices in self._choices.values():
                choices.drop(node)
                if self._belongs(field, node, quads):
                    choices.put(*self._described(node, quads))

    def label(self, node: Term) -> str | None:
        """The name of a node, in English if there is one."""
        if not isinstance(node, Subject):
            return None
        return _best(self.store.quads_for_pattern(node, LABEL, None, None))

    def shorten(self, node: Term) -> str:
        """A node as a prefixed name, or its IRI; the text of a literal."""
        return (isinstance(node, NamedNode) and abbreviate(node.value, self.base)) or node.value

    def shown(self, value: Term) -> str:
        """A value as a person reads it."""
        if isinstance(value, Literal):
            return f"{value.value} ({value.language})" if value.language else value.value
        label = self.label(value)
        return f"{label} ({self.shorten(value)})" if label else self.shorten(value)

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
            for name in _NAMING:
                for quad in self.store.quads_for_pattern(None, name, wanted, None):
                    if self.fits(field, quad.subject):  # type: ignore[arg-type]
                        found[cast(Term, quad.subject)] = None
            if found:
                break  # what has the name in English goes before what has it in another language
        if not found:
            found = dict.fromkeys(self.choices(field).called(folded(text)))
        return next(iter(found)) if len(found) == 1 else None

    def text(self, field: Field, node: Term) -> str:
        """What to write for a thing, so that reading it gives the same thing."""
        label = self.label(node)
        if label and self.resolve(field, label) == node:
            return label
        return self.shorten(node)

    def fits(self, field: Field, node: Term) -> bool:
        """Whether a field may name a thing, as far as its class and code list say."""
        if field.options or not isinstance(node, Subject):
            return node in field.options
        name = _IN_SCHEME if field.schemes else TYPE
        return self._belongs(field, node, self.store.quads_for_pattern(node, name, None, None))

    def choices(self, field: Field) -> Choices:
        """All things that a field may name."""
        if field.range not in self._choices:
            found = Choices()
            for node in dict.fromkeys(self._members(field)):
                found.put(*self._described(node, self._about(node)))
            self._choices[field.range] = field, found
        return self._choices[field.range][1]

    def texts(self, field: Field, most: int) -> tuple[str, ...]:
        """What to write for the things that a field may name, the first so many of them."""
        key = (*field.range, most)
        if key not in self._texts:
            listed = self.choices(field).listed[:most]
            self._texts[key] = tuple(self.text(field, choice.term) for choice in listed)
        return self._texts[key]

    def near(self, field: Field, text: str, most: int = 3) -> tuple[Choice, ...]:
        """The things whose names are nearest to a text, best first."""
        wanted = folded(re.sub(r"^\w+:|.*[/#]", "", text) if self.expand(text) else text)
        return self.choices(field).near(wanted, most) if wanted else ()

    def holds(self, node: Subject) -> bool:
        """Whether the graph says anything of a node."""
        return next(iter(self.store.quads_for_pattern(node, None, None, None)), None) is not None

    def names_of(self, node: Term) -> Iterator[str]:
        """The names that people give to a thing, folded."""
        if not isinstance(node, Subject):
            yield folded(node.value)
            return
        for name in _NAMING:
            yield from _names(self.store.quads_for_pattern(node, name, None, None))

    def _about(self, node: Term) -> list[Quad]:
        """The types, code lists and names of a thing.

        They are not remembered, since there may be as many things as centres, but for a hub: every
        check that meets it would walk its statements again.
        """
        if not isinstance(node, Subject):
            return []
        quads = list(islice(self._plain.quads_for_pattern(node, None, None, None), _HUB))
        if len(quads) < _HUB:
            return quads
        return [q for name in _TELLING for q in self.store.quads_for_pattern(node, name, None, None)]

    def _belongs(self, field: Field, node: Term, quads: Iterable[Quad]) -> bool:
        if field.options:
            return node in field.options
        if field.schemes:
            return any(q.object in field.schemes for q in quads if q.predicate == _IN_SCHEME)
        classes = {kind for name in field.classes for kind in self._kinds(name)}
        return any(q.object in classes for q in quads if q.predicate == TYPE)

    def _described(self, node: Term, quads: Iterable[Quad]) -> tuple[Choice, list[str]]:
        """A thing with all that it may be called."""
        if not isinstance(node, Subject):
            return Choice(node, node.value), [folded(node.value)]
        label = _best(quad for quad in quads if quad.predicate == LABEL)
        local = folded(re.split(r"[#/]", node.value)[-1])
        names = (*_names(quads), local, local.partition(" ")[2])
        return Choice(node, label or self.shorten(node)), [name for name in names if name]

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


def _best(labels: Iterable[Quad]) -> str | None:
    """The label to show: the English one if there is one."""
    found = [cast(Literal, quad.object) for quad in labels]
    found.sort(key=lambda text: (text.language not in ("en", None), text.value))
    return found[0].value if found else None


def _names(quads: Iterable[Quad]) -> Iterator[str]:
    return (folded(cast(Literal, quad.object).value) for quad in quads if quad.predicate in _NAMING)
