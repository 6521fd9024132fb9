"""What is said about an entry: each finding in words that its author can use."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pyoxigraph import Triple

from ncpc_kg.entries.model import Severity, Spot
from ncpc_kg.validation import Finding

RANK: dict[Severity, int] = {"violation": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Repair:
    """A safe correction.

    Attributes:
        text: What to put instead, as one would type it.
        remove: The statement that goes, if one does.
        add: The statements that come instead.
        part: What of the value the text is: the value itself, its language, or its IRI.
    """

    text: str
    remove: Triple | None = None
    add: tuple[Triple, ...] = ()
    part: str = "text"


@dataclass(frozen=True)
class EntryFinding:
    """One thing that is wrong or missing.

    Attributes:
        severity: How bad it is.
        node: The node, as a prefixed name or IRI.
        label: What the node is called.
        field: Label of the field, with those it is within; empty if it concerns no field.
        value: What was given.
        message: What is wrong and what to do.
        expected: What belongs there.
        suggestions: The nearest valid choices, best first.
        repair: A correction that is safe to make.
        rule: Name of the rule.
        reason: Why there is such a rule.
        spot: Where it stands in what was handed in.
        finding: The SHACL result behind it, if there is one.
    """

    severity: Severity
    node: str
    label: str
    field: str
    value: str | None
    message: str
    expected: str = ""
    suggestions: tuple[str, ...] = ()
    repair: Repair | None = None
    rule: str = ""
    reason: str = ""
    spot: Spot | None = None
    finding: Finding | None = dataclasses.field(default=None, compare=False)

    @property
    def hint(self) -> str:
        """`Did you mean ...?`, or nothing."""
        if not self.suggestions:
            return ""
        return f"Did you mean {' or '.join(self.suggestions)}?"

    @property
    def key(self) -> tuple[int, int, int, str, str, str, str]:
        """What findings are sorted by: severity, then place."""
        spot = self.spot or Spot()
        return (
            RANK[self.severity],
            spot.line or 0,
            spot.column or 0,
            spot.cell or "",
            self.field,
            self.value or "",
            self.message,
        )


@dataclass(frozen=True)
class EntryReport:
    """The outcome of checking one entry.

    Attributes:
        node: The centre, as a prefixed name.
        label: Its name.
        findings: Sorted by severity and place.
        name: Name of the file it came from.
        media_type: Form it came in.
        statements: How many statements it makes.
    """

    node: str
    label: str
    findings: tuple[EntryFinding, ...]
    name: str = ""
    media_type: str = ""
    statements: int = 0

    @property
    def conforms(self) -> bool:
        """Whether it can be accepted: no violation."""
        return not any(finding.severity == "violation" for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity, those without any left out."""
        found: dict[str, int] = {}
        for finding in self.findings:
            found[finding.severity] = found.get(finding.severity, 0) + 1
        return found
