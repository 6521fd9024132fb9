"""The commands `ncpc-kg entry ...`: new centres, from a template to a part of the graph."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from ncpc_kg import __version__, pipeline
from ncpc_kg.cli.terminal import BaseOption, ContentOption, StoreOption, err, make_settings, out, progress
from ncpc_kg.entries import Desk, Inbox, inbox, make_gate, preview, render
from ncpc_kg.entries.check import Checked
from ncpc_kg.entries.findings import EntryReport
from ncpc_kg.entries.inbox import Submission
from ncpc_kg.entries.read import XLSX, form_of, read_bytes
from ncpc_kg.entries.repair import repaired
from ncpc_kg.entries.xlsx_write import mark_xlsx
from ncpc_kg.errors import ParameterError
from ncpc_kg.store import Store
from ncpc_kg.store.files import ENTRIES
from ncpc_kg.vocabulary import BASE

app = typer.Typer(
    name="entry", no_args_is_help=True, help="Enter new centres: template, check, preview, accept."
)

_STYLES = {"violation": "bold red", "warning": "yellow", "info": "cyan"}
FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Entries in any form.")]
WhoOption = Annotated[
    str | None, typer.Option("--who", metavar="NAME", help="Name to note; that of your account by default.")
]
SupersedesOption = Annotated[
    str | None,
    typer.Option("--supersedes", metavar="NAME", help="Accepted entry that this one takes the place of."),
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of the entry, as `entry list` shows it.")
]
TargetArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="Where to write: .yaml, .xlsx, .ttl, .jsonld or other RDF.")
]


@app.command("new")
def new(
    target: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Where to write: .yaml or .xlsx; shown by default."),
    ] = None,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Make an empty entry to fill in: commented YAML, or a workbook with drop-downs.

    Examples:
      ncpc-kg entry new nicaragua.yaml

      ncpc-kg entry new centres.xlsx
    """
    with _open(content, store, base) as (desk, graph, _):
        body = desk.template(graph, form_of(None, target.name if target else "new.yaml"))
    if target is None:
        out.print(body.decode(), end="")
        return
    _refuse_existing(target)
    target.write_bytes(body)
    err.print(f"Wrote {target}. Fill it in, then: ncpc-kg entry check {target}")


app.command("template", hidden=True)(new)


