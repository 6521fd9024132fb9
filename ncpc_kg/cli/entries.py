"""The commands `ncpc-kg entry ...`: new centres, from a template to a part of the graph."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from ncpc_kg.cli import entry_register
from ncpc_kg.cli.entry_opening import (
    FilesArgument,
    SupersedesOption,
    WhoOption,
    checked_in,
    opened,
    refuse,
    refuse_existing,
)
from ncpc_kg.cli.entry_reports import ReportFormat, print_preview, print_reports
from ncpc_kg.cli.terminal import err, located, out
from ncpc_kg.entries import inbox, preview, render
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.entries.read import XLSX, form_of, read_bytes
from ncpc_kg.entries.repair import repaired
from ncpc_kg.entries.xlsx_write import mark_xlsx
from ncpc_kg.settings import Settings

app = typer.Typer(
    name="entry", no_args_is_help=True, help="Enter new centres: template, check, preview, accept."
)


@app.command("new")
@located
def new(
    settings: Settings,
    target: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to write: .yaml or .xlsx; shown by default."),
    ] = None,
) -> None:
    """Make an empty entry to fill in: commented YAML, or a workbook with drop-downs.

    Examples:
      ncpc-kg entry new nicaragua.yaml

      ncpc-kg entry new centres.xlsx
    """
    with opened(settings) as (desk, graph, _):
        body = desk.template(graph, form_of(None, target.name if target else "new.yaml"))
    if target is None:
        out.print(body.decode(), end="")
        return
    refuse_existing(target)
    target.write_bytes(body)
    err.print(f"Wrote {target}. Fill it in, then: ncpc-kg entry check {target}")


@app.command("check")
@located
def check(
    settings: Settings,
    files: FilesArgument,
    output: Annotated[ReportFormat, typer.Option("--format", help="Form of the report.")] = "text",
    mark: Annotated[
        Path | None,
        typer.Option(
            "--mark", metavar="FILE", help="Copy of the workbook with the cells in question marked."
        ),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Make the safe repairs in the files themselves.")
    ] = False,
    supersedes: SupersedesOption = None,
) -> None:
    """Say what is missing or wrong in entries; exits with 1 if any cannot be accepted.

    Examples:
      ncpc-kg entry check nicaragua.yaml

      ncpc-kg entry check centres.xlsx --mark centres-marked.xlsx

      ncpc-kg entry check entries/*.ttl --format sarif
    """
    reports: list[EntryReport] = []
    with opened(settings) as (desk, graph, _):
        for path in files:
            data = read_bytes(path)
            form = form_of(None, path.name)
            checked = desk.check(graph, desk.read_in(graph, data, form, str(path)), supersedes)
            if fix and any(one.repair for each in checked for one in each.report.findings):
                fixed = [
                    repaired(one.entry, [f.repair for f in one.report.findings if f.repair])
                    for one in checked
                ]
                data = desk.write(graph, fixed, form)
                path.write_bytes(data)
                err.print(f"Repaired {path}.")
                checked = desk.check(graph, desk.read_in(graph, data, form, str(path)), supersedes)
            found = [one.report for one in checked]
            reports += found
            if mark is not None and form.media_type == XLSX:
                mark.write_bytes(mark_xlsx(data, render.remarks(found)))
                err.print(f"Wrote {mark}.")
    print_reports(reports, output, settings.base)
    if not all(report.conforms for report in reports):
        raise typer.Exit(1)


@app.command("preview")
@located
def show_preview(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An entry in any form.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    supersedes: SupersedesOption = None,
) -> None:
    """Show what an entry adds, what follows from it, and which answers change.

    Examples:
      ncpc-kg entry preview nicaragua.yaml
    """
    with opened(settings) as (desk, graph, _):
        for one in checked_in(desk, graph, file, supersedes):
            if not one.report.conforms:
                print_reports([one.report])
                raise typer.Exit(1)
            found = desk.preview(graph, one)
            if as_json:
                out.print(json.dumps(preview.as_dict(found), ensure_ascii=False, indent=2))
            else:
                print_preview(one.report, found)


@app.command("submit")
@located
def submit(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Entries in any form.")],
    who: WhoOption = None,
    supersedes: SupersedesOption = None,
) -> None:
    """Hand entries in: they wait until somebody accepts them.

    Examples:
      ncpc-kg entry submit nicaragua.yaml --who "Maria Lopez"
    """
    with opened(settings) as (desk, graph, box):
        for one in checked_in(desk, graph, file, supersedes):
            refuse(one)
            kept = box.put(desk.submission(one, who or getpass.getuser(), inbox.now(), supersedes))
            out.print(f"{kept.name}  {kept.label}  waits. Next: ncpc-kg entry accept {kept.name}")


app.command("accept")(entry_register.accept)
app.command("supersede")(entry_register.supersede)
app.command("withdraw")(entry_register.withdraw)
app.command("list")(entry_register.list_entries)
app.command("export")(entry_register.export)
