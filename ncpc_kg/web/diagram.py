"""The class diagram of the ontology as SVG, drawn from the ontology alone.

Facts stand on the left, indented by their superclass; things stand on the right; an arrow is a
property that leads from a class to a class. Colours come from the page's style sheet.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ncpc_kg.ontology import Ontology, OntologyTerm

ROW, HEIGHT, INDENT, MARGIN = 34, 26, 26, 16
LETTER = 7.4  # width of a letter at 13 px, on the safe side
GAP = 300
BEND = 70


@dataclass(frozen=True)
class _Box:
    term: OntologyTerm
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.y + HEIGHT / 2


def class_diagram(ontology: Ontology) -> str:
    """Draw the classes with their hierarchy and the properties between them.

    Args:
        ontology: The ontology.

    Returns:
        An `svg` element; each class links to its place on the page.
    """
    own = {one.iri: one for one in ontology.classes}
    parents = {one.iri: [link.iri for link in one.broader if link.iri in own] for one in ontology.classes}
    # What the closure adds (a grandparent as parent) is left out of the drawing.
    nearest = {
        iri: [p for p in above if not any(p in _above(other, parents) for other in above if other != p)]
        for iri, above in parents.items()
    }
    children: dict[str, list[OntologyTerm]] = {}
    for one in ontology.classes:
        children.setdefault(next(iter(sorted(nearest[one.iri])), ""), []).append(one)
    roots = children.get("", [])
    trees = [one for one in roots if one.iri in children]
    singles = [one for one in roots if one.iri not in children]
    boxes: dict[str, _Box] = {}
    bottom: float = MARGIN
    for root in trees:
        bottom = _place(root, children, boxes, MARGIN, bottom)
    left = max((box.x + box.width for box in boxes.values()), default=MARGIN)
    right = left + (GAP if trees else 0)
    for row, one in enumerate(singles):
        boxes[one.iri] = _Box(one, right, MARGIN + row * ROW, _width(one))
    height = max(bottom, MARGIN + len(singles) * ROW) + MARGIN
    width = max((box.x + box.width for box in boxes.values()), default=MARGIN) + MARGIN + BEND
    lines = [
        _branch(boxes[iri], boxes[above]) for iri, up in nearest.items() for above in up[:1] if iri in boxes
    ]
    arrows = _arrows(ontology, boxes)
    return (
        f'<svg class="class-diagram" role="group" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" xmlns="http://www.w3.org/2000/svg" '
        'aria-labelledby="class-diagram-title class-diagram-text" font-size="13" font-family="inherit">'
        f'<title id="class-diagram-title">Classes of the {escape(ontology.title)}</title>'
        f'<desc id="class-diagram-text">{len(boxes)} classes; lines lead from a class to its superclass, '
        "arrows are properties. The tables below say the same in words.</desc>"
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
        + "".join((*lines, *arrows, *map(_drawn, boxes.values())))
        + "</svg>"
    )


def _above(iri: str, parents: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [iri]
    while waiting:
        for above in parents.get(waiting.pop(), ()):
            if above not in found:
                found.add(above)
                waiting.append(above)
    return found - {iri}


def _place(
    one: OntologyTerm, children: dict[str, list[OntologyTerm]], boxes: dict[str, _Box], x: float, y: float
) -> float:
    """Place a class and those below it; returns where the next one goes."""
    if one.iri in boxes:
        return y
    boxes[one.iri] = _Box(one, x, y, _width(one))
    y += ROW
    for child in children.get(one.iri, ()):
        y = _place(child, children, boxes, x + INDENT, y)
    return y


def _width(one: OntologyTerm) -> float:
    return len(one.label) * LETTER + 20


def _branch(box: _Box, above: _Box) -> str:
    x = above.x + INDENT / 2
    return (
        f'<path class="is-a" d="M{x:.0f} {above.y + HEIGHT:.0f}V{box.middle:.0f}H{box.x:.0f}" '
        'fill="none" stroke="currentColor"/>'
    )


def _arrows(ontology: Ontology, boxes: dict[str, _Box]) -> list[str]:
    """One arrow for each pair of classes, with the names of the properties on it."""
    pairs: dict[tuple[str, str], list[OntologyTerm]] = {}
    for one in ontology.properties:
        for start in one.domain:
            for end in one.range:
                if start.iri in boxes and end.iri in boxes and start.iri != end.iri:
                    pairs.setdefault((start.iri, end.iri), []).append(one)
    found = []
    for (start_iri, end_iri), properties in pairs.items():
        tail, head = boxes[start_iri], boxes[end_iri]
        names = ", ".join(one.label for one in properties)
        title = escape(f"{tail.term.label} {names} {head.term.label}")
        x1, y1 = tail.x + tail.width, tail.middle
        if head.x > x1:
            x2, y2 = head.x, head.middle
            x, anchor = x2 - 12, "end"
            bend = (x2 - x1) / 2
            path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
        else:
            x2, y2 = head.x + head.width, head.middle
            x, anchor = x2 + 12, "start"
            out = max(x1, x2) + BEND
            path = f"M{x1:.0f} {y1:.0f}C{out:.0f} {y1:.0f} {out:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
        found.append(
            f'<path class="leads-to" d="{path}" fill="none" stroke="currentColor" stroke-opacity="0.55" '
            f'marker-end="url(#arrow)"><title>{title}</title></path>'
            f'<text class="property" x="{x:.0f}" y="{y2 - 5:.0f}" text-anchor="{anchor}" font-size="11" '
            f'fill="currentColor">{escape(names)}</text>'
        )
    return found


def _drawn(box: _Box) -> str:
    return (
        f'<a href="#{escape(box.term.name)}"><rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{HEIGHT}" rx="4" fill="none" stroke="currentColor"/>'
        f'<text x="{box.x + 10:.0f}" y="{box.y + 17:.0f}" fill="currentColor">{escape(box.term.label)}</text>'
        f"<title>{escape(box.term.definition or box.term.label)}</title></a>"
    )
