"""The map of the centres: outlines from the built assets, pins, and an inset where it is crowded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CLOSE = 16.0
_INSET_WIDTH = 230.0
_MARGIN = 6.0


@dataclass(frozen=True)
class Pin:
    """A country with a centre.

    Attributes:
        iri: IRI of the centre.
        label: Name of the country.
        x: Place of its middle, in units of the map.
        y: Likewise, downwards.
        path: Its outline as SVG path data.
    """

    iri: str
    label: str
    x: float
    y: float
    path: str


@dataclass(frozen=True)
class Inset:
    """A part of the map drawn larger.

    Attributes:
        x: Left edge of the part, in units of the map.
        y: Upper edge.
        width: Width of the part.
        height: Height of the part.
        scale: How much larger it is drawn.
        pins: What lies in it.
    """

    x: float
    y: float
    width: float
    height: float
    scale: float
    pins: tuple[Pin, ...]


@dataclass(frozen=True)
class Map:
    """All that the template draws.

    Attributes:
        width: Width in its own units.
        height: Height likewise.
        land: Outline of all land as SVG path data.
        pins: Countries with room for a name beside them.
        inset: The crowded part, or None.
    """

    width: int
    height: int
    land: str
    pins: tuple[Pin, ...]
    inset: Inset | None


class Atlas:
    """The shapes of countries.

    Args:
        shapes: What `frontend/build.mjs` wrote into `world.json`.
    """

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        self._shapes = shapes

    @classmethod
    def read(cls, path: Path) -> Atlas | None:
        """Read the built file; None where the assets were not built."""
        return cls(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None

    def draw(self, places: Iterable[tuple[str, str, str]]) -> Map:
        """Draw a map.

        Args:
            places: IRI of a centre, name and two-letter code of its country; those whose shape is
                unknown are left out.
        """
        shapes = self._shapes["countries"]
        pins = tuple(
            Pin(iri, label, shapes[code]["x"], shapes[code]["y"], shapes[code]["path"])
            for iri, label, code in places
            if code in shapes
        )
        crowd = _crowd(pins)
        apart = tuple(pin for pin in pins if pin not in crowd)
        return Map(self._shapes["width"], self._shapes["height"], self._shapes["land"], apart, _inset(crowd))


def _crowd(pins: tuple[Pin, ...]) -> tuple[Pin, ...]:
    """The largest group of pins in which each is close to another one."""
    groups: list[list[Pin]] = []
    for pin in pins:
        near = [group for group in groups if any(_distance(pin, other) < _CLOSE for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([pin, *(other for group in near for other in group)])
    largest = max(groups, key=len, default=[])
    return tuple(sorted(largest, key=lambda pin: (pin.y, pin.x))) if len(largest) > 1 else ()


def _distance(one: Pin, other: Pin) -> float:
    return float(((one.x - other.x) ** 2 + (one.y - other.y) ** 2) ** 0.5)


def _inset(pins: tuple[Pin, ...]) -> Inset | None:
    if not pins:
        return None
    left, right = min(pin.x for pin in pins), max(pin.x for pin in pins)
    top, bottom = min(pin.y for pin in pins), max(pin.y for pin in pins)
    # Names stand to the right of their pins, so there is more room on that side.
    width = right - left + 3.5 * _MARGIN
    height = bottom - top + 2 * _MARGIN
    return Inset(left - _MARGIN, top - _MARGIN, width, height, _INSET_WIDTH / width, pins)
