"""Files to a store and back, whole or not at all, and no secret in what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fsspec")

from styleshift.errors import LockedError, StyleshiftError, UsageError
from styleshift.remote import Store, is_remote
from styleshift.remote.address import checked_address, without_secrets
from styleshift.remote.fetched import fetch_into
from styleshift.remote.lease import Lease
from styleshift.remote.store import StoreError, _stamp
from styleshift.system.scratch import Scratch


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("styleshift.remote.store.WAITS", (0.0, 0.0))
    # A holder whose thread does not run for three of these is taken for dead; tests share processors.
    monkeypatch.setattr("styleshift.remote.lease.BEAT_SECONDS", 0.5)


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(f"{request.param}://{tmp_path / 'store'}")


def test_what_is_an_address() -> None:
    assert is_remote("s3://bucket/music")
    assert not is_remote("music")
    assert not is_remote(Path("s3://bucket/music"))


def test_what_a_missing_package_comes_with(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(address: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(StyleshiftError, match="Install s3fs") as caught:
        Store("s3://bucket/music")
    assert caught.value.hint == 'pip install "styleshift[remote]"'


def test_a_version_is_enough_whatever_time_a_listing_gives() -> None:
    named = {"size": 3, "ETag": "abc", "LastModified": "2026-01-01T00:00:00.123+00:00"}
    assert _stamp(named) == _stamp(named | {"LastModified": "2026-01-01T00:00:00+00:00"})
    assert _stamp(named) != _stamp(named | {"ETag": "abd"})
    assert _stamp({"size": 3, "mtime": 1.3e10}).mtime_ns < 1 << 63, "a table holds no more"


def test_there_and_back(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"music")
    store.send(tmp_path / "a", "album/a.flac")
    assert store.there("album/a.flac")
    assert not store.there("album/b.flac")
    stamps = store.stamps()
    assert list(stamps) == ["album/a.flac"]
    assert store.fetch("album/a.flac", tmp_path / "b", lambda: None) == stamps["album/a.flac"]
    assert (tmp_path / "b").read_bytes() == b"music"
    store.write("album/a.flac", b"other music")
    assert store.stamp("album/a.flac") != stamps["album/a.flac"]
    store.remove(["album/a.flac", "album/a.flac"])
    assert store.stamps() == {}


def test_a_recording_waits_until_there_is_room_for_it(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styleshift.remote.fetched._POLL_SECONDS", 0.0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store.write("a", b"music")
    with Scratch() as other, Scratch() as scratch:
        assert other.reserve(2 << 30, 2 << 30)
        waited = []

        def report() -> None:
            waited.append(True)
            if len(waited) == 5:
                other.close()

        fetch_into(scratch, scratch.path / "a", store.address, "a", report)
        assert len(waited) >= 5
        assert (scratch.path / "a").read_bytes() == b"music"


def test_an_address_that_cannot_be_listed_is_a_persons_to_mend(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(store._files, "find", refuses)
    with pytest.raises(UsageError, match="cannot be listed: listing it: no") as caught:
        store.listed()
    assert "credentials" in caught.value.hint


def test_half_a_file_is_fetched_again_and_then_given_up(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("a", b"music")
    tries = []

    def cut(path: str, local: str, **_: object) -> None:
        tries.append(path)
        Path(local).write_bytes(b"mu")

    monkeypatch.setattr(store._files, "get_file", cut)
    with pytest.raises(StoreError, match="2 of 5 bytes came"):
        store.fetch("a", tmp_path / "a", lambda: None)
    assert len(tries) == 3


def test_a_failed_upload_leaves_what_was_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write("album/a", b"old")
    (tmp_path / "new").write_bytes(b"new music")

    def fails(*_: object, **__: object) -> None:
        raise ConnectionResetError("reset")

    monkeypatch.setattr(store._files, "put_file", fails)
    with pytest.raises(StoreError, match="reset"):
        store.send(tmp_path / "new", "album/a")
    assert list(store.stamps()) == ["album/a"]
    assert store.read(["album/a"]) == [b"old"]


def test_a_password_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (
        "sftp://me:hush@host/music",
        "https://hush@host/a",
        "https://host/a?X-Amz-Signature=hush",
    ):
        with pytest.raises(UsageError) as caught:
            Store(address)
        assert "hush" not in str(caught.value)
    assert checked_address("s3://bucket/what? a=b/") == "s3://bucket/what? a=b"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    said = str(StoreError("a", ValueError("hush-hush was wrong at https://me:x@host/a?X-Amz-Signature=abc")))
    assert "hush" not in said
    assert "abc" not in said
    assert "me:x" not in said
    assert without_secrets("song? no") == "song? no"


def test_a_lease_turns_others_away_until_its_holder_is_dead(store: Store) -> None:
    with Lease(store, "leases") as held:
        with pytest.raises(LockedError), Lease(store, "leases"):
            pass
        with pytest.raises(LockedError), Lease(store, "leases", "1of2"):
            pass
        assert not held.lost
    with Lease(store, "leases", "1of2"), Lease(store, "leases", "2of2"):
        pass
    assert store.stamps() == {}
    store.write("leases/all.of-a-run-that-was-killed", b"0")
    with Lease(store, "leases") as held:
        assert "leases/all.of-a-run-that-was-killed" not in store.stamps()
        assert held.others() == {}


def test_a_lease_that_is_being_written_anew_is_not_another_run(store: Store) -> None:
    with Lease(store, "leases") as held:
        (own,) = Store(f"{store.address}/leases").stamps()
        store.write(f"leases/.styleshift-0123456789abcdef-{own}", b"half")
        assert held.others() == {}
        store.write("leases/.styleshift-0123456789abcdef-all.of-another", b"half")
        assert len(held.others()) == 1


def test_a_holder_that_others_gave_up_knows_it(store: Store) -> None:
    with Lease(store, "leases") as held:
        store.remove(f"leases/{name}" for name in Store(f"{store.address}/leases").stamps())
        held._thread.join(60)
        assert held.lost
