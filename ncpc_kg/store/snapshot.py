"""The state that readers query, in memory.

The statements lie in one in-memory store, each in its graphs. While no statement stands in two
graphs, the engine's union of all graphs is a set union and answers queries at full speed. From
the first statement that does, a second store holds the merged graph beside it, since the
engine's union would count that statement twice.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    NamedNode,
    Quad,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    parse,
)

from ncpc_kg.engine import Answer, Change, DatasetClause, Formats
from ncpc_kg.errors import NcpcError, QueryError, ServiceError
from ncpc_kg.store import syntax
from ncpc_kg.store.columns import spelt_out
from ncpc_kg.store.serialisation import solutions_bytes, triples_bytes, truth_bytes

GraphName = NamedNode | BlankNode
_BLOCK = 64 * 1024**2


class Snapshot:
    """An in-memory state of the dataset; not safe against writes while a query runs.

    Attributes:
        named: The unnamed graph (as default graph) and the named graphs.
        repeats: How often a statement stands in a further graph.
    """

    def __init__(self) -> None:
        self.named = Store()
        self.repeats = 0
        self._merged: Store | None = None
        self._whole: Store | None = None

    def __len__(self) -> int:
        return len(self.named)

    def __contains__(self, quad: Quad) -> bool:
        return quad in self.named

    def load_file(
        self,
        path: str,
        added: Iterable[Quad],
        removed: Iterable[Quad],
        graphs: Iterable[str],
        repeats: int | None = None,
    ) -> None:
        """Read an N-Quads file with a patch over it into an empty snapshot.

        Args:
            path: The N-Quads file.
            added: Statements to add to it.
            removed: Statements to leave out.
            graphs: Named graphs that exist even if they are empty.
            repeats: How often a statement stands in a further graph, if that is known.

        Raises:
            SyntaxError: The file is not N-Quads.
            OSError: The file cannot be read.
        """
        _fill(self.named, path)
        for quad in removed:
            self.named.remove(quad)
            if next(self.graph(quad.graph_name), None) is None:
                self.named.remove_graph(quad.graph_name)
        self.named.bulk_extend(added)
        self._finish_load(graphs, repeats)

    def load(self, quads: Iterable[Quad], graphs: Iterable[str] = ()) -> None:
        """Put statements into an empty snapshot."""
        self.named.bulk_extend(quads)
        self._finish_load(graphs)

    def _finish_load(self, graphs: Iterable[str], repeats: int | None = None) -> None:
        for name in graphs:
            self.named.add_graph(NamedNode(name))
        self.repeats = self._count_repeats() if repeats is None else repeats
        if self.repeats:
            self._merge()

    def _count_repeats(self) -> int:
        """Statements beyond the first of each triple; a clash of hashes only costs speed."""
        seen = {hash((quad.subject, quad.predicate, quad.object)) for quad in self.named}
        return len(self.named) - len(seen)

    def _merge(self) -> Store:
        """The merged graph; kept from the first time it is needed."""
        if self._merged is None:
            self._merged = Store()
            self._merged.bulk_extend(Quad(q.subject, q.predicate, q.object) for q in self.named)
        return self._merged

    def copy(self) -> Snapshot:
        """An independent copy."""
        other = Snapshot()
        other.load(self.named)
        for name in self.named.named_graphs():
            other.named.add_graph(name)
        return other

    def graphs(self) -> tuple[GraphName, ...]:
        """Names of the named graphs, empty ones included, sorted."""
        return tuple(sorted(self.named.named_graphs(), key=str))

    def has_graph(self, name: GraphName) -> bool:
        """Whether a named graph exists, be it empty."""
        return self.named.contains_named_graph(name)

    def graph(self, name: GraphName | DefaultGraph) -> Iterator[Quad]:
        """The statements of one graph; `DefaultGraph()` is the unnamed one."""
        return self.named.quads_for_pattern(None, None, None, name)

    def apply(self, change: Change) -> None:
        """Make a change; what is there already or gone already is left alone."""
        self._whole = None
        for name in change.created:
            self.named.add_graph(name)
        for quad in change.deleted:
            if quad in self.named:
                self.named.remove(quad)
                self._removed(quad)
        fresh = [quad for quad in dict.fromkeys(change.inserted) if quad not in self.named]
        for quad in fresh:
            self._add(quad)
        for name in change.dropped:
            self.named.remove_graph(name)

    @contextmanager
    def supposing(self, change: Change) -> Iterator[None]:
        """Make a change for the time of a block, then take it back."""
        inserted = tuple(quad for quad in dict.fromkeys(change.inserted) if quad not in self)
        deleted = tuple(quad for quad in dict.fromkeys(change.deleted) if quad in self)
        before = set(self.graphs())
        self.apply(Change(inserted, deleted))
        try:
            yield
        finally:
            made = tuple(name for name in self.graphs() if name not in before)
            self.apply(Change(deleted, inserted, dropped=made))

    def _removed(self, quad: Quad) -> None:
        if self._elsewhere(quad):
            self.repeats -= 1
        elif self._merged is not None:
            self._merged.remove(Quad(quad.subject, quad.predicate, quad.object))

    def _add(self, quad: Quad) -> None:
        if self._elsewhere(quad):
            self.repeats += 1
            self._merge()
        elif self._merged is not None:
            self._merged.add(Quad(quad.subject, quad.predicate, quad.object))
        self.named.add(quad)

    def _elsewhere(self, quad: Quad) -> bool:
        """Whether the triple of a statement that is not here now stands in some graph."""
        found = self.named.quads_for_pattern(quad.subject, quad.predicate, quad.object, None)
        return next(found, None) is not None

    def query(
        self, text: str, formats: Formats, clause: DatasetClause | None = None, limit: int | None = None
    ) -> Answer:
        """Run a query to its end and serialise the result.

        Args:
            text: A SPARQL 1.1 query.
            formats: Media types to answer in.
            clause: Graphs and base given beside the text; graphs replace the text's FROM.
            limit: Largest result, bytes; None for any size.

        Raises:
            QueryError: The text is no valid query.
            NotAcceptable: No media type for this kind of result.
            TooLarge: The result is larger than `limit`.
            ServiceError: A SERVICE did not answer.
        """
        try:
            return self._run(text, formats, clause, limit)
        except NcpcError as error:
            # The engine's cursor must end on the thread that made it, not with the error.
            for one in (error, error.__cause__):
                if one is not None:
                    traceback.clear_frames(one.__traceback__)
            raise

    def _run(self, text: str, formats: Formats, clause: DatasetClause | None, limit: int | None) -> Answer:
        base = clause.base if clause else None
        store, default, named, union = self._arrange(text, clause)
        try:
            result = store.query(
                spelt_out(text, base),
                base_iri=base,
                default_graph=default,
                named_graphs=named,
                use_default_graph_as_union=union,
            )
            if isinstance(result, QueryBoolean):
                return truth_bytes(result, formats)
            if isinstance(result, QueryTriples):
                return triples_bytes(result, formats, limit)
            return solutions_bytes(result, formats, limit)
        except SyntaxError as error:
            raise syntax.explain(text, error, base) from error
        except OSError as error:
            raise ServiceError(
                "A service that the query calls does not answer.",
                found=str(error),
                hint="try again later, or write SERVICE SILENT to go on without it",
            ) from error
        except (ValueError, RuntimeError) as error:
            raise QueryError("The engine cannot run this query.", found=str(error)[:300]) from error

    def solutions(self, query: str, clause: DatasetClause) -> QuerySolutions:
        """Solutions of a pattern of an update; without graphs given it sees the unnamed one.

        Raises:
            SyntaxError: The query is not valid.
            OSError: A SERVICE did not answer.
        """
        default: list[GraphName | DefaultGraph] | None = None
        named: list[GraphName] | None = None
        store = self.named
        if clause.default_graphs or clause.named_graphs:
            default = [NamedNode(iri) for iri in dict.fromkeys(clause.default_graphs)]
            named = [NamedNode(iri) for iri in dict.fromkeys(clause.named_graphs)]
            if len(default) > 1 and self.repeats:
                store, default = self._assemble(default, named), [DefaultGraph()]  # type: ignore[arg-type]
        result = store.query(query, base_iri=clause.base, default_graph=default, named_graphs=named)
        if not isinstance(result, QuerySolutions):
            raise SyntaxError("error at 1:1: expected SELECT")
        return result

    def _arrange(
        self, text: str, clause: DatasetClause | None
    ) -> tuple[Store, list[GraphName | DefaultGraph] | None, list[GraphName] | None, bool]:
        """The store and the dataset arguments a query needs (SPARQL 1.1 Protocol, 2.1.4)."""
        if clause and (clause.default_graphs or clause.named_graphs):
            asked: tuple[tuple[str, ...], tuple[str, ...]] | None = (
                clause.default_graphs,
                clause.named_graphs,
            )
        else:
            asked = syntax.dataset_clause(text, clause.base if clause else None)
        if asked is None:
            if self._merged is None:
                return self.named, None, None, True
            if not syntax.mentions(text, "GRAPH"):
                return self._merged, None, None, False
            if self._whole is None:
                self._whole = self._assemble(None, self.graphs())
            return self._whole, None, None, False
        default = [NamedNode(iri) for iri in dict.fromkeys(asked[0])]
        named = [NamedNode(iri) for iri in dict.fromkeys(asked[1])]
        if len(default) > 1 and self.repeats:
            return self._assemble(default, named), [DefaultGraph()], list(named), False
        return self.named, list(default), list(named), False

    def _assemble(self, default: Iterable[GraphName] | None, named: Iterable[GraphName]) -> Store:
        """A store whose default graph is the set union of some graphs, or of all (None)."""
        store = Store()
        sources = [self._merge().quads_for_pattern(None, None, None, None)] if default is None else [
            self.graph(name) for name in default
        ]  # fmt: skip
        for quads in sources:
            store.bulk_extend(Quad(q.subject, q.predicate, q.object) for q in quads)
        for name in named:
            if self.has_graph(name):
                store.add_graph(name)
                store.bulk_extend(self.graph(name))
        return store


def _fill(store: Store, path: str) -> None:
    """Fill a store from an N-Quads file; blank nodes keep their names.

    The engine's own loader renames them, and what was written about them would be about nothing.
    """
    with Path(path).open("rb") as file:
        while lines := file.readlines(_BLOCK):
            if named := [line for line in lines if b"_:" in line]:
                store.bulk_extend(parse(b"".join(named), RdfFormat.N_QUADS))
                lines = [line for line in lines if b"_:" not in line]
            store.bulk_load(b"".join(lines), RdfFormat.N_QUADS)
