"""What the graph says of one thing, both ways, with labels, in one query and within bounds.

`asking` makes the query, `reading` turns its answer into the frozen data of `model`;
`lexicon` knows what terms are called. `describe` does it all for an engine at hand.
"""

from __future__ import annotations

from ncpc_kg.description.asking import description_query
from ncpc_kg.description.lexicon import Lexicon, lexicon_query, read_lexicon
from ncpc_kg.description.model import Description, Fact, Incoming, Link, Property, Value, Withdrawal
from ncpc_kg.description.reading import read_description
from ncpc_kg.engine import Engine

__all__ = [
    "Description", "Fact", "Incoming", "Lexicon", "Link", "Property", "Value", "Withdrawal", "describe",
    "description_query", "lexicon_query", "load_lexicon", "read_description", "read_lexicon",
]  # fmt: skip


def describe(engine: Engine, iri: str, lexicon: Lexicon, page: int = 1) -> Description:
    """Describe a thing.

    Args:
        engine: Where the graph is.
        iri: IRI of the thing.
        lexicon: Labels of the terms, from `load_lexicon`.
        page: Page of links, from 1.

    Returns:
        The description; false if the graph does not know the thing.

    Raises:
        ValueError: `iri` is not an IRI.
        NcpcError: As `Engine.query`.
    """
    text, formats = description_query(iri, lexicon.base, page=page)
    return read_description(engine.query(text, formats), iri, lexicon, page)


def load_lexicon(engine: Engine, base: str) -> Lexicon:
    """Read the labels of the terms that a graph uses.

    Args:
        engine: Where the graph is.
        base: Base IRI it is published under.
    """
    text, formats = lexicon_query()
    return read_lexicon(engine.query(text, formats), base)
