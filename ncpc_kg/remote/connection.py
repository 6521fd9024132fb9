"""Calls to a remote SPARQL 1.1 server, through SPARQLWrapper: log-in, limits, replicas, retries."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TypeVar
from urllib.error import HTTPError

from SPARQLWrapper import BASIC, DIGEST, INSERT, POST, SELECT, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed, SPARQLWrapperException, Unauthorized

from ncpc_kg.engine import DatasetClause
from ncpc_kg.errors import LimitReached, NcpcError, QueryError, ServiceError
from ncpc_kg.settings import Limits, Settings
from ncpc_kg.store import syntax
from ncpc_kg.store.reach import read_body

_PAUSES = (0.1, 0.4)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Endpoints:
    """Where a remote engine answers, and how to log in there.

    Attributes:
        queries: Addresses that answer queries, all with the same data: the first is asked
            first, the others in turn (read replicas).
        update: Address that takes updates (the one writer).
        user: Name to log in with; None: no log-in.
        password: Its password.
        digest: Whether the server wants HTTP Digest instead of Basic.
    """

    queries: tuple[str, ...]
    update: str
    user: str | None = None
    password: str = field(default="", repr=False)
    digest: bool = False

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Endpoints:
        """Addresses from the settings, credentials from the environment.

        `NCPC_KG_ENGINE_UPDATE` is the address for updates (else that for queries),
        `NCPC_KG_ENGINE_REPLICAS` further addresses for queries, `NCPC_KG_ENGINE_USER`,
        `NCPC_KG_ENGINE_PASSWORD` and `NCPC_KG_ENGINE_AUTH` (`basic` or `digest`) the log-in.

        Raises:
            ServiceError: No engine is set.
        """
        if settings.engine_url is None:
            raise ServiceError("No remote engine is set.", hint="start with --engine URL")
        replicas = environment.get("NCPC_KG_ENGINE_REPLICAS", "").split()
        return cls(
            (settings.engine_url, *replicas),
            environment.get("NCPC_KG_ENGINE_UPDATE", settings.engine_url),
            environment.get("NCPC_KG_ENGINE_USER"),
            environment.get("NCPC_KG_ENGINE_PASSWORD", ""),
            environment.get("NCPC_KG_ENGINE_AUTH", "basic").lower() == "digest",
        )


class Connection:
    """Asks the servers at some addresses.

    Args:
        endpoints: Where they answer.
        limits: Time and size of an answer.
    """

    def __init__(self, endpoints: Endpoints, limits: Limits) -> None:
        self.endpoints = endpoints
        self.limits = limits
        self._turn = itertools.count()

    def ask(self, text: str, accept: str, dataset: DatasetClause | None = None) -> tuple[bytes, str]:
        """Run a query, again where the server was not there; the replicas take turns.

        Returns:
            The answer and its media type.

        Raises:
            QueryError: The engine cannot run the text.
            TooLarge, LimitReached: The answer is too large, or takes too long.
            ServiceError: The engine does not answer.
        """
        names = "default-graph-uri", "named-graph-uri"
        has_graphs = dataset is not None and (dataset.default_graphs or dataset.named_graphs)

        def call() -> tuple[bytes, str]:
            deadline = time.monotonic() + self.limits.seconds
            url = self.endpoints.queries[next(self._turn) % len(self.endpoints.queries)]
            if has_graphs:
                url = url.partition("?")[0]  # such as ?union-default-graph: the request says better
            wrapper = self._wrapper(url, text, dataset, names)
            wrapper.queryType = SELECT  # by itself it takes any word of a comment for the kind
            wrapper.addCustomHttpHeader("Accept", accept)
            response = wrapper.query().response
            body = read_body(response, self.limits.result_bytes, deadline)
            return body, response.headers.get_content_type()

        return self._called(call, safe=True)

    def tell(self, text: str, using: DatasetClause | None = None) -> None:
        """Run an update, once.

        Raises:
            NcpcError: As `ask`.
        """
        names = "using-graph-uri", "using-named-graph-uri"
        wrapper = self._wrapper(self.endpoints.update, text, using, names)
        wrapper.queryType = INSERT
        self._called(lambda: wrapper.query().response.read(), safe=False)

    def _wrapper(
        self, url: str, text: str, dataset: DatasetClause | None, names: tuple[str, str]
    ) -> SPARQLWrapper:
        """A request; `names` are those of the parameters for default and named graphs."""
        wrapper = SPARQLWrapper(url)
        wrapper.setTimeout(max(1, round(self.limits.seconds)))
        wrapper.setOnlyConneg(True)
        wrapper.setMethod(POST)
        wrapper.setQuery(_with_base(text, dataset))
        if dataset is not None:
            for name, graphs in zip(names, (dataset.default_graphs, dataset.named_graphs), strict=True):
                for graph in graphs:
                    wrapper.addParameter(name, graph)
        if self.endpoints.user is not None:
            wrapper.setHTTPAuth(DIGEST if self.endpoints.digest else BASIC)
            wrapper.setCredentials(self.endpoints.user, self.endpoints.password)
        return wrapper

    def _called(self, call: Callable[[], Result], safe: bool) -> Result:
        """Make a call; again after a pause where the server was not there or busy.

        Args:
            call: What to do.
            safe: Whether it may be done twice.
        """
        pauses = iter(_PAUSES)
        while True:
            try:
                return call()
            except QueryBadFormed as error:
                raise _bad(str(error)) from error
            except Unauthorized as error:
                raise ServiceError(
                    "The engine refuses the log-in.",
                    hint="set NCPC_KG_ENGINE_USER, NCPC_KG_ENGINE_PASSWORD and NCPC_KG_ENGINE_AUTH",
                ) from error
            except (SPARQLWrapperException, HTTPException, OSError) as error:
                pause = next(pauses, None)
                if pause is None or not _may_repeat(error, safe):
                    raise _failed(error, self.limits.seconds) from error
                time.sleep(pause)


def _with_base(text: str, dataset: DatasetClause | None) -> str:
    """The text with the base in front, if it has relative IRIs; lines keep their numbers."""
    if dataset is None or dataset.base is None:
        return text
    relative = any(token.kind == "iri" and ":" not in token.text for token in syntax.tokens(text))
    return f"BASE <{dataset.base}> {text}" if relative else text


def _may_repeat(error: Exception, safe: bool) -> bool:
    """Whether a call may be made again: never if the server may have begun to write."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ConnectionRefusedError):
        return True
    busy = isinstance(error, HTTPError) and error.code in (429, 502, 503)
    return safe and (busy or isinstance(reason, ConnectionError | HTTPException))


def _bad(said: str) -> QueryError:
    return QueryError(
        "The engine cannot run the text as written.",
        found=" ".join(said.split())[:300],
        hint="check its syntax; this is the engine's own message",
    )


def _failed(error: Exception, seconds: float) -> NcpcError:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return LimitReached(
            "The engine took too long.",
            expected=f"at most {seconds:g} seconds",
            hint="ask for less at once; the engine itself may go on for a while",
        )
    return ServiceError(
        "The engine does not answer.",
        found=" ".join(str(reason).split())[:300],
        hint="look whether it runs and whether --engine has its address",
    )
