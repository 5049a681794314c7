from __future__ import annotations

import shutil
import time
from pathlib import Path
from threading import Thread

import pytest

pytest.importorskip("fsspec")

from styleshift.errors import LockedError, StyleshiftError, UsageError
from styleshift.progress import Reporter
from styleshift.remote import Store
from styleshift.remote.mirror import Mirror
from styleshift.remote.store import StoreError
from styleshift.remote.workspace import fetch_workspace, shared_workspace
from styleshift.system.hashing import FileStamp
from styleshift.workspace import workspace

QUIET = Reporter()


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr("styleshift.remote.store.WAITS", (0.0,))
    monkeypatch.setattr("styleshift.remote.lease.BEAT_SECONDS", 0.5)
    monkeypatch.setenv("STYLESHIFT_CACHE", str(tmp_path / "cache"))
    return Store(f"{request.param}://{tmp_path / 'store'}")


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("[!.]*")
        if path.is_file()
    }


def contents(store: Store) -> dict[str, bytes]:
    names = list(store.stamps())
    return dict(zip(names, store.read(names), strict=True))


def test_what_changed_there_comes_and_what_changed_here_goes(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("runs/a/run.json", b"1")
    store.write("runs/a/step.safetensors", b"22")
    store.write("models/m.onnx", b"333")
    mirror = Mirror(store, tmp_path / "here")
    mirror.fetch(["runs"], QUIET)
    assert files(mirror.folder) == {"runs/a/run.json": b"1", "runs/a/step.safetensors": b"22"}

    run = mirror.folder / "runs" / "a"
    (run / "step.safetensors").unlink()
    (run / "run.json").write_bytes(b"1, and more")
    (run / "lock").write_bytes(b"7")
    (run / ".begun").write_bytes(b"7")
    (mirror.folder / "models").mkdir()
    (mirror.folder / "models" / "new.onnx").write_bytes(b"not asked for")
    mirror.send(["runs"], QUIET)
    assert contents(store) == {"runs/a/run.json": b"1, and more", "models/m.onnx": b"333"}

    moved: list[str] = []
    monkeypatch.setattr(mirror, "_fetched", moved.append)
    monkeypatch.setattr(mirror, "_sent", moved.append)
    mirror.fetch(["runs"], QUIET)
    mirror.send(["runs"], QUIET)
    assert moved == []

    store.write("runs/a/run.json", b"of another machine")
    store.write("runs/b/run.json", b"new")
    other = Mirror(store, mirror.folder)
    other.fetch(["runs"], QUIET)
    assert (run / "run.json").read_bytes() == b"of another machine"
    store.remove(["runs/b/run.json"])
    other.fetch(["runs"], QUIET)
    assert not (mirror.folder / "runs" / "b" / "run.json").exists()


def test_what_a_killed_sender_left_is_sent_next_time(store: Store, tmp_path: Path) -> None:
    store.write("runs/a/log", b"1")
    Mirror(store, tmp_path).fetch(["runs"], QUIET)
    (tmp_path / "runs" / "a" / "log").write_bytes(b"1 2")
    (tmp_path / "runs" / "a" / "new").write_bytes(b"3")
    (tmp_path / ".synced.jsonl").open("ab").write(b'{"name": "ru')
    again = Mirror(store, tmp_path)
    again.fetch(["runs"], QUIET)
    again.send(["runs"], QUIET)
    assert contents(store) == {"runs/a/log": b"1 2", "runs/a/new": b"3"}


def test_no_line_of_a_log_is_lost_by_a_kill_between_its_sending_and_the_note_of_it(
    store: Store, tmp_path: Path
) -> None:
    store.write("runs/log", b"1\n")
    Mirror(store, tmp_path).fetch(["runs"], QUIET)
    store.write("runs/log", b"1\n2\n")
    (tmp_path / "runs" / "log").write_bytes(b"1\n2\n3\n")
    again = Mirror(store, tmp_path)
    again.fetch(["runs"], QUIET)
    assert (tmp_path / "runs" / "log").read_bytes() == b"1\n2\n3\n"
    again.send(["runs"], QUIET)
    assert contents(store) == {"runs/log": b"1\n2\n3\n"}


def test_names_that_lead_out_are_not_followed(store: Store, tmp_path: Path) -> None:
    store.write("other/secret", b"1")
    mirror = Mirror(Store(f"{store.address}/workspace"), tmp_path / "here")
    mirror.fetch(["runs/../../other"], QUIET)
    assert files(mirror.folder) == {}


def test_data_is_there_before_what_speaks_of_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = Mirror(store, tmp_path)
    mirror.fetch([], QUIET)
    domain = tmp_path / "spectrograms" / "piano"
    domain.mkdir(parents=True)
    for name in ("manifest.json", "a.npy", "b.npy"):
        (domain / name).write_bytes(b"x")
    order: list[str] = []
    write = Store.write
    monkeypatch.setattr(
        Store, "write", lambda self, name, data: (order.append(name), write(self, name, data))
    )
    mirror.send(["spectrograms"], QUIET)
    assert order[-1] == "spectrograms/piano/manifest.json"
    assert len(order) == 3


def test_a_workspace_in_a_store_gets_what_was_made_also_after_an_error(store: Store) -> None:
    with (  # noqa: PT012
        pytest.raises(ZeroDivisionError),
        shared_workspace(store.address, [], ["runs"], "run a", QUIET) as place,
    ):
        (place.runs / "a").mkdir(parents=True)
        (place.runs / "a" / "run.json").write_bytes(b"1")
        raise ZeroDivisionError
    assert contents(store) == {"runs/a/run.json": b"1"}
    store.write("models/m.onnx", b"2")
    assert (fetch_workspace(store.address, ["models"], QUIET).models / "m.onnx").read_bytes() == b"2"


def test_one_program_at_a_time_has_a_name(store: Store) -> None:
    with (
        shared_workspace(store.address, [], ["runs"], "run a", QUIET),
        shared_workspace(store.address, [], ["runs"], "run b", QUIET),
        pytest.raises(LockedError),
        shared_workspace(store.address, [], ["runs"], "run a", QUIET),
    ):
        pass


def test_now_and_then_what_is_made_is_sent_before_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styleshift.remote.workspace.SEND_EVERY_SECONDS", 0.01)
    with shared_workspace(store.address, [], ["runs"], "run a", QUIET, now_and_then=True) as place:
        place.runs.mkdir(parents=True)
        (place.runs / "log").write_bytes(b"1")
        tries = 0
        while not store.there("runs/log"):
            tries += 1
            assert tries < 1000
            time.sleep(0.02)


def test_a_store_that_takes_nothing_is_an_error_that_says_where_it_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise StoreError("runs/log", OSError("full"))

    with (  # noqa: PT012
        pytest.raises(StyleshiftError, match="does not take what was made") as caught,
        shared_workspace(store.address, [], ["runs"], "run a", QUIET) as place,
    ):
        place.runs.mkdir(parents=True)
        (place.runs / "log").write_bytes(b"1")
        monkeypatch.setattr(Mirror, "_sent", refuses)
    assert str(place.root) in caught.value.hint


def test_a_folder_is_itself(tmp_path: Path) -> None:
    assert fetch_workspace(tmp_path, ["runs"], QUIET).root == tmp_path
    with shared_workspace(str(tmp_path), [], ["runs"], "run a", QUIET) as place:
        assert place.root == tmp_path
    with pytest.raises(UsageError, match="is an address"):
        workspace("s3://bucket/workspace")


def test_who_slept_while_another_worked_and_ended_sends_nothing(store: Store) -> None:
    with (  # noqa: PT012
        pytest.raises(LockedError, match="took over"),
        shared_workspace(store.address, [], ["runs"], "run a", QUIET) as place,
    ):
        place.runs.mkdir(parents=True)
        (place.runs / "log").write_bytes(b"old")
        store.remove([name for name in store.stamps() if "/leases/" in name])
        store.write("runs/log", b"of the other")
    assert contents(store)["runs/log"] == b"of the other"


def test_a_copy_that_was_cleared_away_takes_nothing_with_it(store: Store, tmp_path: Path) -> None:
    store.write("runs/a/log", b"1")
    mirror = Mirror(store, tmp_path / "here")
    mirror.fetch(["runs"], QUIET)
    shutil.rmtree(mirror.folder / "runs")
    mirror.send(["runs"], QUIET)
    assert contents(store) == {"runs/a/log": b"1"}


def test_nothing_is_fetched_while_what_is_here_is_sent(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("runs/log", b"1")
    mirror = Mirror(store, tmp_path)
    mirror.fetch(["runs"], QUIET)
    (tmp_path / "runs" / "log").write_bytes(b"1 2")
    fetching = Thread(target=Mirror(store, tmp_path).fetch, args=(["runs"], QUIET))
    stamp = Store.stamp

    def written_on(self: Store, name: str) -> FileStamp:
        if not fetching.ident:
            (tmp_path / "runs" / "log").write_bytes(b"1 2 3")
            fetching.start()
            fetching.join(0.3)
        return stamp(self, name)

    monkeypatch.setattr(Store, "stamp", written_on)
    mirror.send(["runs"], QUIET)
    fetching.join()
    assert (tmp_path / "runs" / "log").read_bytes() == b"1 2 3"
