"""Every step of every change fails once, or is the last before a crash: the state is old or new."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ncpc_kg.errors import StoreError
from ncpc_kg.store import Store, backup, files, restore, state
from tests.store.test_store import BUILT, INFERRED, node, quad

OLD = {*BUILT, INFERRED, quad("n", 1), quad("n", 2, "g1")}
CALLS = ("fsync", "replace", "rename", "ftruncate", "mkdir", "open", "unlink", "rmdir")
Step = Callable[[Store], None]


def make(place: Path) -> None:
    """A store with a built part, a patch and a journal; beside it an entry that waits."""
    with Store.open(place) as store:
        store.replace_built((*BUILT, INFERRED), "old")
        store.update(
            "INSERT DATA { <http://e/n> <http://e/p> 1 GRAPH <http://e/g1> { <http://e/n> <http://e/p> 2 } }"
        )
    (place / "entries").mkdir()
    (place / "entries" / "one.json").write_text("{}")


@contextmanager
def failing(patch: pytest.MonkeyPatch, at: int, fail: Callable[[], None]) -> Iterator[list[int]]:
    """Let the call number `at` of all that the store asks of the system fail; gives the count."""
    count = [0]

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def run(*arguments: object, **named: object) -> object:
            count[0] += 1
            if count[0] == at:
                fail()
            return call(*arguments, **named)

        return run

    with patch.context() as inside:
        for name in CALLS:
            inside.setattr(os, name, counted(getattr(os, name)))
        for module, name in ((state, "serialize"), (shutil, "copyfile")):
            inside.setattr(module, name, counted(getattr(module, name)))
        yield count


def disk_full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def write(store: Store) -> None:
    store.update("DELETE WHERE { GRAPH <http://e/g2> { ?s ?p ?o } }")


def rebuild(store: Store) -> None:
    store.replace_built((quad("new", 1, "g1"),), "new")


def compact(store: Store) -> None:
    store.compact()


AFTER = {
    write: OLD - {BUILT[1], BUILT[2]},
    rebuild: {quad("new", 1, "g1"), quad("n", 1), quad("n", 2, "g1")},
    compact: OLD,
}


def calls(patch: pytest.MonkeyPatch, work: Callable[[], object]) -> int:
    """How many calls some work makes."""
    with failing(patch, 0, disk_full) as count:
        work()
    return count[0]


def crash(patch: pytest.MonkeyPatch, at: int, work: Callable[[], object]) -> bool:
    """Do some work in a process that ends at its call number `at`; tells whether it came so far."""
    pid = os.fork()
    if pid == 0:
        try:
            with failing(patch, at, lambda: os._exit(7)):
                work()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


@pytest.mark.parametrize("step", [write, rebuild, compact])
def test_a_call_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    """Nothing is half there, and the store takes a write and keeps it, or says that it takes none."""
    later = quad("later", 1)
    make(tmp_path / "counted")
    with Store.open(tmp_path / "counted") as store:
        number = calls(monkeypatch, lambda: step(store))
    stuck = 0
    for at in range(1, number + 1):
        place, done, taken = tmp_path / str(at), True, True
        make(place)
        with Store.open(place) as store:
            try:
                with failing(monkeypatch, at, disk_full):
                    step(store)
            except StoreError:
                done = False
            seen = set(store.quads())
            assert seen == (AFTER[step] if done else OLD), f"call {at} of {number}"
            try:
                store.update("INSERT DATA { <http://e/later> <http://e/p> 1 }")
            except StoreError:
                taken, stuck = False, stuck + 1
        with Store.open(place) as store:
            found = set(store.quads())
        if taken:
            assert found == {*seen, later}, f"call {at} of {number}"
        else:
            assert found in (OLD, AFTER[step]), f"call {at} of {number}"
        assert not list(place.rglob("*.new"))
        assert sum(one.name.isdecimal() for one in place.iterdir()) == 1
    assert stuck == (0 if step is write else 2), "the disk failed as or after the new name was put there"


@pytest.mark.parametrize("step", [write, rebuild, compact])
def test_a_crash_at_every_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: Step) -> None:
    make(tmp_path / "counted")
    with Store.open(tmp_path / "counted") as store:
        number = calls(monkeypatch, lambda: step(store))
    for at in range(1, number + 1):
        place = tmp_path / str(at)
        make(place)
        assert crash(monkeypatch, at + calls_to_open(monkeypatch, place), lambda p=place: opened(p, step))
        with Store.open(place) as store:
            found = set(store.quads())
            assert found in (OLD, AFTER[step]), f"call {at} of {number}"
            store.update("INSERT DATA { <http://e/after> <http://e/p> 1 }")
        with Store.open(place) as store:
            assert set(store.quads()) == {*found, quad("after", 1)}
        assert sum(one.name.isdecimal() for one in place.iterdir()) == 1


def opened(place: Path, step: Step) -> None:
    with Store.open(place) as store:
        step(store)


def calls_to_open(patch: pytest.MonkeyPatch, place: Path) -> int:
    """How many calls opening a store makes."""
    return calls(patch, lambda: Store.open(place).close())


def test_a_crash_while_a_store_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = calls(monkeypatch, lambda: Store.open(tmp_path / "counted" / "store").close())
    for at in range(1, number + 1):
        place = tmp_path / str(at) / "store"
        assert crash(monkeypatch, at, lambda p=place: Store.open(p))
        with Store.open(place) as store:
            assert len(store) == 0, f"call {at} of {number}"


@pytest.mark.parametrize("killed", [False, True])
def test_a_backup_is_whole_or_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    place = tmp_path / "store"
    make(place)
    number = calls(monkeypatch, lambda: backup(place, tmp_path / "copies 0" / "monday"))
    whole = 0
    for at in range(1, number + 1):
        target = tmp_path / f"copies {at}" / "monday"
        if killed:
            assert crash(monkeypatch, at, lambda t=target: backup(place, t))
        else:
            with pytest.raises(StoreError), failing(monkeypatch, at, disk_full):
                backup(place, target)
            assert not list(target.parent.glob("*.part")), f"call {at} of {number}"
        if target.exists():
            whole += 1
            with Store.open(target, read_only=True) as found:
                assert set(found.quads()) == OLD
            assert (target / "entries" / "one.json").read_text() == "{}"
    assert whole < number // 4


@pytest.mark.parametrize("killed", [False, True])
def test_a_restore_that_fails_leaves_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    source, mine = tmp_path / "source", quad("mine", 1)
    make(source)
    Store.open(tmp_path / "counted").close()
    number = calls(monkeypatch, lambda: restore(source, tmp_path / "counted"))
    for at in range(1, number + 1):
        place = tmp_path / str(at)
        with Store.open(place) as store:
            store.update("INSERT DATA { <http://e/mine> <http://e/p> 1 }")
        if killed:
            assert crash(monkeypatch, at, lambda p=place: restore(source, p))
            expected = [OLD, {mine}]
        else:
            try:
                with failing(monkeypatch, at, disk_full):
                    restore(source, place)
                expected = [OLD]
            except StoreError as error:
                expected = [OLD if "just as the new state came into force" in error.problem else {mine}]
        with Store.open(place) as store:
            assert set(store.quads()) in expected, f"call {at} of {number}"
        assert sum(one.name.isdecimal() for one in place.iterdir()) == 1


def test_nothing_comes_into_force_before_it_and_its_names_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a file system may lose in a power cut is what nobody waited for."""
    place = tmp_path / "deep" / "store"
    synced: set[str] = set()
    fsync, replace, mkdir = os.fsync, os.replace, os.mkdir

    def made(path: Path, mode: int = 0o777) -> None:
        mkdir(path, mode)
        synced.discard(str(path.parent))

    def waited(descriptor: int) -> None:
        synced.add(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def swapped(old: str | Path, new: str | Path) -> None:
        if Path(new).name == "current":
            number = Path(old).read_text().strip()
            state = place / number
            needed = {str(path) for path in (*state.iterdir(), state, place / "current", place, place.parent)}
            assert not needed - {path.removesuffix(".new") for path in synced}
            synced.discard(str(place))
        replace(old, new)

    monkeypatch.setattr(os, "fsync", waited)
    monkeypatch.setattr(os, "mkdir", made)
    monkeypatch.setattr(os, "replace", swapped)
    with Store.open(place) as store:
        store.replace_built(BUILT, "one")
        assert str(place) in synced, "the swap itself was waited for"
        store.update("INSERT DATA { <http://e/n> <http://e/p> 1 }")
        assert str(place / "2" / "journal") in synced


def test_a_file_system_that_cannot_wait_for_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def unable(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", unable)
    with Store.open(tmp_path / "store") as store:
        store.update("INSERT DATA { <http://e/n> <http://e/p> 1 }")
        assert set(store.quads()) == {quad("n", 1)}


def test_a_store_opens_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "store")

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with Store.open(tmp_path / "store") as store:
        assert set(store.quads()) == OLD


def test_states_without_one_in_force_are_not_taken_for_a_new_store(tmp_path: Path) -> None:
    make(tmp_path / "store")
    (tmp_path / "store" / "current").unlink()
    for read_only in (False, True):
        with pytest.raises(StoreError, match="damaged"):
            Store.open(tmp_path / "store", read_only=read_only)
    assert (tmp_path / "store" / "2" / "journal").stat().st_size


def test_a_journal_that_lacks_a_record_is_an_error(tmp_path: Path) -> None:
    make(tmp_path / "store")
    path = tmp_path / "store" / "2" / "journal"
    first = path.read_bytes()
    with Store.open(tmp_path / "store") as store:
        store.update("CLEAR ALL")
    path.write_bytes(path.read_bytes()[len(first) :])
    with pytest.raises(StoreError, match="damaged") as caught:
        Store.open(tmp_path / "store")
    assert "is write 3 instead of 2" in (caught.value.found or "")


def test_a_closed_store_takes_no_write(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    store.close()
    with pytest.raises(StoreError, match="takes no writes"):
        store.update("INSERT DATA { <http://e/n> <http://e/p> 1 }")
    assert len(store) == 0


@pytest.mark.parametrize("reading", ["store", "backup"])
def test_a_state_that_goes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading: str
) -> None:
    """A service compacts, and so removes the state, between two files that somebody else reads."""
    make(tmp_path / "store")
    read_state = files.StoreFiles.read_state
    with Store.open(tmp_path / "store") as service:

        def slow(self: files.StoreFiles, path: Path) -> files.State:
            found = read_state(self, path)
            if path.name == "2":
                service.compact()
            return found

        monkeypatch.setattr(files.StoreFiles, "read_state", slow)
        if reading == "store":
            reader = Store.open(tmp_path / "store", read_only=True)
        else:
            backup(tmp_path / "store", tmp_path / "copy")
            reader = Store.open(tmp_path / "copy", read_only=True)
        assert set(reader.quads()) == OLD
        assert reader.fingerprint() == "old"


def test_a_damaged_store_can_be_restored(tmp_path: Path) -> None:
    place = tmp_path / "store"
    make(place)
    backup(place, tmp_path / "copy")
    for name in ("base.nq", "journal", "state.json"):
        state = next(one for one in place.iterdir() if one.name.isdecimal())
        (state / name).unlink()
        with pytest.raises(StoreError, match="damaged") as caught:
            Store.open(place)
        assert "restore a backup" in (caught.value.hint or "")
        restore(tmp_path / "copy", place)
        with Store.open(place) as store:
            assert set(store.quads()) == OLD
            assert store.has_graph(node("g2"))


def test_a_damaged_backup_is_refused_and_the_store_stays(tmp_path: Path) -> None:
    place = tmp_path / "store"
    make(place)
    backup(place, tmp_path / "copy")
    with (tmp_path / "copy" / "2" / "base.nq").open("ab") as file:
        file.write(b"#\n")
    for work in (restore, backup):
        with pytest.raises(StoreError, match="damaged"):
            work(tmp_path / "copy", place if work is restore else tmp_path / "second")
    assert not (tmp_path / "second").exists()
    with Store.open(place) as store:
        assert set(store.quads()) == OLD


def test_entries_that_wait_are_backed_up_and_come_back(tmp_path: Path) -> None:
    place, waiting = tmp_path / "store", tmp_path / "store" / "entries"
    make(place)
    (waiting / "half.json.new").write_text("{")
    backup(place, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy" / "entries").iterdir()] == ["one.json"]
    (waiting / "one.json").unlink()
    (waiting / "two.json").write_text('{"since": 1}')
    restore(tmp_path / "copy", place)
    assert (waiting / "one.json").read_text() == "{}"
    assert (waiting / "two.json").read_text() == '{"since": 1}'
