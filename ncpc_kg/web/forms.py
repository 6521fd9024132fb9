"""The forms of a resource: which suffix and which Accept header mean which of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pyoxigraph import RdfFormat, parse, serialize

from ncpc_kg.description import Description
from ncpc_kg.description.rows import term_of
from ncpc_kg.errors import NotAcceptable
from ncpc_kg.mediatypes import GRAPH_FORMATS, GRAPHS_BY_MEDIA_TYPE
from ncpc_kg.negotiation import choose
from ncpc_kg.vocabulary import prefixes_under
from ncpc_kg.web.site import Alternate, Site

HTML = "text/html"
_PAGES = (HTML, "application/xhtml+xml")
_IRI = re.compile(r"<[^>]*")
_SPELLED = frozenset('"<_')
_LABELS = {
    "json": "JSON", "csv": "CSV", "tsv": "TSV", "xlsx": "Excel", "srj": "SPARQL JSON", "ttl": "Turtle",
    "nt": "N-Triples", "jsonld": "JSON-LD", "rdf": "RDF/XML", "html": "Page", "rq": "SPARQL",
}  # fmt: skip
GRAPHS: dict[str, str] = {one.extension: one.media_type for one in GRAPH_FORMATS if one.extension in _LABELS}
SUFFIXES: dict[str, str] = {**GRAPHS, "html": HTML}
_ALIASES = {alias: one.extension for one in GRAPH_FORMATS if one.extension in GRAPHS for alias in one.aliases}


def split_suffix(path: str, forms: Mapping[str, str] = SUFFIXES) -> tuple[str, str | None]:
    """The path without its suffix, and the suffix if it is one of ours.

    Args:
        path: A path such as `/id/centre-brazil.ttl`.
        forms: Media types by suffix.
    """
    stem, dot, suffix = path.rpartition(".")
    return (stem, suffix) if dot and suffix in forms and not stem.endswith("/") else (path, None)


def suffix_for(accept: str | None, forms: Mapping[str, str] = SUFFIXES) -> str:
    """The suffix of the form that an Accept header asks for; data unless it names HTML.

    Args:
        accept: The header.
        forms: Media types by suffix, best first.

    Raises:
        NotAcceptable: It takes none of the forms.
    """
    suffixes = {media_type: suffix for suffix, media_type in forms.items() if suffix != "html"}
    suffixes = {**suffixes, **{alias: s for alias, s in _ALIASES.items() if alias not in suffixes}}
    offered = [*_PAGES, *suffixes] if accept and HTML in accept else [*suffixes, *_PAGES]
    chosen = choose(accept, offered)
    if chosen is None:
        raise NotAcceptable(
            "This resource comes in none of the formats that the request accepts.",
            expected=", ".join(forms.values()),
            hint=f"send one of these in the Accept header, or put .{', .'.join(forms)} behind the address",
        )
    return suffixes.get(chosen, "html")


def alternates(
    site: Site,
    path: str,
    query: str = "",
    without: str | None = None,
    forms: Mapping[str, str] = SUFFIXES,
) -> tuple[Alternate, ...]:
    """The forms of the resource at a path, but for one.

    Args:
        site: Where the site lies.
        path: Path of the resource, percent-encoded, without suffix.
        query: Query string of the forms, with its question mark.
        without: Suffix of the form to leave out.
        forms: Media types by suffix.
    """
    return tuple(
        Alternate(_LABELS[suffix], media_type, f"{site.path(path)}.{suffix}{query}")
        for suffix, media_type in forms.items()
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
    iris = set(_IRI.findall(text))
    spaces = "".join({iri[: max(iri.rfind("/"), iri.rfind("#")) + 1] for iri in iris})
    prefixes = {prefix: iri for prefix, iri in prefixes_under(base).items() if f"<{iri}" in spaces}
    try:
        return serialize(parse(text, RdfFormat.N_TRIPLES), format=form, prefixes=prefixes) or b""
    except OSError as error:
        raise NotAcceptable(
            f"This cannot be said in {media_type}: {error}.",
            expected="text/turtle or application/n-triples",
            hint="ask for one of these formats",
        ) from error
