"""Chunks of WAV files: kept where the output is a WAV, mapped to tags or named where it is not.

Of styleshift.audio.tags.copy.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import silence, target_for, values_of

from styleshift.audio.tags.copy import copy_tags

MARK = "converted with styleshift (x to y)"


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _wav_with_chunks(path: Path) -> tuple[Path, dict[bytes, bytes]]:
    silence(path)
    info = (
        b"INFO"
        + _chunk(b"INAM", b"Title\0")
        + _chunk(b"ICRD", b"1999\0")
        + _chunk(b"ITRK", b"7\0")
        + _chunk(b"IENG", b"Eve\0")
    )
    bodies = {
        b"bext": b"described".ljust(602, b"\0"),
        b"iXML": b"<BWFXML/>",
        b"cue ": struct.pack("<I", 1) + struct.pack("<II4sIII", 1, 100, b"data", 0, 0, 100),
        b"smpl": bytes(36),
        b"LIST": info,
        b"ownX": b"own",
    }
    data = path.read_bytes() + b"".join(_chunk(name, body) for name, body in bodies.items())
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    return path, bodies


def test_chunks_of_a_wav_are_kept(tmp_path: Path) -> None:
    old, bodies = _wav_with_chunks(tmp_path / "old.wav")
    new = target_for(old, "wav")
    carried = copy_tags(old, new, MARK)
    assert carried.lost == ()
    data = new.read_bytes()
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    for name, body in bodies.items():
        assert _chunk(name, body) in data, name
    moved = target_for(old, "wav")
    assert set(copy_tags(old, moved, MARK, same_positions=False).lost) == {"cue", "smpl"}


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "m4a", "aiff"])
def test_texts_of_a_wav_go_to_tags_and_the_rest_is_named(tmp_path: Path, kind: str) -> None:
    old, _ = _wav_with_chunks(tmp_path / "old.wav")
    new = target_for(old, kind)
    carried = copy_tags(old, new, MARK)
    assert {"bext", "iXML", "cue", "smpl", "ownX"} <= set(carried.lost)
    assert {name: values_of(new, name) for name in ("title", "date", "tracknumber", "engineer")} == {
        "title": ["Title"],
        "date": ["1999"],
        "tracknumber": ["7"],
        "engineer": ["Eve"],
    }


def test_the_mask_of_loudspeakers_stays(tmp_path: Path) -> None:
    for name in ("old.wav", "new.wav"):
        soundfile.write(tmp_path / name, np.zeros((100, 4)), 44100, format="WAVEX", subtype="PCM_16")
    data = bytearray((tmp_path / "old.wav").read_bytes())
    at = data.index(b"fmt ") + 8 + 20
    data[at : at + 4] = struct.pack("<I", 0x0F)
    (tmp_path / "old.wav").write_bytes(data)
    copy_tags(tmp_path / "old.wav", tmp_path / "new.wav")
    made = (tmp_path / "new.wav").read_bytes()
    assert struct.unpack("<I", made[made.index(b"fmt ") + 28 :][:4])[0] == 0x0F
    assert soundfile.info(tmp_path / "new.wav").channels == 4
