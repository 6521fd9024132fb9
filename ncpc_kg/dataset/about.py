"""What people wrote about the dataset (`about.ttl`): title, licence, source, subjects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from ncpc_kg.graph import rebased
from ncpc_kg.vocabulary import BASE, expand

_FILE = Path(__file__).with_name("about.ttl")


@dataclass(frozen=True)
class About:
    """The written part of the dataset's description.

    Attributes:
        iri: IRI of the dataset.
        triples: All statements, under the base the graph is published with.
    """

    iri: str
    triples: tuple[Triple, ...]

    def texts(self, name: str) -> tuple[str, ...]:
        """Values that the dataset has for a property.

        Args:
            name: Prefixed name of the property, such as `dcterms:title`.
        """
        return self.texts_of(self.iri, name)

    def texts_of(self, iri: str, name: str) -> tuple[str, ...]:
        """Values that anything described has for a property."""
        wanted, subject = expand(name), NamedNode(iri)
        return tuple(
            str(getattr(triple.object, "value", triple.object))
            for triple in self.triples
            if triple.subject == subject and triple.predicate == wanted
        )


def read_about(base: str = BASE) -> About:
    """Read what is written about the dataset.

    Args:
        base: Base IRI the graph is published under.
    """
    quads = rebased(parse(path=str(_FILE), format=RdfFormat.TURTLE), BASE, base)
    return About(f"{base}dataset", tuple(quad.triple for quad in quads))
