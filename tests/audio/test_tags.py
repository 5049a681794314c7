from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Any

import mutagen
import pytest
import soundfile
from mediafile import Image, MediaFile

from styleshift.audio.tags.copy import copy_tags
from styleshift.audio.tags.read import read_tags

COVER = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc000000301"
    "010018dd8db00000000049454e44ae426082"
)
FILES = {"wav": "PCM_16", "aiff": "PCM_16", "flac": "PCM_16", "mp3": "MPEG_LAYER_III", "ogg": "VORBIS"}


def _make(path: Path, tone: Any, save: Any) -> Path:
    return Path(save(path, tone(0.5, 44100), 44100, subtype=FILES[path.suffix[1:]]))


def _tagged(path: Path) -> Path:
    file = MediaFile(path)
    file.title, file.artist, file.album = "Tïtle", "Artist", "Album"
    file.track, file.tracktotal, file.genre, file.year = 3, 9, "Polka", 1999
    file.comments = "old"
    file.rg_track_gain, file.rg_track_peak, file.acoustid_id = -3.0, 0.9, "stale"
    file.images = [Image(COVER, desc="front")]
    file.save()
    return path


@pytest.mark.parametrize(("source", "target"), list(itertools.product(FILES, FILES)))
def test_tags_and_cover_go_from_every_format_to_every_other(
    tmp_path: Path, tone: Any, save: Any, source: str, target: str
) -> None:
    old = _tagged(_make(tmp_path / f"old.{source}", tone, save))
    new = _make(tmp_path / f"new.{target}", tone, save)
    assert copy_tags(old, new, "converted with styleshift").lost == ()
    file = MediaFile(new)
    assert (file.title, file.artist, file.album) == ("Tïtle", "Artist", "Album")
    assert (file.track, file.tracktotal, file.genre, file.year) == (3, 9, "Polka", 1999)
    comments = [
        value for name, values in read_tags(new).fields.items() for value in values if "comment" in name
    ]
    assert comments == ["old", "converted with styleshift"]
    assert [image.data for image in file.images] == [COVER]
    assert file.rg_track_gain is None
    assert file.rg_track_peak is None
    assert file.acoustid_id is None
    assert soundfile.info(new).frames == 22050


def test_unknown_tags_are_kept_within_a_family(tmp_path: Path, tone: Any, save: Any) -> None:
    old, new = _make(tmp_path / "old.flac", tone, save), _make(tmp_path / "new.ogg", tone, save)
    file = mutagen.File(old)
    file["X_MOOD"], file["ARTIST"], file["REPLAYGAIN_TRACK_GAIN"] = ["blue"], ["a", "b"], ["-3 dB"]
    file.save()
    assert copy_tags(old, new).lost == ()
    tags = dict(mutagen.File(new).tags)
    tags.pop("encoder", None)  # the new file's own
    assert tags == {"x_mood": ["blue"], "artist": ["a", "b"]}


def test_texts_in_a_wav_without_id3_are_carried(tmp_path: Path, tone: Any, save: Any) -> None:
    with soundfile.SoundFile(tmp_path / "old.wav", "w", 22050, 1) as file:
        file.title, file.artist = "A title", "Somebody"
        file.write(tone())
    new = _make(tmp_path / "new.flac", tone, save)
    assert copy_tags(tmp_path / "old.wav", new).lost == ()
    assert (MediaFile(new).title, MediaFile(new).artist) == ("A title", "Somebody")


def test_a_source_without_tags_gives_only_the_comment(tmp_path: Path, tone: Any, save: Any) -> None:
    new = _make(tmp_path / "new.mp3", tone, save)
    assert copy_tags(_make(tmp_path / "old.wav", tone, save), new, "made by us").lost == ()
    assert MediaFile(new).comments == "made by us"


def test_damaged_tags_do_no_harm(tmp_path: Path, tone: Any, save: Any) -> None:
    (tmp_path / "old.mp3").write_bytes(b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff" * 500)
    new = _make(tmp_path / "new.flac", tone, save)
    copy_tags(tmp_path / "old.mp3", new, "made by us")
    assert MediaFile(new).comments == "made by us"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_not_utf8_are_tagged(tmp_path: Path, tone: Any, save: Any) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.flac"))
    odd.write_bytes(_tagged(_make(tmp_path / "old.flac", tone, save)).read_bytes())
    new = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.ogg"))
    new.write_bytes(_make(tmp_path / "new.ogg", tone, save).read_bytes())
    assert copy_tags(odd, new).lost == ()
    with new.open("rb") as file:
        assert MediaFile(file).title == "Tïtle"
