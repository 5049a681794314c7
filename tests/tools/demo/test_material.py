"""The demonstration's tunes, instruments and files."""

import itertools
from pathlib import Path

import mediafile
import numpy as np
import pytest
import soundfile
from demo import instruments, material
from demo.tunes import Note, tune


@pytest.mark.parametrize("seed", range(8))
def test_tunes_are_playable_and_of_their_seed(seed: int) -> None:
    notes = tune(seed, accompanied=True)
    assert notes == tune(seed, accompanied=True)
    assert notes != tune(seed + 1, accompanied=True)
    assert [note.start for note in notes] == sorted(note.start for note in notes)
    assert 15 < notes[-1].start < 45
    for note in notes:
        assert 36 <= note.pitch <= 81
        assert note.seconds > 0.1
        assert 0 < note.loudness <= 1


def test_a_melody_alone_is_one_note_at_a_time() -> None:
    notes = tune(3, accompanied=False)
    for before, after in itertools.pairwise(notes):
        assert before.start + before.seconds <= after.start + 1e-9


@pytest.mark.parametrize("name", instruments.INSTRUMENTS)
@pytest.mark.parametrize("pitch", [48, 57, 69, 76])
def test_notes_are_in_tune(name: str, pitch: int) -> None:
    rate = 44100
    wave = instruments.INSTRUMENTS[name](Note(0.0, 1.0, pitch, 0.8), rate, np.random.default_rng(0))
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), size))
    expected = 440 * 2 ** ((pitch - 69) / 12)
    near = np.arange(int(expected * 0.94 * size / rate), int(expected * 1.06 * size / rate))
    found = near[spectrum[near].argmax()] * rate / size
    # 12 cents: the accordion's two reeds stand 13 cents apart on purpose.
    assert abs(1200 * np.log2(found / expected)) < 12


def test_one_instrument_holds_and_the_other_dies_away() -> None:
    rate = 22050
    note = Note(0.0, 1.0, 69, 0.8)
    left = {}
    for name, play in instruments.INSTRUMENTS.items():
        wave = play(note, rate, np.random.default_rng(0))
        early, late = wave[rate // 10 : rate // 5], wave[8 * rate // 10 : 9 * rate // 10]
        left[name] = float(np.sqrt(np.mean(late**2) / np.mean(early**2)))
    assert left["accordion"] > 0.7
    assert left["guitar"] < 0.3


def test_another_take_of_the_same_tune_is_not_the_same_samples() -> None:
    notes = tune(1, accompanied=False)[:6]
    first, again, other = (instruments.perform(notes, "guitar", 16000, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.abs(first).max() == pytest.approx(0.7, abs=1e-6)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("material")
    seconds = material.make(folder)
    assert min(seconds.values()) > 90
    assert max(seconds["accordion"], seconds["guitar"]) < 240
    return folder


def test_the_library_has_the_formats_and_tags_it_says(made: Path) -> None:
    files = sorted(p.relative_to(made / "library").as_posix() for p in (made / "library").rglob("*.*"))
    assert files == sorted(track.path for track in material.LIBRARY)
    for track in material.LIBRARY:
        info = soundfile.info(made / "library" / track.path)
        assert (info.samplerate, info.channels, info.subtype) == (
            track.sample_rate,
            track.channels,
            track.subtype,
        )
        tags = mediafile.MediaFile(made / "library" / track.path)
        assert (tags.title, tags.artist) == (track.title, "The Bellows")
        if track.album:
            assert tags.album == track.album
            assert tags.images[0].mime_type == "image/png"


def test_both_styles_are_sound_all_through(made: Path) -> None:
    for style in material.STYLES:
        for path in sorted((made / "audio" / style).iterdir()):
            wave, _ = soundfile.read(path)
            assert np.isfinite(wave).all()
            assert 0.01 < np.sqrt(np.mean(wave**2)) < 0.4


def test_no_tune_is_used_twice() -> None:
    seeds = [100 * (side + 1) + index for side in range(2) for index in range(material._TUNES_A_STYLE)]
    seeds += [track.seed for track in material.LIBRARY]
    melodies = {tuple(note.pitch for note in tune(seed, accompanied=False)) for seed in seeds}
    assert len(melodies) == len(seeds)
