"""What the page can reach of the disk: the workspace and the folders that were named, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import pytest
import soundfile
from starlette.testclient import TestClient

from styleshift.errors import NothingToDoError, UsageError
from styleshift.studio.folders import Folders, ForbiddenError, address, from_query
from styleshift.studio.guard import token_of
from styleshift.studio.web import Studio


def test_a_recording_in_a_named_folder_is_heard(client: TestClient, music: Path) -> None:
    answer = client.get(f"/media?at={address(music / 'one.wav')}")
    assert answer.status_code == 200
    assert answer.content == (music / "one.wav").read_bytes()


@pytest.mark.parametrize("way", ["..", "link", "outside", "null byte", "relative"])
@pytest.mark.parametrize("route", ["media", "download", "picture", "api/player", "api/browse"])
def test_nothing_outside_is_reached(
    client: TestClient, music: Path, tmp_path: Path, way: str, route: str
) -> None:
    outside = tmp_path / "private"
    outside.mkdir()
    (outside / "diary.wav").write_bytes((music / "one.wav").read_bytes())
    (music / "link").symlink_to(outside)
    at = {
        "..": address(music / ".." / "private" / "diary.wav"),
        "link": address(music / "link" / "diary.wav"),
        "outside": address(outside / "diary.wav"),
        "null byte": address(music) + "%00/diary.wav",
        "relative": quote("../private/diary.wav", safe=""),
    }[way]
    answer = client.get(f"/{route}?at={at}")
    assert answer.status_code == 403, answer.text
    assert "in no folder that was named" in answer.json()["error"]["message"]


def test_only_recordings_are_given_out(client: TestClient, music: Path, studio: Studio) -> None:
    (music / "letter.txt").write_text("private")
    (music / "folder.wav").mkdir()
    for name in ("letter.txt", "folder.wav"):
        assert client.get(f"/media?at={address(music / name)}").status_code == 403
    token_of(studio.place.root / "studio")
    assert client.get(f"/media?at={address(studio.place.root / 'studio' / 'token')}").status_code == 403


def test_the_page_names_a_folder(client: TestClient, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert client.get(f"/api/browse?at={address(other)}").status_code == 403
    assert client.post("/api/folders", json={"path": str(other)}).status_code == 201
    assert client.get(f"/api/browse?at={address(other)}").status_code == 200


@pytest.mark.parametrize("text", ["/", "", "music", "/nowhere", "/tmp\0", "/etc/../"])
def test_what_is_no_folder_of_music_is_not_named(client: TestClient, text: str) -> None:
    answer = client.post("/api/folders", json={"path": text})
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["message"]


def test_a_studio_that_others_reach_takes_no_folder_from_a_page(tmp_path: Path) -> None:
    fixed, other = tmp_path / "fixed", tmp_path / "other"
    fixed.mkdir(), other.mkdir()
    written = tmp_path / "folders.json"
    Folders(written, [fixed]).add(str(other))
    folders = Folders(written, [fixed], open=False)
    assert not folders.holds(other), "nor one that an earlier page named"
    with pytest.raises(ForbiddenError, match="other machines"):
        folders.add(str(other))
    assert folders.add(str(fixed)) == fixed


def test_what_was_named_stays_named_and_a_spoilt_list_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    Folders(tmp_path / "list", []).add(str(folder))
    assert Folders(tmp_path / "list", []).holds(folder)
    (tmp_path / "list").write_text("{")
    assert not Folders(tmp_path / "list", []).holds(folder)


def test_names_that_are_no_utf8_come_back_as_they_were(client: TestClient, music: Path) -> None:
    name = os.fsdecode(b"caf\xe9 & 100%.wav")
    soundfile.write((music / name).open("wb"), [0.1] * 4000, 8000, format="WAV")
    listed = client.get(f"/api/browse?at={address(music)}").json()["recordings"]
    (found,) = [each for each in listed if each["name"].startswith("caf")]
    assert client.get(f"/media?at={found['at']}").content == (music / name).read_bytes()
    assert from_query(f"x=1&at={found['at']}".encode(), "at") == music / name
    with pytest.raises(UsageError):
        from_query(b"x=1", "at")


def test_a_file_that_has_gone_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError):
        Folders(tmp_path / "list", [tmp_path]).inside(tmp_path / "gone.wav")
