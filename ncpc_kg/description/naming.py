"""What the things in one answer are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import TypeVar

from ncpc_kg.description.gathering import Gathered, Says
from ncpc_kg.description.lexicon import Lexicon, better, cut
from ncpc_kg.description.literals import literal
from ncpc_kg.description.model import Link, Value
from ncpc_kg.description.rows import text_of
from ncpc_kg.description.spelling import ENDED, FORM, IDENTIFIER, LABEL, TEXT, TITLE, TYPE, terms_under

K = TypeVar("K")
V = TypeVar("V")


class Filled(dict[K, V]):
    """A table that makes what is missing when it is looked up, since most is looked up often.

    Args:
        make: Makes a value from its key.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self[key] = self._make(key)
        return made


class Names:
    """Names, links and values for what an answer spells, each made once.

    Args:
        gathered: The answer.
        lexicon: Labels of the terms.

    Attributes:
        called: Names by spelling.
        terms: IRI, label and definition of properties, by spelling.
        links: Links by spelling of a thing.
        values: Values by spelling.
    """

    def __init__(self, gathered: Gathered, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._terms = terms_under(lexicon.base)
        self.called = Filled(partial(_called, gathered, lexicon))
        for fact, says in gathered.near.items():
            if fact not in gathered.labels:
                self.called[fact] = self._tell(fact, says)
        self.terms = Filled(partial(_term, lexicon))
        self.links = Filled(partial(_link, self.called))
        self.values = Filled(partial(_value, self.called, lexicon.base))

    def types(self, says: Says) -> tuple[Link, ...]:
        """The classes of what says this, without those that follow from others."""
        return _types(self._lexicon, tuple(says.get(TYPE, ())))

    def of(self, thing: str, says: Says) -> str:
        """What to call a thing from what it says of itself."""
        given = next(filter(None, (best(says.get(name, ())) for name in (LABEL, TITLE, FORM))), None)
        return cut(text_of(given)) if given else self._tell(thing, says)

    def _tell(self, fact: str, says: Says) -> str:
        """A line for something without label: its class and what it mainly says."""
        types = says.get(TYPE, ())
        kind = next((one.label for one in self.types(says)), "")
        telling = next((says[p] for p in self._terms.telling if p in says), None)
        if ENDED in says and TEXT in says:
            telling = None  # the text says what it was; the rest is about its end
        if not kind or (telling is None and TEXT not in says):
            return self._lexicon.label(fact[1:-1])
        if self._terms.contradiction in types and TEXT in says and IDENTIFIER in says:
            return cut(f"{_first(says[IDENTIFIER])}. {_first(says[TEXT])}")
        if telling is None:
            return f"{kind}: {cut(_first(says[TEXT]), 100)}"
        words = sorted(_value(self.called, self._lexicon.base, one).text for one in list(telling)[:3])
        return cut(f"{kind}: {', '.join(words)}")


def best(labels: Iterable[str]) -> str:
    """The label to prefer among some in TSV spelling; an empty text if there is none."""
    found: str | None = None
    for label in labels:
        if better(label, found):
            found = label
    return found or ""


def is_thing(spelled: str) -> bool:
    """Whether a value in TSV spelling is an IRI."""
    return spelled[0] == "<" and spelled[1] != "<"


def _first(values: Iterable[str]) -> str:
    return text_of(next(iter(values)))


@lru_cache(maxsize=4096)
def _types(lexicon: Lexicon, spelled: tuple[str, ...]) -> tuple[Link, ...]:
    return tuple(Link(one, lexicon.label(one)) for one in lexicon.narrowest(tuple(map(text_of, spelled))))


@lru_cache(maxsize=4096)
def _term(lexicon: Lexicon, spelled: str) -> tuple[str, str, str]:
    iri = spelled[1:-1]
    return iri, lexicon.label(iri), lexicon.definitions.get(iri, "")


def _called(gathered: Gathered, lexicon: Lexicon, spelled: str) -> str:
    label = gathered.labels.get(spelled) or gathered.forms.get(spelled)
    return _short(label) if label else lexicon.label(spelled[1:-1])


@lru_cache(maxsize=4096)
def _short(label: str) -> str:
    return cut(text_of(label))


def _link(called: Filled[str, str], spelled: str) -> Link:
    return Link(spelled[1:-1], called[spelled])


def _value(called: Filled[str, str], base: str, spelled: str) -> Value:
    return Value(called[spelled], spelled[1:-1]) if is_thing(spelled) else literal(spelled, base)
