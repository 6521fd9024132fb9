"""Reports in each form, from the same findings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyshacl
import pytest
import rdflib
from pyoxigraph import BlankNode, Literal, NamedNode
from rdflib import RDF, SH
from shacl import rows

from ncpc_kg.errors import Place
from ncpc_kg.reports import place_text, summary, term_text, to_json, to_rdf, to_sarif, to_text
from ncpc_kg.validation import VIOLATION, WARNING, Finding, Report
from ncpc_kg.validation.findings import make_report
from ncpc_kg.validation.paths import Alternative, Inverse, Predicate, Repeated, Sequence
from ncpc_kg.validation.reference import read_results
from ncpc_kg.vocabulary import CODE, ID, NCPC, SHAPE

ROOT = Path("project")


def name(iri: str) -> NamedNode:
    return NamedNode(iri)


STATUS = Predicate(name(NCPC.status))
CONCERNS = Predicate(name(NCPC.concerns))


def finding(**changes: object) -> Finding:
    values: dict[str, object] = {
        "focus": name(ID["hosting-plan"]),
        "path": STATUS,
        "value": name(CODE["status-planned"]),
        "component": name(str(SH.InConstraintComponent)),
        "shape": name(SHAPE["Arrangement-plan"]),
        "severity": VIOLATION,
        "message": "A plan must not count as fact. Name the party with ncpc:hasParty.",
        "where": Place(ROOT / "data/ttl/20-utopia.ttl", 12),
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


WARNED = finding(
    focus=name(ID["centre-utopia"]),
    path=Sequence((Inverse(CONCERNS), Alternative((STATUS, CONCERNS)), Repeated(STATUS, "?"))),
    value=None,
    severity=WARNING,
    shape=name(SHAPE["Centre-hosting"]),
    message="No host.",
    where=None,
)
REPORT = make_report([WARNED, finding(), finding()], checked=1234)


def test_report_is_sorted_and_each_finding_stands_once() -> None:
    assert REPORT.findings == (finding(), WARNED)
    assert REPORT.counts == {"violation": 1, "warning": 1}
    assert not REPORT.conforms
    assert make_report([WARNED]).conforms


def test_text() -> None:
    assert to_text(REPORT, root=ROOT) == (
        "data/ttl/20-utopia.ttl:12: violation: A plan must not count as fact."
        " Name the party with ncpc:hasParty.\n"
        "  node:  id:hosting-plan\n"
        "  field: ncpc:status\n"
        "  value: code:status-planned\n"
        "  rule:  shape:Arrangement-plan\n"
        "\n"
        "warning: No host.\n"
        "  node:  id:centre-utopia\n"
        "  field: ^ncpc:concerns/(ncpc:status|ncpc:concerns)/ncpc:status?\n"
        "  rule:  shape:Centre-hosting\n"
        "\n"
        "Does not conform: 1 violation, 1 warning (1,234 checks).\n"
    )


def test_colour_changes_nothing_but_colour() -> None:
    painted = to_text(REPORT, colour=True, root=ROOT)
    plain = painted
    for code in ("\033[1;31m", "\033[1;33m", "\033[2m", "\033[0m"):
        assert code in painted
        plain = plain.replace(code, "")
    assert plain == to_text(REPORT, root=ROOT)


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ([], "Conforms: no findings (0 checks)."),
        ([WARNED], "Conforms: 1 warning (0 checks)."),
        ([finding(), finding(message="Another.")], "Does not conform: 2 violations (0 checks)."),
    ],
)
def test_summary(findings: list[Finding], said: str) -> None:
    assert summary(make_report(findings)) == said


def test_json() -> None:
    document = json.loads(to_json(REPORT, ROOT))
    assert document["conforms"] is False
    assert document["counts"] == {"violation": 1, "warning": 1}
    assert document["checked"] == 1234
    assert document["findings"][0] == {
        "severity": "violation",
        "message": "A plan must not count as fact. Name the party with ncpc:hasParty.",
        "focus": {"type": "uri", "value": str(ID["hosting-plan"])},
        "path": "ncpc:status",
        "value": {"type": "uri", "value": str(CODE["status-planned"])},
        "shape": str(SHAPE["Arrangement-plan"]),
        "component": str(SH.InConstraintComponent),
        "file": "data/ttl/20-utopia.ttl",
        "line": 12,
        "column": None,
    }
    assert document["findings"][1]["file"] is None
    assert document["findings"][1]["value"] is None


def test_rdf_says_the_same_and_is_a_shacl_report() -> None:
    graph = to_rdf(REPORT)
    (node,) = graph.subjects(RDF.type, SH.ValidationReport)
    assert rows(read_results(graph, node)) == rows(REPORT.findings)
    assert graph.value(node, SH.conforms) == rdflib.Literal(False)
    # SHACL's own shapes for reports and paths accept it.
    shacl_for_reports = rdflib.Graph().parse(
        data="""PREFIX sh: <http://www.w3.org/ns/shacl#>
        <urn:result> a sh:NodeShape ; sh:targetClass sh:ValidationResult ;
            sh:property [ sh:path sh:focusNode ; sh:minCount 1 ; sh:maxCount 1 ] ,
                [ sh:path sh:resultSeverity ; sh:minCount 1 ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
                [ sh:path sh:sourceConstraintComponent ; sh:minCount 1 ; sh:maxCount 1 ] ,
                [ sh:path sh:resultPath ; sh:maxCount 1 ; sh:nodeKind sh:BlankNodeOrIRI ] .""",
        format="turtle",
    )
    assert pyshacl.validate(graph, shacl_graph=shacl_for_reports)[0]


def test_a_warning_lets_data_pass_but_is_no_conformance_in_shacl() -> None:
    report = make_report([WARNED])
    assert report.conforms
    assert list(to_rdf(report).objects(None, SH.conforms)) == [rdflib.Literal(False)]


def test_empty_report_conforms_in_rdf() -> None:
    graph = to_rdf(Report())
    assert list(graph.objects(None, SH.conforms)) == [rdflib.Literal(True)]


def test_sarif() -> None:
    log = json.loads(to_sarif(REPORT, ROOT))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    first, second = run["results"]
    assert first["level"] == "error"
    assert first["ruleId"] == "shape:Arrangement-plan"
    assert run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == first["ruleId"]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "data/ttl/20-utopia.ttl"},
        "region": {"startLine": 12},
    }
    assert "id:hosting-plan (value code:status-planned)" in first["message"]["text"]
    assert second["level"] == "warning"
    assert "locations" not in second


@pytest.mark.parametrize(
    ("severity", "level"), [("Violation", "error"), ("Warning", "warning"), ("Info", "note"), ("Own", "none")]
)
def test_each_severity_has_its_level_in_sarif(severity: str, level: str) -> None:
    finding = replace(REPORT.findings[0], severity=name(str(SH) + severity))
    (run,) = json.loads(to_sarif(make_report([finding])))["runs"]
    assert run["results"][0]["level"] == level


@pytest.mark.parametrize(
    ("term", "said"),
    [
        (name(ID["centre-brazil"]), "id:centre-brazil"),
        (name("https://elsewhere.example/a?b"), "<https://elsewhere.example/a?b>"),
        (BlankNode("b1"), "a node without IRI"),
        (Literal("Zürich", language="de"), '"Zürich"@de'),
        (Literal('a "quote"'), '"a \\"quote\\""'),
        (
            Literal("1996-13", datatype=name("http://www.w3.org/2001/XMLSchema#gYearMonth")),
            '"1996-13"^^xsd:gYearMonth',
        ),
    ],
)
def test_terms_for_people(term: NamedNode | BlankNode | Literal, said: str) -> None:
    assert term_text(term) == said


def test_places_are_relative_where_they_can_be() -> None:
    assert place_text(Place(Path("/elsewhere/a.ttl"), 3, 4), ROOT) == "/elsewhere/a.ttl:3:4"
    assert place_text(Place(ROOT / "a.ttl", 3), ROOT) == "a.ttl:3"
    assert place_text(Place(None, 3, 4)) == "3:4"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Literal("x", language="en"), {"type": "literal", "value": "x", "xml:lang": "en"}),
        (Literal("x"), {"type": "literal", "value": "x"}),
        (
            Literal("3", datatype=name("http://www.w3.org/2001/XMLSchema#integer")),
            {"type": "literal", "value": "3", "datatype": "http://www.w3.org/2001/XMLSchema#integer"},
        ),
        (BlankNode("b"), {"type": "bnode", "value": "b"}),
    ],
)
def test_values_in_json(value: Literal | BlankNode, expected: dict[str, str]) -> None:
    (found,) = json.loads(to_json(make_report([finding(value=value)])))["findings"]
    assert found["value"] == expected


def test_shape_without_iri() -> None:
    report = make_report([finding(shape=BlankNode("b"), path=None, message="")])
    (found,) = json.loads(to_sarif(report))["runs"][0]["results"]
    assert found["ruleId"] == "a shape without IRI"
    assert len(to_rdf(report)) == 9
