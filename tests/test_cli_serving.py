"""What `ncpc-kg serve` hands on to the service; that it serves is shown in test_cli.py."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from samples import ContentMaker

from ncpc_kg import cli, web
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store


def test_every_option_reaches_the_service(
    make_content: ContentMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Settings] = []

    def serve(settings: Settings, store: Store, **_: object) -> None:
        store.close()
        served.append(settings)

    options = {
        "--host": "127.0.0.2",
        "--port": "8765",
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
            host="127.0.0.2",
            port=8765,
            allowed_services=("one.example", "two.example:81"),
            tokens_file=tmp_path / "tokens",
            on_violation="warn",
            access_log=False,
            root_path="/kg",
            trust_proxy=True,
        )
    ]
