"""The columns of `SELECT *` as they are written; the engine orders them by the alphabet."""

from __future__ import annotations

import re

from pyoxigraph import QuerySolutions, Store

from ncpc_kg.store import syntax

_NOTHING = Store()
_STAR = re.compile(r"\bSELECT\s*(?:(?:DISTINCT|REDUCED)\s*)?\*", re.IGNORECASE)


def spelt_out(text: str, base: str | None = None) -> str:
    """A query with its `SELECT *` spelt out, in the order of first use; any other as it is.

    Raises:
        SyntaxError: The query is not valid.
    """
    if "*" not in text or not _STAR.search(text):
        return text
    if syntax.mentions(text, "SERVICE"):  # the engine would call out
        return text
    all_tokens = syntax.tokens(text)
    head = all_tokens[syntax.prologue(all_tokens).end :][:3]
    star = next((token for token in head if token.text == "*"), None)
    if star is None or head[0].word != "SELECT":
        return text
    result = _NOTHING.query(text, base_iri=base)
    if not isinstance(result, QuerySolutions):
        return text
    wanted = {variable.value for variable in result.variables}
    used = dict.fromkeys(token.text[1:] for token in all_tokens if token.kind == "variable")
    columns = " ".join(f"?{name}" for name in used if name in wanted)
    return text[: star.start] + f" {columns} " + text[star.end :] if columns else text
