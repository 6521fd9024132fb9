"""The site as people meet it: the server in a process of its own, and Debian's Chromium in front of it."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
EDITOR = ROOT / "ncpc_kg" / "web" / "static" / "vendor" / "yasqe.js"
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the real graph."""
    for needed in (AXE, EDITOR):
        if not needed.is_file():
            pytest.fail(f"{needed.relative_to(ROOT)} is missing; build it with: make assets")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = tmp_path_factory.mktemp("site") / "store"
    command = [sys.executable, "-m", "ncpc_kg", "serve", "--port", str(port), "--store", str(store)]
    address = f"http://127.0.0.1:{port}"
    with (store.parent / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            _wait(f"{address}/readyz", server, store.parent / "log")
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if server.poll() is not None:
            pytest.fail(f"The server ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"The server does not answer: {log.read_text()[-2000:]}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, as Debian packages it; its event loop ends with these tests, since others run their own."""
    program = shutil.which("chromium")
    if program is None:
        pytest.fail("Chromium is missing; install the package chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def open_page(site: str, browser: Browser) -> Iterator[OpenPage]:
    """Open a path of the site; fails if a page asks another host or breaks the content policy."""
    contexts = []
    elsewhere: list[str] = []
    complaints: list[str] = []

    def listen(page: Page) -> None:
        page.on("request", lambda request: _foreign(request.url, site) and elsewhere.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # Chromium also logs the status of the page itself, where that is an error.
        page.on(
            "console",
            lambda message: (
                message.type == "error"
                and not (message.location["url"] == page.url and "status of 4" in message.text)
                and complaints.append(message.text)
            ),
        )

    def open_(path: str, *, viewport: dict[str, int] | None = None, **options: Any) -> Page:
        context = browser.new_context(viewport=viewport or DESK, **options)
        contexts.append(context)
        page = context.new_page()
        listen(page)
        page.goto(site + path, timeout=60_000)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert elsewhere == [], "the page asked another host"
    assert complaints == []


def _foreign(url: str, site: str) -> bool:
    return not url.startswith((site + "/", "data:"))


def violations(page: Page) -> list[str]:
    """What axe finds on a page, as lines to read."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
        "best-practice"]})"""
    )
    assert found["passes"], "axe looked at nothing"
    return [
        f"{one['id']}: {node['html'][:160]} | {re.sub(chr(10), ' ', node['failureSummary'])[:240]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
