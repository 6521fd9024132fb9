"""From the answer to a description's query to the description."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from operator import itemgetter

from ncpc_kg.description.gathering import Gathered, Says, gather
from ncpc_kg.description.lexicon import Lexicon, cut
from ncpc_kg.description.literals import LONGEST_TEXT
from ncpc_kg.description.model import Description, Fact, Incoming, Link, Property, Value, Withdrawal
from ncpc_kg.description.naming import Names, best, is_thing
from ncpc_kg.description.rows import table, text_of
from ncpc_kg.description.spelling import (
    ALT,
    CONTRIBUTOR,
    DEFINITION,
    DEPRECATED,
    ENDED,
    FORM,
    LABEL,
    REASON,
    REPLACED,
    TEXT,
    TOPIC,
    TYPE,
    terms_under,
)
from ncpc_kg.engine import Answer

_BY_LABEL = itemgetter(1, 0)


def read_description(
    answer: Answer, iri: str, lexicon: Lexicon, page: int = 1, data: bool = True
) -> Description:
    """Read a description from the answer to `description_query`.

    Args:
        answer: The answer.
        iri: IRI of the thing.
        lexicon: Labels of the terms.
        page: Page of links that was asked for.
        data: Whether its triples are wanted with the names of what they lead to; pages need none.
    """
    return _Reader(iri, lexicon, gather(table(answer))).read(page, data)


class _Reader:
    """Puts what was gathered about one thing where readers look for it."""

    def __init__(self, iri: str, lexicon: Lexicon, gathered: Gathered) -> None:
        self.iri, self.thing, self.lexicon, self.gathered = iri, f"<{iri}>", lexicon, gathered
        self.own, self.near, self.into = gathered.own, gathered.near, gathered.into
        self.names = Names(gathered, lexicon)
        terms = self.terms = terms_under(lexicon.base)
        self.hidden = {TYPE, terms.evidence, terms.contested, terms.property_evidence}

    def read(self, page: int, data: bool) -> Description:
        own = self.own
        texts = own.get(TEXT) or own.get(DEFINITION) or ()
        return Description(
            iri=self.iri,
            label=self.names.of(self.thing, own),
            names=tuple(cut(text_of(name)) for name in sorted(own.get(ALT, ()))),
            types=self.names.types(own),
            text=cut(text_of(best(texts)), LONGEST_TEXT),
            properties=self._own_properties(),
            passages=self._passages(own.get(self.terms.evidence, ())),
            contested=self._links(own.get(self.terms.contested, ())),
            facts=self._facts(),
            incoming=self._incoming(),
            shown=len(self.into),
            page=page,
            more=self.gathered.more,
            triples=self._triples(data),
            gone=self._withdrawal(),
        )

    def _withdrawal(self) -> Withdrawal | None:
        own = self.own
        # Of a centre whose entry was withdrawn only the entry tells.
        only_told_of = not own and bool(self.into) and all(p == TOPIC for _, p in self.into)
        if ENDED not in own and "true" not in own.get(DEPRECATED, ()) and not only_told_of:
            return None
        who = own.get(CONTRIBUTOR, ()) if ENDED in own else ()
        return Withdrawal(
            when=text_of(max(own.get(ENDED, ("",)))),
            who=", ".join(sorted(self.names.values[one].text for one in who)),
            why=text_of(best(own.get(REASON, ()))),
            successors=self._links(own.get(REPLACED, ())),
        )

    def _triples(self, data: bool) -> tuple[tuple[str, str, str], ...]:
        thing, labels = self.thing, self.gathered.labels
        triples = [(thing, p, o) for p, values in self.own.items() for o in values]
        triples += [(s, p, thing) for s, p in self.into]
        if data:
            neighbours = {o for values in self.own.values() for o in values} | {s for s, _ in self.into}
            triples += [(n, LABEL, labels[n]) for n in sorted(neighbours) if n in labels]
            triples += [(n, FORM, form) for n, form in sorted(self.gathered.forms.items())]
        return tuple(dict.fromkeys(triples))

    def _incoming(self) -> tuple[Incoming, ...]:
        by_property: dict[str, dict[str, None]] = {}
        for s, p in self.into:
            by_property.setdefault(p, {})[s] = None
        found = (
            Incoming(self.names.links[p], self._links(things))
            for p, things in by_property.items()
            if p[1:-1] not in self.lexicon.inverses
        )
        return tuple(sorted(found, key=lambda one: (one.property.label, one.property.iri)))

    # ------------------------------------------------------------------ facts

    def _facts(self) -> tuple[Fact, ...]:
        # `concerns` gives way to what implies it, such as `refUnit`.
        general, near = (self.terms.concerns, False), self.near
        roles: dict[str, tuple[str, bool]] = {}
        for p, values in self.own.items():
            if p[1:-1] not in self.lexicon.inverses:
                for o in values:
                    if o in near:
                        roles.setdefault(o, (p, True))
        for s, p in self.into:
            if s in near and (s not in roles or roles[s] == general):
                roles[s] = (p, False)
        facts = [
            self._fact(fact, near[fact], role, outgoing)
            for fact, (role, outgoing) in roles.items()
            if role != self.terms.property_evidence
        ]
        facts.sort(key=lambda fact: (fact.type.label, fact.label, fact.iri))
        return tuple(facts)

    def _fact(self, fact: str, says: Says, role: str, outgoing: bool) -> Fact:
        names, hidden, only_this = self.names, self.hidden, {self.thing: None}
        types = names.types(says)
        return Fact(
            fact[1:-1],
            names.called[fact],
            types[0] if types else Link("", self.lexicon.label("")),
            names.links[role],
            outgoing,
            self._properties({p: v for p, v in says.items() if p not in hidden and v != only_this}),
            self._passages(says.get(self.terms.evidence, ())),
            self._links(says.get(self.terms.contested, ())),
        )

    # ------------------------------------------------------------------ properties

    def _own_properties(self) -> tuple[Property, ...]:
        own, near, terms = self.own, self.near, self.terms
        finer: dict[str, list[str]] = {}
        for node in own.get(terms.property_evidence, ()):
            for about in near.get(node, {}).get(terms.on_property, ()):
                finer.setdefault(about, []).extend(near[node].get(terms.evidence, ()))
        placed = {*self.hidden, LABEL, ALT, TEXT if own.get(TEXT) else DEFINITION}
        shown = {p: values for p, values in own.items() if p not in placed}
        for p in shown:
            if p[1:-1] in self.lexicon.inverses:
                shown[p] = {o: None for o in shown[p] if o not in near}
        return self._properties({p: o for p, o in shown.items() if o and not self._implied(p, shown)}, finer)

    def _implied(self, p: str, says: Says) -> bool:
        """Whether a narrower property has all the values of this one, so that it says nothing of its own."""
        broader = self.lexicon.broader
        return any(
            p[1:-1] in broader.get(other[1:-1], ()) and values and says[p].keys() <= values.keys()
            for other, values in says.items()
            if other != p
        )

    def _properties(self, says: Says, finer: Mapping[str, list[str]] = {}) -> tuple[Property, ...]:
        terms, known = self.names.terms, self.names.values
        found = []
        for p, values in says.items():
            shown = [known[one] for one in values]
            if len(shown) > 1:
                shown.sort(key=_by_text)
            passages = self._passages(finer[p]) if p in finer else ()
            found.append(Property(*terms[p], tuple(shown), passages))
        found.sort(key=_BY_LABEL)
        return tuple(found)

    # ------------------------------------------------------------------ links

    def _passages(self, found: Collection[str]) -> tuple[Link, ...]:
        links = self.names.links
        return tuple([links[one] for one in (sorted(found, key=_first_line) if len(found) > 1 else found)])

    def _links(self, found: Collection[str]) -> tuple[Link, ...]:
        if not found:
            return ()
        links = self.names.links
        return tuple(sorted([links[one] for one in found if is_thing(one)], key=_BY_LABEL))


@lru_cache(maxsize=8192)
def _first_line(passage: str) -> tuple[int, str]:
    digits = passage.rpartition("/L")[2].rstrip(">").partition("-")[0]
    return (int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0, passage)


def _by_text(value: Value) -> tuple[str, str]:
    return (value.text, value.iri or "")
