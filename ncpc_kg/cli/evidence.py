"""Commands about evidence: build and check passages, show those of a thing, look for copied prose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer
from pyoxigraph import NamedNode

from ncpc_kg import evidence, pipeline
from ncpc_kg.catalogue import Parameter, read_term
from ncpc_kg.cli.terminal import ContentOption, err, make_settings, out, progress
from ncpc_kg.prose import names, shared_runs, texts
from ncpc_kg.turtle import serialize_turtle

app = typer.Typer(
    name="evidence",
    help="Passages of the paper that the graph rests on.",
    no_args_is_help=True,
)

PaperOption = Annotated[
    Path,
    typer.Option("--source", metavar="FILE", help="Your own copy of the paper as plain text, in UTF-8."),
]
# What is read beside the graph when copied prose is looked for.
_DOCUMENTS = ("*.md", "docs/*.md", "queries/**/*.rq", "ncpc_kg/**/*.py", "ncpc_kg/**/*.html", "tests/**/*.py")


@app.command("build")
def build(source: PaperOption, content: ContentOption = None) -> None:
    """Make the passages and the line index from the line ranges that the data cite.

    Neither holds text of the paper: lines, section, paragraph and SHA-256 only.

    Examples:
      ncpc-kg evidence build --source bp28.txt
    """
    settings = make_settings(content)
    with progress() as tell:
        asserted = pipeline.read(settings, tell).asserted
    lines = evidence.read_paper(source)
    passages = evidence.build_passages(asserted, lines)
    index = evidence.index_lines(asserted, lines)
    (settings.content / evidence.PASSAGES).write_text(serialize_turtle(passages), encoding="utf-8")
    (settings.content / evidence.LINE_INDEX).write_text(evidence.write_index(index), encoding="utf-8")
    cited = len(evidence.cited_passages(asserted))
    out.print(f"{cited} passages in {evidence.PASSAGES}, {len(index)} lines in {evidence.LINE_INDEX}")


@app.command("check")
def check(source: PaperOption, content: ContentOption = None) -> None:
    """Verify the checksum of every passage against your own copy of the paper.

    Exit code 0: all match; 1: some do not.

    Examples:
      ncpc-kg evidence check --source bp28.txt
    """
    with progress() as tell:
        asserted = pipeline.read(make_settings(content), tell).asserted
    wrong = evidence.check_passages(asserted, evidence.read_paper(source))
    for passage in wrong:
        out.print(f"lines {passage.start}-{passage.end} differ from those cited as {passage.iri.value}")
    total = len(evidence.cited_passages(asserted))
    out.print(f"{total - len(wrong)} of {total} passages match")
    if wrong:
        err.print("Do this: compare your copy with the edition that id csd-bp28 describes.")
        raise typer.Exit(1)


@app.command("show")
def show(
    thing: Annotated[str, typer.Argument(metavar="IRI", help="A thing, as IRI or as id:centre-brazil.")],
    source: Annotated[
        Path | None,
        typer.Option("--source", metavar="FILE", help="Your copy of the paper, to show the text."),
    ] = None,
    content: ContentOption = None,
) -> None:
    """List the passages that a thing rests on, with their text when your copy is at hand.

    Examples:
      ncpc-kg evidence show id:counterpart-india-ivam

      ncpc-kg evidence show id:counterpart-india-ivam --source bp28.txt
    """
    with progress() as tell:
        asserted = pipeline.read(make_settings(content), tell).asserted
    lines = evidence.read_paper(source) if source else ()
    for passage in evidence.passages_of(asserted, _read_iri(thing)):
        out.print(f"lines {passage.start}-{passage.end}  {passage.iri.value}", style="bold")
        for number, line in enumerate(evidence.text_of(passage, lines) if source else (), passage.start):
            out.print(f"{number:5}  {line}")


def _read_iri(text: str) -> NamedNode:
    return cast(NamedNode, read_term(Parameter("IRI", "thing", "iri", "UNDEF"), text))


@app.command("prose")
def prose(
    source: PaperOption,
    longest: Annotated[int, typer.Option("--longest", help="Runs of up to so many words are allowed.")] = 6,
    content: ContentOption = None,
) -> None:
    """Look for runs of words of the paper in our own texts; names, titles and addresses do not count.

    Exit code 0: no run is longer than allowed; 1: some are.

    Examples:
      ncpc-kg evidence prose --source bp28.txt
    """
    settings = make_settings(content)
    with progress() as tell:
        asserted = pipeline.read(settings, tell).asserted
    files = sorted({path for pattern in _DOCUMENTS for path in settings.content.glob(pattern)})
    runs = shared_runs(
        "\n".join(evidence.read_paper(source)), texts(asserted, files), names(asserted), longest
    )
    for run in runs:
        out.print(f"{len(run.words)} words: {' '.join(run.words)}  [{run.where}]")
    out.print(f"{len(runs)} runs of more than {longest} words, in the graph and {len(files)} files")
    if runs:
        err.print("Do this: say it in other words.")
        raise typer.Exit(1)
