"""Recordings to listen to are such as browsers play; of others the report says where they are, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from styleshift.conversion.library.heard import Heard, heard
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.tracks import Track, TrackOutcome, Tracks


def sound(path: Path, subtype: str | None = None, container: str | None = None) -> None:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, np.zeros(4000), 16000, subtype, format=container)


def listen(place: Path, names: Sequence[tuple[str, str]], most: int = 12) -> Heard:
    """To a library of so many files, by source and output; those that are not there are made as PCM."""
    source, output = place / "l", place / "out"
    for folder, name in ((folder, name) for pair in names for folder, name in zip((source, output), pair)):  # noqa: B905
        if not (folder / name).exists():
            sound(folder / name)
    output.mkdir(exist_ok=True)
    journal = LibraryJournal(output)
    tracks = Tracks(journal.table)
    tracks.add("", (Track(number, *pair, (1, 2, 3, 4)) for number, pair in enumerate(names)))
    for number, (name, _) in enumerate(names):
        tracks.end(number, TrackOutcome(name, "done"))
    return heard(LibraryPlan(source, journal, tracks), most)


def played(found: Heard) -> list[tuple[str, list[str]]]:
    return [(player.label, [shot.audio for shot in player.shots]) for player in found.players]


def test_what_browsers_play_comes_before_what_they_do_not(tmp_path: Path) -> None:
    names = [(f"{number:03}.aiff", f"{number:03}.aiff") for number in range(40)]
    names[17:17] = [("One song.FLAC", "One song.flac")]
    names += [("z.wav", "z.wav")]
    found = listen(tmp_path, names, most=4)
    assert played(found) == [
        ("One song.FLAC", ["../l/One%20song.FLAC", "One%20song.flac"]),
        ("z.wav", ["../l/z.wav", "z.wav"]),
    ]
    assert [name for name, _ in found.unplayed] == ["000.aiff", "011.aiff"]
    before, after = found.unplayed[0][1]
    assert (before.name, before.address, before.place) == ("before", "../l/000.aiff", "../l/000.aiff")
    assert (after.name, after.address) == ("after", "000.aiff")
    assert before.why == after.why == "not every browser plays PCM_16 in AIFF"


@pytest.mark.parametrize("count", [0, 1, 3, 6, 7, 40])
def test_they_are_spread_over_the_library(tmp_path: Path, count: int) -> None:
    endings = [end for _ in range(count) for end in ("w64", "flac", "wav", "w64")]
    names = [(f"{number:03}.{end}", f"{number:03}.{end}") for number, end in enumerate(endings)]
    found = listen(tmp_path, names)
    numbers = [int(player.label[:3]) for player in found.players]
    assert len(numbers) == min(12, 2 * count)
    assert len(numbers) + len(found.unplayed) == min(12, 4 * count)
    assert numbers == sorted(numbers)
    assert count < 40 or numbers[-1] - numbers[0] > 120


@pytest.mark.parametrize(
    ("name", "container", "subtype", "why"),
    [
        ("a.wav", "WAV", "GSM610", "GSM610 in WAV"),
        ("a.wav", "WAV", "MS_ADPCM", "MS_ADPCM in WAV"),
        ("a.wav", "WAV", "DOUBLE", "DOUBLE in WAV"),
        ("a.wav", "AIFF", "PCM_16", "PCM_16 in AIFF"),
        ("a.caf", "CAF", "ALAC_16", "ALAC_16 in CAF"),
        ("a.rf64", "RF64", "PCM_16", "PCM_16 in RF64"),
        ("a.aiff", "WAV", "PCM_24", ""),
        ("a.wav", "WAVEX", "FLOAT", ""),
        ("a.mp3", "MP3", "MPEG_LAYER_III", ""),
        ("a.ogg", "OGG", "VORBIS", ""),
        ("a.opus", "OGG", "OPUS", ""),
    ],
)
def test_what_is_in_a_file_decides_and_not_its_name(
    tmp_path: Path, name: str, container: str, subtype: str, why: str
) -> None:
    sound(tmp_path / "l" / name, subtype, container)
    found = listen(tmp_path, [(name, "a.flac")])
    (player,) = found.players
    assert [shot.name for shot in player.shots] == (["after"] if why else ["before", "after"])
    assert [each.why for each in player.unplayed] == ([f"not every browser plays {why}"] if why else [])


def test_many_of_an_encoding_that_is_not_played_do_not_hide_one_of_another_format(tmp_path: Path) -> None:
    names = [(f"{number:03}.wav", f"{number:03}.wav") for number in range(40)]
    for name, _ in names:
        sound(tmp_path / "l" / name, "IMA_ADPCM")
    found = listen(tmp_path, [*names, ("x.mp3", "x.mp3")], most=3)
    assert [player.label for player in found.players if not player.unplayed] == ["x.mp3"]
    # Those of which the output is played come next.
    assert [len(player.shots) for player in found.players] == [1, 1, 2]


def test_a_file_that_is_not_there_now_goes_by_its_name(tmp_path: Path) -> None:
    names = [("a.wav", "a.wav"), ("b.aiff", "b.aiff")]
    listen(tmp_path, names)
    for path in (tmp_path / "l").iterdir():
        path.write_bytes(b"")
    found = listen(tmp_path, names)
    assert played(found) == [("a.wav", ["../l/a.wav", "a.wav"])]
    assert found.unplayed[0][1][0].why == "not every browser plays its format"
