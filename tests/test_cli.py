from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
import rdflib
from samples import MINIMAL, ContentMaker
from servers import oxigraph

from ncpc_kg import __version__, cli
from ncpc_kg.pipeline import build
from ncpc_kg.settings import Settings
from ncpc_kg.turtle import format_turtle
from ncpc_kg.vocabulary import ID

ROOT = Path(__file__).resolve().parent.parent
DATA = "data/ttl/20-brazil.ttl"
COMMANDS = ("build", "check", "format", "query", "serve")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    make_content: ContentMaker,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run the command line on small content in this process: exit code, output, errors."""
    monkeypatch.setenv("NCPC_KG_CONTENT", str(make_content()))
    monkeypatch.setenv("NCPC_KG_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ncpc-kg", *arguments])
        try:
            code = cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def edit(tmp_path: Path, name: str, change: Callable[[str], str]) -> Path:
    path = tmp_path / "content" / name
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")

    assert code == 0
    assert "Examples:" in plain(out)
    assert f"ncpc-kg {command}" in plain(out)


def test_the_commands_are_those_listed(run: Run) -> None:
    code, out, _ = run("--help")

    assert code == 0
    assert set(COMMANDS) <= set(re.findall(r"\w+", plain(out)))
    assert run("--version")[1].strip() == f"ncpc-kg {__version__}"


def test_check_says_that_the_content_conforms(run: Run) -> None:
    code, out, err = run("check")

    assert code == 0
    assert out.startswith("Conforms: no findings")
    kinds = [line.split()[1] for line in err.splitlines()]
    assert kinds == list(dict.fromkeys(kinds)), "a line for each kind of step"
    assert "Validating" in kinds


def test_check_leaves_with_1_where_a_shape_is_broken(run: Run, tmp_path: Path) -> None:
    edit(tmp_path, DATA, lambda text: text.replace(" ;\n    ncpc:hasHost id:org-senai", ""))

    code, out, _ = run("check")

    assert code == 1
    assert "20-brazil.ttl:5" in out
    assert "No host. Add ncpc:hasHost." in out


def test_check_says_that_others_see_the_same(run: Run) -> None:
    code, _, err = run("check", "--reference")

    assert code == 0
    assert [line for line in err.splitlines() if "pySHACL" in line or "owlrl" in line] == [
        " 50% Comparing the findings with those of pySHACL",
        " 70% Holding what follows against owlrl",
        "pySHACL and owlrl find and infer the same.",
    ]


def test_check_writes_json_sarif_and_turtle(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(tmp_path, DATA, lambda text: text.replace(" ;\n    ncpc:hasHost id:org-senai", ""))
    monkeypatch.chdir(tmp_path / "content")

    code, out, _ = run("check", "--format", "json")
    assert code == 1
    assert [(each["file"], each["line"]) for each in json.loads(out)["findings"]] == [(DATA, 5)]

    code, out, _ = run("check", "--format", "sarif")
    assert code == 1
    (result,) = json.loads(out)["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == DATA

    code, out, _ = run("check", "--format", "turtle")
    assert code == 1
    report = rdflib.Graph().parse(data=out, format="turtle")
    assert [str(node) for node in report.objects(None, rdflib.SH.focusNode)] == [f"{ID}hosting-brazil-senai"]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        (DATA, lambda text: text + "id:a id:b .\n", ["20-brazil.ttl:8:", "Not valid Turtle"]),
        (
            DATA,
            lambda text: text + "skos:a skos:b 1 .\n",
            ["20-brazil.ttl:8:1", "prefix skos: is not declared"],
        ),
        (
            DATA,
            lambda text: text + "id:a a ncpc:Center .\n",
            ["20-brazil.ttl:8:", "did you mean ncpc:Centre?"],
        ),
        (
            "shapes/hosting.ttl",
            lambda text: text.replace("sh:path ncpc:hasHost", "sh:path ncpc:hasGuest"),
            ["hosting.ttl:9:", "ncpc:hasGuest is not defined"],
        ),
        (
            "queries/host-of-centre.rq",
            lambda text: text.replace("?host .", ".", 1),
            ["host-of-centre.rq:14:", "not valid SPARQL"],
        ),
    ],
)
def test_broken_input_leaves_with_2_and_its_place(
    run: Run, tmp_path: Path, name: str, change: Callable[[str], str], words: list[str]
) -> None:
    edit(tmp_path, name, change)

    code, out, err = run("check")

    assert code == 2
    for word in words:
        assert word in err
    assert "Traceback" not in out + err


def test_build_says_what_it_did_and_then_that_nothing_is_to_do(run: Run, tmp_path: Path) -> None:
    code, out, err = run("build")
    assert (code, out.split(":")[0]) == (0, "built")
    assert "Validating" in err

    code, out, err = run("build")
    assert (code, out.split(":")[0], err) == (0, "up to date", "")
    assert run("build", "--force")[1].startswith("built: ")


def test_build_tells_what_users_wrote_that_no_longer_conforms(run: Run) -> None:
    run("build")
    settings = Settings(content=Path(os.environ["NCPC_KG_CONTENT"]), store=Path(os.environ["NCPC_KG_STORE"]))
    with build(settings).store as store:
        store.update(f"INSERT DATA {{ <{ID}h> a <https://w3id.org/ncpc/ontology#Hosting> }}")

    code, _, err = run("build", "--force")

    assert code == 0
    assert "no longer conforms: id:h: No host" in err


def test_query_answers_text_files_and_questions(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plain.rq"
    path.write_text("SELECT ?h { ?c ncpc:hasHadHost ?h }")
    expected = (0, f"h\r\n{ID}org-senai\r\n")

    assert run("query", "SELECT ?h { ?c ncpc:hasHadHost ?h }", "--format", "csv")[:2] == expected
    assert run("query", str(path), "-f", "csv")[:2] == expected
    question = run("query", "host-of-centre", "-f", "csv")
    assert question[1] == f"host\r\n{ID}org-senai\r\n"
    assert run("query", "host-of-centre", "-f", "csv", "-p", "centre=brazil")[1] == question[1]
    path.write_text(MINIMAL["queries/host-of-centre.rq"])
    assert run("query", str(path), "-f", "csv", "-p", "centre=id:centre-brazil")[1] == question[1]


def test_query_reads_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ASK { id:centre-brazil a ncpc:Centre }"))

    assert run("query", "-")[:2] == (0, "yes\n")


def test_query_shows_tables_truth_and_graphs(run: Run) -> None:
    code, out, err = run("query", "host-of-centre")
    assert (code, out.split()) == (0, ["host", "id:org-senai"])
    assert err.endswith("1 row\n")
    assert run("query", "ASK { ?x a ncpc:Nothing }")[:2] == (0, "no\n")
    assert "org-senai" in run("query", "CONSTRUCT { ?s ncpc:hasHost ?o } WHERE { ?s ncpc:hasHost ?o }")[1]


def test_query_writes_json_and_rdf_formats(run: Run) -> None:
    found = json.loads(run("query", "host-of-centre", "-f", "json")[1])
    assert found["results"]["bindings"] == [{"host": {"type": "uri", "value": f"{ID}org-senai"}}]

    graph = json.loads(run("query", "DESCRIBE id:hosting-brazil-senai", "-f", "json")[1])
    assert "hosting-brazil-senai" in json.dumps(graph)
    assert run("query", "DESCRIBE id:hosting-brazil-senai", "-f", "ntriples")[1].count(" .\n") >= 3


def test_query_lists_the_catalogue(run: Run) -> None:
    code, out, _ = run("query", "--list")

    assert code == 0
    assert re.search(r"host-of-centre +Who houses a centre\? +centre=id:centre-brazil", out)
    assert run("query")[1] == out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hosts-of-centre"], ["has no question hosts-of-centre", "did you mean host-of-centre?"]),
        (["host-of-centre", "-p", "center=x"], ["no parameter center", "did you mean centre?"]),
        (["host-of-centre", "-p", "centre=brasil"], ["not in its list", "id:centre-brazil"]),
        (["host-of-centre", "-p", "centre"], ["A parameter has no value", "--param NAME=VALUE"]),
        (["ASK { ?s ?p ?o }", "-p", "centre=x"], ["Only questions take parameters"]),
        (["ASK { ?s ?p ?o }", "-f", "yaml"], ["There is no format", "table, json"]),
        (["ASK { ?s ?p ?o }", "-f", "csv"], ["cannot be written as csv", "json or xml for ASK"]),
        (["CONSTRUCT WHERE { ?s ?p ?o }", "-f", "csv"], ["cannot be written as csv", "turtle"]),
        (["ASK {\n ?s ?p }"], ["2:", "not valid SPARQL"]),
        (["SELECT ?x { ?s ncpc:a"], ["1:", "not valid SPARQL"]),
        (["SELECT * { ?s nope:x ?o }"], ["1:15", "prefix nope: is not declared"]),
        (["gone.rq"], ["gone.rq: The file cannot be read"]),
        (["ASK {}", "--content", "/nowhere"], ["/nowhere: The content of the graph was not found"]),
    ],
)
def test_wrong_queries_leave_with_2_and_a_helpful_word(
    run: Run, arguments: list[str], words: list[str]
) -> None:
    code, out, err = run("query", *arguments)

    assert code == 2
    for word in words:
        assert word in err
    assert "Traceback" not in out + err


@pytest.mark.parametrize("base", ["nonsense", "https://example.org/kg", "urn:x:", "https://a b/"])
def test_a_base_that_names_cannot_be_appended_to_leaves_with_2(run: Run, base: str) -> None:
    code, out, err = run("build", "--base", base)

    assert code == 2
    assert "ends in a slash" in err
    assert "Traceback" not in out + err


def test_a_syntax_error_in_a_file_names_file_and_line(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "wrong.rq"
    path.write_text("# a query\nSELECT ?c {\n  ?c ncpc:hasHost }\n")

    code, _, err = run("query", str(path))

    assert code == 2
    assert f"{path}:3:" in err


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda store: (store / "current").write_text("7\n"), "is damaged"),
        (lambda store: next(store.glob("*/base.nq")).write_text("nonsense"), "is damaged"),
        (lambda store: (store / "format").write_text("something else\n"), "made by another version"),
        (lambda store: (store / "format").unlink(), "is not a store of this program"),
    ],
)
def test_a_damaged_store_leaves_with_2_and_what_to_do(
    run: Run, tmp_path: Path, damage: Callable[[Path], object], words: str
) -> None:
    run("build")
    damage(tmp_path / "store")

    for command in (["build"], ["query", "ASK {}"]):
        code, out, err = run(*command)
        assert code == 2
        assert words in err
        assert "do this:" in err
        assert "Traceback" not in out + err


def test_a_half_written_state_is_passed_over(run: Run, tmp_path: Path) -> None:
    run("build")
    (current,) = (path for path in (tmp_path / "store").iterdir() if path.is_dir())
    half = tmp_path / "store" / str(int(current.name) + 1)
    half.mkdir()
    (half / "base.nq").write_text("<http://e/a> <http://e/b")

    assert run("query", "host-of-centre", "-f", "csv")[1] == f"host\r\n{ID}org-senai\r\n"
    assert run("build")[1].startswith("up to date")
    assert not half.exists()


def test_format_changes_files_and_check_only_tells(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "content" / DATA
    before = path.read_text()

    code, out, err = run("format", "--check", str(path))
    assert (code, out) == (1, f"would change {path}\n")
    assert "1 of 1 files differ" in err
    assert path.read_text() == before

    assert run("format", str(path))[:2] == (0, f"changed {path}\n")
    assert path.read_text() == format_turtle(before, path)
    assert run("format", "--check", str(path)) == (0, "", "")


def test_format_takes_all_files_by_default(run: Run) -> None:
    assert len(run("format", "--check")[1].splitlines()) == 4
    assert run("format")[0] == 0
    assert run("format", "--check") == (0, "", "")


def test_a_port_in_use_leaves_with_2(run: Run, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, out, err = run("serve", "--port", str(port))

    assert code == 2
    assert f"cannot listen on 127.0.0.1, port {port}" in err
    assert "--port" in err
    assert "Traceback" not in out + err
    assert not (tmp_path / "store").exists(), "told before a build that takes its time"


def test_serve_answers_until_it_is_told_to_stop(built: Settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ncpc_kg", "serve", "--port", str(port)]
    command += ["--content", str(built.content), "--store", str(built.store)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stderr is not None
        said = []
        while not said or "Serving" not in said[-1]:
            line = process.stderr.readline()
            assert line, f"ended early: {said}"
            said.append(line)
        assert f"http://127.0.0.1:{port}" in said[-1]
        query = "ASK%20%7B%3Chttps%3A%2F%2Fw3id.org%2Fncpc%2Fid%2Fcentre-brazil%3E%20%3Fp%20%3Fo%7D"
        for _ in range(50):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/sparql?query={query}") as answer:
                    assert json.load(answer)["boolean"] is True
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.wait()
        if process.stderr:
            process.stderr.close()


def test_an_old_python_gets_one_clear_word() -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 1); "
        "runpy.run_module('ncpc_kg', run_name='__main__', alter_sys=True)"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("ncpc-kg needs Python 3.11 or later; this is 3.9.")
    assert "Traceback" not in ended.stderr


@pytest.mark.server
def test_another_server_can_hold_the_graph(run: Run, tmp_path: Path) -> None:
    with oxigraph(tmp_path) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NCPC_KG_ENGINE_UPDATE", server.update)

        code, out, _ = run("build", "--engine", server.query)
        assert (code, out) == (0, f"built: {server.query}\n")
        assert run("build", "--engine", server.query)[:2] == (0, f"up to date: {server.query}\n")

        code, out, _ = run("query", "host-of-centre", "-f", "csv", "--engine", server.query)
        assert (code, out) == (0, f"host\r\n{ID}org-senai\r\n")
    assert not (tmp_path / "store").exists()


def test_a_server_that_does_not_answer_leaves_with_2(run: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/query"

        for command in (["build"], ["query", "ASK {}"]):
            code, out, err = run(*command, "--engine", url)
            assert code == 2
            assert "do this:" in err
            assert "Traceback" not in out + err
