"""The durable store: built and written parts, crashes, locks, backups."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pyoxigraph as ox
import pytest

from ncpc_kg.engine import Change, DatasetClause, Formats
from ncpc_kg.errors import NotConforming, StoreError
from ncpc_kg.store import Gate, Store, backup, restore

E = "http://e/"


def node(name: str) -> ox.NamedNode:
    return ox.NamedNode(E + name)


def quad(s: str, o: str | int, graph: str | None = None) -> ox.Quad:
    value = node(o) if isinstance(o, str) else ox.Literal(o)
    return ox.Quad(node(s), node("p"), value, node(graph) if graph else ox.DefaultGraph())


BUILT = (quad("a", "b", "g1"), quad("a", 1, "g2"), quad("c", 2, "g2"))
INFERRED = ox.Quad(node("a"), node("inferred"), ox.Literal(1), next(iter(Store.derived)))


def count(store: Store) -> int:
    body = store.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", Formats(bindings="text/csv")).body
    return int(body.split()[1])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_what_was_built_is_kept(place: Path) -> None:
    with Store.open(place) as store:
        assert store.fingerprint() is None
        store.replace_built(BUILT, "one")
        version = store.version
        assert count(store) == 3
    with Store.open(place) as store:
        assert (store.fingerprint(), store.version, set(store.quads())) == ("one", version, set(BUILT))


def test_a_rebuild_keeps_what_was_written(place: Path) -> None:
    with Store.open(place) as store:
        store.replace_built((*BUILT, INFERRED), "one")
        store.update(
            "INSERT DATA { <http://e/n> <http://e/p> 9 GRAPH <http://e/g1> { <http://e/n> <http://e/p> 8 } }"
        )
        store.update("DELETE WHERE { GRAPH <http://e/g2> { <http://e/c> ?p ?o } }")
        store.update("CREATE GRAPH <http://e/empty>")
    with Store.open(place) as store:
        store.replace_built((*BUILT, quad("new", 3, "g2")), "two")
        expected = {BUILT[0], BUILT[1], quad("new", 3, "g2"), quad("n", 9), quad("n", 8, "g1")}
        assert set(store.quads()) == expected
        assert store.has_graph(node("empty"))
        assert store.written == {quad("n", 9), quad("n", 8, "g1")}
        assert store.removed == {BUILT[2]}
    with Store.open(place) as store:
        assert set(store.quads()) == expected


def test_taking_a_write_back_leaves_nothing_written(place: Path) -> None:
    with Store.open(place) as store:
        store.replace_built(BUILT, "one")
        for text in ("DELETE DATA", "INSERT DATA"):
            store.update(text + " { GRAPH <http://e/g1> { <http://e/a> <http://e/p> <http://e/b> } }")
        for text in ("INSERT DATA", "DELETE DATA"):
            store.update(text + " { <http://e/x> <http://e/p> 1 }")
        assert (store.written, store.removed) == (frozenset(), frozenset())


def test_the_default_graph_counts_a_triple_once(place: Path) -> None:
    with Store.open(place) as store:
        store.replace_built((quad("a", 5, "g1"), quad("a", 5, "g2"), quad("a", 5)), "one")
        for pattern in ("?s ?p ?o", "?s ?p ?o FILTER EXISTS { GRAPH ?g { ?s ?p ?o } }"):
            body = store.query(f"SELECT (SUM(?o) AS ?n) {{ {pattern} }}", Formats(bindings="text/csv")).body
            assert body == b"n\r\n5\r\n"
        both = "SELECT (SUM(?o) AS ?n) FROM <http://e/g1> FROM <http://e/g2> { ?s ?p ?o }"
        assert store.query(both, Formats(bindings="text/csv")).body == b"n\r\n5\r\n"
        store.update("DELETE DATA { GRAPH <http://e/g1> { <http://e/a> <http://e/p> 5 } }")
        assert count(store) == 1


def test_each_write_has_a_new_version_and_an_empty_one_none(place: Path) -> None:
    with Store.open(place) as store:
        versions = [store.version]
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        versions.append(store.version)
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        assert store.version == versions[1] != versions[0]
        store.replace_built(BUILT, "x")
        assert store.version not in versions


@pytest.mark.parametrize("cut", [1, 20, 90, 130])
def test_an_unfinished_record_is_set_aside(place: Path, cut: int) -> None:
    with Store.open(place) as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        whole = (place / "1" / "journal").stat().st_size
        store.update("INSERT DATA { <http://e/b> <http://e/p> 1 }")
    path = place / "1" / "journal"
    with path.open("r+b") as file:
        file.truncate(min(whole + cut, path.stat().st_size - 1))
    with Store.open(place) as store:
        assert set(store.quads()) == {quad("a", 1)}
        store.update("INSERT DATA { <http://e/c> <http://e/p> 1 }")
    with Store.open(place) as store:
        assert set(store.quads()) == {quad("a", 1), quad("c", 1)}


def test_damage_in_the_middle_of_the_journal_is_an_error(place: Path) -> None:
    with Store.open(place) as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        store.update("INSERT DATA { <http://e/b> <http://e/p> 1 }")
    path = place / "1" / "journal"
    path.write_bytes(path.read_bytes().replace(b"http://e/a", b"http://e/z"))
    with pytest.raises(StoreError, match="damaged") as caught:
        Store.open(place)
    assert "byte 0 of 1/journal" in (caught.value.found or "")


@pytest.mark.parametrize("name", ["base.nq", "written.nq", "removed.nq", "state.json", "journal"])
def test_a_missing_or_changed_file_is_an_error(place: Path, name: str) -> None:
    with Store.open(place) as store:
        store.replace_built(BUILT, "one")
    path = place / "2" / name
    if name != "journal":
        path.write_bytes(path.read_bytes() + b"\n?")
    else:
        path.unlink()
    with pytest.raises(StoreError) as caught:
        Store.open(place)
    assert "damaged" in caught.value.problem
    assert "restore" in (caught.value.hint or "")


def test_a_state_that_never_came_into_force_is_swept_away(place: Path) -> None:
    with Store.open(place) as store:
        store.replace_built(BUILT, "one")
    (place / "3").mkdir()
    (place / "3" / "base.nq").write_text("half a")
    with Store.open(place) as store:
        assert set(store.quads()) == set(BUILT)
    assert not (place / "3").exists()


def test_a_failed_build_leaves_the_old_state(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(place) as store:
        store.replace_built(BUILT, "one")

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(StoreError, match="old one stays"):
                store.replace_built((), "two")
        assert (store.fingerprint(), set(store.quads())) == ("one", set(BUILT))
        store.update("INSERT DATA { <http://e/n> <http://e/p> 1 }")
    with Store.open(place) as store:
        assert set(store.quads()) == {*BUILT, quad("n", 1)}


@pytest.mark.parametrize(("times", "told"), [(1, "nothing was changed"), (9, "nor what there is of it")])
def test_a_full_disk_refuses_the_write_and_keeps_the_state(
    place: Path, monkeypatch: pytest.MonkeyPatch, times: int, told: str
) -> None:
    with Store.open(place) as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        left = [times]

        def full(descriptor: int) -> None:
            left[0] -= 1
            if left[0] >= 0:
                raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(StoreError, match=told):
                store.update("INSERT DATA { <http://e/b> <http://e/p> 1 }")
        assert set(store.quads()) == {quad("a", 1)}
        store.update("INSERT DATA { <http://e/c> <http://e/p> 1 }")
    with Store.open(place) as store:
        assert set(store.quads()) == {quad("a", 1), quad("c", 1)}


def test_two_writers_are_refused_and_a_reader_is_not(place: Path) -> None:
    with Store.open(place) as store:
        store.update("INSERT DATA { <http://e/a> <http://e/p> 1 }")
        with pytest.raises(StoreError) as caught:
            Store.open(place)
        assert str(os.getpid()) in (caught.value.found or "")
        with Store.open(place, read_only=True) as reader:
            assert set(reader.quads()) == {quad("a", 1)}
            with pytest.raises(StoreError, match="reading only"):
                reader.update("CLEAR ALL")
    with Store.open(place):
        pass


def test_other_directories_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(StoreError, match="not a store") as caught:
        Store.open(tmp_path)
    assert caught.value.found == "notes.txt"
    assert (tmp_path / "notes.txt").read_text() == "mine"
    with pytest.raises(StoreError, match="no store"):
        Store.open(tmp_path / "none", read_only=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used"):
        Store.open(tmp_path / "file" / "below")


@pytest.mark.parametrize("text", ["ncpc-kg store 99\n", "", "\udcff"])
def test_another_version_is_refused(place: Path, text: str) -> None:
    Store.open(place).close()
    (place / "format").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(StoreError, match="another version") as caught:
        Store.open(place)
    assert "build a new store" in (caught.value.hint or "")


def test_backup_while_in_use_and_restore(place: Path, tmp_path: Path) -> None:
    with Store.open(place) as store:
        store.replace_built(BUILT, "one")
        store.update(
            "INSERT DATA { <http://e/n> <http://e/p> 1 } ; DELETE WHERE { GRAPH <http://e/g1> { ?s ?p ?o } }"
        )
        before = set(store.quads())
        with Store.open(place, read_only=True) as reader:
            backup(reader.directory, tmp_path / "backup")
        store.update("CLEAR ALL")
        with pytest.raises(StoreError, match="exists already"):
            backup(store.directory, tmp_path / "backup")
        version = store.version
    restore(tmp_path / "backup", place)
    with Store.open(place) as store:
        assert set(store.quads()) == before
        assert store.version != version
        store.replace_built(BUILT, "two")
        assert set(store.quads()) == before
    with Store.open(tmp_path / "backup") as copy:
        assert set(copy.quads()) == before


def test_compacting_changes_nothing_but_the_journal(place: Path) -> None:
    with Store.open(place) as store:
        store.replace_built((*BUILT, INFERRED), "one")
        more = ox.Quad(node("n"), node("inferred"), ox.Literal(2), INFERRED.graph_name)
        store.commit(Change(inserted=(quad("n", 1), more), created=(node("empty"),)))
        before, graphs = set(store.quads()), store.graphs()
        store.compact()
        assert (set(store.quads()), store.graphs()) == (before, graphs)
    assert (place / "3" / "journal").stat().st_size == 0
    with Store.open(place) as store:
        assert (set(store.quads()), store.graphs()) == (before, graphs)


def test_the_gate_sees_the_state_before_and_adds_to_the_change(place: Path) -> None:
    class Adding(Gate):
        def __call__(self, change: Change, store: Store) -> Change:
            if any(q.predicate == node("bad") for q in change.inserted):
                raise NotConforming("bad")
            assert not list(store.snapshot.named.quads_for_pattern(node("n"), None, None))
            return Change((*change.inserted, INFERRED), change.deleted, change.created, change.dropped)

    with Store.open(place, gate=Adding()) as store:
        with pytest.raises(NotConforming):
            store.update("INSERT DATA { <http://e/n> <http://e/bad> 1 }")
        assert len(store) == 0
        store.update("INSERT DATA { <http://e/n> <http://e/p> 1 }")
        assert set(store.quads()) == {quad("n", 1), INFERRED}
        assert store.written == {quad("n", 1)}


def test_blank_nodes_survive(place: Path) -> None:
    with Store.open(place) as store:
        store.update("INSERT DATA { _:b <http://e/p> [ <http://e/q> 1 ] }")
        before = set(store.quads())
        store.update("DELETE { ?b <http://e/p> ?c } WHERE { ?b <http://e/p> ?c }")
        after = set(store.quads())
        assert len(before - after) == 1
    with Store.open(place) as store:
        assert set(store.quads()) == after


def test_blank_nodes_of_the_built_part_keep_their_names(place: Path) -> None:
    built = (*BUILT, ox.Quad(ox.BlankNode("b-1"), node("p"), node("_:c")), quad("b", "d"))
    with Store.open(place) as store:
        store.replace_built(built, "one")
        assert set(store.quads()) == set(built)
        store.update("INSERT { ?b <http://e/q> 1 } WHERE { ?b <http://e/p> <http://e/_:c> }")
    with Store.open(place) as store:
        store.update("DELETE { ?b <http://e/p> ?c } WHERE { ?b <http://e/p> ?c ; <http://e/q> 1 }")
        after = set(store.quads())
    assert after == {*BUILT, quad("b", "d"), ox.Quad(ox.BlankNode("b-1"), node("q"), ox.Literal(1))}
    with Store.open(place) as store:
        assert set(store.quads()) == after


@pytest.mark.parametrize("space", ["http://e/ns#", "http://e/ns?", "http://e/ns?#", "ns#", "#", "ns/"])
def test_a_namespace_is_taken_whole_where_a_base_is_given(space: str, place: Path) -> None:
    base = DatasetClause(base="http://e/sparql")
    with Store.open(place) as store:
        store.update(f"PREFIX n: <{space}> INSERT DATA {{ <http://e/a> n:x n:y }}", base)
        asked = f"PREFIX n: <{space}> SELECT ?o {{ ?s n:x ?o FILTER(?o = n:y) }}"
        body = store.query(asked, Formats(bindings="text/csv"), base).body
    assert len(body.split()) == 2


def test_readers_see_the_state_before_or_after(place: Path) -> None:
    """Each write moves all three statements at once; no query may see a mixture."""
    wrong: list[bytes] = []
    with Store.open(place) as store:
        a = "<http://e/a> <http://e/p> %d"
        insert = f"INSERT DATA {{ GRAPH <http://e/g1> {{ {a} }} {a} }}"
        store.update(insert % (0, 1000))
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                body = store.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", Formats(bindings="text/csv")).body
                if body != b"n\r\n2\r\n":
                    wrong.append(body)

        reader = threading.Thread(target=read)
        reader.start()
        for number in range(1, 30):
            store.update("CLEAR ALL ; " + insert % (number, 1000 + number))
        done.set()
        reader.join()
    assert not wrong
