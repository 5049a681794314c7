"""Of styleshift.audio.tags.tail, and of containers whose texts and covers FFmpeg reads."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from audio_files import silence, target_for
from mutagen import id3
from mutagen.id3 import ID3

from styleshift.audio.tags.copy import copy_tags
from styleshift.audio.tags.read import read_tags

ID3V1 = (
    b"TAG"
    + b"".join(text.ljust(30, b"\0") for text in (b"Title", b"Artist", b"Album"))
    + b"1999".ljust(35, b"\0")
)


def _mp3(path: Path, tail: bytes) -> Path:
    silence(path)
    path.write_bytes(path.read_bytes() + tail)
    return path


def _lyrics3(**fields: str) -> bytes:
    body = b"LYRICSBEGIN" + b"".join(
        f"{name}{len(text):05}{text}".encode("cp1252") for name, text in fields.items()
    )
    return body + b"%06dLYRICS200" % len(body)


@pytest.mark.parametrize("behind", [b"", ID3V1])
def test_lyrics3_is_carried_and_the_rest_of_it_named(tmp_path: Path, behind: bytes) -> None:
    tail = _lyrics3(IND="110", ETT="Title", LYR="[00:01]wörds", INF="note", IMG="x.jpg")
    source = _mp3(tmp_path / "a.mp3", tail + behind)
    target = target_for(source, "mp3")
    carried = copy_tags(source, target)
    assert read_tags(target).fields["lyrics"] == ["[00:01]wörds"]
    assert carried.lost == ("Lyrics3 IMG",)


def test_lyrics3_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    source = _mp3(tmp_path / "a.mp3", b"LYRICSBEGIN999999LYRICS200")
    assert read_tags(source).foreign == ["Lyrics3"]


def test_an_id3_tag_at_the_end_is_read(tmp_path: Path) -> None:
    tags: Any = ID3()
    tags.add(id3.TIT2(text=["At the end"]))  # type: ignore[attr-defined]
    held = io.BytesIO()
    tags.save(held, padding=lambda info: 0)
    head = held.getvalue()[:5] + b"\x10" + held.getvalue()[6:10]  # it has a footer
    tail = head + held.getvalue()[10:] + b"3DI" + head[3:]
    source = _mp3(tmp_path / "a.mp3", tail)
    assert read_tags(source).fields["title"] == ["At the end"]


@pytest.mark.parametrize("kind", ["caf", "au"])
def test_texts_of_other_containers_are_carried_or_named(tmp_path: Path, kind: str) -> None:
    av = pytest.importorskip("av")
    source = tmp_path / f"a.{kind}"
    with av.open(str(source), "w", format=kind) as box:
        track = box.add_stream("pcm_s16be", rate=8000)
        track.layout = "mono"
        box.metadata.update({"title": "Its title", "artist": "Its artist"})
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        box.mux(track.encode(frame))
        box.mux(track.encode(None))
    written = {"title", "artist"}
    carried = copy_tags(source, target_for(source, "flac"))
    assert written == set(carried.kept)
    soundfile.write(tmp_path / f"b.{kind}", np.zeros(800), 8000)
    again = copy_tags(source, tmp_path / f"b.{kind}")
    assert written == set(again.lost)


def test_the_cover_of_a_matroska_is_carried_and_notes_on_its_track_are_not(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    source = tmp_path / "a.mka"
    with av.open(str(source), "w", format="matroska") as box:
        track = box.add_stream("flac", rate=8000)
        track.layout = "mono"
        box.add_attachment("cover.png", "image/png", b"\x89PNG\r\n\x1a\n0000")
        box.add_attachment("words.ttf", "application/x-truetype-font", b"0000")
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate, frame.pts = 8000, 0
        box.mux(track.encode(frame))
        box.mux(track.encode(None))
    carried = copy_tags(source, target_for(source, "flac"))
    assert carried.kept == ("cover",)
    assert carried.lost == ("attachment words.ttf",)
    assert "DURATION" in carried.dropped
