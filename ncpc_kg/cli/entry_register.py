"""The commands that decide on entries: accept, supersede, withdraw; and those that look them up."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated

import typer

from ncpc_kg.cli.entry_opening import (
    NameArgument,
    SupersedesOption,
    TargetArgument,
    WhoOption,
    checked_in,
    opened,
    post,
    refuse,
    refuse_existing,
)
from ncpc_kg.cli.terminal import err, located, out
from ncpc_kg.entries import inbox
from ncpc_kg.entries.inbox import Submission
from ncpc_kg.entries.read import form_of
from ncpc_kg.settings import Settings


@located
def accept(
    settings: Settings,
    what: Annotated[str, typer.Argument(metavar="NAME|FILE", help="An entry that waits, or a file.")],
    who: WhoOption = None,
    supersedes: SupersedesOption = None,
) -> None:
    """Make entries part of the graph, in one step.

    Examples:
      ncpc-kg entry accept nicaragua.yaml

      ncpc-kg entry accept 0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52
    """
    _accept(settings, what, who, supersedes)


def _accept(settings: Settings, what: str, who: str | None, supersedes: str | None) -> None:
    name = who or getpass.getuser()
    steps: tuple[str, ...] = (post(what, "accept"),)
    if Path(what).exists():
        option = f" --supersedes {supersedes}" if supersedes else ""
        steps = f"ncpc-kg entry submit {what}{option}", post("NAME", "accept")
    with opened(settings, steps) as (desk, graph, box):
        waiting: list[Submission] = []
        if Path(what).exists():
            for one in checked_in(desk, graph, Path(what), supersedes):
                refuse(one)
                waiting.append(desk.submission(one, name, inbox.now(), supersedes))
        elif submission := box.find(what):
            waiting.append(submission)
        else:
            raise desk.register.not_waiting(graph, what)
        for submission in waiting:
            graph.update(desk.acceptance(graph, submission, name, inbox.now()))
            box.remove(submission.name)
            out.print(f"{submission.name}  {submission.label}  is part of the graph.")


@located
def supersede(
    settings: Settings,
    name: NameArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new version, in any form.")],
    who: WhoOption = None,
) -> None:
    """Put a new version in the place of an accepted entry, in one step.

    Examples:
      ncpc-kg entry export NAME nicaragua.yaml, edit it, then

      ncpc-kg entry supersede NAME nicaragua.yaml
    """
    _accept(settings, str(file), who, name)


@located
def withdraw(
    settings: Settings,
    name: NameArgument,
    who: WhoOption = None,
) -> None:
    """Take an accepted entry out of the graph, or take back one that waits.

    Examples:
      ncpc-kg entry withdraw 0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52
    """
    with opened(settings, (post(name, "withdraw"),)) as (desk, graph, box):
        if box.find(name):
            box.remove(name)
            out.print(f"{name}  was taken back.")
            return
        graph.update(desk.register.withdrawal(graph, name, who or getpass.getuser(), inbox.now()))
        out.print(f"{name}  was withdrawn.")


@located
def list_entries(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List entries: those that wait, and those that are or were part of the graph.

    Examples:
      ncpc-kg entry list
    """
    with opened(settings) as (desk, graph, box):
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


@located
def export(
    settings: Settings,
    name: NameArgument,
    target: TargetArgument,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
) -> None:
    """Write an entry to a file, in the form its name says; RDF with its provenance.

    Examples:
      ncpc-kg entry export 0b7c0f4e-2f0e-4a39-9d5e-0d7a1c1f3a52 review/nicaragua.ttl
    """
    form = form_of(None, target.name)
    if not force:
        refuse_existing(target)
    with opened(settings) as (desk, graph, box):
        if submission := box.find(name):
            body = desk.write(graph, (desk.submitted(submission),), form)
        elif form.rdf is not None:
            body = desk.write_statements(desk.register.statements(graph, name), form)
        else:
            body = desk.write(graph, (desk.register.entry(graph, name),), form)
    target.write_bytes(body)
    err.print(f"Wrote {target}.")
