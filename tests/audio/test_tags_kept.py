"""Kept, or named: every tag that mutagen can write, from every format to every other.

Of styleshift.audio.tags.copy and styleshift.audio.tags.read.
"""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import mutagen
import mutagen.flac
import numpy as np
import pytest
from audio_files import silence, target_for, values_of
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC
from mutagen.id3 import ID3
from mutagen.mp3 import MP3
from mutagen.mp4 import MP4

from styleshift.audio.formats import FORMATS
from styleshift.audio.tags.compare import kept
from styleshift.audio.tags.copy import Carried, copy_tags
from styleshift.audio.tags.read import made_by_styleshift, read_tags
from styleshift.audio.write import AudioWriter

frames: Any = id3
MARK = "converted with styleshift (x to y)"
TARGETS = ["mp3", "flac", "ogg", "opus", "m4a", "wav", "aiff"]


def _rich_mp3(path: Path, version: int = 4) -> Path:
    silence(path)
    tags: Any = ID3()
    for frame in (
        frames.TIT2(text=["Title"]),
        frames.TPE1(text=["A", "B"]),
        frames.COMM(lang="eng", desc="", text=["english"]),
        frames.COMM(lang="deu", desc="", text=["deutsch"]),
        frames.COMM(lang="eng", desc="x", text=["described"]),
        frames.TXXX(desc="MyKey", text=["v1", "v2"]),
        frames.TXXX(desc="replaygain_track_gain", text=["-3 dB"]),
        frames.POPM(email="a@b", rating=200, count=3),
        frames.USLT(lang="eng", desc="", text="words"),
        frames.USLT(lang="deu", desc="", text="Worte"),
        frames.PRIV(owner="x", data=b"123"),
        frames.GEOB(mime="a/b", filename="f", desc="d", data=b"xyz"),
        frames.CTOC(element_id="toc", flags=3, child_element_ids=["c1"], sub_frames=[]),
        frames.CHAP(
            element_id="c1",
            start_time=0,
            end_time=400,
            start_offset=0xFFFFFFFF,
            end_offset=0xFFFFFFFF,
            sub_frames=[frames.TIT2(text=["Part"])],
        ),
        frames.WXXX(desc="u", url="http://u"),
        frames.APIC(mime="image/webp", type=3, desc="c", data=b"RIFF0000WEBP"),
    ):
        tags.add(frame)
    if version == 3:
        tags.update_to_v23()
    tags.save(path, v2_version=version)
    return path


@pytest.mark.parametrize("version", [3, 4])
def test_mp3_to_mp3_keeps_every_frame_their_order_and_version(tmp_path: Path, version: int) -> None:
    old = _rich_mp3(tmp_path / "old.mp3", version)
    new = target_for(old, "mp3")
    carried = copy_tags(old, new, MARK)
    assert carried.lost == ()
    before, after = ID3(old, translate=False), ID3(new, translate=False)
    assert after.version[:2] == (2, version)
    wanted = [key for key in before if "replaygain" not in key]
    assert list(after)[: len(wanted)] == wanted
    for key in wanted:
        assert after[key] == before[key], key
    assert [key for key in after if key not in before] == ["COMM:styleshift:eng"]
    assert carried.dropped == ("replaygain_track_gain",)
    assert MP3(new).info.length == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("kind", TARGETS)
def test_comments_stay_and_ours_is_one_more(tmp_path: Path, kind: str) -> None:
    old = _rich_mp3(tmp_path / "old.mp3")
    new = target_for(old, kind)
    copy_tags(old, new, MARK)
    assert sorted(values_of(new, "comment")) == [MARK, "described", "deutsch", "english"]
    assert made_by_styleshift(new)
    assert not made_by_styleshift(old)


@pytest.mark.parametrize("kind", TARGETS)
def test_what_a_rich_mp3_has_is_kept_or_named(tmp_path: Path, kind: str) -> None:
    old = _rich_mp3(tmp_path / "old.mp3")
    new = target_for(old, kind)
    carried = copy_tags(old, new, MARK)
    assert values_of(new, "artist") == ["A", "B"]
    assert values_of(new, "mykey") == ["v1", "v2"]
    assert sorted(values_of(new, "lyrics")) == ["Worte", "words"]
    assert [chapter.title for chapter in read_tags(new).chapters] == ["Part"]
    named = {"flac": {"PRIV:x:123", "GEOB:d"}, "m4a": {"PRIV:x:123", "GEOB:d", "a picture (image/webp)"}}
    wanted = named.get("flac" if kind in ("ogg", "opus") else kind, set())
    assert set(carried.lost) == wanted


