"""Recordings by range, pictures, and players."""

from __future__ import annotations

import struct
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import encode
from starlette.testclient import TestClient

from styleshift.studio.folders import address

EVIL = "<script>alert(1)<_script>.wav"


class Tags(HTMLParser):
    """Every tag of a page, with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_a_part_of_a_recording_is_given_alone(client: TestClient, music: Path) -> None:
    whole = (music / "one.wav").read_bytes()
    answer = client.get(f"/media?at={address(music / 'one.wav')}", headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert answer.content == whole[100:200]


def test_what_browsers_do_not_play_is_copied_once(client: TestClient, music: Path) -> None:
    wave = np.linspace(-0.5, 0.5, 8000, dtype=np.float32)
    soundfile.write(music / "old.aiff", wave, 8000)
    answer = client.get(f"/media?at={address(music / 'old.aiff')}")
    assert answer.content[:4] == b"fLaC"
    assert answer.headers["content-type"] == "audio/flac"
    (copy,) = (music.parent / "workspace" / "studio" / "looks").glob("*.flac")
    heard, rate = soundfile.read(copy)
    assert rate == 8000
    assert heard == pytest.approx(wave, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("book.m4b", ("ipod", "aac"), "audio/mp4"),
        ("ring.m4r", ("ipod", "aac"), "audio/mp4"),
        ("bare.aac", ("adts", "aac"), "audio/aac"),
        ("long.wave", ("wav", "pcm_s16le"), "audio/wav"),
        ("misnamed.mp3", ("flac", "flac"), "audio/flac"),
    ],
)
def test_what_browsers_play_is_told_by_what_it_is_not_by_its_name(
    client: TestClient, music: Path, name: str, kind: tuple[str, str], told: str
) -> None:
    """They are told not to guess, and the tables of names know few of these."""
    wave = np.sin(np.arange(24000) / 9, dtype=np.float32)[:, None] / 4
    path = encode(music / name, *kind, wave)
    answer = client.get(f"/media?at={address(path)}")
    assert answer.content == path.read_bytes()
    assert answer.headers["content-type"] == told
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_player_shows_both_in_step_at_one_loudness(client: TestClient, music: Path) -> None:
    quiet, rate = soundfile.read(music / "one.wav")
    soundfile.write(music / "quiet.wav", quiet / 2, rate)
    query = f"at={address(music / 'one.wav')}&at={address(music / 'quiet.wav')}&name=A&name=B&label=both"
    tags = Tags(client.get(f"/api/player?{query}").text)
    loud, soft = tags.of("audio")
    assert float(loud["data-gain"] or 1) == pytest.approx(0.5, abs=0.01)
    assert "data-gain" not in soft
    assert len(tags.of("image")) == 3  # with the difference
    assert [each["class"] for each in tags.of("path")] == ["wave", "wave"]
    assert any(each.get("class") == "matched" for each in tags.of("input"))
    for image in tags.of("image"):
        picture = client.get(f"/{image['href']}")
        assert picture.status_code == 200
        assert struct.unpack(">II", picture.content[16:24]) == (720, 256)


def test_a_player_of_one_has_nothing_to_choose(client: TestClient, music: Path) -> None:
    tags = Tags(client.get(f"/api/player?at={address(music / 'one.wav')}").text)
    assert len(tags.of("audio")) == 1
    assert not [each for each in tags.of("span") if each.get("role") == "radiogroup"]


def test_a_script_in_a_name_is_text(client: TestClient, music: Path) -> None:
    (music / EVIL).write_bytes((music / "one.wav").read_bytes())
    evil = "<script>alert(2)</script>"
    answer = client.get("/api/player", params={"label": evil, "number": evil} | {"at": str(music / EVIL)})
    assert answer.status_code == 200
    assert Tags(answer.text).of("script") == []
    assert "&lt;script&gt;alert(2)" in answer.text


@pytest.mark.parametrize("count", [0, 5])
def test_a_player_has_a_few_recordings(client: TestClient, music: Path, count: int) -> None:
    query = "&".join([f"at={address(music / 'one.wav')}"] * count)
    assert client.get(f"/api/player?{query}").status_code == 400


def test_a_damaged_recording_is_told_in_words(client: TestClient, music: Path) -> None:
    (music / "bad.wav").write_bytes(b"RIFF nonsense")
    answer = client.get(f"/api/player?at={address(music / 'bad.wav')}")
    assert answer.status_code == 400
    assert "bad.wav" in answer.json()["error"]["message"]


def test_a_recording_to_keep_has_its_name(client: TestClient, music: Path) -> None:
    answer = client.get(f"/download?at={address(music / 'one.wav')}")
    assert 'filename="one.wav"' in answer.headers["content-disposition"]
