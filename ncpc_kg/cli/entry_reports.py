"""What the commands `ncpc-kg entry ...` print: reports with colour, and previews."""

from __future__ import annotations

from typing import Literal

from rich.text import Text

from ncpc_kg import __version__
from ncpc_kg.cli.terminal import out
from ncpc_kg.entries import preview, render
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.vocabulary import BASE

ReportFormat = Literal["text", "json", "rdf", "sarif"]
_STYLES = {"violation": "bold red", "warning": "yellow", "info": "cyan"}


def print_reports(reports: list[EntryReport], output: ReportFormat = "text", base: str = BASE) -> None:
    """Print reports in a form; `base` is the base IRI the graph is published under."""
    if output == "json":
        out.print(render.as_json(reports), end="")
    elif output == "sarif":
        out.print(render.as_sarif(reports, __version__), end="")
    elif output == "rdf":
        out.print(render.as_rdf(reports, base).serialize(format="turtle"), end="")
    else:
        for report in reports:
            for one in report.findings:
                heading = f"{render.SIGNS[one.severity]} {render.heading(one, report.name)}"
                out.print(Text(heading, _STYLES[one.severity]))
                out.print(Text(f"    {one.message}"))
                for name, text in render.details(one):
                    out.print(Text.assemble((f"    {name}: ", "dim"), text))
                out.print()
            style = "bold green" if report.conforms else "bold red"
            out.print(Text(render.summary(report), style))


def print_preview(report: EntryReport, found: preview.Preview) -> None:
    """Print what accepting an entry would do."""
    out.print(Text(f"{report.label}: {len(found.added)} statements are added.", "bold"))
    for line in found.added:
        out.print(Text(f"  {line.subject} | {line.predicate} | {line.value}"))
    out.print(Text(f"{len(found.inferred)} statements follow from them.", "bold"))
    for line in found.inferred:
        out.print(Text(f"  {line.subject} | {line.predicate} | {line.value}"))
    out.print(Text(f"{len(found.answers)} answers change; {found.unchanged} questions keep theirs.", "bold"))
    for one in found.answers:
        out.print(Text(f"  {one.name}{f' ({one.given})' if one.given else ''}: {one.summary}"))
        for sign, rows in (("+", one.added), ("-", one.removed)):
            for row in rows:
                out.print(Text(f"    {sign} {' | '.join(row)}"))
