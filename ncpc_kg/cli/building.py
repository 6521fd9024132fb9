"""Commands about the content: check, build, format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ncpc_kg import pipeline
from ncpc_kg.cli.terminal import BaseOption, ContentOption, StoreOption, err, make_settings, out, progress
from ncpc_kg.content import find_content
from ncpc_kg.query import shorten
from ncpc_kg.sources import find_sources, read_text
from ncpc_kg.turtle import format_turtle
from ncpc_kg.vocabulary import BASE


def check(content: ContentOption = None) -> None:
    """Check the content: Turtle, terms, OWL 2 RL profile, shapes, and what follows.

    Exit code 0: it conforms; 1: it does not; 2: a file cannot be read.

    Examples:
      ncpc-kg check

      ncpc-kg check --content . --format sarif > check.sarif
    """
    with progress() as tell:
        report = pipeline.check(make_settings(content), tell)
    for finding in report.findings:
        out.print(f"{finding.where}: {finding.level}: {finding.message} [{shorten(finding.focus)}]")
    out.print(f"{report.counts}")
    if not report.conforms:
        raise typer.Exit(1)


def build(
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
    force: Annotated[bool, typer.Option("--force", help="Build even if nothing has changed.")] = False,
) -> None:
    """Build the store from the content; what users wrote into it stays.

    Examples:
      ncpc-kg build

      ncpc-kg build --store /srv/ncpc-kg --base https://example.org/kg/
    """
    settings = make_settings(content, store, base)
    with progress() as tell:
        built = pipeline.build(settings, tell, force)
    with built.store as opened:
        done = "built" if built.rebuilt else "up to date"
        out.print(f"{done}: {len(opened)} statements in {len(opened.graphs())} graphs, {settings.store}")
    print_written(built)


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


def print_written(built: pipeline.Built) -> None:
    """Tell what users wrote that the new content makes wrong; it is kept all the same.

    Args:
        built: The outcome of a build.
    """
    for finding in built.written:
        name = shorten(finding.focus)
        err.print(f"Kept, but what users wrote no longer conforms: {name}: {finding.message}")
