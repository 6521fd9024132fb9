"""What `ncpc-kg serve` hands on to the service; that it serves is shown in test_cli.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from samples import ContentMaker
from servers import free_port

from ncpc_kg import cli, web
from ncpc_kg.pipeline import build
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import ID, NCPC


def test_every_option_reaches_the_service(
    make_content: ContentMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Settings] = []
    port = free_port()

    def serve(settings: Settings, store: Store, **_: object) -> None:
        store.close()
        served.append(settings)

    options = {
        "--host": "localhost",
        "--port": str(port),
        "--content": str(make_content()),
        "--store": str(tmp_path / "store"),
        "--base": "https://example.org/kg/",
        "--tokens": str(tmp_path / "tokens"),
        "--allow-service": "one.example",
        "--on-violation": "warn",
        "--root-path": "/kg",
    }
    arguments = [text for pair in options.items() for text in pair]
    arguments += ["--allow-service", "two.example:81", "--trust-proxy", "--no-access-log"]
    monkeypatch.setattr(web, "serve", serve)
    monkeypatch.setattr(sys, "argv", ["ncpc-kg", "serve", *arguments])
    with pytest.raises(SystemExit) as left:
        cli.main()

    assert left.value.code == 0
    assert served == [
        Settings(
            content=tmp_path / "content",
            store=tmp_path / "store",
            base="https://example.org/kg/",
            host="localhost",
            port=port,
            allowed_services=("one.example", "two.example:81"),
            tokens_file=tmp_path / "tokens",
            on_violation="warn",
            access_log=False,
            root_path="/kg",
            trust_proxy=True,
        )
    ]


def test_what_users_wrote_and_no_longer_conforms_is_told(
    make_content: ContentMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(content=make_content(), store=tmp_path / "store")
    with build(settings).store as store:
        store.update(f"INSERT DATA {{ <{ID}h> a <{NCPC}Hosting> }}")
    with (settings.content / "data/ttl/20-brazil.ttl").open("a") as file:
        file.write("id:centre-utopia a ncpc:Centre .\n")
    monkeypatch.setattr(web, "serve", lambda settings, store, **_: store.close())
    options = ["--content", str(settings.content), "--store", str(settings.store)]
    options += ["--port", str(free_port())]
    monkeypatch.setattr(sys, "argv", ["ncpc-kg", "serve", *options])
    with pytest.raises(SystemExit):
        cli.main()

    assert "no longer conforms: id:h: No host" in capsys.readouterr().err
