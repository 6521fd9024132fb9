"""A report on an entry as text, JSON, a SHACL report in RDF, and SARIF."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import cast

import rdflib
from rdflib import RDF, SH, XSD

from ncpc_kg.entries.findings import EntryFinding, EntryReport
from ncpc_kg.entries.model import Spot
from ncpc_kg.graph import Converter, rdflib_graph
from ncpc_kg.validation.paths import write_path
from ncpc_kg.vocabulary import prefixes_under

SIGNS = {"violation": "x", "warning": "!", "info": "i"}
_SARIF_LEVELS = {"violation": "error", "warning": "warning", "info": "note"}
# What finds that which no shape can say: whose node it is, what can be read, what a form needs.
_CHECK = "shape:EntryCheck"
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_dict(report: EntryReport) -> dict[str, object]:
    """A report as plain data.

    Args:
        report: The report.

    Returns:
        What JSON can hold; keys without a value are left out of findings.
    """
    return {
        "node": report.node,
        "label": report.label,
        "name": report.name,
        "conforms": report.conforms,
        "counts": report.counts,
        "statements": report.statements,
        "findings": [_finding(one) for one in report.findings],
    }


def as_json(reports: Iterable[EntryReport]) -> str:
    """Reports as JSON text."""
    found = list(reports)
    whole = {"conforms": all(one.conforms for one in found), "entries": [as_dict(one) for one in found]}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def as_text(report: EntryReport) -> str:
    """A report as text without colour, a paragraph for each finding.

    Args:
        report: The report.

    Returns:
        The text, ending with a line break.
    """
    lines: list[str] = []
    for one in report.findings:
        lines += [f"{SIGNS[one.severity]} {heading(one, report.name)}", f"    {one.message}"]
        lines += [f"    {name}: {text}" for name, text in details(one)]
        lines.append("")
    lines.append(summary(report))
    return "\n".join(lines) + "\n"


def heading(one: EntryFinding, name: str = "") -> str:
    """Place, label and field of a finding, in one line."""
    place = ":".join(part for part in (name, str(one.spot or "")) if part)
    what = ", ".join(part for part in (one.label, one.field) if part)
    return f"{place}: {what}" if place else what


def details(one: EntryFinding) -> list[tuple[str, str]]:
    """What else is to be said of a finding, each part with its name."""
    found = []
    if one.value is not None:
        found.append(("given", one.value))
    if one.expected:
        found.append(("expected", one.expected))
    if one.suggestions:
        found.append(("did you mean", " or ".join(one.suggestions) + "?"))
    if one.repair is not None:
        found.append(("repair", repair_words(one)))
    if one.rule:
        said = not one.reason or one.expected.startswith(one.reason)
        found.append(("rule", one.rule if said else f"{one.rule}. {one.reason}"))
    return found


def repair_words(one: EntryFinding) -> str:
    """What a repair would do."""
    if one.repair is None:
        return ""
    what = {"language": "mark the language as", "iri": "name it"}.get(one.repair.part, "write")
    return f"{what} {one.repair.text}"


def summary(report: EntryReport) -> str:
    """One line on a report."""
    if report.conforms and not report.findings:
        return f"{report.label} ({report.node}): nothing is missing, nothing is wrong."
    names = {"violation": "to correct", "warning": "to look at", "info": "to know"}
    counts = ", ".join(f"{number} {names[level]}" for level, number in report.counts.items())
    verdict = "can be accepted" if report.conforms else "cannot be accepted yet"
    return f"{report.label} ({report.node}): {verdict}; {counts}."


def as_rdf(reports: Iterable[EntryReport], base: str) -> rdflib.Graph:
    """Reports as a SHACL validation report (SHACL, section 3.6).

    Args:
        reports: The reports.
        base: Base IRI the graph is published under.

    Returns:
        One `sh:ValidationReport` with every finding; those that no shape made have no
        source shape, and `shape:EntryCheck` as their component.
    """
    found = list(reports)
    graph, convert, prefixes = rdflib_graph(base=base), Converter(), prefixes_under(base)
    whole = rdflib.BNode()
    graph.add((whole, RDF.type, SH.ValidationReport))
    conforms = all(not one.findings for one in found)
    graph.add((whole, SH.conforms, rdflib.Literal(conforms, datatype=XSD.boolean)))
    for report in found:
        for one in report.findings:
            result = rdflib.BNode()
            graph.add((whole, SH.result, result))
            graph.add((result, RDF.type, SH.ValidationResult))
            graph.add((result, SH.resultMessage, rdflib.Literal(one.message, lang="en")))
            severity = {"violation": SH.Violation, "warning": SH.Warning, "info": SH.Info}[one.severity]
            graph.add((result, SH.resultSeverity, severity))
            raw = one.finding
            if raw is None:
                graph.add((result, SH.focusNode, _node(one.node, prefixes)))
                graph.add((result, SH.sourceConstraintComponent, _node(_CHECK, prefixes)))
                continue
            graph.add((result, SH.focusNode, convert(raw.focus)))
            graph.add((result, SH.sourceConstraintComponent, convert(raw.component)))
            graph.add((result, SH.sourceShape, convert(raw.shape)))
            if raw.path is not None:
                graph.add((result, SH.resultPath, write_path(raw.path, graph)))
            if raw.value is not None:
                graph.add((result, SH.value, convert(raw.value)))
    return graph


def as_sarif(reports: Iterable[EntryReport], version: str) -> str:
    """Reports as SARIF 2.1.0, for code review.

    Args:
        reports: The reports.
        version: Version of this program.

    Returns:
        The JSON text.
    """
    results: list[dict[str, object]] = []
    rules: dict[str, str] = {}
    for report in reports:
        for one in report.findings:
            rules.setdefault(one.rule, one.reason or one.rule)
            said = [f"{name}: {text}".rstrip(".") for name, text in details(one) if name != "rule"]
            place: dict[str, object] = {"artifactLocation": {"uri": report.name or "entry"}}
            if one.spot is not None and one.spot.line:
                region = {"startLine": one.spot.line}
                if one.spot.column:
                    region["startColumn"] = one.spot.column
                place["region"] = region
            location: dict[str, object] = {"physicalLocation": place}
            names = [{"fullyQualifiedName": text} for text in (_where(one.spot), one.field) if text]
            if names:
                location["logicalLocations"] = names
            results.append(
                {
                    "ruleId": one.rule,
                    "level": _SARIF_LEVELS[one.severity],
                    "message": {"text": f"{heading(one)}: {one.message} {'; '.join(said)}".strip()},
                    "locations": [location],
                }
            )
    driver = {
        "name": "ncpc-kg",
        "version": version,
        "rules": [{"id": name, "shortDescription": {"text": text}} for name, text in sorted(rules.items())],
    }
    whole = {
        "$schema": _SARIF,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def remarks(reports: Iterable[EntryReport]) -> dict[str, str]:
    """What to write at which cell of a workbook.

    Args:
        reports: The reports on its rows.

    Returns:
        Texts by cell; several findings of one cell stand below each other.
    """
    found: dict[str, list[str]] = {}
    for report in reports:
        for one in report.findings:
            if one.spot is not None and one.spot.cell:
                parts = [f"{one.field}: {one.message}" if one.field else one.message]
                parts += [
                    f"{name}: {text}" for name, text in details(one) if name in ("did you mean", "repair")
                ]
                found.setdefault(one.spot.cell, []).append("\n".join(parts))
    return {cell: "\n\n".join(texts) for cell, texts in found.items()}


def _finding(one: EntryFinding) -> dict[str, object]:
    repair = None
    if one.repair is not None:
        repair = {"text": one.repair.text, "part": one.repair.part, "words": repair_words(one)}
    values: dict[str, object] = {
        "severity": one.severity,
        "node": one.node,
        "label": one.label,
        "field": one.field,
        "value": one.value,
        "message": one.message,
        "expected": one.expected,
        "suggestions": list(one.suggestions),
        "hint": one.hint,
        "repair": repair,
        "rule": one.rule,
        "reason": one.reason,
        "place": _place(one.spot),
    }
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _place(spot: Spot | None) -> dict[str, object]:
    if spot is None:
        return {}
    values = {
        "line": spot.line,
        "column": spot.column,
        "sheet": spot.sheet,
        "cell": spot.cell,
        "field": spot.field,
    }
    return {name: value for name, value in values.items() if value is not None}


def _where(spot: Spot | None) -> str:
    return str(spot) if spot is not None and spot.cell else ""


def _node(name: str, prefixes: Mapping[str, str]) -> rdflib.term.Node:
    prefix, colon, local = name.partition(":")
    if colon and prefix in prefixes:
        return rdflib.URIRef(prefixes[prefix] + local)
    return cast(rdflib.term.Node, rdflib.BNode(name[2:]) if name.startswith("_:") else rdflib.URIRef(name))
