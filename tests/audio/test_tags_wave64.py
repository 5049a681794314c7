"""Chunks of W64: read, kept and added to, without harm to the sound.

Of styleshift.audio.tags.wave64.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import soundfile
from audio_files import target_for, values_of, write

from styleshift.audio.read import open_audio
from styleshift.audio.tags.copy import copy_tags
from styleshift.audio.tags.read import made_by_styleshift, read_tags

MARK = "converted with styleshift (x to y)"
# As FFmpeg's wavdec.c has them, and Sony's description of the format.
SUMMARY = UUID("925f94bc-525a-11d2-86dc-00c04f8edb8a").bytes_le
MARKERS = UUID("abf76256-392d-11d2-86c7-00c04f8edb8a").bytes_le
BEXT = b"bext" + UUID("20746962-acf3-11d3-8cd1-00c04f8edb8a").bytes_le[4:]
UNKNOWN = UUID("00112233-4455-6677-8899-aabbccddeeff").bytes_le


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<Q", 24 + len(body)) + body + bytes(-len(body) % 8)


def _summary(**texts: str) -> bytes:
    entries = [(name.encode(), f"{text}\0".encode("utf-16-le")) for name, text in texts.items()]
    body = b"".join(struct.pack("<4sI", name, len(data)) + data for name, data in entries)
    return _chunk(SUMMARY, struct.pack("<I", len(entries)) + body)


def _with(path: Path, *chunks: bytes, behind: bool = False) -> Path:
    """A W64 with chunks before its sound, or behind it."""
    data = path.read_bytes()
    at = data.index(b"data\xf3\xac")
    if behind:
        data += bytes(-len(data) % 8)
        at = len(data)
    data = data[:at] + b"".join(chunks) + data[at:]
    path.write_bytes(data[:16] + struct.pack("<Q", len(data)) + data[24:])
    return path


def _silent(path: Path) -> Path:
    return write(path, np.zeros((24000, 1)))


def _read(path: Path) -> np.ndarray[Any, Any]:
    with open_audio(path) as stream:
        assert stream.warnings == []
        return np.concatenate(list(stream.blocks(4096)))


def _told_by_ffmpeg(path: Path) -> dict[str, str]:
    av: Any = pytest.importorskip("av")
    with av.open(str(path)) as file:
        return {**file.metadata}


@pytest.mark.parametrize("subtype", sorted(soundfile.available_subtypes("W64")))
@pytest.mark.parametrize("frames", [1, 7, 1001, 16_001])
def test_a_comment_leaves_the_sound_as_it_is(tmp_path: Path, tone: Any, subtype: str, frames: int) -> None:
    path, plain = tmp_path / "a.w64", tmp_path / "plain.w64"
    for each in (path, plain):
        soundfile.write(each, tone(1.0, 44100)[:frames], 44100, subtype)
    copy_tags(_silent(tmp_path / "old.w64"), path, MARK)
    assert made_by_styleshift(path)
    assert not made_by_styleshift(plain)
    assert _told_by_ffmpeg(path) == {"comment": MARK}
    assert int.from_bytes(path.read_bytes()[16:24], "little") == path.stat().st_size
    for reader in (_read, lambda each: soundfile.read(each)[0]):
        np.testing.assert_array_equal(reader(path), reader(plain))
    av: Any = pytest.importorskip("av")
    lengths = []
    for each in (path, plain):
        with av.open(str(each)) as file:
            lengths.append((file.streams[0].duration, sum(frame.samples for frame in file.decode(audio=0))))
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("behind", [False, True])
def test_what_a_w64_says_is_kept_in_another(tmp_path: Path, behind: bool) -> None:
    old = _with(
        _silent(tmp_path / "old.w64"),
        _chunk(BEXT, b"described".ljust(602, b"\0")),
        _chunk(MARKERS, bytes(12)),
        _chunk(UNKNOWN, b"own"),
        _summary(INAM="Stück", ICMT="theirs", ISFT="Some Editor", IXYZ="more"),
        behind=behind,
    )
    new = _silent(tmp_path / "new.w64")
    carried = copy_tags(old, new, MARK)
    assert carried.lost == ()
    assert {"bext", "markers", f"chunk {UUID(bytes_le=UNKNOWN)}", "title", "comment"} <= set(carried.kept)
    assert values_of(new, "title") == ["Stück"]
    assert values_of(new, "comment") == [MARK, "theirs"]
    assert values_of(new, "info ixyz") == ["more"]
    for name, body in ((BEXT, b"described".ljust(602, b"\0")), (MARKERS, bytes(12)), (UNKNOWN, b"own")):
        assert _chunk(name, body) in new.read_bytes()
    # A person's own comment is what FFmpeg shows; an editor did not make this sound.
    assert _told_by_ffmpeg(new)["comment"] == "theirs"
    assert _told_by_ffmpeg(new)["title"] == "Stück"
    assert "Some Editor".encode("utf-16-le") not in new.read_bytes()
    moved = _silent(tmp_path / "moved.w64")
    assert copy_tags(old, moved, MARK, same_positions=False).lost == ("markers",)


@pytest.mark.parametrize(
    ("name", "body"), [(b"cue ", bytes(8)), (b"smpl", bytes(36)), (b"plst", bytes(4)), (b"list", b"adtl")]
)
def test_what_counts_samples_is_kept_where_they_stay_where_they_are(
    tmp_path: Path, name: bytes, body: bytes
) -> None:
    old = _with(_silent(tmp_path / "old.w64"), _chunk(name + BEXT[4:], body))
    for same in (True, False):
        carried = copy_tags(old, _silent(tmp_path / "new.w64"), "", same_positions=same)
        assert name.decode().strip() in (carried.kept if same else carried.lost)


@pytest.mark.parametrize("name", [b"JUNK", b"PAD ", b"FLLR", b"PEAK"])
def test_padding_and_peaks_are_the_new_file_s_own(tmp_path: Path, name: bytes) -> None:
    old = _with(_silent(tmp_path / "old.w64"), _chunk(name + BEXT[4:], bytes(64)))
    new = _silent(tmp_path / "new.w64")
    carried = copy_tags(old, new, "")
    assert not carried.kept
    assert not carried.lost
    assert name + BEXT[4:] not in new.read_bytes()


def test_a_chunk_that_the_file_ends_in_is_named(tmp_path: Path) -> None:
    old = _with(_silent(tmp_path / "old.w64"), _chunk(BEXT, bytes(602))[:100], behind=True)
    assert read_tags(old).foreign == ["bext"]
    assert copy_tags(old, _silent(tmp_path / "new.w64"), MARK).lost == ("bext",)


def test_a_chunk_too_large_for_memory_is_named(tmp_path: Path) -> None:
    old = _silent(tmp_path / "old.w64")
    length = 300_000_000
    with old.open("r+b") as file:  # a hole, so that it takes no room
        file.seek(0, 2)
        file.write(BEXT + struct.pack("<Q", 24 + length))
        file.truncate(file.tell() + length)
    new = _silent(tmp_path / "new.w64")
    assert copy_tags(old, new, MARK).lost == ("bext",)
    assert new.stat().st_size < 1_000_000


@pytest.mark.parametrize("length", [2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize("of", ["sound", "another"])
def test_a_length_beyond_all_files_does_no_harm(tmp_path: Path, length: int, of: str) -> None:
    """FFmpeg writes the first one of them for the sound where it cannot come back to fill in the true one."""
    old = _with(_silent(tmp_path / "old.w64"), _summary(INAM="Title"))
    data = old.read_bytes()
    if of == "sound":
        at = data.index(b"data\xf3\xac") + 16
        old.write_bytes(data[:at] + struct.pack("<Q", length) + data[at + 8 :])
    else:
        old.write_bytes(data + BEXT + struct.pack("<Q", length))
    new = _silent(tmp_path / "new.w64")
    lost = copy_tags(old, new, MARK).lost
    assert lost == (() if of == "sound" else ("bext",))
    if of == "sound" and length == 2**63 - 1:  # which is how a pipe's end is not known
        assert len(_read(old)) == 24000
    assert values_of(new, "title") == ["Title"]
    assert made_by_styleshift(new)


def test_what_a_w64_says_goes_to_the_tags_of_others_and_the_rest_is_named(tmp_path: Path) -> None:
    old = _with(_silent(tmp_path / "old.w64"), _summary(INAM="Title", IART="Eve"), _chunk(BEXT, bytes(602)))
    new = target_for(old, "flac")
    assert copy_tags(old, new, MARK).lost == ("bext",)
    assert (values_of(new, "title"), values_of(new, "artist")) == (["Title"], ["Eve"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\1\0\0",
        struct.pack("<I4sI", 1, b"INAM", 1 << 31) + b"x",
        struct.pack("<I4sI", 9, b"\xff\xfe\0\0", 2) + b"xx",
        struct.pack("<I4sI", 1, b"INAM", 3) + b"\0\xd8x",
    ],
)
def test_a_damaged_summary_does_no_harm(tmp_path: Path, body: bytes) -> None:
    old = _with(_silent(tmp_path / "old.w64"), _chunk(SUMMARY, body))
    assert read_tags(old).foreign == []
    new = _silent(tmp_path / "new.w64")
    copy_tags(old, new, MARK)
    assert made_by_styleshift(new)


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "IMA_ADPCM", "ULAW"])
def test_chunks_behind_the_sound_are_not_heard(tmp_path: Path, tone: Any, subtype: str) -> None:
    """libsndfile plays them; of styleshift.audio.wave_header."""
    path, plain = tmp_path / "a.w64", tmp_path / "plain.w64"
    for each in (path, plain):
        soundfile.write(each, tone(1.0, 44100)[:16_001], 44100, subtype)
    _with(path, _summary(INAM="x" * 5000), behind=True)
    assert soundfile.info(path).frames > soundfile.info(plain).frames
    np.testing.assert_array_equal(_read(path), _read(plain))


def test_a_w64_that_holds_another_recordings_tags_has_our_comment(tmp_path: Path) -> None:
    new = _silent(tmp_path / "new.w64")
    copy_tags(_silent(tmp_path / "old.mp3"), new, MARK)
    assert made_by_styleshift(new)