def _full_flac(path: Path) -> Path:
    silence(path)
    file: Any = FLAC(path)
    for key, values in {
        "TITLE": ["T"],
        "ARTIST": ["A", "B", "C"],
        "COMPOSER": ["C1", "C2"],
        "PERFORMER": ["P1 (violin)", "P2 (cello)"],
        "WORK": ["W"],
        "MOVEMENTNAME": ["M"],
        "CONDUCTOR": ["K"],
        "MOOD": ["happy"],
        "RATING": ["80"],
        "MyKey": ["own"],
        "COMMENT": ["one", "two"],
        "DESCRIPTION": ["desc"],
        "ISRC": ["X"],
        "DATE": ["2000-05-06"],
        "DISCNUMBER": ["1/2"],
        "TRACKNUMBER": ["03"],
        "TRACKTOTAL": ["9"],
        "BPM": ["120"],
        "COMPILATION": ["1"],
        "ORIGINALDATE": ["1980-01-02"],
        "CHAPTER000": ["00:00:00.000"],
        "CHAPTER000NAME": ["Intro"],
        "MUSICBRAINZ_TRACKID": ["abc"],
        "LYRICS": ["la"],
    }.items():
        file[key] = values
    for number in range(2):
        picture: Any = mutagen.flac.Picture()
        picture.data, picture.mime, picture.type = b"\x89PNG" + bytes([number]), "image/png", 3 + number
        file.add_picture(picture)
    file.save()
    return path


@pytest.mark.parametrize("kind", TARGETS)
def test_all_values_of_all_fields_of_a_flac_are_carried(tmp_path: Path, kind: str) -> None:
    old = _full_flac(tmp_path / "old.flac")
    new = target_for(old, kind)
    assert copy_tags(old, new, MARK).lost == ()
    before, after = read_tags(old), read_tags(new)
    for name, values in before.fields.items():
        if name != "comment":
            assert [value.lstrip("0") for value in after.fields[name]] == [
                value.lstrip("0") for value in values
            ], name
    assert len(after.pictures) == 2
    assert values_of(new, "comment") == ["one", "two", MARK]
    assert [chapter.title for chapter in after.chapters] == ["Intro"]


def test_flac_to_flac_keeps_the_block_as_it_is(tmp_path: Path) -> None:
    old = _full_flac(tmp_path / "old.flac")
    file: Any = FLAC(old)
    file.tags.append(("CUESHEET", "FILE x WAVE"))
    sheet: Any = mutagen.flac.CueSheet(None)
    track: Any = mutagen.flac.CueSheetTrack(170, 24000)
    sheet.tracks.append(track)
    file.metadata_blocks.append(sheet)
    file.cuesheet = sheet
    file.save()
    new = target_for(old, "flac")
    assert copy_tags(old, new, MARK).lost == ()
    before, after = FLAC(old), FLAC(new)
    own = [pair for pair in after.tags if pair[0].lower() != "encoder"]
    assert own == [*before.tags, ("COMMENT", MARK)]
    assert after.cuesheet == before.cuesheet
    assert [picture.type for picture in after.pictures] == [3, 4]
    assert after.seektable is not None
    assert after.seektable.seekpoints[0][:2] == (0, 0)
    lost = copy_tags(old, target_for(old, "mp3"), MARK).lost
    assert lost == ("cue sheet",)


