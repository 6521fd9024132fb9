"""The OpenAPI document of questions and resources."""

from __future__ import annotations

from ncpc_kg.pipeline import Content
from ncpc_kg.web import openapi
from tests.web.conftest import Client


def test_every_question_is_documented(real: Content) -> None:
    paths = openapi.paths(real.catalogue)
    for question in real.catalogue.questions:
        operation = paths[f"/questions/{question.name}"]["get"]
        assert operation["operationId"] == question.name
        assert operation["summary"] == question.title
        names = [parameter["name"] for parameter in operation["parameters"]]
        assert names[: len(question.parameters)] == [one.name for one in question.parameters]
        assert names[-3:] == ["evidence", "limit", "offset"]


def test_operation_ids_are_unique_and_examples_fit_their_types(real: Content) -> None:
    kinds = {"string": str, "integer": int, "number": (int, float)}
    for path in openapi.paths(real.catalogue).values():
        for parameter in path["get"].get("parameters", ()):
            if "example" in parameter:
                assert isinstance(parameter["example"], kinds[parameter["schema"]["type"]])


def test_the_protocols_are_documented(site: Client) -> None:
    """Each operation answers as its example says; statuses that come back are all named."""
    document = site.get("/openapi.json").json()
    paths, schemes = document["paths"], document["components"]["securitySchemes"]
    assert set(paths["/graphs"]) == {"get", "put", "post", "delete"}
    assert {one["scheme"] for one in schemes.values()} == {"bearer", "basic"}
    asked = next(one for one in paths["/sparql"]["get"]["parameters"] if one["name"] == "query")["example"]
    assert site.query(asked).status_code == 200
    for media_type, said in paths["/sparql"]["post"]["requestBody"]["content"].items():
        if isinstance(said["example"], dict):
            reply = site.post("/sparql", data=said["example"])
        else:
            reply = site.post("/sparql", content=said["example"], headers={"content-type": media_type})
        assert str(reply.status_code) in paths["/sparql"]["post"]["responses"]
        assert reply.status_code == (401 if "update" in media_type else 200)
    for method in ("put", "post", "delete"):
        assert str(site.request(method.upper(), "/graphs").status_code) == "401"
        assert "401" in paths["/graphs"][method]["responses"]


def test_the_examples_work(site: Client) -> None:
    document = site.get("/openapi.json").json()
    tried = 0
    for path, item in document["paths"].items():
        operation = item.get("get")
        if not path.startswith("/questions/") or "{" in path or operation is None:
            continue
        query = {
            parameter["name"]: parameter["example"]
            for parameter in operation["parameters"]
            if "example" in parameter
        }
        reply = site.request("GET", path, params=query, headers={"accept": "application/json"})
        assert reply.status_code == 200, path
        tried += 1
    assert tried == 4
    assert "/dumps/ncpc.nq.gz" in document["paths"]
    assert "404" in document["paths"]["/id/{name}"]["get"]["responses"]