@app.command("check")
def check(
    files: FilesArgument,
    output: Annotated[
        Literal["text", "json", "rdf", "sarif"], typer.Option("--format", help="Form of the report.")
    ] = "text",
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
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Say what is missing or wrong in entries; exits with 1 if any cannot be accepted.

    Examples:
      ncpc-kg entry check nicaragua.yaml

      ncpc-kg entry check centres.xlsx --mark centres-marked.xlsx

      ncpc-kg entry check entries/*.ttl --format sarif
    """
    reports: list[EntryReport] = []
    with _open(content, store, base) as (desk, graph, _):
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
    _print_reports(reports, output)
    if not all(report.conforms for report in reports):
        raise typer.Exit(1)


@app.command("preview")
def show_preview(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An entry in any form.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    supersedes: SupersedesOption = None,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Show what an entry adds, what follows from it, and which answers change.

    Examples:
      ncpc-kg entry preview nicaragua.yaml
    """
    with _open(content, store, base) as (desk, graph, _):
        for one in _checked(desk, graph, file, supersedes):
            if not one.report.conforms:
                _print_reports([one.report], "text")
                raise typer.Exit(1)
            found = desk.preview(graph, one)
            if as_json:
                out.print(json.dumps(preview.as_dict(found), ensure_ascii=False, indent=2))
            else:
                _print_preview(one.report, found)


@app.command("submit")
def submit(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Entries in any form.")],
    who: WhoOption = None,
    supersedes: SupersedesOption = None,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Hand entries in: they wait until somebody accepts them.

    Examples:
      ncpc-kg entry submit nicaragua.yaml --who "Maria Lopez"
    """
    with _open(content, store, base) as (desk, graph, box):
        for one in _checked(desk, graph, file, supersedes):
            _refuse(one)
            kept = box.put(desk.submission(one, who or getpass.getuser(), inbox.now(), supersedes))
            out.print(f"{kept.name}  {kept.label}  waits. Next: ncpc-kg entry accept {kept.name}")


@app.command("accept")
def accept(
    what: Annotated[str, typer.Argument(metavar="NAME|FILE", help="An entry that waits, or a file.")],
    who: WhoOption = None,
    supersedes: SupersedesOption = None,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Make entries part of the graph, in one step.

    Examples:
      ncpc-kg entry accept nicaragua.yaml

      ncpc-kg entry accept 0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52
    """
    name = who or getpass.getuser()
    with _open(content, store, base, write=True) as (desk, graph, box):
        waiting: list[Submission] = []
        if Path(what).exists():
            for one in _checked(desk, graph, Path(what), supersedes):
                _refuse(one)
                waiting.append(desk.submission(one, name, inbox.now(), supersedes))
        else:
            waiting.append(box.get(what))
        for submission in waiting:
            graph.update(desk.acceptance(graph, submission, name, inbox.now()))
            box.remove(submission.name)
            out.print(f"{submission.name}  {submission.label}  is part of the graph.")


@app.command("supersede")
def supersede(
    name: NameArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new version, in any form.")],
    who: WhoOption = None,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Put a new version in the place of an accepted entry, in one step.

    Examples:
      ncpc-kg entry export NAME nicaragua.yaml, edit it, then

      ncpc-kg entry supersede NAME nicaragua.yaml
    """
    accept(str(file), who, name, content, store, base)


@app.command("withdraw")
def withdraw(
    name: NameArgument,
    who: WhoOption = None,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Take an accepted entry out of the graph, or take back one that waits.

    Examples:
      ncpc-kg entry withdraw 0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52
    """
    with _open(content, store, base, write=True) as (desk, graph, box):
        if any(one.name == name for one in box.all()):
            box.remove(name)
            out.print(f"{name}  was taken back.")
            return
        graph.update(desk.register.withdrawal(graph, name, who or getpass.getuser(), inbox.now()))
        out.print(f"{name}  was withdrawn.")


@app.command("list")
def list_entries(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """List entries: those that wait, and those that are or were part of the graph.

    Examples:
      ncpc-kg entry list
    """
    with _open(content, store, base) as (desk, graph, box):
        accepted = desk.register.list(graph)
        waiting = [one for one in box.all() if one.name not in {each.name for each in accepted}]
    if as_json:
        values = [
            {"name": one.name, "state": "waiting", "label": one.label, "who": one.who} for one in waiting
        ]
        values += [{"name": o.name, "state": o.state, "label": o.label, "who": o.who} for o in accepted]
        out.print(json.dumps(values, ensure_ascii=False, indent=2))
        return
    for one in waiting:
        out.print(f"{one.name}  waiting     {one.label}  ({one.who}, {one.when})")
    for each in accepted:
        out.print(f"{each.name}  {each.state:<10}  {each.label}  ({each.who}, {each.when})")
    if not waiting and not accepted:
        err.print("There are no entries. Start with: ncpc-kg entry new")


@app.command("export")
def export(
    name: NameArgument,
    target: TargetArgument,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
) -> None:
    """Write an entry to a file, in the form its name says; RDF with its provenance.

    Examples:
      ncpc-kg entry export 0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52 review/nicaragua.ttl
    """
    form = form_of(None, target.name)
    if not force:
        _refuse_existing(target)
    with _open(content, store, base) as (desk, graph, box):
        if any(one.name == name for one in box.all()):
            body = desk.write(graph, (desk.submitted(box.get(name)),), form)
        elif form.rdf is not None:
            body = desk.write_statements(desk.register.statements(graph, name), form)
        else:
            body = desk.write(graph, (desk.register.entry(graph, name),), form)
    target.write_bytes(body)
    err.print(f"Wrote {target}.")


@contextmanager
def _open(
    content: Path | None, store: Path | None, base: str, write: bool = False
) -> Iterator[tuple[Desk, Store, Inbox]]:
    """The desk, the graph with the gate in front of its writes, and the entries that wait."""
    settings = make_settings(content, store, base)
    gate = make_gate(settings)
    with progress() as tell:
        graph = pipeline.build(settings, tell).store if write else pipeline.open_current(settings, tell)
    graph.gate = gate
    try:
        yield gate.desk, graph, Inbox(settings.store / ENTRIES)
    finally:
        graph.close()


def _checked(desk: Desk, graph: Store, file: Path, supersedes: str | None) -> tuple[Checked, ...]:
    entries = desk.read_in(graph, read_bytes(file), form_of(None, file.name), str(file))
    return desk.check(graph, entries, supersedes)


def _refuse(one: Checked) -> None:
    """Print what is wrong and leave, if anything is."""
    if not one.report.conforms:
        _print_reports([one.report], "text")
        raise typer.Exit(1)


def _refuse_existing(target: Path) -> None:
    if target.exists():
        raise ParameterError(f"{target} exists already.", hint="name another file, or delete it first")


def _print_reports(reports: list[EntryReport], output: str) -> None:
    if output == "json":
        out.print(render.as_json(reports), end="")
    elif output == "sarif":
        out.print(render.as_sarif(reports, __version__), end="")
    elif output == "rdf":
        out.print(render.as_rdf(reports).serialize(format="turtle"), end="")
    else:
        for report in reports:
            for one in report.findings:
                out.print(Text.assemble((render.heading(one, report.name), _STYLES[one.severity])))
                out.print(Text(f"    {one.message}"))
                for name, text in render.details(one):
                    out.print(Text.assemble((f"    {name}: ", "dim"), text))
                out.print()
            style = "bold green" if report.conforms else "bold red"
            out.print(Text(render.summary(report), style))


def _print_preview(report: EntryReport, found: preview.Preview) -> None:
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
