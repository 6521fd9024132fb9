"""Pages in Python alone: hostile, missing and endless values; every list; the form without assets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import ROOT

from ncpc_kg.catalogue import Catalogue, Parameter, Question, read_catalogue
from ncpc_kg.dataset import Statistics
from ncpc_kg.description import Description, Fact, Incoming, Link, Property, Value, Withdrawal
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.vocabulary import BASE, PREFIXES
from ncpc_kg.web import create_app, views
from ncpc_kg.web.chart import chart
from ncpc_kg.web.pages import Pages, blocks
from ncpc_kg.web.parts import Parts
from ncpc_kg.web.site import Alternate, DatasetView, Dump, Field, Head, QuestionView, Site
from ncpc_kg.web.tokens import Tokens
from ncpc_kg.web.views import Views
from ncpc_kg.web.words import date, is_reference, local, number, plain, references, spoken
from ncpc_kg.web.worldmap import Atlas
from web.conftest import Client

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></bdi></main><h1>gone",
    "javascript:alert(1)",
    "\u202egnp.exe\u202c \u2066left\u2069",
    "{{ 7 * 7 }}{% for x in y %}",
    "&lt;b&gt; &amp; \x07\x1b",
    "]]> --> <!--",
)
BAD_IRIS = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    'https://evil.example/"onmouseover="alert(1)',
    f'{BASE}id/x"onmouseover="alert(1)',
    f"{BASE}id/<script>",
    f"{BASE}id/\u202egnp",
    "urn:x:y",
    "",
)
SITE = Site(BASE)
HEAD = Head(SITE, f"{BASE}id/x", "/id/x.html", (Alternate("Turtle", "text/turtle", "/id/x.ttl"),))
PAGES = Pages(Views())


class Page(HTMLParser):
    """What a browser would make of a page: elements, attributes, and where text stands."""

    VOID = frozenset(("meta", "link", "input", "img", "br", "hr", "path", "rect", "circle", "use", "line"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.texts: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.stack, f"</{tag}> without start"
        while self.stack.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.texts.append((data, tuple(self.stack)))


def assert_safe(text: str) -> Page:
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in ("img", "iframe", "object", "style", "base"), tag
        if tag == "script":
            assert str(attributes.get("src", "")).startswith("/static/") or (
                attributes.get("type") == "application/ld+json"
            )
        for name, value in attributes.items():
            assert not name.startswith("on"), name
            assert name != "style"
            if name in ("href", "src", "action") and value:
                assert re.match(r"(/|https?://|#|\?)", value), value
            if name not in ("value", "content"):
                assert not re.search("[\u202a-\u202e\u2066-\u2069]", value or "")
    for found, inside in page.texts:
        if re.search("[\u202a-\u202e\u2066-\u2069]", found) and inside[-1] != "script":
            assert {"bdi", "textarea", "pre", "code"} & set(inside), (found, inside)
    assert sum(tag == "h1" for tag, _ in page.elements) == 1
    assert page.stack == []
    return page


def described(text: str = "x", iri: str = f"{BASE}id/x", count: int = 1) -> Description:
    link = Link(iri, text)
    values = tuple(Value(text, iri if n % 2 else None, None if n % 2 else "en") for n in range(count + 1))
    says = Property(iri, text, text, values, (link,))
    fact = Fact(iri, text, link, link, True, (says, replace_name(says)), (link,), (link,))
    return Description(
        iri=iri,
        label=text,
        names=(text,),
        types=(link,),
        text=text + " more",
        properties=(says,),
        passages=(link,) * count,
        contested=(link,) * count,
        facts=(fact,) * count,
        incoming=(Incoming(link, tuple(Link(f"{iri}{n}", text) for n in range(count))),),
        shown=count,
        page=1,
        more=False,
        triples=(("a", "b", "c"),),
        gone=Withdrawal(text, text, text, (link,)),
    )


def replace_name(one: Property) -> Property:
    return one._replace(iri=f"{BASE}ontology#countValue")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_on_the_page_of_a_thing(text: str) -> None:
    page = assert_safe(PAGES.thing(described(text), HEAD))

    shown = "".join(found for found, _ in page.texts)
    assert text.strip("\x07\x1b")[:5] in shown


@pytest.mark.parametrize("iri", BAD_IRIS)
def test_no_browser_is_sent_to_a_hostile_iri(iri: str) -> None:
    assert_safe(PAGES.thing(described("x", iri), HEAD))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_on_the_page_of_a_question(text: str) -> None:
    parameter = Parameter("x", text, "string", '"d"', text)
    question = Question("q", "", text, text, (text,), (parameter,), text, Path("q.rq"), None)
    view = QuestionView(
        question,
        (Field(parameter, (), text, text, text),),
        (text, "n"),
        ((Value(text), Value("1")), (Value(text, text), None)),
        (),
        text,
    )

    assert_safe(PAGES.question(view, HEAD))
    assert_safe(PAGES.questions(Catalogue((question,)), HEAD))


def test_a_thing_without_anything_has_a_page() -> None:
    empty = Description("urn:x", "", (), (), "", (), (), (), (), (), 0, 1, False, ())

    assert_safe(PAGES.thing(empty, HEAD))


def test_long_labels_do_not_break_a_page() -> None:
    assert_safe(PAGES.thing(described("Long" * 5000), HEAD))


def test_many_values_are_bounded_where_a_card_shows_them() -> None:
    fact = described("x").facts[0]
    many = tuple(Value(f"value {n}") for n in range(100_000))
    crowded = fact._replace(
        properties=(Property(f"{BASE}ontology#hasParty", "has party", "", many),),
        passages=tuple(Link(f"{BASE}source/csd-bp28/L{n}", f"Line {n}") for n in range(1, 100_000)),
    )

    card = Parts(SITE).fact(crowded)

    assert len(card) < 10_000
    assert "and 99988 more" in card
    assert "and 99987 more" in card


def test_addresses_in_a_hint_are_links() -> None:
    told = Parts(SITE).linked(f"did you mean {BASE}id/centre-mexico or {BASE}id/é? <b>")

    assert f'href="/id/centre-mexico"><bdi>{BASE}id/centre-mexico</bdi></a> or ' in told
    assert 'href="/id/%C3%A9"' in told
    assert told.endswith("</a>? &lt;b&gt;")


def test_contradictions_are_told_once_and_by_number() -> None:
    thing = described("x")
    clash = Link(f"{BASE}ontology#Discrepancy", "Discrepancy")
    clashes = [
        thing.facts[0]._replace(iri=f"{BASE}id/d{n}", label=f"D{n}. Two starts", type=clash)
        for n in (103, 9, 9)
    ]

    page = PAGES.thing(replace(thing, facts=(*thing.facts, *clashes), contested=()), HEAD)

    assert "contradicts itself here, in 2 places" in page
    assert page.count("Two starts") == 2
    assert page.index("D9. Two") < page.index("D103. Two")


def test_a_text_stands_once_on_the_page_of_what_it_tells() -> None:
    link = Link(f"{BASE}ontology#Statement", "Statement")
    told = replace(described("x"), types=(link,), label="Statement: It is so.", text="It is so.", facts=())
    assert PAGES.thing(told, HEAD).partition("<main")[2].count("It is so.") == 1

    clash = Link(f"{BASE}ontology#Discrepancy", "Discrepancy")
    said = replace(told, types=(clash,), label="D9. It is so.")
    assert '<p class="lead"><bdi>It is so.</bdi></p>' in PAGES.thing(said, HEAD)


def test_a_name_that_is_quoted_leads_to_where_it_stands() -> None:
    quoted = Value("CNTL", f"{BASE}id/label-cntl")
    alt = Property("http://www.w3.org/2008/05/skos-xl#altLabel", "Alt label", "", (quoted,))

    page = PAGES.thing(replace(described("x"), names=("CNTL",), properties=(alt,)), HEAD)

    assert 'also <a href="/id/label-cntl"><bdi>CNTL</bdi></a></p>' in page
    assert "Alt label" not in page


@pytest.fixture
def hostile_site(tmp_path: Path) -> Iterator[Client]:
    """The real pages over a graph in which every name is hostile."""
    ncpc, skos = f"{BASE}ontology#", PREFIXES["skos"]
    quads: list[ox.Quad] = []

    def say(subject: str, predicate: str, value: ox.NamedNode | ox.Literal) -> None:
        quads.append(ox.Quad(ox.NamedNode(subject), ox.NamedNode(predicate), value))

    kinds = ("Centre", "HostInstitution", "CounterpartInstitution", "Donor", "ServiceActivity", "Publication")
    for number_, text in enumerate(HOSTILE):
        for kind in (*kinds, "Country", "Discrepancy"):
            thing = f"{BASE}id/{kind}-{number_}"
            say(thing, PREFIXES["rdf"] + "type", ox.NamedNode(ncpc + kind))
            say(thing, skos + "prefLabel", ox.Literal(text, language="en"))
            say(thing, skos + "altLabel", ox.Literal(text + " alt"))
            say(thing, ncpc + "inCountry", ox.NamedNode(f"{BASE}id/Country-{number_}"))
            say(thing, ncpc + "countryCode", ox.Literal("BR"))
            say(thing, PREFIXES["dcterms"] + "identifier", ox.Literal(f"D{number_}"))
            say(thing, PREFIXES["dcterms"] + "description", ox.Literal(text, language="en"))
            say(thing, ncpc + "kind", ox.NamedNode("urn:kind"))
            say(thing, ncpc + "concerns", ox.NamedNode(f"{BASE}id/Centre-{number_}"))
            say(thing, ncpc + "involves", ox.NamedNode(f"{BASE}id/Centre-{number_}"))
            say(thing, ncpc + "hasEvidence", ox.NamedNode("javascript:alert(1)"))
            say(thing, ncpc + "indicator", ox.NamedNode(f"{BASE}id/Country-{number_}"))
            say(thing, ncpc + "refUnit", ox.NamedNode(f"{BASE}id/Centre-{number_}"))
            say(thing, PREFIXES["qb"] + "dataSet", ox.NamedNode("urn:table"))
            say(thing, ncpc + "countValue", ox.Literal(text))
            say(thing, ncpc + "isInvolvedIn", ox.NamedNode(f"{BASE}id/Discrepancy-{number_}"))
    settings = Settings(content=ROOT, store=tmp_path / "store")
    with Store.open(settings.store) as store:
        store.replace_built(quads, "hostile")
        yield Client(create_app(store, settings, Tokens({})))


PLACES = (
    "/", "/centres", "/hosts", "/counterparts", "/donors", "/services", "/publications", "/countries",
    "/people", "/indicators", "/contradictions", "/search", "/search?q=alert", "/search?q=%3Cscript%3E",
    "/sparql", "/api",
    "/sparql?query=SELECT+*+%7B%3Fs+%3Fp+%3Fo%7D", "/sparql?query=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "/%3Cscript%3E", "/id/Centre-0.html", "/id/Discrepancy-4.html", "/questions?x=%22%3E%3Cscript%3E",
)  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
def test_a_hostile_graph_harms_no_page(path: str, hostile_site: Client) -> None:
    answer = hostile_site.get(path, headers={"accept": "text/html"}, follow_redirects=False)

    assert answer.status_code < 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert_safe(answer.text)


def test_search_is_bounded_and_says_what_was_asked(hostile_site: Client) -> None:
    answer = hostile_site.get("/search", params={"q": "x" * 5000}, headers={"accept": "text/html"})

    assert answer.status_code == 200
    assert "x" * 201 not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/?x=y", 400, "not known here"),
        ("/indicators?x=y", 400, "not known here"),
        ("/api?x=y", 400, "not known here"),
        ("/centres?page=2", 400, "after"),
        ("/centres?after=a&after=b", 400, "more than once"),
        ("/search?q=%FF", 400, "UTF-8"),
        ("/contradictions?kind=x", 400, "not in its list"),
        ("/nowhere", 404, "nothing at this address"),
    ],
)
def test_wrong_requests_are_explained(path: str, status: int, words: str, hostile_site: Client) -> None:
    answer = hostile_site.get(path, headers={"accept": "text/html"})

    assert answer.status_code == status
    assert words in answer.text


def test_pages_are_not_sent_again_while_nothing_changes(hostile_site: Client) -> None:
    first = hostile_site.get("/centres")
    again = hostile_site.get("/centres", headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.headers["content-encoding"] == "gzip"
    refused = hostile_site.post("/centres")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_templates_are_compiled_before_the_first_page() -> None:
    found = Views()._templates

    assert len(found.cache or ()) == len(found.list_templates()) > 20


@pytest.mark.parametrize("name", ["lists", "pages"])
def test_every_query_of_the_pages_is_read_and_has_a_title(name: str) -> None:
    found = read_catalogue(ROOT / "queries" / name).questions

    assert len(found) >= 7
    assert all(question.title for question in found)


def test_without_assets_there_is_a_list_and_a_plain_field(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hostile_site: Client
) -> None:
    monkeypatch.setattr(views, "EDITOR", tmp_path / "yasqe.js")

    plain_page = Views().sparql()

    assert "<script" not in plain_page
    assert "<textarea" in plain_page
    assert Atlas.read(tmp_path / "world.json") is None


def test_the_map_gives_crowded_countries_an_inset() -> None:
    shapes = {
        "width": 960,
        "height": 400,
        "land": "M0 0Z",
        "countries": {
            code: {"path": "M0 0Z", "x": x, "y": y}
            for code, x, y in (("BR", 300, 200), ("CZ", 500, 100), ("SK", 510, 103), ("HU", 509, 108))
        },
    }

    drawn = Atlas(shapes).draw([(f"e:{code}", code, code) for code in ("BR", "CZ", "SK", "HU", "XX")])

    assert [pin.label for pin in drawn.pins] == ["BR"]
    assert drawn.inset is not None
    assert {pin.label for pin in drawn.inset.pins} == {"CZ", "SK", "HU"}
    assert all(
        drawn.inset.x < pin.x < drawn.inset.x + drawn.inset.width
        and drawn.inset.y < pin.y < drawn.inset.y + drawn.inset.height
        for pin in drawn.inset.pins
    )
    assert Atlas(shapes).draw([]).pins == ()


def answered(names: tuple[str, ...], *rows: tuple[Value | None, ...], drawn: tuple[str, ...]) -> QuestionView:
    question = Question("q", "", "?", "", (), (), "", Path("q.rq"), None, BASE, drawn)
    return QuestionView(question, (), names, rows, (), "")


def test_counts_are_drawn_as_bars_in_proportion() -> None:
    view = answered(
        ("who", "n"), (Value("A"), Value("10")), (Value("B"), Value("5")), (Value("C"), None), drawn=("n",)
    )

    found = chart(view)

    assert found is not None
    assert found.kind == "bars"
    assert [mark.text for mark in found.marks] == ["10", "5"]
    assert found.marks[0].width == pytest.approx(2 * found.marks[1].width, rel=0.01)
    assert [label for label, _ in found.labels] == ["A", "B", "C"]


def test_dates_are_drawn_on_a_time_line() -> None:
    rows = [(Value("A"), Value("1994-11")), (Value("A"), Value("1995-02")), (Value("B"), Value("1997"))]

    found = chart(answered(("who", "when"), *rows, drawn=("when",)))

    assert found is not None
    assert found.kind == "times"
    assert [label for label, _ in found.labels] == ["A", "B"]
    assert [mark.x for mark in found.marks] == sorted(mark.x for mark in found.marks)
    assert [tick.text for tick in found.ticks] == ["1994", "1995", "1996", "1997", "1998"]


@pytest.mark.parametrize(
    "rows",
    [
        [(Value("A"), Value("1"))],
        [(Value("A"), Value("many")), (Value("B"), Value("2"))],
        [(Value("A"), Value("1"))] * 41,
        [(Value("A"), None), (Value("B"), None)],
    ],
)
def test_what_cannot_be_drawn_has_no_chart(rows: list[tuple[Value | None, ...]]) -> None:
    assert chart(answered(("who", "n"), *rows, drawn=("n",))) is None


def test_charts_name_columns_of_their_questions() -> None:
    drawn = [question for question in read_catalogue(ROOT / "queries").questions if question.chart]

    assert len(drawn) >= 12
    for question in drawn:
        assert question.expected is not None
        columns = question.expected.read_text(encoding="utf-8").splitlines()[0].split(",")
        assert set(question.chart) <= set(columns), question.name


def test_links_stay_on_the_site_also_under_a_prefix() -> None:
    site = Site(BASE, "/kg")
    pages = Pages(Views(site))

    text = pages.thing(described("x"), replace(HEAD, site=site))

    internal = re.findall(r'(?:href|action|src)="(/[^"]*)"', text)
    assert len(internal) > 20
    assert [link for link in internal if not link.startswith("/kg/") and link != "/id/x.ttl"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1995-07", "July 1995"), ("1997-10-31", "31 October 1997"), ("1995", "1995"), ("1995-13", "1995-13"),
        ("soon", "soon"), ("1995-07-01T00:00:00", "1995-07-01T00:00:00"),
    ],
)  # fmt: skip
def test_dates_in_words(text: str, words: str) -> None:
    assert date(text) == words


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1998", "1998"), ("15090", "15,090"), ("-12345", "-12,345"), ("1.5", "1.5"), ("", "")],
)
def test_numbers_for_people(text: str, shown: str) -> None:
    assert number(text) == shown


def test_references_to_lines() -> None:
    assert references("L497-499 L770") == ("L497-499", "L770")
    assert is_reference("L497-499, L770")
    assert not is_reference("L497 and more")
    assert not is_reference("")
    assert spoken("L497-499") == "lines 497–499"
    assert spoken("L770") == "line 770"


def test_shapes_have_places_to_link_to() -> None:
    turtle = "@prefix a: <b> .\nshape:One a sh:NodeShape ;\n\tsh:x ncpc:y .\nshape:Two-x a sh:NodeShape .\n"

    assert "".join(text for _, text in blocks(turtle)) == turtle
    assert [name for name, _ in blocks(turtle)] == ["", "One", "Two-x"]
    page = assert_safe(PAGES.shapes(turtle, HEAD))
    assert {"One", "Two-x"} <= {attributes.get("id") for _, attributes in page.elements}


def test_the_dataset_names_its_files_also_before_they_are_made() -> None:
    text = HOSTILE[1]
    link = Link(f"{BASE}id/x", text)
    counts = Statistics(12345, 2, 3, ((BASE + "x", 1),), (), ((BASE + "graph/x", 1),), ())
    dumps = tuple(
        Dump(text, text, "text/turtle", "/dumps/x", size, sha256, "2026-01-02T03:04:05Z")
        for size, sha256 in ((2048, "ab" * 32), (None, None))
    )
    view = DatasetView(text, text, "https://e/licence", link, link, counts, dumps, "2026-01-02T03:04:05Z")

    shown = "".join(found for found, _ in assert_safe(PAGES.dataset(view, HEAD)).texts)

    assert "12,345" in shown
    assert "2.0 KB" in shown
    assert "made when asked for" in shown
    assert "2 January 2026" in shown
    assert "None" not in shown


def test_small_words() -> None:
    assert local(f"{BASE}id/centre-brazil") == "centre-brazil"
    assert local(f"{BASE}ontology#Centre") == "Centre"
    assert plain("a\u202eb\x07") == "ab"
