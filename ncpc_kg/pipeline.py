"""The chain, written once: sources, graph, validation, closure, store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from pyoxigraph import NamedNode, QueryResultsFormat, QuerySolutions

from ncpc_kg import __version__
from ncpc_kg.catalogue import Catalogue, read_catalogue
from ncpc_kg.closure import close, compare_with_owlrl, read_rules
from ncpc_kg.content import PACKAGE
from ncpc_kg.dataset import Statistics, built_record, read_about, read_statistics, statistics_queries
from ncpc_kg.engine import Answer
from ncpc_kg.errors import NotConforming, Place
from ncpc_kg.executables import executables
from ncpc_kg.graph import Dataset, merge
from ncpc_kg.profile import Departure, find_departures
from ncpc_kg.remote import Remote
from ncpc_kg.reports import summary
from ncpc_kg.settings import Settings
from ncpc_kg.sources import SourceFile, find_sources, read_sources, read_text
from ncpc_kg.store import Store
from ncpc_kg.terms import check_terms, undefined
from ncpc_kg.validation import VIOLATION, Finding, Report, Shapes, read_shapes, validate_in_parts
from ncpc_kg.validation.findings import make_report
from ncpc_kg.validation.paths import Predicate
from ncpc_kg.validation.reference import compare_with_pyshacl
from ncpc_kg.vocabulary import GRAPH, INFERRED, SHAPE

_PROFILE = NamedNode(SHAPE["OwlRlProfile"])

# Packages that only show what was built.
_ABOVE = frozenset({"cli", "web"})

# Called with what is being done and the share of the whole that is done, from 0 to 1.
Progress = Callable[[str, float], None]


def silent(step: str, share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Content:
    """What the content directory holds, read and checked for its terms.

    Attributes:
        files: The parsed Turtle files.
        asserted: Ontology, code lists and data as one dataset.
        shapes: The shapes as a dataset of their own.
        catalogue: The ready questions, under the project's own base IRI.
    """

    files: tuple[SourceFile, ...]
    asserted: Dataset
    shapes: Dataset
    catalogue: Catalogue


def fingerprint(settings: Settings) -> str:
    """Hash everything a build depends on: content, package and base IRI.

    Args:
        settings: Where the content lies and under which base it is published.

    Returns:
        SHA-256 as hexadecimal text.

    Raises:
        SourceError: A folder of the content has no file.
    """
    found = hashlib.sha256(f"{__version__}\n{settings.base}\n".encode())
    content = [(settings.content, path) for path, _, _ in find_sources(settings.content)]
    content += [(settings.content, path) for path in sorted((settings.content / "queries").rglob("*.rq"))]
    package = sorted((*PACKAGE.rglob("*.py"), *PACKAGE.glob("dataset/*.ttl")))
    content += [(PACKAGE, path) for path in package if path.relative_to(PACKAGE).parts[0] not in _ABOVE]
    for root, path in content:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found.update(f"{path.relative_to(root).as_posix()} {digest}\n".encode())
    return found.hexdigest()


def read(settings: Settings, progress: Progress = silent) -> Content:
    """Read the content directory and check every term of our namespaces.

    Args:
        settings: Where the content lies.
        progress: Told of each file; shares run from 0 to 1.

    Raises:
        SourceError: A file cannot be read, or a statement stands in two files.
        VocabularyError: A file or question uses a term that is not defined.
    """
    files = read_sources(settings.content, progress)
    vocabulary = check_terms(files)
    for path in sorted((settings.content / "queries").rglob("*.rq")):
        for name, line in vocabulary.missing(read_text(path)):
            raise undefined(name, Place(path, line), vocabulary)
    return Content(
        files,
        asserted=merge(file for file in files if file.role != "shapes"),
        shapes=merge(file for file in files if file.role == "shapes"),
        catalogue=read_catalogue(settings.content / "queries"),
    )


Target = TypeVar("Target", Store, Remote)


@dataclass(frozen=True)
class Built(Generic[Target]):
    """An open store that holds the current content.

    Attributes:
        store: The embedded store or the remote engine; whoever gets it closes it.
        rebuilt: Whether it had to be built.
        report: The findings of the build, or None if nothing had to be built.
        written: Findings about what users wrote that only the new content brings about.
    """

    store: Target
    rebuilt: bool
    report: Report | None = None
    written: tuple[Finding, ...] = ()


def check(settings: Settings, progress: Progress = silent, reference: bool = False) -> Report:
    """Read the content, hold it against the OWL 2 RL profile and the shapes, and close it.

    Args:
        settings: Where the content lies.
        progress: Told of each step; shares run from 0 to 1.
        reference: Whether pySHACL and owlrl shall do the same again.

    Returns:
        The findings; with `reference` also whatever these see otherwise.

    Raises:
        SourceError: A file cannot be read, or a statement stands in two files.
        VocabularyError: A file or question uses a term that is not defined.
        NotConforming: What follows from the content is a contradiction.
    """
    content = read(settings, _part(progress, 0.0, 0.2))
    shapes = read_shapes(content.shapes)
    report = _check(content, shapes, _part(progress, 0.2, 0.4 if reference else 0.9))
    if report.conforms:
        progress("Working out what follows (OWL 2 RL)", 0.4 if reference else 0.9)
        rules = read_rules(content.asserted, settings.content)
        close(content.asserted, rules)
    if reference:
        progress("Comparing the findings with those of pySHACL", 0.5)
        others = compare_with_pyshacl(report, content.asserted, shapes)
        if report.conforms:
            progress("Holding what follows against owlrl", 0.7)
            others += compare_with_owlrl(content.asserted, rules)
        report = make_report((*report.findings, *others), report.checked)
    return report


def build(settings: Settings, progress: Progress = silent, force: bool = False) -> Built[Store]:
    """Open the store, and bring its built part up to date with the content.

    What users wrote stays: it takes part in the closure and is checked against the new
    content, but never dropped. The new state is written beside the old one and put in
    its place in one step.

    Args:
        settings: Where content and store lie.
        progress: Told of each step; shares run from 0 to 1.
        force: Build even if the content has not changed.

    Raises:
        NotConforming: The content breaks a shape or leaves the profile; the store keeps
            its old state.
        SourceError, VocabularyError: As `check`.
        StoreError: The store is in use, damaged, or cannot be written.
    """
    return _up_to_date(Store.open(settings.store), settings, progress, force)


def build_remote(settings: Settings, progress: Progress = silent, force: bool = False) -> Built[Remote]:
    """Bring the built graphs of a remote engine up to date with the content.

    Args:
        settings: Where the content lies, and the address of the engine.
        progress: Told of each step; shares run from 0 to 1.
        force: Build even if the content has not changed.

    Raises:
        NcpcError: As `build`; `ServiceError` if the engine does not answer.
    """
    return _up_to_date(Remote.open(settings), settings, progress, force)


def open_current(settings: Settings, progress: Progress = silent) -> Store:
    """Open a store for reading that holds the current content, building it only if need be.

    It takes no lock where nothing has to be built, so it works beside a running service.

    Args:
        settings: Where content and store lie.
        progress: Told of each step; shares run from 0 to 1.

    Raises:
        NcpcError: As `build`.
    """
    if (settings.store / "current").exists():
        store = Store.open(settings.store, read_only=True)
        if store.fingerprint() == fingerprint(settings):
            return store
        store.close()
    return build(settings, progress).store


def _up_to_date(store: Target, settings: Settings, progress: Progress, force: bool) -> Built[Target]:
    try:
        wanted = fingerprint(settings)
        if store.fingerprint() == wanted and not force:
            return Built(store, rebuilt=False)
        return _rebuild(store, settings, wanted, progress)
    except BaseException:
        store.close()
        raise


def _rebuild(store: Target, settings: Settings, wanted: str, progress: Progress) -> Built[Target]:
    content = read(settings, _part(progress, 0.0, 0.1))
    shapes = read_shapes(content.shapes)
    report = _check(content, shapes, _part(progress, 0.1, 0.7))
    if not report.conforms:
        raise NotConforming(
            "The content does not conform, so it was not built; the store is as it was.",
            found=summary(report),
            hint="see every finding with: ncpc-kg check",
        )
    whole = content.asserted
    written: tuple[Finding, ...] = ()
    if isinstance(store, Store) and (store.written or store.removed):
        progress("Checking what users wrote", 0.7)
        whole = whole.patched(store.written, store.removed, settings.base)
        known = set(report.findings)
        written = tuple(one for one in validate_in_parts(whole, shapes).findings if one not in known)
    progress("Working out what follows (OWL 2 RL)", 0.8)
    close(whole, read_rules(whole, settings.content))
    progress("Writing the store", 0.9)
    published = content.asserted
    published.add(NamedNode(INFERRED), whole.graph(INFERRED))
    for name in content.shapes.graphs():
        published.add(name, content.shapes.graph(name))
    published.add(NamedNode(GRAPH["questions"]), executables(content.catalogue))
    published.add(NamedNode(GRAPH["dataset"]), built_record(read_about(), _count(published)))
    # Sorted, so that two builds from the same content are the same bytes.
    store.replace_built(sorted(published.rebased(settings.base).quads(), key=str), wanted)
    progress("Ready", 1.0)
    return Built(store, rebuilt=True, report=report, written=written)


def _count(dataset: Dataset) -> Statistics:
    """What a dataset under the project's own base holds, for its VoID description."""
    answers = []
    for text, _ in statistics_queries():
        found = cast(QuerySolutions, dataset.query(text))
        body = found.serialize(format=QueryResultsFormat.TSV) or b""
        answers.append(Answer("bindings", "text/tab-separated-values", body))
    return read_statistics(answers)


def _check(content: Content, shapes: Shapes, progress: Progress) -> Report:
    progress("Checking the OWL 2 RL profile", 0.0)
    departures = [_finding(departure) for departure in find_departures(content.files)]
    step = f"Validating against {len(shapes.nodes)} shapes"
    progress(step, 0.1)
    report = validate_in_parts(
        content.asserted, shapes, progress=lambda share: progress(step, 0.1 + 0.9 * share)
    )
    return make_report((*departures, *report.findings), report.checked)


def _finding(departure: Departure) -> Finding:
    return Finding(
        focus=departure.subject,
        path=Predicate(departure.predicate),
        value=departure.object,
        component=_PROFILE,
        shape=_PROFILE,
        severity=VIOLATION,
        message=f"Outside OWL 2 RL: {departure.problem}. Say it with an axiom of the profile.",
        where=departure.place,
    )


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Make the progress of one step fill its share of the whole."""
    return lambda step, share: progress(step, start + share * (end - start))
