"""The one spelling of our Turtle files: rdflib's longturtle with the project's prefixes."""

from __future__ import annotations

import re
from pathlib import Path

import rdflib
from pyoxigraph import Triple

from ncpc_kg.errors import Place, SourceError
from ncpc_kg.graph import Converter, rdflib_graph
from ncpc_kg.sources import parse_turtle

_COMMENT = re.compile(
    r'"""[\s\S]*?"""|'
    r"'''[\s\S]*?'''|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'(?:[^'\\\n]|\\.)*'|<[^>\s]*>|(?P<comment>#.*)"
)


def format_turtle(text: str, path: Path) -> str:
    """Write Turtle the way the project keeps it.

    Subjects and predicates are sorted, one predicate a line; blank nodes keep the order in
    which the text names them.

    Args:
        text: Turtle.
        path: Where it comes from, for messages.

    Returns:
        The same statements, formatted; ends with one line break.

    Raises:
        SourceError: The text is no Turtle, differs from the prefix map, or holds a comment,
            which would be lost.
    """
    for match in _COMMENT.finditer(text):
        if match["comment"]:
            raise SourceError(
                "The file holds a comment, which formatting would lose.",
                found=match["comment"][:60],
                expected="skos:note, rdfs:comment or sh:description, which travel with the graph",
                hint="say it as a statement, or delete it",
                place=Place(path, text.count("\n", 0, match.start()) + 1),
            )
    triples, _ = parse_turtle(text, path)
    return serialize_turtle(triples)


def serialize_turtle(triples: tuple[Triple, ...]) -> str:
    """Serialise statements as longturtle.

    Args:
        triples: The statements.

    Returns:
        The text, ending with one line break.
    """
    graph, convert = rdflib_graph(), Converter()
    names: dict[rdflib.term.Node, rdflib.BNode] = {}
    for triple in triples:
        nodes = []
        for term in (triple.subject, triple.predicate, triple.object):
            node = convert(term)
            # Fixed names in the order of the text: rdflib sorts by them.
            if isinstance(node, rdflib.BNode):
                node = names.setdefault(node, rdflib.BNode(f"b{len(names):06d}"))
            nodes.append(node)
        graph.add((nodes[0], nodes[1], nodes[2]))
    return graph.serialize(format="longturtle").strip() + "\n"
