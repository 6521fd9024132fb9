"""What a SPARQL update changes, worked out before anything is changed.

The engine evaluates every pattern and fills every template; this module splits the update
into its operations (SPARQL 1.1 Update, section 3), runs each pattern as a query and each
template on an empty store, and so knows exactly which statements come and go. That change
can be checked, written to the journal and made visible as one step. Patterns without GRAPH
see the unnamed graph, as the specification has it, or what WITH, USING and `using-*` say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store, Triple, parse

from ncpc_kg.engine import Change, DatasetClause
from ncpc_kg.errors import Conflict, Place, QueryError, ServiceError
from ncpc_kg.mediatypes import GRAPHS_BY_MEDIA_TYPE
from ncpc_kg.store import documents, syntax
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import GraphName, Snapshot
from ncpc_kg.store.syntax import Prologue, Token

AnyGraph = GraphName | DefaultGraph
_CELL = NamedNode("urn:ncpc-kg:cell")
_ROW = "ncpcKgRow"


@dataclass(frozen=True)
class Operation:
    """One operation of an update: its tokens and the declarations in force."""

    tokens: tuple[Token, ...]
    names: Prologue
    text: str

    @property
    def word(self) -> str:
        """Its first keyword."""
        return self.tokens[0].word if self.tokens else ""

    def source(self, tokens: Sequence[Token] | None = None) -> str:
        """The text of some of its tokens, or of all."""
        chosen = self.tokens if tokens is None else tokens
        return self.text[chosen[0].start : chosen[-1].end] if chosen else ""

    def declarations(self) -> str:
        """BASE and PREFIX lines that make a piece of it readable alone."""
        lines = [f"BASE <{self.names.base}>"] if self.names.base else []
        lines += [f"PREFIX {prefix}: <{iri}>" for prefix, iri in self.names.prefixes.items()]
        return "\n".join(lines) + "\n"


def plan(
    snapshot: Snapshot,
    text: str,
    using: DatasetClause | None,
    reach: Reach,
    derived: frozenset[NamedNode] = frozenset(),
    owned: bool = False,
) -> Change:
    """The change an update makes to a state.

    Args:
        snapshot: The state before; left as it is unless `owned`.
        text: A SPARQL 1.1 update.
        using: `using-graph-uri` and `using-named-graph-uri`, and the base.
        reach: Hosts that LOAD and SERVICE may reach.
        derived: Graphs that are worked out from others, so that nobody writes into them.
        owned: The state is a scratch copy that this call may change.

    Raises:
        QueryError: The text is no valid update, or an operation fails.
        Conflict: It writes into a derived graph.
        Forbidden: It reaches for a host that is not allowed.
    """
    base = using.base if using else None
    syntax.check_nesting(text)
    reach.check(text, base)
    operations = split(text, base)
    _check_syntax(text, operations, base)
    if using and (using.default_graphs or using.named_graphs):
        _refuse_double_dataset(operations)
    state = snapshot if owned or len(operations) < 2 else snapshot.copy()
    net = Change()
    for number, operation in enumerate(operations):
        change = _effect(state, operation, using, reach)
        if number + 1 < len(operations):
            state.apply(change)
        net = combine(net, change)
    for quad in net.inserted:
        if quad.graph_name in derived:
            raise Conflict(
                "This graph is worked out from the others; nobody can write into it.",
                found=str(quad.graph_name),
                hint="write into another graph",
            )
    return net


def split(text: str, base: str | None = None) -> tuple[Operation, ...]:
    """Split an update into its operations at the semicolons between them."""
    all_tokens = syntax.tokens(text)
    operations: list[Operation] = []
    names = Prologue(base, {}, 0)
    at = 0
    while at < len(all_tokens):
        names = syntax.prologue(all_tokens, at, names)
        at = names.end
        end, depth = at, 0
        while end < len(all_tokens) and (depth or all_tokens[end].text != ";"):
            depth += {"{": 1, "}": -1}.get(all_tokens[end].text, 0)
            end += 1
        if end > at:
            operations.append(Operation(all_tokens[at:end], names, text))
        at = end + 1
    return tuple(operations)


def combine(first: Change, second: Change) -> Change:
    """The change that two changes make one after the other."""
    inserted, deleted = dict.fromkeys(first.inserted), dict.fromkeys(first.deleted)
    for quad in second.deleted:
        if quad in inserted:
            del inserted[quad]
        else:
            deleted[quad] = None
    for quad in second.inserted:
        if quad in deleted:
            del deleted[quad]
        else:
            inserted[quad] = None
    created, dropped = dict.fromkeys(first.created), dict.fromkeys(first.dropped)
    for name in second.dropped:
        if name in created:
            del created[name]
        else:
            dropped[name] = None
    for name in second.created:
        if name in dropped:
            del dropped[name]
        else:
            created[name] = None
    return Change(tuple(inserted), tuple(deleted), tuple(created), tuple(dropped))


def replacing(snapshot: Snapshot, name: AnyGraph, quads: Iterable[Quad]) -> Change:
    """The change that makes a graph hold exactly some statements."""
    wanted = dict.fromkeys(quads)
    present = set(snapshot.graph(name))
    return Change(
        tuple(quad for quad in wanted if quad not in present),
        tuple(quad for quad in present if quad not in wanted),
        _new(snapshot, [name]),
    )


def adding(snapshot: Snapshot, name: AnyGraph, quads: Iterable[Quad]) -> Change:
    """The change that adds statements to a graph."""
    fresh = tuple(quad for quad in dict.fromkeys(quads) if quad not in snapshot)
    return Change(inserted=fresh, created=_new(snapshot, [name]))


def dropping(snapshot: Snapshot, name: AnyGraph) -> Change:
    """The change that empties a graph and, if it has a name, makes it go."""
    dropped = (name,) if not isinstance(name, DefaultGraph) and snapshot.has_graph(name) else ()
    return Change(deleted=tuple(snapshot.graph(name)), dropped=dropped)


def _new(snapshot: Snapshot, names: Iterable[AnyGraph]) -> tuple[GraphName, ...]:
    return tuple(
        name
        for name in dict.fromkeys(names)
        if not isinstance(name, DefaultGraph) and not snapshot.has_graph(name)
    )


def _check_syntax(text: str, operations: Sequence[Operation], base: str | None) -> None:
    """Let the engine parse the text; on an empty store, where it can do nothing else."""
    if not operations and syntax.tokens(text):
        return
    calls_out = any(op.word == "LOAD" for op in operations) or syntax.mentions(text, "SERVICE")
    declared_late = any(op.names != operations[0].names for op in operations)
    pieces = [text]
    if calls_out or declared_late:  # the engine would call out, or not take a later PREFIX
        pieces = [
            op.declarations() + op.source()
            for op in operations
            if op.word != "LOAD" and not syntax.mentions(op.source(), "SERVICE")
        ]
    for piece in pieces:
        try:
            Store().update(piece, base_iri=base)
        except SyntaxError as error:
            raise syntax.explain(text, error, base) from error
        except (OSError, RuntimeError, ValueError):
            continue  # it was parsed; what it does is looked at below, on the real state


def _refuse_double_dataset(operations: Sequence[Operation]) -> None:
    for operation in operations:
        for token in operation.tokens:
            if token.word in ("WITH", "USING"):
                raise QueryError(
                    "The dataset is given twice: in the request and in the update.",
                    found=token.word,
                    hint="leave out using-graph-uri and using-named-graph-uri, or WITH and USING",
                    place=syntax.place(operation.text, token.start),
                )


def _effect(state: Snapshot, operation: Operation, using: DatasetClause | None, reach: Reach) -> Change:
    first, second = operation.word, operation.tokens[1].word if len(operation.tokens) > 1 else ""
    if first in ("INSERT", "DELETE") and second == "DATA":
        return _data(state, operation)
    if first in ("INSERT", "DELETE", "WITH"):
        return _modify(state, operation, using)
    silent = second == "SILENT"
    try:
        return _managed(state, operation, 2 if silent else 1, reach)
    except (QueryError, ServiceError):
        if silent:
            return Change()
        raise


def _data(state: Snapshot, operation: Operation) -> Change:
    """INSERT DATA and DELETE DATA (sections 3.1.1 and 3.1.2)."""
    scratch = Store()
    body = operation.source(operation.tokens[1:])
    scratch.update(operation.declarations() + "INSERT " + body)
    if operation.word == "DELETE":
        return Change(deleted=tuple(quad for quad in scratch if quad in state))
    fresh = tuple(quad for quad in scratch if quad not in state)
    return Change(inserted=fresh, created=_new(state, scratch.named_graphs()))


def _modify(state: Snapshot, operation: Operation, using: DatasetClause | None) -> Change:
    """DELETE/INSERT and DELETE WHERE (sections 3.1.3)."""
    tokens = operation.tokens
    at = 0
    with_graph: str | None = None
    if tokens[0].word == "WITH":
        with_graph = operation.names.resolve(tokens[1], operation.text)
        at = 2
    templates: dict[str, str] = {}
    default: list[str] = []
    named: list[str] = []
    pattern = "{}"
    while at < len(tokens):
        word = tokens[at].word
        if word == "USING":
            into = named if tokens[at + 1].word == "NAMED" else default
            at += 2 if into is named else 1
            into.append(operation.names.resolve(tokens[at], operation.text))
            at += 1
        elif word == "WHERE" or tokens[at].text == "{":
            at += 1 if word == "WHERE" else 0
            end = _closing(tokens, at)
            pattern = operation.source(tokens[at : end + 1])
            if "DELETE" in templates and templates["DELETE"] == "":
                templates["DELETE"] = pattern
            at = end + 1
        elif tokens[at + 1].text == "{":
            end = _closing(tokens, at + 1)
            templates[word] = operation.source(tokens[at + 1 : end + 1])
            at = end + 1
        else:
            templates[word] = ""  # DELETE WHERE: the pattern is the template
            at += 1
    clause = DatasetClause(tuple(default), tuple(named))
    if using and (using.default_graphs or using.named_graphs):
        clause = using
    elif not default and not named and with_graph is not None:
        clause = DatasetClause((with_graph,), tuple(str(name.value) for name in state.graphs()))
    rows = _solutions(state, operation, pattern, templates, clause)
    deleted = _fill(operation, templates.get("DELETE"), rows, with_graph)
    inserted = _fill(operation, templates.get("INSERT"), rows, with_graph)
    kept = set(inserted)
    return Change(
        tuple(quad for quad in inserted if quad not in state),
        tuple(quad for quad in deleted if quad in state and quad not in kept),
        _new(state, (quad.graph_name for quad in inserted)),
    )


_Row = tuple[NamedNode | BlankNode | Literal | Triple | None, ...]


@dataclass(frozen=True)
class _Rows:
    variables: tuple[str, ...]
    rows: tuple[_Row, ...]


def _solutions(
    state: Snapshot, operation: Operation, pattern: str, templates: dict[str, str], clause: DatasetClause
) -> _Rows:
    """Evaluate the pattern of an operation, for the variables its templates use."""
    used = {
        token.text[1:]
        for template in templates.values()
        for token in syntax.tokens(template)
        if token.kind == "variable"
    }
    variables = tuple(sorted(used))
    projection = " ".join(f"?{name}" for name in variables) or f"(1 AS ?{_ROW})"
    query = f"{operation.declarations()}SELECT {projection} WHERE {pattern}"
    try:
        result = state.solutions(query, replace(clause, base=operation.names.base))
        rows = tuple(tuple(solution[name] for name in variables) for solution in result)
    except SyntaxError as error:
        raise syntax.explain(operation.text, error, operation.names.base) from error
    except OSError as error:
        raise ServiceError("A service that the update calls does not answer.", found=str(error)) from error
    except (RuntimeError, ValueError) as error:
        raise QueryError("The engine cannot run this update.", found=str(error)[:300]) from error
    return _Rows(variables, rows)


def _fill(operation: Operation, template: str | None, rows: _Rows, with_graph: str | None) -> list[Quad]:
    """Fill a template with every row; the engine does it, on an empty store.

    The rows reach it through a function that looks a cell up, so that terms stay what they
    are (blank nodes included) and no term is ever spelt out as text.
    """
    if not template or not rows.rows:
        return []

    def cell(row: Literal, column: Literal) -> NamedNode | BlankNode | Literal | Triple | None:
        return rows.rows[int(row.value)][int(column.value)]

    numbers = " ".join(str(number) for number in range(len(rows.rows)))
    binds = " ".join(
        f"BIND(<{_CELL.value}>(?{_ROW}, {column}) AS ?{name})" for column, name in enumerate(rows.variables)
    )
    start = f"WITH <{with_graph}> " if with_graph is not None else ""
    scratch = Store()
    scratch.update(
        f"{operation.declarations()}{start}INSERT {template}\n"  # noqa: S608
        f"WHERE {{ VALUES ?{_ROW} {{ {numbers} }} {binds} }}",
        custom_functions={_CELL: cell},
    )
    return list(scratch)


def _managed(state: Snapshot, operation: Operation, at: int, reach: Reach) -> Change:
    """LOAD and the operations on whole graphs (sections 3.1.4, 3.1.5 and 3.2)."""
    tokens, word = operation.tokens, operation.word
    if word == "LOAD":
        return _load(state, operation, at, reach)
    if word == "CREATE":
        name = NamedNode(operation.names.resolve(tokens[at + 1], operation.text))
        if state.has_graph(name):
            raise _failed(operation, at + 1, "This graph exists already.")
        return Change(created=(name,))
    if word in ("CLEAR", "DROP"):
        change = Change()
        for graph in _targets(state, operation, at, missing_fails=word == "DROP"):
            one = dropping(state, graph)
            change = combine(change, one if word == "DROP" else replace(one, dropped=()))
        return change
    source, at = _graph_or_default(operation, at)
    target, _ = _graph_or_default(operation, at + 1)
    if not isinstance(source, DefaultGraph) and not state.has_graph(source):
        raise _failed(operation, 1, "The source graph does not exist.")
    if source == target:
        return Change()
    moved = [Quad(q.subject, q.predicate, q.object, target) for q in state.graph(source)]
    if word == "ADD":
        return adding(state, target, moved)
    change = replacing(state, target, moved)
    return combine(change, dropping(state, source)) if word == "MOVE" else change


def _load(state: Snapshot, operation: Operation, at: int, reach: Reach) -> Change:
    iri = operation.names.resolve(operation.tokens[at], operation.text)
    target: AnyGraph = DefaultGraph()
    if len(operation.tokens) > at + 3:
        target = NamedNode(operation.names.resolve(operation.tokens[at + 3], operation.text))
    body, media_type = reach.fetch(iri)
    return adding(state, target, parse_graph(body, media_type, iri, target))


def parse_graph(body: bytes, media_type: str, base: str, target: AnyGraph) -> list[Quad]:
    """Read the statements of a document into one graph.

    Args:
        body: The document.
        media_type: Its media type, without parameters.
        base: What relative IRIs are resolved against.
        target: The graph the statements go to.

    Raises:
        QueryError: It is not well-formed, or holds named graphs.
    """
    form = GRAPHS_BY_MEDIA_TYPE[media_type].engine
    documents.check(body, form)
    try:
        quads = [
            Quad(q.subject, q.predicate, q.object, target)
            for q in parse(body, form, base_iri=base, without_named_graphs=True, rename_blank_nodes=True)
        ]
    except SyntaxError as error:
        where = re.search(r"line (\d+)(?: (?:column|between columns) (\d+))?", str(error))
        line, column = (error.lineno, error.offset) if error.lineno else (None, None)
        if line is None and where:
            line, column = int(where[1]), int(where[2]) if where[2] else None
        raise QueryError(
            f"The body is not well-formed {GRAPHS_BY_MEDIA_TYPE[media_type].name}.",
            found=str(error.msg or error)[:300],
            hint="check the body, or whether the Content-Type header says what it is",
            place=Place(line=line, column=column),
        ) from error
    return quads


def _targets(state: Snapshot, operation: Operation, at: int, missing_fails: bool) -> list[AnyGraph]:
    word = operation.tokens[at].word
    if word == "DEFAULT":
        return [DefaultGraph()]
    if word in ("NAMED", "ALL"):
        return [*state.graphs(), *([DefaultGraph()] if word == "ALL" else [])]
    name = NamedNode(operation.names.resolve(operation.tokens[at + 1], operation.text))
    if missing_fails and not state.has_graph(name):
        raise _failed(operation, at + 1, "This graph does not exist.")
    return [name]


def _graph_or_default(operation: Operation, at: int) -> tuple[AnyGraph, int]:
    token = operation.tokens[at]
    if token.word == "DEFAULT":
        return DefaultGraph(), at + 1
    if token.word == "GRAPH":
        at += 1
    return NamedNode(operation.names.resolve(operation.tokens[at], operation.text)), at + 1


def _closing(tokens: Sequence[Token], at: int) -> int:
    """Number of the token that closes the bracket at token number `at`."""
    depth = 0
    for number in range(at, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[number].text, 0)
        if depth == 0:
            return number
    return len(tokens) - 1


def _failed(operation: Operation, at: int, problem: str) -> QueryError:
    token = operation.tokens[min(at, len(operation.tokens) - 1)]
    return QueryError(
        problem,
        found=token.text,
        hint=f"write {operation.word} SILENT to go on without it",
        place=syntax.place(operation.text, token.start),
    )
