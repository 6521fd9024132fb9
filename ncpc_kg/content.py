"""Where the Turtle, shapes and queries lie: in the checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path

from ncpc_kg.errors import Place, SourceError

PACKAGE = Path(__file__).resolve().parent
FOLDERS = ("ontology", "data/ttl", "shapes", "queries")


def find_content(root: Path | None = None) -> Path:
    """Find the directory that holds `ontology/`, `data/ttl/`, `shapes/` and `queries/`.

    Args:
        root: A directory chosen by the user; None looks beside the package (a checkout or
            an editable install), then inside it (a wheel).

    Returns:
        The directory, absolute.

    Raises:
        SourceError: No directory with all four folders was found.
    """
    places = (root,) if root else (PACKAGE.parent, PACKAGE / "content")
    for place in places:
        if all((place / folder).is_dir() for folder in FOLDERS):
            return place.resolve()
    raise SourceError(
        "The content of the graph was not found.",
        found=", ".join(str(place) for place in places),
        expected="a directory with " + ", ".join(f"{folder}/" for folder in FOLDERS),
        hint="run from a checkout, install the package again, or point --content at the directory",
        place=Place(places[0]),
    )
