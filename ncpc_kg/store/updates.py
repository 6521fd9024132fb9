"""What a SPARQL update changes, worked out before anything is changed.

The engine evaluates every pattern and fills every template; this module splits the update
into its operations (SPARQL 1.1 Update, section 3), runs each pattern as a query and each
template on an empty store, and so knows exactly which statements come and go. That change
can be checked, written to the journal and made visible as one step. Patterns without GRAPH
see the unnamed graph, as the specification has it, or what WITH, USING and `using-*` say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Store, Triple

from ncpc_kg.engine import Change, DatasetClause
from ncpc_kg.errors import Conflict, QueryError, ServiceError
from ncpc_kg.store import management, syntax
from ncpc_kg.store.changes import combine, missing
from ncpc_kg.store.operations import Operation, split
from ncpc_kg.store.reach import Reach
from ncpc_kg.store.snapshot import Snapshot

_CELL = NamedNode("urn:ncpc-kg:cell")
_ROW = "ncpcKgRow"


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


def _check_syntax(text: str, operations: Sequence[Operation], base: str | None) -> None:
    """Let the engine parse the text; on an empty store, where it can do nothing else."""
    if not operations and syntax.tokens(text):
        return
    calls_out = any(op.word == "LOAD" for op in operations) or syntax.mentions(text, "SERVICE")
    declared_late = any(op.names != operations[0].names for op in operations)
    pieces = [text]
    if calls_out or declared_late:  # the engine would call out, or not take a later PREFIX
        pieces = [
            op.declarations() + (management.out_of_reach(op) if op.word == "LOAD" else op.source())
            for op in operations
            if not syntax.mentions(op.source(), "SERVICE")
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
    return management.effect(state, operation, reach)


def _data(state: Snapshot, operation: Operation) -> Change:
    """INSERT DATA and DELETE DATA (sections 3.1.1 and 3.1.2)."""
    scratch = Store()
    body = operation.source(operation.tokens[1:])
    scratch.update(operation.declarations() + "INSERT " + body)
    if operation.word == "DELETE":
        return Change(deleted=tuple(quad for quad in scratch if quad in state))
    fresh = tuple(quad for quad in scratch if quad not in state)
    return Change(inserted=fresh, created=missing(state, scratch.named_graphs()))


def _modify(state: Snapshot, operation: Operation, using: DatasetClause | None) -> Change:
    """DELETE/INSERT and DELETE WHERE (sections 3.1.3)."""
    tokens = operation.tokens
    at = 0
    with_graph: str | None = None
    if tokens[0].word == "WITH":
        with_graph = operation.resolve(1)
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
            into.append(operation.resolve(at))
            at += 1
        elif word == "WHERE" or tokens[at].text == "{":
            at += 1 if word == "WHERE" else 0
            end = syntax.closing(tokens, at)
            pattern = operation.source(tokens[at : end + 1])
            if "DELETE" in templates and templates["DELETE"] == "":
                templates["DELETE"] = pattern
            at = end + 1
        elif tokens[at + 1].text == "{":
            end = syntax.closing(tokens, at + 1)
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
        missing(state, (quad.graph_name for quad in inserted)),
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
