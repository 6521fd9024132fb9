"""The command that serves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from ncpc_kg import pipeline, web
from ncpc_kg.cli.building import print_written
from ncpc_kg.cli.terminal import (
    BaseOption,
    ContentOption,
    EngineOption,
    StoreOption,
    err,
    make_settings,
    progress,
)
from ncpc_kg.remote import Remote
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import BASE
from ncpc_kg.web.entries import add_entries


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")] = 8000,
    content: ContentOption = None,
    store: StoreOption = None,
    base: BaseOption = BASE,
    engine: EngineOption = None,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="File of the tokens that may write.")
    ] = None,
    service: Annotated[
        list[str] | None,
        typer.Option("--allow-service", metavar="HOST", help="Host that SERVICE and LOAD may reach."),
    ] = None,
    on_violation: Annotated[
        Literal["refuse", "warn"],
        typer.Option("--on-violation", help="What happens to a write that breaks a shape of the graph."),
    ] = "refuse",
    root_path: Annotated[
        str,
        typer.Option(
            "--root-path",
            metavar="PATH",
            envvar="NCPC_KG_ROOT_PATH",
            help="Path prefix under which a reverse proxy publishes the service, such as /kg.",
        ),
    ] = "",
    trust_proxy: Annotated[
        bool,
        typer.Option(
            "--trust-proxy", help="Believe X-Forwarded-Prefix, -Proto and -Host; only behind a proxy."
        ),
    ] = False,
    access_log: Annotated[
        bool, typer.Option("--access-log/--no-access-log", help="Log each request.")
    ] = True,
) -> None:
    """Serve the SPARQL endpoint and its pages; the store is built first if it has to be.

    Examples:
      ncpc-kg serve

      ncpc-kg serve --host 0.0.0.0 --port 8080 --store /srv/ncpc-kg

      ncpc-kg serve --engine http://localhost:7878/query
    """
    settings = replace(
        make_settings(content, store, base, engine),
        host=host,
        port=port,
        tokens_file=tokens,
        allowed_services=tuple(service or ()),
        on_violation=on_violation,
        access_log=access_log,
        root_path=root_path,
        trust_proxy=trust_proxy,
    )
    web.check_port(host, port)
    holder: Store | Remote
    with progress() as tell:
        if engine:
            holder = pipeline.build_remote(settings, tell).store
        else:
            built = pipeline.build(settings, tell)
            print_written(built)
            holder = built.store
    web.serve(
        settings,
        holder,
        gate="ncpc_kg.entries:make_gate",
        extend=add_entries,
        on_ready=lambda url: err.print(f"Serving {url}  (stop with Ctrl+C)"),
    )
