"""What a validation finds: frozen, sorted, and free of any engine's objects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pyoxigraph import BlankNode, Literal, NamedNode
from rdflib import SH

from ncpc_kg.engine import Term
from ncpc_kg.errors import Place
from ncpc_kg.validation.paths import Path

VIOLATION, WARNING, INFO = (NamedNode(str(SH[name])) for name in ("Violation", "Warning", "Info"))
_RANK = {VIOLATION: 0, WARNING: 1, INFO: 2}


@dataclass(frozen=True)
class Finding:
    """One result of SHACL validation (SHACL, section 3.6.2).

    Attributes:
        focus: The node that was checked.
        path: The property or property path, if the shape has one.
        value: The value that caused the result, if there is one.
        component: The kind of constraint, e.g. `sh:MinCountConstraintComponent`.
        shape: The shape that was not met.
        severity: `sh:Violation`, `sh:Warning`, `sh:Info` or a severity of the shape's own.
        message: What is wrong and what to do, in English where the shape offers a choice.
        where: File and line of the offending statement, or of the node, where known.
    """

    focus: Term
    path: Path | None
    value: Term | None
    component: NamedNode
    shape: NamedNode | BlankNode
    severity: NamedNode
    message: str
    where: Place | None = field(default=None, compare=False)

    @property
    def level(self) -> str:
        """The severity as a word: violation, warning, info, or the name of another one."""
        return self.severity.value.rpartition("#")[2].rpartition("/")[2].lower()

    @property
    def key(self) -> tuple[int, str, str, str, str, str, str, str]:
        """What findings are sorted by: severity first, then place in the graph."""
        return (
            _RANK.get(self.severity, 3),
            _text(self.focus),
            str(self.path or ""),
            _text(self.value),
            _text(self.component),
            self.shape.value if isinstance(self.shape, NamedNode) else "",
            self.severity.value,
            self.message,
        )


@dataclass(frozen=True)
class Report:
    """The outcome of a validation.

    Attributes:
        findings: Sorted by severity, node, path and value; each once.
        checked: How many pairs of shape and node were checked.
    """

    findings: tuple[Finding, ...] = ()
    checked: int = field(default=0, compare=False)

    @property
    def conforms(self) -> bool:
        """Whether no finding is a violation; warnings and hints let data pass."""
        return not any(finding.severity == VIOLATION for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each level, levels without any left out."""
        found: dict[str, int] = {}
        for finding in self.findings:
            found[finding.level] = found.get(finding.level, 0) + 1
        return found


def make_report(findings: Iterable[Finding], checked: int = 0) -> Report:
    """Sort findings into a report.

    Args:
        findings: In any order, repetitions allowed.
        checked: How many pairs of shape and node were checked.

    Returns:
        The report.
    """
    return Report(tuple(sorted(set(findings), key=lambda finding: finding.key)), checked)


def _text(term: Term | None) -> str:
    if isinstance(term, Literal):
        return f"{term.value} {term.language or term.datatype.value}"
    return term.value if isinstance(term, NamedNode) else ""
