"""A programme officer enters a centre: from the first error to the accepted entry."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import DESK, PHONE, ROOT, _wait, violations

pytestmark = pytest.mark.browser

TOKEN = "a-token-for-the-browser-test"
FILLED = {
    "status.as-of-date": "1998",
    "date-1.date": "1998-02-13",
    "contact.number-1.number-as-printed": "+505 2 266 5656",
    "contact.number-1.international-number": "+50522665656",
}
CHOSEN = {
    "programme": "National Cleaner Production Centres programme",
    "status.step": "Centre funded",
    "hosting.kind": "Own legal body",
    "hosting.status": "Current",
    "funding-1.kind": "Government",
    "funding-1.status": "Current",
    "date-1.kind": "Founded",
    "contact.number-1.kind": "Telephone",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that somebody may write to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    store = tmp_path_factory.mktemp("entry-site") / "store"
    command = [sys.executable, "-m", "ncpc_kg", "serve", "--port", str(port), "--store", str(store)]
    environment = {**os.environ, "NCPC_KG_TOKENS": f"submit,accept:{TOKEN}"}
    with (store.parent / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
        try:
            _wait(f"http://127.0.0.1:{port}/readyz", server, store.parent / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; a directory of one's own with NCPC_KG_PICTURES."""
    given = os.environ.get("NCPC_KG_PICTURES")
    return Path(given) if given else tmp_path_factory.mktemp("pictures")


def _fill(page: Page) -> None:
    for name, text in FILLED.items():
        page.locator(f'[name="{name}"]').fill(text)
    for name, text in CHOSEN.items():
        page.locator(f'select[name="{name}"]').select_option(text)


def _sign_in(page: Page, service: str) -> None:
    page.goto(f"{service}/entries/session")
    page.get_by_label("Your name").fill("Maria López")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Entries")


def test_from_the_first_error_to_an_accepted_entry(service: str, browser: Browser, pictures: Path) -> None:
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda one: one.type == "error" and complaints.append(one.text))
    _sign_in(page, service)
    page.goto(f"{service}/entries/new")
    assert violations(page) == []
    page.screenshot(path=str(pictures / "1-empty.png"), full_page=True)

    # While one types: the nearest right choice is offered without any button.
    page.locator('[name="name-1"]').fill("National Cleaner Production Centre of Nicaragua")
    page.locator('select[name="country"]').select_option("Nicaragua")
    mail = page.locator('[name="contact.e-mail-1"]')
    mail.fill("cpml at example.org")
    expect(page.locator('[id="findings-contact.e-mail-1"]')).to_contain_text("name@host.domain")
    donor = page.locator('[name="funding-1.donor"]')
    donor.fill("Goverment of Austria")
    expect(page.locator('[id="findings-funding-1.donor"]')).to_contain_text(
        "Did you mean Government of Austria"
    )
    expect(page.locator("#verdict")).to_contain_text("missing or wrong")
    page.screenshot(path=str(pictures / "2-while-typing.png"), full_page=True)

    donor.fill("Government of Austria")
    mail.fill("cpml@example.org")
    expect(page.locator('[id="findings-funding-1.donor"]')).to_be_hidden()
    _fill(page)
    expect(page.locator("#verdict")).to_contain_text("This can be handed in.")
    page.locator("p.actions").get_by_role("button", name="Check").click()
    expect(page.get_by_role("heading", name="What it would change")).to_be_visible()
    assert violations(page) == []
    page.screenshot(path=str(pictures / "3-preview.png"), full_page=True)

    page.get_by_role("button", name="Hand in as Maria López").click()
    expect(page.locator("main")).to_contain_text("waits to be accepted")
    page.screenshot(path=str(pictures / "4-waiting.png"), full_page=True)
    page.get_by_role("button", name="Accept it into the graph").click()
    expect(page.locator("dl")).to_contain_text("accepted")
    page.screenshot(path=str(pictures / "5-accepted.png"), full_page=True)
    page.goto(f"{service}/id/centre-nicaragua")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nicaragua")
    page.screenshot(path=str(pictures / "6-in-the-graph.png"), full_page=True)
    assert complaints == []
    context.close()


def test_without_script_the_button_says_the_same(service: str, browser: Browser, pictures: Path) -> None:
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{service}/entries/new")
    page.locator('[name="name-1"]').fill("National Cleaner Production Centre of Honduras")
    page.locator("p.actions").get_by_role("button", name="Check").click()

    expect(page.locator("#verdict")).to_contain_text("missing or wrong")
    expect(page.locator('[name="name-1"]')).to_have_value("National Cleaner Production Centre of Honduras")
    expect(page.locator('[id="findings-country"]')).to_contain_text("Choose one country")
    page.screenshot(path=str(pictures / "7-phone-without-script.png"), full_page=True)
    context.close()


def test_the_form_fits_a_phone(service: str, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    page.goto(f"{service}/entries/new")
    page.locator("p.actions").get_by_role("button", name="Check").click()
    expect(page.locator("#verdict")).to_contain_text("missing or wrong")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert violations(page) == []
    context.close()
