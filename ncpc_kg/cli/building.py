"""Commands about the content: check, build, format."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ncpc_kg import pipeline
from ncpc_kg.cli.terminal import (
    BaseOption,
    ContentOption,
    EngineOption,
    StoreOption,
    err,
    make_settings,
    out,
    progress,
)
from ncpc_kg.content import find_content
from ncpc_kg.query import shorten
from ncpc_kg.remote import Remote
from ncpc_kg.reports import to_json, to_rdf, to_sarif, to_text
from ncpc_kg.sources import find_sources, read_text
from ncpc_kg.store import Store
from ncpc_kg.turtle import format_turtle
from ncpc_kg.vocabulary import BASE


class ReportFormat(StrEnum):
    """How a report is written."""

    text = "text"
    json = "json"
    sarif = "sarif"
    turtle = "turtle"


def check(
    form: Annotated[ReportFormat, typer.Option("--format", "-f", help="How to write the report.")] = (
        ReportFormat.text
    ),
    reference: Annotated[
        bool, typer.Option("--reference", help="Have pySHACL and owlrl do the same again (half a minute).")
    ] = False,
    content: ContentOption = None,
) -> None:
    """Check the content: Turtle, terms, OWL 2 RL profile, shapes, and what follows.

    Exit code 0: it conforms; 1: it does not; 2: a file cannot be read.

    Examples:
      ncpc-kg check

      ncpc-kg check --format sarif > check.sarif
    """
    with progress() as tell:
        report = pipeline.check(make_settings(content), tell, reference)
    here = Path.cwd()
    match form:
        case ReportFormat.text:
            written = to_text(report, colour=out.is_terminal and not out.no_color, root=here)
        case ReportFormat.json:
            written = to_json(report, here)
        case ReportFormat.sarif:
            written = to_sarif(report, here)
        case ReportFormat.turtle:
            written = to_rdf(report).serialize(format="longturtle")
    sys.stdout.write(written)
    if not report.conforms:
        raise typer.Exit(1)
    if reference:
        err.print("pySHACL and owlrl find and infer the same.")


def build(
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
    engine: EngineOption = None,
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed.")] = False,
) -> None:
    """Build the store from the content; what users wrote into it stays.

    Examples:
      ncpc-kg build

      ncpc-kg build --store /srv/ncpc-kg --base https://example.org/kg/
    """
    settings = make_settings(content, store, base, engine)
    with progress() as tell:
        if engine:
            built = pipeline.build_remote(settings, tell, force)
            built.store.close()
            out.print(f"{_done(built)}: {engine}")
            return
        stored = pipeline.build(settings, tell, force)
    with stored.store as opened:
        size = f"{len(opened)} statements in {len(opened.graphs())} graphs"
        out.print(f"{_done(stored)}: {size}, {settings.store}")
    print_written(stored)


def format_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Turtle files; all of them by default."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing; exit 1 if a file differs.")] = False,
    content: ContentOption = None,
) -> None:
    """Write Turtle files in the project's spelling.

    Examples:
      ncpc-kg format data/ttl/20-brazil.ttl

      ncpc-kg format --check
    """
    paths = files or [path for path, _, _ in find_sources(find_content(content))]
    texts = {path: read_text(path) for path in paths}
    formatted = {path: format_turtle(text, path) for path, text in texts.items()}
    differing = [path for path in paths if texts[path] != formatted[path]]
    for path in differing:
        if not check:
            path.write_text(formatted[path], encoding="utf-8")
        out.print(f"{'would change' if check else 'changed'} {path}")
    if check and differing:
        err.print(f"{len(differing)} of {len(paths)} files differ. Do this: ncpc-kg format")
        raise typer.Exit(1)


def _done(built: pipeline.Built[Store] | pipeline.Built[Remote]) -> str:
    return "built" if built.rebuilt else "up to date"


def print_written(built: pipeline.Built[Store]) -> None:
    """Tell what users wrote that the new content makes wrong; it is kept all the same.

    Args:
        built: The outcome of a build.
    """
    for finding in built.written:
        name = shorten(finding.focus)
        err.print(f"Kept, but what users wrote no longer conforms: {name}: {finding.message}")
