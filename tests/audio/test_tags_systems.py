"""Files with several systems of tags: one view of all, and what differs is kept or named.

Of styleshift.audio.tags.read, styleshift.audio.tags.copy and styleshift.audio.tags.compare.
"""

from __future__ import annotations

import io
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import mutagen.asf
import pytest
from audio_files import encode, silence, target_for, values_of
from mutagen import id3
from mutagen.apev2 import APEv2
from mutagen.flac import FLAC, Picture

from styleshift.audio.tags import chunks, compare, model
from styleshift.audio.tags.compare import lost
from styleshift.audio.tags.copy import copy_tags
from styleshift.audio.tags.read import made_by_styleshift, read_tags

frames: Any = id3
MARK = "converted with styleshift (x to y)"
TARGETS = ["mp3", "flac", "ogg", "m4a", "wav", "aiff"]
OTHERS = ["flac", "ogg", "m4a"]


def _id3(*own: Any, version: int = 4) -> bytes:
    tags, target = frames.ID3(), io.BytesIO()
    for frame in own:
        tags.add(frame)
    if version == 3:
        tags.update_to_v23()
    tags.save(target, v2_version=version, padding=lambda info: 0)
    return target.getvalue()


def _id3_of_version_2(title: str) -> bytes:
    body = b"\x00" + title.encode("latin-1")
    frame = b"TT2" + len(body).to_bytes(3, "big") + body
    return b"ID3\x02\x00\x00" + bytes([0, 0, 0, len(frame)]) + frame


