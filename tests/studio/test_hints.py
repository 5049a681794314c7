"""Whoever is told that something cannot be is told what to try, whichever part of the studio says it.

Of styleshift.studio.web and the modules behind its routes.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from styleshift.errors import UsageError
from styleshift.studio.folders import address
from styleshift.studio.listening import COLUMNS, save_answers
from styleshift.studio.web import Studio


def _error(answer: Any) -> tuple[str, str]:
    assert answer.status_code in (400, 403, 404, 413)
    error = answer.json()["error"]
    return error["message"], error["hint"]


@pytest.mark.parametrize(
    ("path", "words", "hint"),
    [
        ("/api/browse?at=%2Fetc", "no folder that was named", "name it, or a folder above it, first"),
        ("/api/browse?at={music}%2Fgone", "is not there", "it was moved or deleted: reload the page"),
        ("/api/browse", "the address has no", "reload the page"),
        ("/media?at={music}%2Fnotes.txt", "is no recording", "choose an audio file"),
        ("/api/player", "not 0", "choose one"),
        ("/api/player?" + "at={music}%2Fone.wav&" * 99, "not 99", "choose fewer"),
        ("/api/styles/none", "there is no style", "reload the page"),
        ("/api/runs/none", "there is no run", "reload the page"),
        ("/api/jobs/none", "there is no job", "reload the page"),
        ("/api/tests/none", "there are no answers", "reload the page"),
    ],
)
def test_what_is_not_there(client: TestClient, music: Path, path: str, words: str, hint: str) -> None:
    (music / "notes.txt").write_text("none")
    message, told = _error(client.get(path.replace("{music}", address(music))))
    assert words in message
    assert told == hint


@pytest.mark.parametrize(
    ("path", "content", "hint"),
    [
        ("/api/tests", b"{}", "answer before you keep them"),
        ("/api/tests", b"[]", "send an object, with the content type application/json"),
        ("/api/tests", b"no", "send an object, with the content type application/json"),
        ("/api/tests", b'"' + b"x" * (5 << 20) + b'"', "send less at once"),
    ],
)
def test_a_request_that_is_not_taken(client: TestClient, path: str, content: bytes, hint: str) -> None:
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert _error(answer)[1] == hint


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/api/models/a.txt", "send a file that ends in .onnx"),
        ("/api/songs/a.txt", "save the recording as WAV or FLAC, and send that"),
    ],
)
def test_a_file_that_is_not_taken(client: TestClient, path: str, hint: str) -> None:
    assert _error(client.put(path, content=b"x"))[1] == hint


def test_a_folder_without_recordings(client: TestClient, music: Path) -> None:
    (music / "empty").mkdir()
    values = {"path": str(music / "empty")}
    message, hint = _error(client.post("/api/styles/violin/folders", json=values))
    assert "there are no recordings" in message
    assert hint == "choose a folder with audio files"


def test_a_folder_that_cannot_be_listed(
    client: TestClient, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)  # root may list every folder
        message, hint = _error(client.get(f"/api/browse?at={address(music)}"))
    assert message == f"{music} cannot be listed: Permission denied"
    assert hint == "let yourself read it, or choose another folder"


def test_where_nothing_can_be_written(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    (file := tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError) as caught:
        save_answers(file, "abx", [dict.fromkeys(COLUMNS["abx"], "1")])
    assert caught.value.hint == "make space, or let yourself write there, then keep them again"
    songs = studio.place.root / "studio" / "songs"
    songs.parent.mkdir(parents=True, exist_ok=True)
    songs.write_bytes(b"")
    _, hint = _error(client.put("/api/songs/a.wav", content=b"x"))
    assert hint == f"make space, or let yourself write to {songs}"
