"""Files that are sent: bounded, and there only when they are whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from starlette.testclient import TestClient

from styleshift.errors import UsageError
from styleshift.studio import uploads
from styleshift.studio.uploads import MOST_BYTES, TooLargeError, checked_name, receive
from styleshift.studio.web import Studio

KINDS = frozenset({".wav"})


def send(target: Path, parts: list[bytes], length: str | None, most: int = 100) -> None:
    async def body() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    async def run() -> None:
        await receive(body(), length, target, most=most)

    anyio.run(run)


def test_a_file_is_there_when_it_is_whole(client: TestClient, studio: Studio) -> None:
    assert client.put("/api/styles/new%20one/files/a.wav", content=b"1234").status_code == 201
    assert (studio.styles.audio / "new one" / "a.wav").read_bytes() == b"1234"


def test_two_gigabytes_are_refused_before_they_are_sent(client: TestClient, studio: Studio) -> None:
    answer = client.put("/api/songs/a.wav", content=b"x", headers={"Content-Length": str(2 << 30)})
    assert answer.status_code == 413
    assert "at most 1074 MB" in answer.json()["error"]["message"]
    assert MOST_BYTES < 2 << 30
    assert not list(studio.place.root.rglob("*.wav"))


@pytest.mark.parametrize(
    ("parts", "length"),
    [
        ([b"123"], "10"),  # it ends before its end
        ([b"123456", b"7890abc"], "10"),  # it is longer than it says
        ([b"123"], None),
        ([b"123"], "-3"),
        ([b"123"], "many"),
    ],
)
def test_what_does_not_come_whole_leaves_nothing(
    tmp_path: Path, parts: list[bytes], length: str | None
) -> None:
    with pytest.raises(UsageError):
        send(tmp_path / "to" / "a.wav", parts, length)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"old")
    with pytest.raises(UsageError):
        send(tmp_path / "a.wav", [b"1"], "2")
    assert (tmp_path / "a.wav").read_bytes() == b"old"
    send(tmp_path / "a.wav", [b"1", b"2"], "2")
    assert (tmp_path / "a.wav").read_bytes() == b"12"


def test_a_folder_takes_so_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    for name in "ab":
        send(tmp_path / name, [b"1"], "1")
    with pytest.raises(TooLargeError, match="2 files"):
        send(tmp_path / "c", [b"1"], "1")
    send(tmp_path / "a", [b"2"], "1")  # in the place of one that is there


def test_a_disk_that_is_nearly_full_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_FREE_BYTES", 1 << 60)
    with pytest.raises(TooLargeError, match="no room"):
        send(tmp_path / "a", [b"1"], "1")


@pytest.mark.parametrize(
    "name",
    ["", ".wav", "../a.wav", "a/b.wav", "a\\b.wav", "a\0.wav", "a\n.wav", "a.exe", "a", "x" * 300 + ".wav"],
)
def test_names_stay_in_their_folder(name: str) -> None:
    with pytest.raises(UsageError):
        checked_name(name, KINDS)


def test_a_name_in_any_language_is_a_name() -> None:
    assert checked_name("Größe – 天.WAV", KINDS) == "Größe – 天.WAV"


@pytest.mark.parametrize("style", ["..", ".", ".hidden", "a%2Fb", "%00", "%0A"])
def test_a_style_is_no_path(client: TestClient, style: str) -> None:
    assert client.put(f"/api/styles/{style}/files/a.wav", content=b"1").status_code in (400, 404, 405)


def test_a_model_that_is_none_is_refused_and_not_kept(client: TestClient, studio: Studio) -> None:
    answer = client.put("/api/models/evil.onnx", content=b"not a model")
    assert answer.status_code == 400
    assert not list(studio.place.root.rglob("*.onnx"))