def test_seek_points_are_where_frames_begin(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    rate, noise = 44100, np.random.default_rng(0).standard_normal((44100, 1)).astype(np.float32) * 0.1
    with AudioWriter(path, sample_rate=rate, channels=1, format=FORMATS["flac"]) as writer:
        for _ in range(45):
            writer.write(noise)
    copy_tags(path, path)
    table: Any = FLAC(path).seektable
    assert len(table.seekpoints) == 4
    data = path.read_bytes()
    first = data.index(b"\xff\xf8")
    for point in table.seekpoints:
        assert data[first + point.byte_offset :][:2] == b"\xff\xf8"
        assert point.first_sample % 4096 == 0
    assert all(a < b for a, b in itertools.pairwise(point.first_sample for point in table.seekpoints))


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize(
    ("mime", "data"), [("-->", b"http://x/y.jpg"), ("image/jpeg", b""), ("image/svg+xml", b"<svg/>")]
)
def test_a_picture_that_cannot_be_kept_is_named_and_fails_nothing(
    tmp_path: Path, kind: str, mime: str, data: bytes
) -> None:
    old = silence(tmp_path / "old.mp3")
    tags: Any = ID3()
    tags.add(frames.APIC(mime=mime, type=3, desc="", data=data))
    tags.save(old)
    new = target_for(old, kind)
    carried = copy_tags(old, new, MARK)
    found = [(picture.mime, picture.data) for picture in read_tags(new).pictures]
    assert found == [(mime, data)] or any("picture" in name for name in carried.lost)
    if kind == "mp3":
        assert found == [(mime, data)]


@pytest.mark.parametrize("kind", TARGETS)
def test_apev2_on_an_mp3_is_read_like_id3(tmp_path: Path, kind: str) -> None:
    old = silence(tmp_path / "old.mp3")
    tags: Any = APEv2()
    tags["Title"], tags["Artist"], tags["Year"], tags["Track"] = "T", ["A", "B"], "1999", "3/9"
    tags["REPLAYGAIN_TRACK_GAIN"] = "-3 dB"
    tags.save(old)
    new = target_for(old, kind)
    carried = copy_tags(old, new, MARK)
    assert carried.lost == ()
    assert carried.dropped == ("REPLAYGAIN_TRACK_GAIN",)
    found = {name: values_of(new, name) for name in ("title", "artist", "date", "tracknumber", "tracktotal")}
    assert found == {
        "title": ["T"],
        "artist": ["A", "B"],
        "date": ["1999"],
        "tracknumber": ["3"],
        "tracktotal": ["9"],
    }
    if kind == "mp3":
        assert sorted(APEv2(new)) == ["Artist", "Title", "Track", "Year"]


@pytest.mark.parametrize("kind", TARGETS)
def test_what_an_m4a_has_is_carried(tmp_path: Path, kind: str) -> None:
    from styleshift.audio.tags.model import Chapter

    parts = [Chapter(0.0, 0.2, "One"), Chapter(0.2, 0.5, "Two")]
    old = silence(tmp_path / "old.m4a", chapters=parts)
    file: Any = MP4(old)
    if file.tags is None:
        file.add_tags()
    file["©nam"], file["©ART"], file["©cmt"] = ["T"], ["A", "B"], ["one", "two"]
    file["trkn"], file["tmpo"], file["cpil"] = [(3, 9)], [120], True
    file["----:com.apple.iTunes:OWN"] = [b"x", b"y"]
    file["stik"] = [2]
    file.save()
    new = target_for(old, kind)
    carried = copy_tags(old, new, MARK)
    assert carried.lost == (() if kind == "m4a" else ("stik",))
    for name, values in {
        "artist": ["A", "B"],
        "own": ["x", "y"],
        "bpm": ["120"],
        "compilation": ["1"],
    }.items():
        assert values_of(new, name) == values
    assert values_of(new, "comment") == ["one", "two", MARK]
    after = read_tags(new).chapters
    assert [(chapter.title, round(chapter.start, 2)) for chapter in after] == [("One", 0.0), ("Two", 0.2)]


def _every_frame() -> list[Any]:
    """One of every kind of frame that mutagen knows, with whatever makes it whole."""
    made = []
    for name, kind in sorted(frames.Frames.items()):
        if name in ("CRA", "CRM", "LNK", "LINK") or len(name) != 4:
            continue
        text = {
            "TCON": ["Polka"],
            "TRCK": ["3/9"],
            "TPOS": ["1/2"],
            "MVIN": ["1/3"],
            "TCMP": ["1"],
            "TBPM": ["120"],
        }
        try:
            if issubclass(kind, frames.TextFrame) and name not in ("TXXX", "COMM"):
                dated = issubclass(kind, frames.TimeStampTextFrame)
                frame = kind(encoding=3, text=text.get(name, ["2001-02-03" if dated else "7"]))
            elif issubclass(kind, frames.UrlFrame):
                frame = kind(url="http://x/")
            else:
                frame = kind()
            tags: Any = ID3()
            tags.add(frame)
            again: Any = io.BytesIO()
            tags.save(again)
            again.seek(0)
            if not list(ID3(again)):
                continue
        except Exception:  # a frame that needs more than it was given is none that a person has
            continue
        made.append(frame)
    return made


@pytest.mark.parametrize("kind", TARGETS)
def test_every_frame_that_mutagen_writes_is_kept_or_named(tmp_path: Path, kind: str) -> None:
    old = silence(tmp_path / "old.mp3")
    tags: Any = ID3()
    for frame in _every_frame():
        tags.add(frame)
    assert len(tags) > 60
    tags.save(old)
    new = target_for(old, kind)
    carried = copy_tags(old, new, MARK)
    before = read_tags(old)
    told = {*carried.kept, *carried.lost, *carried.dropped}
    if "a picture (of no kind, empty)" in told:
        told.add("cover")
    assert {*kept(before, before), *before.stale} <= told
    if kind == "mp3":
        assert carried.lost == ()


def test_a_source_without_tags_is_no_reason_to_fail(tmp_path: Path) -> None:
    for kind in TARGETS:
        old = silence(tmp_path / "old.wav")
        assert copy_tags(old, target_for(old, kind), MARK) == Carried()


def test_who_made_what_cannot_be_opened_is_not_told(tmp_path: Path) -> None:
    """The worker says next why it cannot be read, and does not take that for a failure to write."""
    assert not made_by_styleshift(tmp_path)
    assert not made_by_styleshift(tmp_path / "gone.mp3")
