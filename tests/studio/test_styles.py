"""Collections: those that a command has read, and those that the studio makes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from starlette.testclient import TestClient

from styleshift.corpus import precompute
from styleshift.errors import NothingToDoError, UsageError
from styleshift.frontend import SpectrogramConfig
from styleshift.studio.serve import make_studio
from styleshift.studio.web import Studio
from styleshift.workspace import Workspace

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=256, hop_length=128, fft_length=256)


def put(path: Path, value: float = 0.1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).uniform(-value, value, 16000) if value else np.zeros(16000)
    soundfile.write(path, noise, 8000)


def read(folder: Path, studio: Studio) -> None:
    precompute(folder, studio.place, CONFIG, jobs=1)


def test_what_a_command_has_read_is_shown_and_heard_where_its_folder_is_named(tmp_path: Path) -> None:
    put(tmp_path / "audio" / "violin" / "a.wav")
    put(tmp_path / "audio" / "violin" / "silent.wav", 0.0)
    unknown = make_studio(Workspace(tmp_path / "ws"))
    read(tmp_path / "audio", unknown)
    named = make_studio(Workspace(tmp_path / "ws"), [tmp_path / "audio"])
    for studio, here in ((unknown, False), (named, True)):
        (style,) = studio.styles.all()
        assert (style["name"], style["tracks"], style["left_out"], style["here"]) == ("violin", 1, 1, here)
        assert style["minutes"] == pytest.approx(2 / 60)
        first, second = studio.styles.recordings("violin")
        assert bool(first["at"]) is here
        assert (second["status"], second["reason"]) == ("left out", "silent")
        assert second["message"]


def test_files_and_folders_make_a_style_that_precompute_reads(studio: Studio, music: Path) -> None:
    put(studio.styles.own_folder("mine") / "sent.wav")
    studio.styles.add_folder("mine", music.resolve())
    studio.styles.add_folder("mine", music.resolve())  # the same one twice is once
    assert [row["status"] for row in studio.styles.recordings("mine")] == ["new"] * 3
    read(studio.styles.audio, studio)
    rows = studio.styles.recordings("mine")
    assert [(row["name"], row["status"]) for row in rows] == [
        ("music/more/two.flac", "ready"),
        ("music/one.wav", "ready"),
        ("sent.wav", "ready"),
    ]


def test_adding_to_what_a_command_has_read_keeps_it_and_writes_nothing_there(tmp_path: Path) -> None:
    put(tmp_path / "audio" / "violin" / "a.wav")
    studio = make_studio(Workspace(tmp_path / "ws"), [tmp_path / "audio"])
    read(tmp_path / "audio", studio)
    put(studio.styles.own_folder("violin") / "b.wav", 0.2)
    read(studio.styles.audio, studio)
    (style,) = studio.styles.all()
    assert style["tracks"] == 2
    assert [path.name for path in (tmp_path / "audio" / "violin").iterdir()] == ["a.wav"]


def test_what_lies_elsewhere_is_not_replaced(tmp_path: Path) -> None:
    """Reading a style from an empty folder would throw away what is stored of it."""
    put(tmp_path / "audio" / "violin" / "a.wav")
    studio = make_studio(Workspace(tmp_path / "ws"))
    read(tmp_path / "audio", studio)
    with pytest.raises(UsageError, match="was not named here"):
        studio.styles.own_folder("violin")
    with pytest.raises(NothingToDoError, match="no folder that was named"):
        studio.styles.ready_to_prepare(["violin"])
    assert not studio.styles.audio.exists()


def test_reading_again_what_a_command_has_read_needs_only_a_link(tmp_path: Path) -> None:
    put(tmp_path / "audio" / "violin" / "a.wav")
    studio = make_studio(Workspace(tmp_path / "ws"), [tmp_path / "audio"])
    read(tmp_path / "audio", studio)
    studio.styles.ready_to_prepare(["violin"])
    result = precompute(studio.styles.audio, studio.place, CONFIG, jobs=1)
    assert [(each.kept, each.added, each.removed) for each in result.domains] == [(1, 0, 0)]


def test_a_recording_that_went_away_is_gone(studio: Studio) -> None:
    put(studio.styles.own_folder("mine") / "a.wav")
    read(studio.styles.audio, studio)
    (studio.styles.audio / "mine" / "a.wav").unlink()
    (row,) = studio.styles.recordings("mine")
    assert (row["status"], row["at"]) == ("gone", "")


def test_the_workspace_is_no_style(studio: Studio, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="workspace itself"):
        studio.styles.add_folder("mine", studio.place.root)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingToDoError, match="no recordings"):
        studio.styles.add_folder("mine", tmp_path / "empty")


def test_a_spoilt_manifest_stops_nothing(studio: Studio) -> None:
    put(studio.styles.own_folder("mine") / "a.wav")
    folder = studio.place.spectrograms / "mine"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    assert [row["status"] for row in studio.styles.recordings("mine")] == ["new"]


def test_the_page_links_a_folder_and_names_it(client: TestClient, tmp_path: Path) -> None:
    put(tmp_path / "elsewhere" / "x.wav")
    answer = client.post("/api/styles/new/folders", json={"path": str(tmp_path / "elsewhere")})
    assert answer.status_code == 201
    (row,) = client.get("/api/styles/new").json()["recordings"]
    assert client.get(f"/media?at={row['at']}").status_code == 200
    assert client.get("/api/styles/none").status_code == 404
