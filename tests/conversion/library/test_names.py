"""What is told of the name of an output that a person would not expect."""

from __future__ import annotations

import itertools
import time
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
        ("song", "song.2.flac", "same", "name: .2.flac added, as another output would have the same"),
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


def test_what_gets_an_extension_that_is_taken_differs_in_more_than_case() -> None:
    for names, folders in ((["song", "song.wav"], []), (["song"], ["song.wav/"])):
        made = output_names(names, dict.fromkeys(names, ".wav"), folders)
        assert made["song"] == "song.2.wav"
        told = renamed(TrackJob("song", Path("song"), Path(made["song"]), "same"))
        assert told == "name: .2.wav added, as another output would have the same"


def test_many_names_that_differ_in_case_only_are_numbered_in_time() -> None:
    cases = ["".join(each) for each in itertools.product(*zip("abcdefghijkl", "ABCDEFGHIJKL", strict=True))]
    names = [f"{case}.wav" for case in cases]
    began = time.process_time()
    made = output_names([*names, "abcdefghijkl.7.wav"], dict.fromkeys([*names, "abcdefghijkl.7.wav"], ".wav"))
    assert time.process_time() - began < 5  # each asked for all numbers before its own, it was 20
    numbers = [number for number in range(2, len(names) + 2) if number != 7]
    expected = [f"{case}.{number}.wav" for case, number in zip(cases[1:], numbers, strict=False)]
    assert [made[name] for name in names] == [names[0], *expected]


def test_names_that_are_too_long_for_a_number_are_shortened_and_need_none() -> None:
    # The Kelvin sign is a k where case does not count, of three bytes: only with it there is no room for .2.
    names = [f"{'a' * 246}{end}.wav" for end in ("kk", "Kk", "kK", "\u212ak")]
    made = output_names(names, dict.fromkeys(names, ".wav"))
    assert [made[name][247:] for name in names[:3]] == ["k.wav", "k.2.wav", "K.3.wav"]
    assert "~" in made[names[3]]
    assert len(set(map(str.casefold, made.values()))) == 4
