"""From the rows of a description's query to the description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter

from ncpc_kg.description.asking import INCOMING, OUTGOING, ROWS
from ncpc_kg.description.lexicon import Lexicon, better, cut
from ncpc_kg.description.model import Description, Fact, Incoming, Link, Property, Value
from ncpc_kg.description.remembered import LONGEST_TEXT, NEAR, Says, literal, remember, said
from ncpc_kg.description.rows import split_rows, table, text_of
from ncpc_kg.engine import Answer
from ncpc_kg.vocabulary import PREFIXES

# Properties that say in a few words what a fact without label is about, in this order.
_TELLING = (
    "ncpc:hasHost", "ncpc:hasCounterpart", "ncpc:hasDonor", "org:member", "ncpc:hasParty", "org:role",
    "ncpc:indicator", "ncpc:kind", "ncpc:printedNumber", "ncpc:usesMethodology", "dcterms:identifier",
    "schema:email",
)  # fmt: skip

_SKOS, _DCT = PREFIXES["skos"], PREFIXES["dcterms"]
_TYPE = f"<{PREFIXES['rdf']}type>"
_LABEL, _ALT, _DEFINITION = f"<{_SKOS}prefLabel>", f"<{_SKOS}altLabel>", f"<{_SKOS}definition>"
_TEXT, _TITLE, _IDENTIFIER = f"<{_DCT}description>", f"<{_DCT}title>", f"<{_DCT}identifier>"
_FORM = f"<{PREFIXES['skosxl']}literalForm>"
_MODIFIED, _REPLACED = f"<{_DCT}modified>", f"<{_DCT}isReplacedBy>"
_DEPRECATED = f"<{PREFIXES['owl']}deprecated>"

_LABEL_FIRST = itemgetter(1, 0)


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
    return _Reader(iri, lexicon, data).read(table(answer), page)


class _Reader:
    """Sorts the rows of one description."""

    def __init__(self, iri: str, lexicon: Lexicon, data: bool) -> None:
        own = f"{lexicon.base}ontology#"
        self.iri, self.thing, self.lexicon, self.data = iri, f"<{iri}>", lexicon, data
        self.evidence, self.contested = f"<{own}hasEvidence>", f"<{own}isInvolvedIn>"
        self.property_evidence, self.on_property = f"<{own}hasPropertyEvidence>", f"<{own}onProperty>"
        self.contradiction = f"{own}Discrepancy"
        spaces = {**PREFIXES, "ncpc": own}
        self.telling = [f"<{spaces[one.partition(':')[0]]}{one.partition(':')[2]}>" for one in _TELLING]
        self.hidden = {_TYPE, self.evidence, self.contested, self.property_evidence}
        self.labels: dict[str, str] = {}
        self.near: dict[str, str] = {}
        self.open: dict[str, tuple[str, ...]] = {}
        self.forms: dict[str, str] = {}
        self.found: dict[str, str] = {}
        self.types: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.terms: dict[str, tuple[str, str, str]] = {}
        self.links: dict[str, Link] = {}
        self.things: dict[str, Value] = {}
        self.told: dict[tuple[str, ...], Property] = {}

    def read(self, text: str, page: int) -> Description:
        pieces, at = [], 0
        for found in NEAR.finditer(text):
            pieces.append(text[at : found.start()])
            at = found.end()
            self.near[found[1]] = self.near.get(found[1], "") + found[0]
        rows = split_rows("".join((*pieces, text[at:])))
        near: dict[str, Says] = {}
        for fact, told in self.near.items():
            near[fact], labels, self.open[fact] = said(told)
            self.labels.update(labels)
        out: dict[tuple[str, str], None] = {}
        into: dict[tuple[str, str], None] = {}
        first: set[tuple[str, str]] = set()
        for part, s, p, o, label, form in rows:
            if part == "2":
                into[(s, p)] = None
                other = s
            else:
                if part == "1":
                    first.add((p, o))
                    if len(first) > OUTGOING:
                        continue
                out[(p, o)] = None
                other = o
            if label and label != (known := self.labels.get(other)) and better(label, known):
                self.labels[other] = label
            if form:
                self.forms[other] = form
        more = len(into) > INCOMING or len(first) > OUTGOING or text.count("\n") > ROWS
        kept = list(into)[:INCOMING]
        own: Says = {}
        for p, o in out:
            own.setdefault(p, []).append(o)
        return self._describe(own, kept, near, page, more)

    def _describe(
        self, own: Says, into: list[tuple[str, str]], near: dict[str, Says], page: int, more: bool
    ) -> Description:
        lexicon = self.lexicon
        types = self._types(own)
        for fact, says in near.items():
            if fact not in self.labels:
                made_of = (self.near[fact], *map(self._name, self.open[fact]))
                name = lexicon.lines.get(made_of)
                if name is None:
                    name = self._tell(fact, says)
                    remember(lexicon.lines, made_of, name)
                self.found[fact] = name
        self.things.clear()  # values made before every fact had its name
        facts = self._facts(own, into, near)
        incoming: dict[str, dict[str, None]] = {}
        for s, p in into:
            incoming.setdefault(p, {})[s] = None
        triples = [(self.thing, p, o) for p, values in own.items() for o in values]
        triples += [(s, p, self.thing) for s, p in into]
        if self.data:
            neighbours = {o for values in own.values() for o in values} | {s for s, _ in into}
            triples += [(n, _LABEL, self.labels[n]) for n in sorted(neighbours) if n in self.labels]
            triples += [(n, _FORM, form) for n, form in sorted(self.forms.items())]
        given = next(filter(None, (_best(own.get(name, ())) for name in (_LABEL, _TITLE, _FORM))), None)
        texts = own.get(_TEXT) or own.get(_DEFINITION) or ()
        return Description(
            iri=self.iri,
            label=cut(text_of(given)) if given else self._tell(self.thing, own),
            names=tuple(cut(text_of(name)) for name in sorted(own.get(_ALT, ()))),
            types=tuple(Link(one, lexicon.label(one)) for one in types),
            text=cut(text_of(_best(texts) or ""), LONGEST_TEXT),
            properties=self._own_properties(own, near),
            passages=self._passages(own),
            contested=self._links(own.get(self.contested, ())),
            facts=facts,
            incoming=tuple(
                sorted(
                    (
                        Incoming(self._link(p), self._links(things))
                        for p, things in incoming.items()
                        if p[1:-1] not in lexicon.inverses
                    ),
                    key=lambda one: (one.property.label, one.property.iri),
                )
            ),
            shown=len(into),
            page=page,
            more=more,
            triples=tuple(dict.fromkeys(triples)) if self.data else tuple(triples),
            gone="true" in own.get(_DEPRECATED, ()),
            successors=self._links(own.get(_REPLACED, ())),
            modified=text_of(max(own.get(_MODIFIED, ("",)))),
        )

    def _types(self, says: Mapping[str, list[str]]) -> tuple[str, ...]:
        spelled = tuple(says.get(_TYPE, ()))
        found = self.types.get(spelled)
        if found is None:
            found = self.types[spelled] = self.lexicon.narrowest(tuple(map(text_of, spelled)))
        return found

    def _facts(self, own: Says, into: list[tuple[str, str]], near: dict[str, Says]) -> tuple[Fact, ...]:
        # `concerns` gives way to what implies it, such as `refUnit`.
        roles: dict[str, tuple[str, bool]] = {}
        for p, values in own.items():
            for o in values:
                if o in near and p[1:-1] not in self.lexicon.inverses:
                    roles.setdefault(o, (p, True))
        general = f"<{self.lexicon.base}ontology#concerns>"
        for s, p in into:
            if s in near and (s not in roles or roles[s] == (general, False)):
                roles[s] = (p, False)
        known = self.lexicon.facts
        facts = []
        for fact, (role, outgoing) in roles.items():
            if role == self.property_evidence:
                continue
            rows, name = self.near[fact], self._name(fact)
            role_ = role if outgoing else f"^{role}"
            made_of = (rows, name, self.thing, role_, *map(self._name, self.open[fact]))
            found = known.get(made_of)
            if found is None:
                found = self._fact(fact, name, near[fact], role, outgoing)
                remember(known, made_of, found)
            facts.append(found)
        return tuple(sorted(facts, key=lambda fact: (fact.type.label, fact.label, fact.iri)))

    def _fact(self, fact: str, name: str, says: Says, role: str, outgoing: bool) -> Fact:
        kind = next(iter(self._types(says)), "")
        hidden, only_this = self.hidden, [self.thing]
        return Fact(
            iri=fact[1:-1],
            label=name,
            type=Link(kind, self.lexicon.label(kind)),
            role=self._link(role),
            outgoing=outgoing,
            properties=self._properties(
                {p: v for p, v in says.items() if p not in hidden and v != only_this}
            ),
            passages=self._passages(says),
            contested=self._links(says.get(self.contested, ())),
        )

    def _own_properties(self, own: Says, near: dict[str, Says]) -> tuple[Property, ...]:
        finer: dict[str, list[str]] = {}
        for node in own.get(self.property_evidence, ()):
            for about in near.get(node, {}).get(self.on_property, ()):
                finer.setdefault(about, []).extend(near[node].get(self.evidence, ()))
        placed = {*self.hidden, _LABEL, _ALT, _TEXT if own.get(_TEXT) else _DEFINITION}
        shown = {
            p: [o for o in values if o not in near] if p[1:-1] in self.lexicon.inverses else values
            for p, values in own.items()
            if p not in placed
        }
        return self._properties({p: o for p, o in shown.items() if o and not self._implied(p, shown)}, finer)

    def _implied(self, p: str, says: Mapping[str, list[str]]) -> bool:
        """Whether a narrower property has all the values of this one, so that it says nothing of its own."""
        broader = self.lexicon.broader
        return any(
            p[1:-1] in broader.get(other[1:-1], ()) and values and set(says[p]) <= set(values)
            for other, values in says.items()
            if other != p
        )

    def _properties(
        self, says: Mapping[str, list[str]], finer: Mapping[str, list[str]] | None = None
    ) -> tuple[Property, ...]:
        found = []
        told = self.told
        for p, values in says.items():
            if finer and p in finer:
                found.append(self._property(p, values, self._sorted_passages(finer[p])))
                continue
            said = (p, *values)  # facts around one thing say much the same
            one = told.get(said)
            if one is None:
                one = told[said] = self._property(p, values)
            found.append(one)
        found.sort(key=_LABEL_FIRST)
        return tuple(found)

    def _property(self, p: str, values: list[str], passages: tuple[Link, ...] = ()) -> Property:
        term = self.terms.get(p)
        if term is None:
            iri = p[1:-1]
            term = self.terms[p] = (iri, self.lexicon.label(iri), self.lexicon.definitions.get(iri, ""))
        shown = [self._value(one) for one in values]
        if len(shown) > 1:
            shown.sort(key=_by_text)
        return Property(*term, tuple(shown), passages)

    def _value(self, spelled: str) -> Value:
        if spelled[0] == "<" and spelled[1] != "<":
            value = self.things.get(spelled)
            if value is None:
                value = self.things[spelled] = Value(self._name(spelled), spelled[1:-1])
            return value
        return literal(spelled, self.lexicon.base)

    def _passages(self, says: Mapping[str, list[str]]) -> tuple[Link, ...]:
        return self._sorted_passages(says.get(self.evidence, ()))

    def _sorted_passages(self, found: Sequence[str]) -> tuple[Link, ...]:
        return tuple(map(self._link, sorted(found, key=_first_line) if len(found) > 1 else found))

    def _links(self, found: Iterable[str]) -> tuple[Link, ...]:
        if not found:
            return ()
        kept = [self._link(one) for one in found if one[0] == "<" and one[1] != "<"]
        kept.sort(key=_LABEL_FIRST)
        return tuple(kept)

    def _link(self, spelled: str) -> Link:
        link = self.links.get(spelled)
        if link is None:
            link = self.links[spelled] = Link(spelled[1:-1], self._name(spelled))
        return link

    def _name(self, spelled: str) -> str:
        """What to call a thing in TSV spelling; kept, since many things are named often."""
        name = self.found.get(spelled)
        if name is None:
            label = self.labels.get(spelled) or self.forms.get(spelled)
            name = cut(text_of(label)) if label else self.lexicon.label(spelled[1:-1])
            self.found[spelled] = name
        return name

    def _tell(self, fact: str, says: Mapping[str, list[str]]) -> str:
        """A line for something without label: its class and what it mainly says."""
        kind = next((self.lexicon.label(one) for one in self._types(says)), "")
        telling = next((says[p] for p in self.telling if p in says), None)
        if not kind or (telling is None and _TEXT not in says):
            return self.lexicon.label(fact[1:-1])
        if _TEXT in says and _IDENTIFIER in says and self.contradiction in self._types(says):
            return cut(f"{text_of(says[_IDENTIFIER][0])}. {text_of(says[_TEXT][0])}")
        if telling is None:
            return f"{kind}: {cut(text_of(says[_TEXT][0]), 100)}"
        words = sorted(self._value(one).text for one in telling[:3])
        return cut(f"{kind}: {', '.join(words)}")


def _best(labels: Iterable[str]) -> str | None:
    best: str | None = None
    for label in labels:
        if better(label, best):
            best = label
    return best


@lru_cache(maxsize=8192)
def _first_line(passage: str) -> tuple[int, str]:
    digits = passage.rpartition("/L")[2].rstrip(">").partition("-")[0]
    return (int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 12 else 0, passage)


def _by_text(value: Value) -> tuple[str, str]:
    return (value.text, value.iri or "")