def _with_chunks(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    silence(path)
    order = ">" if path.suffix == ".aiff" else "<"
    data = path.read_bytes()
    for name, body in chunks:
        data += name + struct.pack(order + "I", len(body)) + body + bytes(len(body) % 2)
    path.write_bytes(data[:4] + struct.pack(order + "I", len(data) - 8) + data[8:])
    return path


def _info(**texts: bytes) -> tuple[bytes, bytes]:
    body = b"INFO"
    for name, text in texts.items():
        body += name.encode() + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
    return b"LIST", body


def _picture(data: bytes) -> Picture:
    made: Any = Picture()
    made.data, made.mime, made.type = data, "image/png", 3
    return made


@pytest.mark.parametrize("kind", TARGETS)
def test_vorbis_comments_win_in_a_flac_and_id3_in_front_fills(tmp_path: Path, kind: str) -> None:
    old = silence(tmp_path / "old.flac")
    file = FLAC(old)
    file["title"], file["artist"], file["tracknumber"] = "Dance", ["A", "B"], "3"
    file.add_picture(_picture(b"cover"))
    file.save()
    tag = _id3(
        frames.TIT2(text=["Tänze"]),
        frames.TPE1(text=["A", "B"]),
        frames.TCOM(text=["Brahms"]),
        frames.TRCK(text=["03/12"]),
    )
    old.write_bytes(tag + old.read_bytes())
    carried = copy_tags(old, new := target_for(old, kind), MARK)
    assert [values_of(new, name) for name in ("title", "artist", "composer")] == [
        ["Dance"],
        ["A", "B"],
        ["Brahms"],
    ]
    assert "title of the ID3 tag: Tänze" in carried.lost
    assert "cover" in carried.kept
    assert [bytes(picture.data) for picture in read_tags(new).pictures] == [b"cover"]
    # Its total came to nobody's number: kept or named.
    assert ("tracktotal" in carried.lost) == (values_of(new, "tracktotal") == [])
    assert {*carried.lost} <= {"title of the ID3 tag: Tänze", "tracktotal"}


def test_frames_that_no_field_stands_for_come_from_id3_in_front_of_a_flac(tmp_path: Path) -> None:
    old = silence(tmp_path / "old.flac")
    file = FLAC(old)
    file["title"] = "Dance"
    file.save()
    old.write_bytes(_id3(frames.PRIV(owner="x", data=b"123")) + old.read_bytes())
    carried = copy_tags(old, target_for(old, "mp3"), MARK)
    assert carried.lost == ()
    assert "PRIV:x:123" in carried.kept
    assert copy_tags(old, target_for(old, "flac"), MARK).lost == ("PRIV:x:123",)


@pytest.mark.parametrize("version", [2, 3, 4])
@pytest.mark.parametrize("kind", [*OTHERS, "mp3", "aiff"])
def test_id3_wins_in_a_wav_and_its_info_list_fills(tmp_path: Path, kind: str, version: int) -> None:
    tag = _id3_of_version_2("Own") if version == 2 else _id3(frames.TIT2(text=["Own"]), version=version)
    texts = _info(INAM=b"Dance", ICRD=b"2024-05-06", IENG=b"Bob", ITRK=b"3", IKEY=b"words", ICOP=b"me")
    old = _with_chunks(tmp_path / "old.wav", texts, (b"id3 ", tag))
    carried = copy_tags(old, new := target_for(old, kind), MARK)
    assert carried.lost == ("title of the INFO list: Dance",)
    found = [values_of(new, name) for name in ("title", "date", "engineer", "tracknumber", "copyright")]
    assert found == [["Own"], ["2024-05-06"], ["Bob"], ["3"], ["me"]]
    assert values_of(new, "info ikey") == ["words"]
    if kind in ("mp3", "aiff"):
        block = new.read_bytes()
        assert block[block.index(b"ID3\x03" if version == 3 else b"ID3\x04") + 3] == (
            version if version > 2 else 4
        )


def test_a_wav_keeps_both_systems_of_a_wav_as_they_are(tmp_path: Path) -> None:
    texts, tag = _info(INAM=b"Dance", ICRD=b"2024"), _id3(frames.TIT2(text=["Own"]))
    old = _with_chunks(tmp_path / "old.wav", texts, (b"id3 ", tag))
    assert copy_tags(old, new := target_for(old, "wav")).lost == ()
    assert texts[1] in new.read_bytes()
    assert tag in new.read_bytes()


@pytest.mark.parametrize("kind", ["mp3", "wav", *OTHERS])
def test_texts_in_chunks_of_an_aiff_fill_its_id3(tmp_path: Path, kind: str) -> None:
    tag = _id3(frames.TIT2(text=["Own"]), version=3)
    chunks = [(b"NAME", b"Dance"), (b"NAME", b"March"), (b"(c) ", b"1880"), (b"ID3 ", tag)]
    old = _with_chunks(tmp_path / "old.aiff", *chunks)
    carried = copy_tags(old, new := target_for(old, kind), MARK)
    assert carried.lost == ("title of the text chunks: Dance; March",)
    assert (values_of(new, "title"), values_of(new, "copyright")) == (["Own"], ["1880"])
    assert copy_tags(old, target_for(old, "aiff"), MARK).lost == ()


@pytest.mark.parametrize("kind", TARGETS)
def test_a_second_id3_tag_is_kept_or_its_differences_named(tmp_path: Path, kind: str) -> None:
    old = silence(tmp_path / "old.mp3")
    first = _id3(frames.TIT2(text=["first"]))
    second = _id3(frames.TIT2(text=["second"]), frames.TXXX(desc="own", text=["k"]))
    old.write_bytes(first + second + old.read_bytes())
    carried = copy_tags(old, new := target_for(old, kind))
    assert carried.lost == (("title of the second ID3 tag: second",) if kind in OTHERS else ())
    assert (values_of(new, "title"), values_of(new, "own")) == (["first"], ["k"])
    if kind == "mp3":
        assert new.read_bytes().startswith(first + second)


@pytest.mark.parametrize("kind", TARGETS)
def test_apev2_that_differs_from_id3_is_kept_or_named(tmp_path: Path, kind: str) -> None:
    old = silence(tmp_path / "old.mp3")
    ape: Any = APEv2()
    ape["Title"], ape["Artist"], ape["Own"] = "of APE", "A", "x"
    ape.save(old)
    old.write_bytes(_id3(frames.TIT2(text=["of ID3"]), frames.TPE1(text=["A"])) + old.read_bytes())
    carried = copy_tags(old, new := target_for(old, kind), MARK)
    assert carried.lost == (() if kind == "mp3" else ("title of the APE tag: of APE",))
    assert (values_of(new, "title"), values_of(new, "own")) == (["of ID3"], ["x"])


@pytest.mark.parametrize(
    ("title", "lost"),
    [
        ("A title that is longer than ID3v1 has room for", ()),  # cut there, which says nothing else
        ("Another", ("title of the ID3v1 tag: A title that is longer than ID",)),
    ],
)
def test_id3v1_says_the_same_as_far_as_it_can_or_is_named(
    tmp_path: Path, title: str, lost: tuple[str]
) -> None:
    old = silence(tmp_path / "old.mp3")
    v1 = (
        b"TAG"
        + b"A title that is longer than ID3v1 has room for"[:30]
        + bytes(30)
        + b"Album".ljust(30, b"\0")
    )
    v1 += b"1999" + bytes(30) + b"\xff"
    tag = _id3(frames.TIT2(text=[title]), frames.TDRC(text=["1999-05-06"]), frames.TCON(text=["Own"]))
    old.write_bytes(tag + old.read_bytes() + v1)
    carried = copy_tags(old, new := target_for(old, "flac"), MARK)
    assert carried.lost == lost
    assert [values_of(new, name) for name in ("title", "album", "date", "genre")] == [
        [title],
        ["Album"],
        ["1999-05-06"],
        ["Own"],
    ]
    assert copy_tags(old, new := target_for(old, "mp3"), MARK).lost == ()
    assert new.read_bytes().endswith(v1)


def test_pictures_of_the_system_that_did_not_win_are_named(tmp_path: Path) -> None:
    old = silence(tmp_path / "old.flac")
    file = FLAC(old)
    file.add_picture(_picture(b"first"))
    file.save()
    pictures = [
        frames.APIC(mime="image/png", type=3, desc=data.decode(), data=data) for data in (b"first", b"x")
    ]
    old.write_bytes(_id3(*pictures) + old.read_bytes())
    assert copy_tags(old, target_for(old, "flac"), MARK).lost == ("a picture (image/png) of the ID3 tag",)
    file.clear_pictures()
    bare = silence(tmp_path / "bare.flac")
    bare.write_bytes(_id3(*pictures) + bare.read_bytes())
    carried = copy_tags(bare, new := target_for(bare, "flac"), MARK)
    assert (carried.kept, carried.lost) == (("2 pictures",), ())
    assert [bytes(each.data) for each in FLAC(new).pictures] == [b"first", b"x"]


def test_a_report_does_not_both_keep_and_lose_a_picture(tmp_path: Path) -> None:
    old = silence(tmp_path / "old.flac")
    file = FLAC(old)
    file.add_picture(_picture(b"one"))
    gif = _picture(b"two")
    gif.mime = "image/gif"
    file.add_picture(gif)
    file.save()
    carried = copy_tags(old, target_for(old, "m4a"), MARK)
    assert (carried.kept, carried.lost) == (("1 of 2 pictures",), ("a picture (image/gif)",))


def test_a_field_under_two_of_its_names_is_carried_once(tmp_path: Path) -> None:
    import numpy as np

    old = encode(tmp_path / "old.wma", "asf", "wmav2", np.zeros((24000, 1), np.float32))
    file: Any = mutagen.asf.ASF(old)
    file["Title"], file["title"] = ["WMA"], ["WMA"]
    file.save()
    assert len([key for key, _ in mutagen.asf.ASF(old).tags if key.lower() == "title"]) == 2
    for kind in ("m4a", "flac", "mp3"):
        assert copy_tags(old, new := target_for(old, kind), MARK).lost == ()
        assert values_of(new, "title") == ["WMA"]


def test_a_tag_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    old = silence(tmp_path / "old.flac")
    old.write_bytes(b"ID3\x09\x00\x00\x00\x00\x00\x0a" + bytes(10) + old.read_bytes())
    (name,) = copy_tags(old, target_for(old, "flac"), MARK).lost
    assert name.startswith("tags that cannot be read")


def _with_large_chunk(path: Path, tag: bytes, length: int) -> Path:
    silence(path)
    with path.open("r+b") as file:
        end = file.seek(0, io.SEEK_END)
        file.write(b"id3 " + struct.pack("<I", length) + tag)
        file.truncate(end + 8 + length)  # a hole, no bytes on the disk
        file.seek(4)
        file.write(struct.pack("<I", end + length))
    return path


def test_a_chunk_of_id3_is_read_as_far_as_its_tag_goes(tmp_path: Path) -> None:
    tag = _id3(frames.TIT2(text=["Dance"]))
    old = _with_large_chunk(tmp_path / "old.wav", tag, 1 << 30)
    tracemalloc.start()
    try:
        carried = copy_tags(old, new := target_for(old, "wav"), MARK)
        assert tracemalloc.get_traced_memory()[1] < 1 << 26
    finally:
        tracemalloc.stop()
    assert (carried.kept, carried.lost) == (("title",), ())
    assert values_of(new, "title") == ["Dance"]
    assert new.stat().st_size < 1 << 20


def test_id3_tags_too_large_to_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _id3(frames.TIT2(text=["Dance"])), _id3(frames.TPE1(text=["A" * 100]))
    old = _with_chunks(tmp_path / "old.wav", (b"id3 ", second), (b"id3 ", first), (b"id3 ", b""))
    assert copy_tags(old, target_for(old, "flac")).lost == ()
    monkeypatch.setattr(chunks, "_LARGEST_ID3", len(first))
    for kind in ("flac", "wav"):
        carried = copy_tags(old, target_for(old, kind))
        assert (carried.kept, carried.lost) == (("title",), ("id3",))
    monkeypatch.setattr(chunks, "_LARGEST_ID3", 0)
    assert copy_tags(old, target_for(old, "mp3")).lost == ("id3",)
    assert read_tags(old).fields == {}


def test_a_mark_in_any_system_of_tags_tells_who_made_a_file(tmp_path: Path) -> None:
    old = silence(tmp_path / "old.mp3")
    ape: Any = APEv2()
    ape["Comment"] = MARK
    ape.save(old)
    old.write_bytes(_id3(frames.COMM(lang="eng", desc="", text=["mine"])) + old.read_bytes())
    assert values_of(old, "comment") == ["mine"]
    assert made_by_styleshift(old)


def test_every_field_is_looked_up_and_not_compared_with_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = silence(tmp_path / "old.flac")
    file = FLAC(old)
    file["title"] = "Dance"
    file.tags.extend([(f"F{number}", "x") for number in range(1000)])
    file.save()
    tags, bare = read_tags(old), read_tags(silence(tmp_path / "bare.flac"))
    asked: list[str] = []

    def counted(name: str) -> str:
        asked.append(name)
        return model.base(name)

    monkeypatch.setattr(compare, "base", counted)
    assert len(lost(tags, bare)) == 1001
    assert len(asked) < 10_000
