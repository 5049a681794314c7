"""What is told of the name of an output that a person would not expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from styleshift.conversion.library.names import output_names, renamed
from styleshift.conversion.library.plan import TrackJob


@pytest.mark.parametrize(
    ("name", "target", "audio_format", "told"),
    [
        ("a.mp3", "a.mp3", "same", ""),
        ("a.mp3", "a.flac", "flac", ""),
        ("A.AIF", "A.AIF", "aiff", ""),
        ("a.wma", "a.m4a", "same", ""),  # as all of its kind; that it is written so is told
        ("a.wma", "a.flac", "same", "name: .flac instead of .wma"),
        ("wrong.mp3", "wrong.wav", "same", "name: .wav instead of .mp3"),
        ("song", "song.flac", "same", "name: .flac added"),
        ("song", "song.flac", "flac", ""),
        ("Rich.FLAC", "Rich.2.FLAC", "same", "name: .2 added, as another differs in case only"),
        ("x.aac", "x.aac.m4a", "same", "name: .m4a added, as another output would have the same"),
        ("a.mp3", "a.mp3.2.flac", "flac", "name: .2.flac added, as another output would have the same"),
        (f"{'a' * 249}.wma", f"{'a' * 241}~01234567.m4a", "same", "name: shortened, as it would be too long"),
    ],
)
def test_what_is_told_of_a_name(name: str, target: str, audio_format: str, told: str) -> None:
    job = TrackJob(f"deep/er/{name}", Path(name), Path("out/deep/er", target), audio_format)
    assert renamed(job) == told


def test_a_name_that_is_made_to_differ_is_told_of() -> None:
    names = ["A/x.wav", "a/X.wav", "RICH.flac", "Rich.FLAC", "x.aac", "x.m4a"]
    ends = {name: ".m4a" if name.endswith("aac") else name[name.rfind(".") :] for name in names}
    made = output_names(names, ends)
    told = {name: renamed(TrackJob(name, Path(name), Path(made[name]), "same")) for name in names}
    assert {name for name, text in told.items() if text} == {"a/X.wav", "Rich.FLAC", "x.aac"}
    assert told["a/X.wav"] == told["Rich.FLAC"] == "name: .2 added, as another differs in case only"
