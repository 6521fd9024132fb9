"""SPARQL 1.1 Graph Store HTTP Protocol; each test names the section it holds us to."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from ncpc_kg.mediatypes import GRAPH_FORMATS
from ncpc_kg.store import Store
from tests.web.conftest import DATA, HOST, TOKEN, Client

TURTLE = {"content-type": "text/turtle; charset=utf-8"}
JOHN = f"""
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix v: <http://www.w3.org/2006/vcard/ns#> .
<{HOST}/graphs/person/1> a foaf:Person ; foaf:businessCard [ a v:VCard ; v:fn "John Doe" ] .
"""
PERSON = "/graphs/person/1.ttl"
INDIRECT = "/graphs?graph=http%3A%2F%2Fwww.example%2Fgraphs%2Fperson%2F1.ttl"


def put(client: Client, url: str, text: str = JOHN, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.request("PUT", url, token=TOKEN, content=text, headers={**TURTLE, **named}).status_code


def canonical(text: str | bytes, form: ox.RdfFormat = ox.RdfFormat.TURTLE, base: str = HOST) -> str:
    dataset = ox.Dataset(ox.parse(text, form, base_iri=base))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return "\n".join(sorted(str(dataset).splitlines()))


@pytest.mark.parametrize("url", [PERSON, INDIRECT, "/graphs?graph=/graphs/person/1.ttl"])
def test_both_ways_name_the_same_graph(client: Client, url: str) -> None:
    """Sections 4.1 and 4.2: direct and indirect graph identification."""
    assert put(client, url) == 201
    for other in (PERSON, INDIRECT):
        reply = client.get(other, headers={"accept": "text/turtle"})
        assert reply.status_code == 200
        assert reply.headers["content-type"] == "text/turtle; charset=utf-8"
        assert canonical(reply.content) == canonical(JOHN)


def test_put_replaces(client: Client) -> None:
    """Section 5.3: 201 for a new graph, 200 or 204 for one that is replaced."""
    assert put(client, PERSON) == 201
    jane = JOHN.replace("John", "Jane")
    assert put(client, PERSON, jane) == 204
    assert canonical(client.get(PERSON).content) == canonical(jane)


def test_default_graph(client: Client) -> None:
    """Section 4.2: ?default is the unnamed graph, not the union that queries see."""
    alice = '[] <http://e/name> "Alice" .'
    assert put(client, "/graphs?default", alice) == 201
    assert canonical(client.get("/graphs?default").content) == canonical(alice)
    assert client.ask(f"ASK {{ ?s <http://e/name> 'Alice' . <{DATA}1.rdf> a ?t }}")
    assert put(client, "/graphs?default", "") == 204
    assert client.get("/graphs?default").content.strip() == b""
    assert client.request("DELETE", "/graphs?default", token=TOKEN).status_code == 200


def test_put_of_an_empty_graph_is_a_graph(client: Client) -> None:
    """Section 5.3: an empty payload makes an empty graph."""
    assert put(client, PERSON, "") == 201
    assert client.get(PERSON).status_code == 200
    assert put(client, PERSON, "") == 204


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "text/turtle"}, '<?xml version="1.0"?><rdf:RDF/>', 400),
        ({"content-type": "application/rdf+xml"}, JOHN, 400),
        ({"content-type": "text/html"}, JOHN, 415),
        ({"content-type": "turtle"}, "<http://e/a> <http://e/p> 1 .", 415),
        ({"content-type": "text/turtle, text/turtle"}, JOHN, 415),
        ({}, JOHN, 415),
        ({}, "", 415),
        ({}, "<?xml version='1.0'?><rdf:RDF/>", 400),
        ({"content-type": "text/turtle; charset=latin-1"}, JOHN, 415),
        ({"content-type": "application/trig"}, "<http://e/g> { <a> <b> <c> }", 400),
        ({"content-type": "application/ld+json"}, '{"@context": "http://127.0.0.1:9/c", "a": 1}', 400),
        ({"content-type": "multipart/form-data"}, "x", 400),
    ],
)
def test_payloads_that_cannot_be_read(
    client: Client, headers: dict[str, str], body: str, status: int
) -> None:
    """Section 5.1: 400 where the payload is not what the header says, 415 for other types."""
    reply = client.request("PUT", "/graphs?default", token=TOKEN, content=body, headers=headers)
    assert reply.status_code == status
    assert client.get("/graphs?default").content.strip() == b""


def test_what_begins_as_rdf_xml_needs_no_type(client: Client) -> None:
    """Section 5: without a Content-Type the payload is tried as RDF/XML, unless it clearly is none."""
    body = ox.serialize(ox.parse(JOHN, ox.RdfFormat.TURTLE), format=ox.RdfFormat.RDF_XML)
    assert client.request("PUT", PERSON, token=TOKEN, content=body).status_code == 201
    assert canonical(client.get(PERSON).content) == canonical(JOHN)


@pytest.mark.parametrize("name", ["a%2Fb", "a%20b", "%C3%A9", "a%3Fb"])
def test_the_address_itself_names_the_graph(client: Client, name: str) -> None:
    """Section 4.1: as it was sent, so that an encoded slash is none."""
    assert put(client, f"/graphs/{name}") == 201
    listed = client.query("SELECT ?g { GRAPH ?g { ?s ?p 'John Doe' } }").json()["results"]["bindings"]
    assert [row["g"]["value"] for row in listed] == [f"{HOST}/graphs/{name}"]
    assert client.get("/graphs/a/b").status_code == 404


@pytest.mark.parametrize(
    ("accept", "found"),
    [
        ("text/html, application/rdf+xml;q=0.9", "application/rdf+xml"),
        ("text/html, */*;q=0.1", "text/turtle; charset=utf-8"),
        ("text/html", None),
        ("text/turtle;q=0, */*", "application/n-triples"),
    ],
)
def test_accept_is_ranked(client: Client, accept: str, found: str | None) -> None:
    """Section 5.2: 406 where no format that is accepted can be offered."""
    put(client, PERSON)
    for url in (PERSON, "/graphs"):
        reply = client.get(url, headers={"accept": accept})
        assert reply.status_code == (406 if found is None else 200)
        assert found is None or reply.headers["content-type"] == found


def test_syntax_error_has_a_line(client: Client) -> None:
    reply = client.request("PUT", PERSON, token=TOKEN, content="<a> <b> <c> .\n<a> <b> .", headers=TURTLE)
    assert (reply.status_code, reply.json()["line"]) == (400, 2)


def test_delete(client: Client) -> None:
    """Section 5.4: 200, then 404."""
    put(client, PERSON)
    assert client.request("DELETE", PERSON, token=TOKEN).status_code == 200
    assert client.get(PERSON).status_code == 404
    assert client.request("DELETE", PERSON, token=TOKEN).status_code == 404


def test_post_adds(client: Client) -> None:
    """Section 5.5: POST merges into the graph."""
    put(client, PERSON)
    more = f'<{HOST}/graphs/person/1> <http://xmlns.com/foaf/0.1/name> "Jane Doe" .'
    reply = client.post(PERSON, token=TOKEN, content=more, headers=TURTLE)
    assert reply.status_code == 200
    assert canonical(client.get(PERSON).content) == canonical(JOHN + more)
    assert client.post(PERSON, token=TOKEN, content="", headers=TURTLE).status_code == 204


def test_post_to_the_store_makes_a_graph(client: Client) -> None:
    """Section 5.5: 201 with the address of the new graph in Location."""
    reply = client.post("/graphs", token=TOKEN, content=JOHN, headers=TURTLE)
    assert reply.status_code == 201
    location = reply.headers["location"]
    assert location.startswith(f"{HOST}/graphs/")
    assert canonical(client.get(location).content) == canonical(JOHN)
    assert client.ask(f"ASK {{ GRAPH <{location}> {{ ?s ?p 'John Doe' }} }}")


def test_post_of_several_documents(client: Client) -> None:
    """Section 5.5: multipart/form-data carries several documents."""
    put(client, PERSON)
    parts = "".join(
        f'--xyz\r\nContent-Disposition: form-data; name="{name}.ttl"; filename="{name}.ttl"\r\n'
        f"Content-Type: text/turtle; charset=utf-8\r\n\r\n"
        f'<{HOST}/graphs/person/1> <http://xmlns.com/foaf/0.1/{name}> "{value}" .\r\n'
        for name, value in (("familyName", "Doe"), ("givenName", "Jane"))
    )
    headers = {"content-type": "multipart/form-data; boundary=xyz"}
    reply = client.post(PERSON, token=TOKEN, content=parts + "--xyz--\r\n", headers=headers)
    assert reply.status_code == 200
    assert client.ask(
        "PREFIX foaf: <http://xmlns.com/foaf/0.1/> ASK { ?s foaf:familyName 'Doe' ; foaf:givenName 'Jane' }"
    )


def test_post_of_documents_within_a_part(client: Client) -> None:
    """Section 5.5: a field of a form may hold several files (RFC 2388, 4.2)."""
    put(client, PERSON)
    files = "".join(
        f'--in\r\nContent-Disposition: attachment; filename="{name}.ttl"\r\nContent-Type: text/turtle\r\n\r\n'
        f'<{HOST}/graphs/person/1> <http://xmlns.com/foaf/0.1/{name}> "x" .\r\n'
        for name in ("familyName", "givenName")
    )
    field = 'Content-Disposition: form-data; name="graphs"\r\nContent-Type: multipart/mixed; boundary=in'
    body = f"--out\r\n{field}\r\n\r\n{files}--in--\r\n--out--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=out"}
    assert client.post(PERSON, token=TOKEN, content=body, headers=headers).status_code == 200
    assert client.ask(
        "PREFIX foaf: <http://xmlns.com/foaf/0.1/> ASK { ?s foaf:familyName 'x' ; foaf:givenName 'x' }"
    )


def test_parts_nested_without_end(client: Client) -> None:
    body = "".join(f"--b{n}\r\nContent-Type: multipart/mixed; boundary=b{n + 1}\r\n\r\n" for n in range(1200))
    headers = {"content-type": "multipart/form-data; boundary=b0"}
    reply = client.post(PERSON, token=TOKEN, content=body, headers=headers)
    assert (reply.status_code, reply.json()["detail"][-7:]) == (400, "deeply.")


def test_head(client: Client) -> None:
    """Section 5.6."""
    put(client, PERSON)
    head, get = client.request("HEAD", PERSON), client.get(PERSON)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(get.content))
    assert client.request("HEAD", "/graphs/person/4.ttl").status_code == 404


@pytest.mark.parametrize("one", GRAPH_FORMATS, ids=lambda one: one.name)
def test_formats_in_and_out(client: Client, one: object) -> None:
    """Section 5.2: content negotiation; section 5.3: every format is read, too."""
    form = one.engine  # type: ignore[attr-defined]
    put(client, PERSON)
    reply = client.get(PERSON, headers={"accept": form.media_type})
    assert canonical(reply.content, form) == canonical(JOHN)
    headers = {"content-type": form.media_type}
    again = client.request("PUT", "/graphs/2", token=TOKEN, content=reply.content, headers=headers)
    assert again.status_code == 201
    assert canonical(client.get("/graphs/2").content) == canonical(JOHN)
    assert client.get(PERSON, headers={"accept": "image/png"}).status_code == 406


def test_conditional_writes(client: Client) -> None:
    """RFC 9110, section 13.1: no lost update."""
    refused = client.request("PUT", PERSON, token=TOKEN, content=JOHN, headers={**TURTLE, "if-match": "*"})
    assert (refused.status_code, refused.json()["found"]) == (412, "no such graph")
    assert put(client, PERSON, if_none_match="*") == 201
    assert put(client, PERSON, if_none_match="*") == 412
    tag = client.get(PERSON, headers={"accept": "text/turtle"}).headers["etag"]
    client.update("INSERT DATA { GRAPH <http://e/other> { <http://e/a> <http://e/p> 1 } }")
    other = client.get(PERSON, headers={"accept": "application/n-triples"}).headers["etag"]
    assert other != tag
    assert put(client, PERSON, JOHN.replace("John", "Jane"), if_match=f'"nope", {tag}') == 204
    assert put(client, PERSON, if_match=tag) == 412
    now = client.get(PERSON, headers={"accept": "text/turtle"}).headers["etag"]
    assert put(client, PERSON, if_match=f"W/{now}") == 412, "section 13.1.1: strong comparison"
    assert put(client, PERSON, if_none_match=f"W/{now}") == 412, "section 13.1.2: weak comparison"
    assert client.get(PERSON, headers={"if-match": tag}).status_code == 412
    stale = {"if-match": tag}
    assert client.request("DELETE", PERSON, token=TOKEN, headers=stale).status_code == 412
    fresh = client.get(PERSON).headers["etag"]
    assert client.get(PERSON, headers={"if-none-match": fresh}).status_code == 304
    assert client.request("DELETE", PERSON, token=TOKEN, headers={"if-match": fresh}).status_code == 200


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/graphs?graph=http%3A%2F%2Fe%2Fnone", 404),
        ("GET", "/graphs?graph=http%3A%2F%2Fe%2Fa&default", 400),
        ("GET", "/graphs?graph=http%3A%2F%2Fe%2Fa&graph=http%3A%2F%2Fe%2Fb", 400),
        ("GET", "/graphs?graph=", 400),
        ("PUT", "/graphs?graph=relative", 400),
        ("GET", "/graphs?default=yes", 400),
        ("GET", "/graphs?other=1", 400),
        ("GET", f"{PERSON}?default", 400),
        ("PUT", "/graphs", 400),
        ("DELETE", "/graphs", 400),
        ("PATCH", PERSON, 405),
    ],
)
def test_bad_requests(client: Client, method: str, url: str, status: int) -> None:
    """Section 5.1: status codes."""
    assert client.request(method, url, token=TOKEN, headers=TURTLE).status_code == status


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_writing_needs_a_token(client: Client, method: str) -> None:
    """Section 6: security considerations."""
    assert client.request(method, PERSON, headers=TURTLE, content=JOHN).status_code == 401
    assert client.request(method, PERSON, token=TOKEN[::-1], headers=TURTLE).status_code == 403


def test_our_own_graphs_answer_under_any_host(client: Client, store: Store) -> None:
    """Our design: a path under /graph/ is the graph of that name under the base IRI."""
    store.update("INSERT DATA { GRAPH <https://w3id.org/ncpc/graph/x> { <http://e/a> <http://e/p> 1 } }")
    assert b"<http://e/a>" in client.get("/graph/x").content


def test_derived_graphs_are_read_only(client: Client) -> None:
    reply = client.request("PUT", "/graph/inferred", token=TOKEN, content=JOHN, headers=TURTLE)
    assert reply.status_code == 409


def test_options(client: Client) -> None:
    reply = client.request("OPTIONS", PERSON)
    assert reply.status_code == 204
    assert "DELETE" in reply.headers["allow"]
    assert "If-Match" in reply.headers["access-control-allow-headers"]
