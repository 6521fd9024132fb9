"""What people do: look around, follow a fact to its lines, compare both sides, search, ask."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from browser.conftest import PHONE, OpenPage

pytestmark = pytest.mark.browser


def test_the_first_page_tells_what_this_is_and_leads_to_the_ten_centres(open_page: OpenPage) -> None:
    page = open_page("/")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".places a")).to_have_count(10)
    expect(page.locator("svg.map .pin")).to_have_count(10)
    rows = page.locator("table.figures tbody tr")
    expect(rows).to_have_count(11)
    assert page.locator("table.figures td.gap").count() >= 25
    assert page.locator("table.figures td.is-contested .mark").count() > 20
    page.locator("svg.map a", has_text="Brazil").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Brazil")


def test_a_fact_leads_to_its_lines_in_one_click(open_page: OpenPage) -> None:
    page = open_page("/id/centre-brazil")

    fact = page.locator("article.fact", has_text="Servico Nacional").first
    fact.get_by_role("link", name="lines 493–495").first.click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("493–495")
    told = page.locator(".properties dd").all_inner_texts()
    assert any(len(text.strip()) == 64 for text in told), "the lines have a checksum"
    expect(page.locator("main")).to_contain_text("Servico Nacional de Aprendizagem Industrial")


def test_both_sides_of_a_contradiction_stand_side_by_side(open_page: OpenPage) -> None:
    page = open_page("/id/centre-india")

    page.locator("article.fact a.contested").first.click()

    sides = page.locator(".sides article")
    assert sides.count() >= 2
    first, second = sides.nth(0).bounding_box(), sides.nth(1).bounding_box()
    assert first is not None
    assert second is not None
    assert abs(first["y"] - second["y"]) < 2
    assert first["x"] < second["x"]
    for number in range(sides.count()):
        assert sides.nth(number).locator(".source a").count() >= 1


def test_contradictions_are_filtered_by_centre_and_paged(open_page: OpenPage) -> None:
    page = open_page("/contradictions")
    everything = page.locator("section.contradiction").count()
    assert everything == 25
    page.get_by_role("link", name="More contradictions").click()
    assert page.locator("section.contradiction").count() > 0
    expect(page.get_by_role("link", name="From the start")).to_be_visible()

    page.get_by_label("Centre").select_option(label="Hungary")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_label("Centre")).to_have_value("https://w3id.org/ncpc/id/centre-hungary")
    shown = page.locator("section.contradiction").count()
    assert 0 < shown < everything


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("China NCPC", "China National Cleaner Production Centre"),
        ("Politecnico", "National Polytechnic Institute"),
        ("danish tecnological institut", "Danish Technological Institute"),
    ],
)
def test_search_knows_other_spellings(words: str, found: str, open_page: OpenPage) -> None:
    page = open_page("/")

    page.get_by_role("searchbox", name="Search by name").first.fill(words)
    page.get_by_role("searchbox", name="Search by name").first.press("Enter")

    expect(page.get_by_role("status")).to_be_visible()
    expect(page.locator(".hits")).to_contain_text(found)


def test_a_question_is_asked_with_another_parameter(open_page: OpenPage) -> None:
    page = open_page("/questions/host-of-centre")

    page.get_by_label("Centre").select_option("https://w3id.org/ncpc/id/centre-tunisia")
    page.get_by_label("Show what each row rests on").check()
    page.get_by_role("button", name="Answer").click()

    expect(page.locator("table tbody")).to_contain_text("Environmental Technologies")
    assert page.locator("table tbody .source a").count() > 0
    expect(page.get_by_label("Centre")).to_have_value("https://w3id.org/ncpc/id/centre-tunisia")
    address = page.get_by_role("link", name="CSV").get_attribute("href")
    csv = page.request.get(page.url.split("/questions")[0] + str(address))
    assert csv.ok
    assert "Environmental Technologies" in csv.text()


def test_a_wrong_parameter_is_explained_beside_its_field(open_page: OpenPage) -> None:
    page = open_page("/questions/host-of-centre?centre=atlantis")

    field = page.get_by_label("Centre")
    expect(field).to_have_attribute("aria-invalid", "true")
    described = str(field.get_attribute("aria-describedby"))
    expect(page.locator(f"#{described}")).not_to_be_empty()


def test_sparql_is_run_from_the_editor(open_page: OpenPage) -> None:
    page = open_page("/sparql")

    editor = page.locator(".CodeMirror")
    expect(editor).to_be_visible()
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.type(
        "PREFIX ncpc: <https://w3id.org/ncpc/ontology#> SELECT ?c WHERE { ?c a ncpc:Centre }", delay=0
    )
    page.keyboard.press("Control+Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Result")
    expect(page.locator("main")).to_contain_text("10 rows, the complete result.")
    expect(page.locator('td a[href="/id/centre-brazil"]')).to_have_count(1)


def test_the_editor_lets_the_keyboard_out(open_page: OpenPage) -> None:
    page = open_page("/sparql")

    page.locator(".CodeMirror").click()
    page.keyboard.press("Tab")

    assert not page.evaluate("document.activeElement.closest('.CodeMirror') !== null")


def test_a_syntax_error_is_shown_in_the_query(open_page: OpenPage) -> None:
    page = open_page("/sparql?query=SELECT+*%0AWHERE+%7B+%3Fs+%3Fp+%7D")

    expect(page.locator("ol.text li.here")).to_have_count(1)
    expect(page.get_by_label("Correct it and ask again")).to_have_value("SELECT *\nWHERE { ?s ?p }")


def test_nothing_is_lost_without_javascript(open_page: OpenPage) -> None:
    page = open_page("/sparql", java_script_enabled=False)
    field = page.get_by_label("Your query")
    field.fill("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Result")

    page = open_page("/", java_script_enabled=False)
    page.locator(".places a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Brazil")
    page.get_by_role("link", name="Questions").first.click()
    page.locator(".cards a").first.click()
    expect(page.locator("table, [role=status]").first).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/", "/id/centre-brazil", "/centres", "/questions/totals-against-rows", "/sparql"]
)
def test_a_phone_shows_everything_in_its_width(path: str, open_page: OpenPage) -> None:
    page = open_page(path, viewport=PHONE)

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert float(page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)")) >= 16
    expect(page.get_by_role("searchbox", name="Search by name").first).to_be_in_viewport()


def test_paper_gets_the_content_and_no_controls(open_page: OpenPage) -> None:
    page = open_page("/id/centre-brazil")

    page.emulate_media(media="print")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("header.site nav")).to_be_hidden()
    expect(page.locator("form.find")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf()) > 10_000


def test_dark_mode_is_dark(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="dark")

    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) < 60


def test_the_keyboard_reaches_the_content_first(open_page: OpenPage) -> None:
    page = open_page("/")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
