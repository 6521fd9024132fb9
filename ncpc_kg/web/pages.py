"""The pages of resources."""

from __future__ import annotations

import re
from dataclasses import replace

from markupsafe import Markup

from ncpc_kg.catalogue import Catalogue, Question
from ncpc_kg.description import Description, Fact, Incoming, Link, Value
from ncpc_kg.listing import LABEL
from ncpc_kg.ontology import Ontology
from ncpc_kg.web.chart import chart
from ncpc_kg.web.diagram import class_diagram
from ncpc_kg.web.site import DatasetView, Head, QuestionView
from ncpc_kg.web.views import Views
from ncpc_kg.web.words import local

# A class whose pages set what they involve side by side.
_SIDES = "Discrepancy"
_SUBJECT = re.compile(r"^((?:[a-z][\w-]*):([\w-]+))(?= )", re.MULTILINE)
# In this order a reader wants to know things; classes not named here come last.
_ORDER = (
    *("Hosting", "CounterpartArrangement", "Funding", "Cooperation", "Agreement", "StatusAssignment"),
    *("LifecycleEvent", "IndicatorObservation", "UnreportedCell", "ServiceActivity", "Meeting"),
    *("Membership", "ContactPoint", "Participation", "Statement", "Discrepancy", "Label"),
)


class Pages:
    """Makes the pages of resources.

    Args:
        views: The templates.
    """

    def __init__(self, views: Views) -> None:
        self.views = views

    def thing(self, description: Description, head: Head) -> str:
        """The page of a thing, code, passage, section, graph or entry."""
        groups = grouped(description.facts)
        clashes = {Link(one.iri, one.label) for kind, facts in groups if _clashes(kind) for one in facts}
        return self._render(
            "thing.html",
            head,
            thing=description,
            groups=tuple(group for group in groups if not _clashes(group[0])),
            contested=sorted(clashes.union(description.contested), key=_by_number),
            names=names(description),
            sides=any(map(_clashes, description.types)),
            links=other_links(description),
        )

    def question(self, view: QuestionView, head: Head) -> str:
        """The page of a question, with its form and its answer."""
        shown = with_labels(view)
        return self._render("question.html", head, view=shown, chart=chart(shown))

    def questions(self, catalogue: Catalogue, head: Head) -> str:
        """The list of questions, by what they are about first."""
        return self._render("questions.html", head, groups=by_tag(catalogue))

    def dataset(self, view: DatasetView, head: Head) -> str:
        """The page of the dataset."""
        return self._render("dataset.html", head, view=view)

    def ontology(self, ontology: Ontology, head: Head) -> str:
        """The reference page of the ontology; terms have their local names as ids."""
        # The diagram escapes what it takes from the ontology.
        diagram = Markup(class_diagram(ontology))  # noqa: S704
        return self._render("ontology.html", head, ontology=ontology, diagram=diagram)

    def shapes(self, turtle: str, head: Head) -> str:
        """The page of the shapes; `turtle` is their text."""
        return self._render("shapes.html", head, blocks=blocks(turtle))

    def _render(self, template: str, head: Head, **data: object) -> str:
        return self.views.render(template, head.site, head=head, **data)


def blocks(turtle: str) -> tuple[tuple[str, str], ...]:
    """Cut Turtle before each subject with a prefixed name: its local name (or none), and the text."""
    parts = _SUBJECT.split(turtle)
    return (
        ("", parts[0]),
        *zip(parts[2::3], map("".join, zip(parts[1::3], parts[3::3], strict=True)), strict=True),
    )


def with_labels(view: QuestionView) -> QuestionView:
    """An answer in which things carry their names: `?hostLabel` has no column beside `?host`."""
    at = {name: number for number, name in enumerate(view.columns)}
    labels = {
        at[name]: at[name + LABEL] for name in view.columns if name + LABEL in at and not name.endswith(LABEL)
    }
    kept = [number for number in range(len(view.columns)) if number not in labels.values()]

    def named(row: tuple[Value | None, ...], number: int) -> Value | None:
        value = row[number]
        label = row[labels[number]] if number in labels else None
        return label._replace(iri=value.iri) if value is not None and label is not None else value

    return replace(
        view,
        columns=tuple(view.columns[number].removesuffix(LABEL) for number in kept),
        rows=tuple(tuple(named(row, number) for number in kept) for row in view.rows),
    )


def grouped(facts: tuple[Fact, ...]) -> tuple[tuple[Link, tuple[Fact, ...]], ...]:
    """Group facts by class: who takes part first, what is said about it last."""
    found: dict[Link, list[Fact]] = {}
    for fact in facts:
        found.setdefault(fact.type, []).append(fact)
    return tuple((kind, tuple(found[kind])) for kind in sorted(found, key=lambda one: (_place(one.iri), one)))


def _clashes(kind: Link) -> bool:
    return local(kind.iri) == _SIDES


def _place(kind: str) -> int:
    name = local(kind)
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)


def other_links(description: Description) -> tuple[Incoming, ...]:
    """What points at a thing, without the facts that its page tells in full."""
    told = {fact.iri for fact in description.facts}
    kept = (
        Incoming(one.property, tuple(thing for thing in one.things if thing.iri not in told))
        for one in description.incoming
    )
    return tuple(one for one in kept if one.things)


def names(description: Description) -> tuple[Value, ...]:
    """Other names of a thing, each once; those that the source is quoted for lead to their passages."""
    quoted = [value for one in description.properties if local(one.iri) == "altLabel" for value in one.values]
    found = {name: Value(name) for name in description.names} | {one.text: one for one in quoted if one.iri}
    return tuple(one for text, one in sorted(found.items()) if text != description.label)


def _by_number(clash: Link) -> tuple[int, str]:
    """`D9` before `D103`, which begin the labels of contradictions."""
    return (len(clash.label.partition(".")[0]), clash.label)


def by_tag(catalogue: Catalogue) -> tuple[tuple[str, tuple[Question, ...]], ...]:
    """Group questions by their first tag; those without one come last."""
    found: dict[str, list[Question]] = {}
    for question in catalogue.questions:
        found.setdefault(question.tags[0] if question.tags else "", []).append(question)
    return tuple((tag, tuple(found[tag])) for tag in sorted(found, key=lambda tag: (not tag, tag)))
