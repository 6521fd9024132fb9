"""A report as text, JSON, RDF or SARIF: pure functions of the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode
from rdflib import RDF, SH, XSD

from ncpc_kg import __version__
from ncpc_kg.engine import Term
from ncpc_kg.errors import Place
from ncpc_kg.graph import Converter, rdflib_graph
from ncpc_kg.validation import Finding, Report
from ncpc_kg.validation.paths import shorten, write_path

_COLOURS = {"violation": "31", "warning": "33", "info": "36"}
_SARIF = {"violation": "error", "warning": "warning", "info": "note"}
_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_text(report: Report, colour: bool = False, root: Path | None = None) -> str:
    """Write a report for a terminal.

    Args:
        report: The report.
        colour: Whether to use ANSI colours.
        root: Paths below it are written relative to it.

    Returns:
        One block for each finding, then one line that sums up; ends with a line break.
    """

    def paint(text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if colour else text

    blocks = []
    for finding in report.findings:
        where = f"{place_text(finding.where, root)}: " if finding.where else ""
        level = paint(finding.level, f"1;{_COLOURS.get(finding.level, '35')}")
        lines = [f"{where}{level}: {finding.message}"]
        lines.append(f"  node:  {term_text(finding.focus)}")
        if finding.path is not None:
            lines.append(f"  field: {finding.path}")
        if finding.value is not None and finding.value != finding.focus:
            lines.append(f"  value: {term_text(finding.value)}")
        lines.append(paint(f"  rule:  {term_text(finding.shape)}", "2"))
        blocks.append("\n".join(lines))
    blocks.append(summary(report))
    return "\n\n".join(blocks) + "\n"


def summary(report: Report) -> str:
    """Sum a report up in one line.

    Args:
        report: The report.

    Returns:
        E.g. `Conforms: 2 warnings (25,014 checks).`
    """
    counts = [
        f"{count:,} {level}{'s' if count != 1 and level != 'info' else ''}"
        for level, count in report.counts.items()
    ]
    verdict = "Conforms" if report.conforms else "Does not conform"
    return f"{verdict}: {', '.join(counts) or 'no findings'} ({report.checked:,} checks)."


def to_json(report: Report, root: Path | None = None) -> str:
    """Write a report as JSON.

    Args:
        report: The report.
        root: Paths below it are written relative to it.

    Returns:
        An object with `conforms`, `counts`, `checked` and `findings`; terms as in SPARQL
        1.1 Query Results JSON (section 3.2.2).
    """
    findings = [
        {
            "severity": finding.level,
            "message": finding.message,
            "focus": _term(finding.focus),
            "path": None if finding.path is None else str(finding.path),
            "value": None if finding.value is None else _term(finding.value),
            "shape": finding.shape.value,
            "component": finding.component.value,
            "file": None if not finding.where else _file(finding.where, root),
            "line": finding.where.line if finding.where else None,
            "column": finding.where.column if finding.where else None,
        }
        for finding in report.findings
    ]
    document = {
        "conforms": report.conforms,
        "counts": report.counts,
        "checked": report.checked,
        "findings": findings,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_rdf(report: Report) -> rdflib.Graph:
    """Write a report as a SHACL validation report (SHACL, section 3.6).

    Args:
        report: The report.

    Returns:
        The report graph. `sh:conforms` is what SHACL says it is: false at any finding.
    """
    graph, convert = rdflib_graph(), Converter()
    node = rdflib.BNode("report")
    graph.add((node, RDF.type, SH.ValidationReport))
    graph.add((node, SH.conforms, rdflib.Literal(not report.findings)))
    for number, finding in enumerate(report.findings, 1):
        result = rdflib.BNode(f"result{number:06d}")
        graph.add((node, SH.result, result))
        graph.add((result, RDF.type, SH.ValidationResult))
        graph.add((result, SH.focusNode, convert(finding.focus)))
        graph.add((result, SH.sourceConstraintComponent, convert(finding.component)))
        graph.add((result, SH.sourceShape, convert(finding.shape)))
        graph.add((result, SH.resultSeverity, convert(finding.severity)))
        if finding.message:
            graph.add((result, SH.resultMessage, rdflib.Literal(finding.message, lang="en")))
        if finding.path is not None:
            graph.add((result, SH.resultPath, write_path(finding.path, graph)))
        if finding.value is not None:
            graph.add((result, SH.value, convert(finding.value)))
    return graph


def to_sarif(report: Report, root: Path | None = None) -> str:
    """Write a report as SARIF 2.1.0, which code review tools show beside the lines.

    Args:
        report: The report.
        root: Paths below it are written relative to it.

    Returns:
        The log; findings without a file have no location.
    """
    messages = {_rule(finding.shape): finding.message for finding in report.findings}
    rules = sorted(messages)
    results = []
    for finding in report.findings:
        result: dict[str, Any] = {
            "ruleId": _rule(finding.shape),
            "ruleIndex": rules.index(_rule(finding.shape)),
            "level": _SARIF.get(finding.level, "none"),
            "message": {"text": _sentence(finding)},
        }
        if finding.where is not None and finding.where.path is not None:
            region = {"startLine": finding.where.line, "startColumn": finding.where.column}
            location: dict[str, Any] = {"artifactLocation": {"uri": _file(finding.where, root)}}
            if finding.where.line:
                location["region"] = {name: value for name, value in region.items() if value}
            result["locations"] = [{"physicalLocation": location}]
        results.append(result)
    driver = {
        "name": "ncpc-kg",
        "version": __version__,
        "rules": [{"id": rule, "shortDescription": {"text": messages[rule] or rule}} for rule in rules],
    }
    log = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def term_text(term: Term) -> str:
    """Write a term for people: IRIs with the project's prefixes, texts in quotes.

    Args:
        term: The term.

    Returns:
        E.g. `id:centre-brazil`, `"1996-13"^^xsd:gYearMonth`.
    """
    if isinstance(term, NamedNode):
        return shorten(term)
    if isinstance(term, BlankNode):
        return "a node without IRI"
    text = json.dumps(term.value, ensure_ascii=False)
    if term.language:
        return f"{text}@{term.language}"
    return text if term.datatype.value == str(XSD.string) else f"{text}^^{shorten(term.datatype)}"


def place_text(place: Place, root: Path | None = None) -> str:
    """Write a place as `file:line:column`.

    Args:
        place: The place.
        root: Paths below it are written relative to it.
    """
    return str(Place(Path(_file(place, root)) if place.path else None, place.line, place.column))


def _sentence(finding: Finding) -> str:
    value = "" if finding.value in (None, finding.focus) else f" (value {term_text(finding.value)})"
    return f"{term_text(finding.focus)}{value}: {finding.message}"


def _file(place: Place, root: Path | None) -> str:
    path = place.path or Path()
    if root is not None and path.is_relative_to(root):
        path = path.relative_to(root)
    return path.as_posix()


def _rule(shape: NamedNode | BlankNode) -> str:
    return shorten(shape) if isinstance(shape, NamedNode) else "a shape without IRI"


def _term(term: Term) -> dict[str, str]:
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    found = {"type": "literal", "value": term.value}
    if isinstance(term, Literal) and term.language:
        return {**found, "xml:lang": term.language}
    if term.datatype.value != str(XSD.string):
        found["datatype"] = term.datatype.value
    return found
