"""The forms of a resource: which suffix and which Accept header mean which of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyoxigraph import RdfFormat, parse, serialize

from ncpc_kg.description import Description
from ncpc_kg.description.rows import term_of
from ncpc_kg.errors import NotAcceptable
from ncpc_kg.mediatypes import GRAPH_FORMATS, GRAPHS_BY_MEDIA_TYPE
from ncpc_kg.negotiation import choose
from ncpc_kg.vocabulary import prefixes_under
from ncpc_kg.web.site import Alternate, Site

HTML = "text/html"
_SPELLED = frozenset('"<_')
_LABELS = {"ttl": "Turtle", "nt": "N-Triples", "jsonld": "JSON-LD", "rdf": "RDF/XML"}
GRAPHS: dict[str, str] = {one.extension: one.media_type for one in GRAPH_FORMATS if one.extension in _LABELS}
SUFFIXES: dict[str, str] = {**GRAPHS, "html": HTML}
_SHOWN = ", ".join(f".{suffix}" for suffix in SUFFIXES)
_BY_TYPE: dict[str, str] = {
    media_type: one.extension
    for one in reversed(GRAPH_FORMATS)
    if one.extension in _LABELS
    for media_type in (*reversed(one.aliases), one.media_type)
}


def split_suffix(path: str) -> tuple[str, str | None]:
    """The path without its suffix, and the suffix if it is one of ours.

    Args:
        path: A path such as `/id/centre-brazil.ttl`.
    """
    stem, dot, suffix = path.rpartition(".")
    return (stem, suffix) if dot and suffix in SUFFIXES and not stem.endswith("/") else (path, None)


def suffix_for(accept: str | None) -> str:
    """The suffix of the form that an Accept header asks for; data unless it names HTML.

    Args:
        accept: The header.

    Raises:
        NotAcceptable: It takes none of the forms.
    """
    pages: Sequence[str] = (HTML, "application/xhtml+xml")
    data = [
        media_type for one in GRAPH_FORMATS if one.extension in _LABELS for media_type in (one.media_type,)
    ]
    data += [media_type for media_type in _BY_TYPE if media_type not in data]
    offered = [*pages, *data] if accept and HTML in accept else [*data, *pages]
    chosen = choose(accept, offered)
    if chosen is None:
        raise NotAcceptable(
            "This resource comes in none of the formats that the request accepts.",
            expected=", ".join((HTML, *GRAPHS.values())),
            hint="send one of these in the Accept header, or put ."
            + ", .".join(SUFFIXES)
            + " behind the address",
        )
    return "html" if chosen in pages else _BY_TYPE[chosen]


def alternates(site: Site, path: str, query: str = "", without: str | None = None) -> tuple[Alternate, ...]:
    """The forms of the resource at a path, but for one.

    Args:
        site: Where the site lies.
        path: Path of the resource, percent-encoded, without suffix.
        query: Query string of the forms, with its question mark.
        without: Suffix of the form to leave out.
    """
    labels = {**_LABELS, "html": "Page"}
    return tuple(
        Alternate(labels[suffix], media_type, f"{site.path(path)}.{suffix}{query}")
        for suffix, media_type in SUFFIXES.items()
        if suffix != without
    )


def statements(description: Description) -> list[str]:
    """The statements of a description as lines of N-Triples.

    Values come in the spelling of TSV, which differs only for numbers and truth values.
    """
    return [f"{s} {p} {o if o[:1] in _SPELLED else term_of(o)} ." for s, p, o in description.triples]


def document(lines: Iterable[str], media_type: str, base: str) -> bytes:
    """Statements as a document.

    Args:
        lines: Lines of N-Triples.
        media_type: One of `GRAPHS`.
        base: Base IRI the graph is published under.

    Raises:
        NotAcceptable: A triple is a value of another one, and the format has no place for that.
    """
    text = "\n".join(sorted(set(lines))) + "\n"
    if media_type == GRAPHS["nt"]:
        return text.encode()
    form = GRAPHS_BY_MEDIA_TYPE[media_type].engine
    prefixes = {prefix: iri for prefix, iri in prefixes_under(base).items() if f"<{iri}" in text}
    try:
        return serialize(parse(text, RdfFormat.N_TRIPLES), format=form, prefixes=prefixes) or b""
    except OSError as error:
        raise NotAcceptable(
            f"This cannot be said in {media_type}: {error}.",
            expected="text/turtle or application/n-triples",
            hint="ask for one of these formats",
        ) from error
