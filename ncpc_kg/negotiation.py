"""Which format an answer comes in: the Accept header and the `format` parameters.

`Accept` is ranked as RFC 9110, section 12.5.1, says: the most specific range decides the
quality of a format, quality 0 excludes it, and equal qualities fall to our order of
preference. `format`, `output` and `results` (clients send any or all) overrule the header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ncpc_kg.engine import Formats
from ncpc_kg.errors import NotAcceptable, QueryError, RequestError
from ncpc_kg.mediatypes import GRAPH_FORMATS, RESULT_FORMATS, Format

FORMAT_PARAMETERS = ("format", "output", "results")
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_RANGE = re.compile(rf"\s*({_WORD})/({_WORD})\s*((?:;[^,]*)?)$")
_PARAMETER = re.compile(rf'\s*({_WORD})\s*=\s*({_WORD}|"(?:[^"\\]|\\.)*")\s*$')
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$")


@dataclass(frozen=True)
class Range:
    """One media range of an Accept header.

    Attributes:
        type: Main type, or `*`.
        subtype: Subtype, or `*`.
        parameters: Parameters other than q, with small names.
        quality: 0 (never) to 1 (best).
    """

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()
    quality: float = 1.0

    def specificity(self, media_type: str) -> int | None:
        """How closely it matches a media type without parameters; None if it does not."""
        main, _, sub = media_type.partition("/")
        if self.parameters and self.parameters != (("charset", "utf-8"),):
            return None
        if (self.type, self.subtype) == (main, sub):
            return 3 if self.parameters else 2
        if self.subtype == "*" and not self.parameters:
            return {main: 1, "*": 0}.get(self.type)
        return None


@lru_cache(maxsize=1024)
def parse_accept(header: str) -> tuple[Range, ...]:
    """Read an Accept header.

    Raises:
        RequestError: No part of it can be read.
    """
    ranges = tuple(found for part in _split(header, ",") if (found := _range(part)) is not None)
    if header.strip() and not ranges:
        raise RequestError(
            "The Accept header cannot be read.",
            found=header[:100],
            expected="media types such as text/csv, */*;q=0.1 (RFC 9110, section 12.5.1)",
        )
    return ranges


def choose(accept: str | None, offered: Iterable[str]) -> str | None:
    """The media type to answer in.

    Args:
        accept: The Accept header; None or empty accepts everything.
        offered: Media types, best first.

    Returns:
        One of them, or None if the client accepts none.
    """
    ranges = parse_accept(accept) if accept else ()
    candidates = list(offered)
    if not ranges:
        return candidates[0] if candidates else None
    ranked = [(quality(ranges, media_type), media_type) for media_type in candidates]
    best = max((rank for rank, _ in ranked), default=0.0)
    return next((media_type for rank, media_type in ranked if rank == best), None) if best > 0 else None


def quality(ranges: Sequence[Range], media_type: str) -> float:
    """The quality that the most specific matching range gives a media type; 0 for none."""
    matching = [
        (fit, one.quality) for one in ranges if (fit := one.specificity(media_type)) is not None
    ]  # fmt: skip
    return max(matching, key=lambda pair: pair[0])[1] if matching else 0.0


def formats(accept: str | None, asked: Mapping[str, Sequence[str]] | None = None) -> Formats:
    """The media types for each kind of result a query may have.

    Args:
        accept: The Accept header.
        asked: Values of `format`, `output` and `results`, if the request has any.

    Raises:
        QueryError: Those parameters contradict each other or name no format.
        NotAcceptable: The client accepts no format at all that is offered.
    """
    named = asked_format(asked or {})
    return _formats_by_name(named) if named else _formats_by_accept(accept or "")


def graph_format(accept: str | None, asked: Mapping[str, Sequence[str]] | None = None) -> str:
    """The media type for a graph or a description of the service.

    Raises:
        NotAcceptable: The client accepts none that is offered.
    """
    found = formats(accept, asked).graph
    if found is None:
        raise _none(("graph",))
    return found


def asked_format(parameters: Mapping[str, Sequence[str]]) -> str | None:
    """The one format that `format`, `output` and `results` agree on; None if none is given.

    Raises:
        QueryError: They contradict each other, or it is no format of ours.
    """
    given = [(name, value) for name in FORMAT_PARAMETERS for value in parameters.get(name, ()) if value]
    values = {value.lower() for _, value in given}
    if not values:
        return None
    if len(values) > 1:
        raise QueryError(
            "The request asks for several formats at once.",
            found=", ".join(f"{name}={value}" for name, value in given),
            hint="send one of format, output and results, or the same value in all of them",
        )
    value = values.pop()
    known: list[Format] = [*RESULT_FORMATS, *GRAPH_FORMATS]
    if not any(value in one.names for one in known):
        raise QueryError(
            f"There is no format {value[:60]!r}.",
            expected=", ".join(dict.fromkeys(one.name for one in known)),
            hint="use one of these names or a media type",
        )
    return value


def _formats_by_name(name: str) -> Formats:
    def media_type(offered: Iterable[Format]) -> str | None:
        for one in offered:
            if name in one.names:
                return name if "/" in name and name != "rdf/xml" else one.media_type
        return None

    return Formats(
        media_type(RESULT_FORMATS),
        media_type(one for one in RESULT_FORMATS if one.boolean),
        media_type(GRAPH_FORMATS),
    )


@lru_cache(maxsize=1024)
def _formats_by_accept(accept: str) -> Formats:
    found = Formats(
        choose(accept, _offered(RESULT_FORMATS)),
        choose(accept, _offered(one for one in RESULT_FORMATS if one.boolean)),
        choose(accept, _offered(GRAPH_FORMATS)),
    )
    if (found.bindings, found.boolean, found.graph) == (None, None, None):
        raise _none(("bindings", "graph"))
    return found


def _offered(found: Iterable[Format]) -> list[str]:
    """Registered media types first, so that a wildcard never picks another name of them."""
    kept = list(found)
    return [one.media_type for one in kept] + [alias for one in kept for alias in one.aliases]


def _none(kinds: Sequence[str]) -> NotAcceptable:
    offered = [one.media_type for one in RESULT_FORMATS] if "bindings" in kinds else []
    offered += [one.media_type for one in GRAPH_FORMATS]
    return NotAcceptable(
        "The request accepts none of the formats that are offered.",
        expected=", ".join(offered),
        hint="send one of these in the Accept header, or leave the header out",
    )


def _range(part: str) -> Range | None:
    match = _RANGE.match(part)
    if not match or (match[1] == "*" and match[2] != "*"):
        return None
    parameters: list[tuple[str, str]] = []
    weight = 1.0
    for text in _split(match[3], ";")[1:]:
        pair = _PARAMETER.match(text)
        if not pair:
            if text.strip():
                return None
            continue
        name, value = pair[1].lower(), pair[2].strip('"')
        if name == "q":
            if not _QUALITY.match(value):
                return None
            weight = float(value)
            break  # what follows q are extensions of Accept itself, not of the media type
        parameters.append((name, value.lower()))
    return Range(match[1].lower(), match[2].lower(), tuple(parameters), weight)


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark outside quoted strings."""
    return re.findall(rf'(?:"(?:[^"\\]|\\.)*"|[^{mark}"]|")+|(?<={mark})(?={mark})', text) if (
        '"' in text
    ) else text.split(mark)  # fmt: skip
