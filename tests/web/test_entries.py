"""The entry form without a script, the checks for programs, and who may do what."""

from __future__ import annotations

import gzip
import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from starlette.routing import Route

from ncpc_kg.closure import close
from ncpc_kg.entries import make_gate
from ncpc_kg.graph import Dataset
from ncpc_kg.pipeline import Content
from ncpc_kg.settings import Settings
from ncpc_kg.store import Store
from ncpc_kg.web.app import create_app
from ncpc_kg.web.entries import add_entries
from ncpc_kg.web.tokens import Tokens

EXAMPLES = Path(__file__).resolve().parent.parent / "entries" / "examples"
GOOD = (EXAMPLES / "nicaragua-made-up.yaml").read_text(encoding="utf-8")
YAML = {"content-type": "application/yaml"}
PAGE = {"accept": "text/html"}
SUBMIT, ACCEPT = "submit-token-0123456789", "accept-token-0123456789"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def built(real: Content, real_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    whole = Dataset()
    whole.store.bulk_extend(real.asserted.store)
    close(whole)
    path = tmp_path_factory.mktemp("built") / "store"
    with Store.open(path) as store:
        store.replace_built(tuple(whole.store), "1")
    return path


@pytest.fixture(scope="module")
def gate(real_settings: Settings) -> object:
    return make_gate(real_settings)


@pytest.fixture
def client(built: Path, gate: object, real_settings: Settings, tmp_path: Path) -> Iterator[TestClient]:
    shutil.copytree(built, tmp_path / "store")
    settings = Settings(content=real_settings.content, store=tmp_path / "store")
    tokens = Tokens.read({"NCPC_KG_TOKENS": f"submit:{SUBMIT} submit,accept,update:{ACCEPT}"})
    with Store.open(settings.store, gate=gate) as store:  # type: ignore[arg-type]
        app = create_app(store, settings, tokens)
        add_entries(app)
        yield TestClient(app, base_url="http://localhost", follow_redirects=False)


class Fields(HTMLParser):
    """What a browser without script would send of a form."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form
        self.inside = False
        self.found: dict[str, str] = {}
        self._select = self._area = ""
        self._chosen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.inside = given.get("id") == self.form
        name = given.get("name") or ""
        if not self.inside or (not name and tag != "option"):
            return
        if tag == "input":
            self.found[name] = given.get("value") or ""
        elif tag == "select":
            self._select, self.found[name] = name, ""
        elif tag == "textarea":
            self._area, self.found[name] = name, ""
        elif tag == "option" and self._select:
            self._chosen = "selected" in given

    def handle_data(self, data: str) -> None:
        if self._area:
            self.found[self._area] += data
        elif self._select and self._chosen:
            self.found[self._select], self._chosen = data, False

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._area = ""
        elif tag == "form":
            self.inside = False


def fields(page: str) -> dict[str, str]:
    parser = Fields("entry")
    parser.feed(page)
    return parser.found


def sign_in(client: TestClient, token: str = ACCEPT) -> None:
    answer = client.post("/entries/session", data={"name": "Maria", "token": token, "action": "in"})
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


def test_the_form_shows_every_field_and_no_script_of_its_own(client: TestClient) -> None:
    page = client.get("/entries/new", headers=PAGE)

    assert page.status_code == 200
    assert {"name-1", "country", "hosting.kind", "counterpart-1.institution", "contact.e-mail-1"} <= set(
        fields(page.text)
    )
    assert not re.search(r"<script(?![^>]*\ssrc=)", page.text)
    assert not re.search(r"\son[a-z]+=|\sstyle=", page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Nicaragua" in page.text


def test_from_the_first_error_to_an_accepted_entry_without_script(client: TestClient) -> None:
    sign_in(client)
    sent = fields(client.get("/entries/new", headers=PAGE).text)
    sent |= {"name-1": "National Cleaner Production Centre of Nicaragua", "country": "Nicaragua"}
    first = client.post("/entries/new", data={**sent, "action": "check"}, headers=PAGE)
    assert "missing or wrong" in first.text
    assert "Give at least one dated turning point" in first.text

    cells = {
        "programme": "National Cleaner Production Centres programme",
        "status.step": "Centre funded",
        "status.as-of-date": "1998",
        "hosting.kind": "Own legal body",
        "hosting.status": "Current",
        "funding-1.kind": "Government",
        "funding-1.donor": "Government of Austria",
        "funding-1.status": "Current",
        "date-1.kind": "Founded",
        "date-1.date": "13.02.1998",
        "contact.e-mail-1": "cpml @example.org",
        "contact.number-1.kind": "Telephone",
        "contact.number-1.number-as-printed": "+505 2 266 5656",
        "contact.number-1.international-number": "+505 2 266 5656",
    }
    sent = {**fields(first.text), **cells}
    second = client.post("/entries/new", data={**sent, "action": "check"}, headers=PAGE)
    assert "3 things are missing or wrong" in second.text
    assert "Make 3 safe repairs for me" in second.text
    third = client.post("/entries/new", data={**fields(second.text), "action": "repair"}, headers=PAGE)
    assert "This can be handed in." in third.text
    assert "No counterpart is recorded." in third.text.partition("<section>")[0]
    assert "aria-invalid" not in third.text
    assert fields(third.text)["date-1.date"] == "1998-02-13"
    assert "answers change" in third.text

    handed = client.post("/entries/new", data={**fields(third.text), "action": "submit"}, headers=PAGE)
    assert handed.status_code == 303
    page = client.get(handed.headers["location"], headers=PAGE)
    assert "waits to be accepted" in page.text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf
    done = client.post(handed.headers["location"] + "/accept", data={"csrf": csrf[1]}, headers=PAGE)
    assert done.status_code == 303
    (entry,) = client.get("/entries").json()["entries"]
    assert (entry["state"], entry["who"]) == ("accepted", "Maria")
    base = "https://w3id.org/ncpc/"
    ask = f"ASK {{ ?f <{base}ontology#concerns> <{base}id/centre-nicaragua> }}"
    assert client.get(
        "/sparql", params={"query": ask}, headers={"accept": "application/sparql-results+json"}
    ).json()["boolean"]


def test_another_place_for_a_field_with_many(client: TestClient) -> None:
    sent = fields(client.get("/entries/new", headers=PAGE).text)
    assert "counterpart-2.institution" not in sent
    more = client.post("/entries/new", data={**sent, "action": "add:counterpart"}, headers=PAGE)
    assert "counterpart-2.institution" in fields(more.text)


def test_what_was_typed_is_never_lost_nor_run(client: TestClient) -> None:
    nasty = '"><script>alert(1)</script> \u202eabc \u0645\u0631\u062d\u0628\u0627'
    sent = fields(client.get("/entries/new", headers=PAGE).text) | {
        "name-1": nasty,
        "contact.address": "a\nb",
    }
    page = client.post("/entries/new", data={**sent, "action": "check"}, headers=PAGE)

    assert "<script>alert" not in page.text
    assert fields(page.text)["name-1"] == nasty
    assert fields(page.text)["contact.address"] == "a\nb"


def test_an_uploaded_file_fills_the_form(client: TestClient) -> None:
    page = client.post("/entries/upload", files={"file": ("n.yaml", GOOD.encode())}, headers=PAGE)

    assert page.status_code == 200
    assert fields(page.text)["hosting.host.name-1"] == "Made-up University of Managua"
    assert "This can be handed in." in page.text
    two = client.post(
        "/entries/upload", files={"file": ("n.yaml", f"{GOOD}\n---\n{GOOD}".encode())}, headers=PAGE
    )
    assert "2 centres were read" in two.text


def test_the_script_gets_findings_by_field(client: TestClient) -> None:
    found = client.post(
        "/entries/fields", data={"name-1": "X", "name-1.language": "en", "country": "Nicaragwa"}
    ).json()
    country = next(one for one in found["findings"] if one["place"].get("field") == "country")

    assert country["hint"] == "Did you mean Nicaragua?"
    assert country["repair"]["text"] == "Nicaragua"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("json", "application/json"),
        ("sarif", "application/sarif+json"),
        ("turtle", "text/turtle"),
        ("text", "text/plain"),
    ],
)
def test_programs_choose_the_form_of_the_report(client: TestClient, name: str, media_type: str) -> None:
    bad = GOOD.replace("cpml@example.org", "cpml")
    by_name = client.post(f"/entries/check?format={name}&file=n.yaml", content=bad, headers=YAML)
    by_header = client.post("/entries/check?file=n.yaml", content=bad, headers={**YAML, "accept": media_type})

    for answer in (by_name, by_header):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
    assert "e-mail" in by_name.text


def test_a_form_that_is_not_offered_is_told(client: TestClient) -> None:
    answer = client.post("/entries/check?format=word&file=n.yaml", content=GOOD, headers=YAML)

    assert answer.status_code == 400
    assert "sarif" in answer.text


def test_a_workbook_comes_back_marked(client: TestClient) -> None:
    book = client.get("/entries/template.xlsx")
    assert zipfile.is_zipfile(io.BytesIO(book.content))
    loaded = load_workbook(io.BytesIO(book.content))
    heads = {cell.value: cell.column for cell in loaded["Centres"][1]}
    loaded["Centres"].cell(2, heads["country"]).value = "Nicaragwa"
    out = io.BytesIO()
    loaded.save(out)
    sent = client.post(
        "/entries/check?format=xlsx",
        content=out.getvalue(),
        headers={"content-type": book.headers["content-type"]},
    )
    marked = load_workbook(io.BytesIO(sent.content))["Centres"].cell(2, heads["country"])
    assert "Did you mean" in marked.comment.text or "did you mean" in marked.comment.text


def test_tokens_have_scopes(client: TestClient) -> None:
    assert client.post("/entries", content=GOOD, headers=YAML).status_code == 401
    made = client.post("/entries?who=Ana", content=GOOD, headers={**YAML, **bearer(SUBMIT)})
    assert made.status_code == 201
    (submission,) = made.json()["submissions"]
    assert submission["who"] == "Ana"
    name = submission["name"]
    assert client.post(f"/entries/{name}/accept", headers=bearer(SUBMIT)).status_code == 403
    assert client.post(f"/entries/{name}/accept").status_code == 401
    assert client.post(f"/entries/{name}/accept", headers=bearer(ACCEPT)).status_code == 200
    twice = client.post(f"/entries/{name}/accept", headers=bearer(ACCEPT))
    assert (twice.status_code, twice.json()["detail"].rpartition(" was ")[2]) == (409, "accepted already.")
    other = ("1" if name[0] == "0" else "0") + name[1:]
    assert client.post(f"/entries/{other}/accept", headers=bearer(ACCEPT)).status_code == 404
    again = client.post("/entries", content=GOOD, headers={**YAML, **bearer(SUBMIT)})
    assert again.status_code == 409
    assert client.get(f"/entries/{name}?format=ttl").text.count("dcterms:provenance") > 3
    assert client.post(f"/entries/{name}/withdraw", headers=bearer(SUBMIT)).status_code == 403
    assert client.post(f"/entries/{name}/withdraw", headers=bearer(ACCEPT)).status_code == 200
    gone = client.get(f"/entries/{name}?format=ttl")
    assert gone.status_code == 410
    assert re.match("This entry was withdrawn by .+ at 2", gone.json()["detail"])
    page = client.get(f"/entries/{name}", headers=PAGE).text
    assert re.search("<dt>Withdrawn by</dt><dd[^>]*>token [0-9a-f]+, 2", page)
    assert "Sign in" not in page


def test_the_centre_of_a_withdrawn_entry_is_gone_until_it_is_handed_in_again(client: TestClient) -> None:
    def accepted() -> str:
        made = client.post("/entries", content=GOOD, headers={**YAML, **bearer(SUBMIT)})
        name = made.json()["submissions"][0]["name"]
        assert client.post(f"/entries/{name}/accept", headers=bearer(ACCEPT)).status_code == 200
        return str(name)

    name = accepted()
    turtle = client.get(f"/entries/{name}?format=ttl").text
    found = re.search(r"(id:centre-[a-z-]+)\s+(?:a|rdf:type)\s+ncpc:Centre", turtle)
    assert found is not None, turtle
    path = "/id/" + found[1].removeprefix("id:")
    assert client.get(f"{path}.html").status_code == client.get(f"{path}.ttl").status_code == 200
    client.post(f"/entries/{name}/withdraw", headers=bearer(ACCEPT))
    page = client.get(path, headers=PAGE, follow_redirects=True)
    assert (page.status_code, f'href="/graph/entry/{name}"' in page.text) == (410, True)
    assert client.get(f"{path}.ttl").json()["detail"] == "This was withdrawn."
    accepted()
    assert client.get(f"{path}.html").status_code == client.get(f"{path}.ttl").status_code == 200


def test_a_refused_entry_brings_its_report(client: TestClient) -> None:
    answer = client.post("/entries", content="country: Nicaragua", headers={**YAML, **bearer(SUBMIT)})

    assert answer.status_code == 422
    assert answer.json()["report"]["conforms"] is False


def test_a_form_of_another_site_changes_nothing(client: TestClient) -> None:
    made = client.post("/entries", content=GOOD, headers={**YAML, **bearer(SUBMIT)}).json()["submissions"][0][
        "name"
    ]
    sign_in(client)
    for csrf in ("", "wrong", "é"):
        assert client.post(f"/entries/{made}/accept", data={"csrf": csrf}).status_code == 403
    assert client.get("/entries").json()["entries"] == []
    elsewhere = {"origin": "https://evil.example"}
    data = {"name": "M", "token": ACCEPT, "action": "in"}
    assert client.post("/entries/session", data=data, headers=elsewhere).status_code == 401


@pytest.mark.parametrize("cookie", ["x", "x.y", "eyJ9.00", "a" * 5000])
def test_a_made_up_cookie_is_no_session(client: TestClient, cookie: str) -> None:
    page = client.get("/entries/new", headers={**PAGE, "cookie": f"ncpc_kg_session={cookie}"})
    assert 'target="_blank">Sign in to hand it in</a>' in page.text


def test_wrong_tokens_are_told(client: TestClient) -> None:
    answer = client.post("/entries/session", data={"name": "M", "token": "nonsense", "action": "in"})
    assert answer.status_code == 401
    assert "not known. Copy it again" in answer.text


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"name: [", "application/yaml", 400),
        (b"\xff\xfe", "application/yaml", 400),
        (b"PK", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", 400),
        (b"x", "application/pdf", 415),
        (b"# " + b"x" * 2**20, "application/yaml", 413),
        (b"x" * (10 * 2**20), "text/turtle", 413),
    ],
)
def test_bad_bodies_get_a_problem(client: TestClient, body: bytes, media_type: str, status: int) -> None:
    answer = client.post("/entries/check", content=body, headers={"content-type": media_type})

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


@pytest.mark.parametrize("path", ["/entries", "/entries/check", "/entries/preview", "/entries/session"])
def test_a_compressed_body_is_told_what_is_taken(client: TestClient, path: str) -> None:
    """RFC 9110, section 15.5.16."""
    headers = {**YAML, **bearer(SUBMIT), "content-encoding": "gzip"}
    answer = client.post(path, content=gzip.compress(GOOD.encode()), headers=headers)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


def test_options_at_every_address(client: TestClient) -> None:
    """RFC 9110, section 9.3.7: each route of entries, pages and protocols."""
    routes = client.app.routes  # type: ignore[attr-defined]
    paths = {route.path for route in routes if isinstance(route, Route)}
    for path in sorted(paths):
        address = re.sub(r"\{[^}]*\}", "x", path)
        answer = client.options(address)
        assert (answer.status_code, answer.content) == (204, b""), address
        assert answer.headers["allow"].endswith("OPTIONS"), address


def test_writes_by_sparql_meet_the_same_gate(client: TestClient) -> None:
    update = (
        "PREFIX id: <https://w3id.org/ncpc/id/> PREFIX ncpc: <https://w3id.org/ncpc/ontology#> "
        "INSERT DATA { id:org-ivam a ncpc:Donor }"
    )
    answer = client.post("/sparql", data={"update": update}, headers=bearer(ACCEPT))

    assert answer.status_code == 422
    assert answer.json()["report"]["findings"]
