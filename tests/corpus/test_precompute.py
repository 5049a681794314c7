"""What precompute stores, and what it computes again."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
from corpora import CONFIG, counts, run, stored
from reporters import Told

from styleshift.audio.tags.model import MARK
from styleshift.corpus.manifest import MANIFEST_NAME
from styleshift.errors import CorpusError, LockedError
from styleshift.frontend import SpectrogramConfig
from styleshift.system.lock import file_lock


def _reference(wave: np.ndarray[Any, Any], config: SpectrogramConfig) -> np.ndarray[Any, Any]:
    """By definition, in float64: centred, zero-padded frames, periodic Hann window, ln(1 + |X|)."""
    half = config.frame_length // 2
    padded = np.pad(wave.astype(np.float64), (half, config.frame_length))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(config.frame_length) / config.frame_length)
    frames = [
        padded[start : start + config.frame_length] * window
        for start in range(0, len(wave) + 1, config.hop_length)
    ]
    return np.log1p(np.abs(np.fft.rfft(frames, config.fft_length, axis=1)))


def test_what_is_stored_is_the_spectrogram_of_the_mono_mix(tmp_path: Path, save: Any) -> None:
    noise = np.random.default_rng(0).standard_normal((200_001, 2)).astype(np.float32) * 0.1
    save(tmp_path / "audio/piano/deep/a.wav", noise, 8000, subtype="FLOAT")
    result = run(tmp_path)
    assert counts(result) == (1, 0, 0, 0)
    assert not result.failed
    corpus = stored(tmp_path)
    (track,) = corpus.tracks
    array = track.array()
    mono = noise.mean(axis=1, dtype=np.float64)
    expected = _reference(mono, CONFIG)
    assert track.name == "deep/a.wav"
    assert array.shape == (1, track.frames, CONFIG.bins) == (1, *expected.shape)
    assert array.dtype == np.float16
    np.testing.assert_allclose(array[0], expected, atol=2e-3)
    assert track.level_db == pytest.approx(10 * np.log10(np.mean(mono**2)), abs=0.1)
    assert track.seconds == pytest.approx(200_001 / 8000)
    assert corpus.config == CONFIG
    assert corpus.hours == pytest.approx(200_001 / 8000 / 3600)


def test_what_styleshift_converted_is_passed_over_and_named(tmp_path: Path, save: Any, tone: Any) -> None:
    save(tmp_path / "audio/piano/a.flac", tone(1.0, 8000), 8000)
    made = save(tmp_path / "audio/piano/b.flac", tone(1.0, 8000), 8000)
    tags = mutagen.File(made)
    tags["comment"] = f"{MARK} 1.0"
    tags.save()
    for found in ((1, 0, 0, 1), (0, 1, 0, 1)):
        result = run(tmp_path)
        assert counts(result) == found
        assert not result.failed
        (left_out,) = result.domains[0].rejected
        assert (left_out.name, left_out.reason) == ("b.flac", "own")


def test_channels_that_cancel_are_not_mixed(tmp_path: Path, tone: Any, save: Any) -> None:
    wave = tone(1.0, 8000, channels=2)
    wave[:, 1] *= -0.9
    save(tmp_path / "audio/piano/a.wav", wave, 8000, subtype="FLOAT")
    (domain,) = run(tmp_path).domains
    assert domain.warnings == (("a.wav", domain.warnings[0][1]),)
    assert "channel 1" in domain.warnings[0][1]
    (track,) = stored(tmp_path).tracks
    np.testing.assert_allclose(track.array()[0], _reference(wave[:, 0], CONFIG), atol=3e-3)


def test_warnings_of_one_kind_are_counted_together_also_when_they_are_known(
    tmp_path: Path, tone: Any, save: Any
) -> None:
    folder = tmp_path / "audio/piano"
    for number in range(5):
        path = save(folder / f"{number}.wav", tone(1.0 + number / 10, 8000), 8000)
        path.write_bytes(path.read_bytes() + b"x" * (5000 + number))
    for _ in range(2):
        heard = Told()
        run(tmp_path, reporter=heard)
        assert len(heard.warnings) == 4
        assert heard.warnings[-1].startswith("2 more: bytes ")
        for path in sorted(folder.iterdir()):  # the same content under another name is not computed again
            path.rename(path.with_stem(f"{path.stem} again"))


def test_one_silent_channel_is_no_cancelling(tmp_path: Path, tone: Any, save: Any) -> None:
    wave = tone(1.0, 8000, channels=2)
    wave[:, 1] = 0
    save(tmp_path / "audio/piano/a.wav", wave, 8000)
    (domain,) = run(tmp_path).domains
    assert (domain.tracks, domain.warnings) == (1, ())


def test_other_sample_rates_are_resampled(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.flac", tone(2.0, 44100, hertz=1000), 44100)
    run(tmp_path)
    (track,) = stored(tmp_path).tracks
    assert track.frames == 1 + 16000 // 128
    expected = _reference(tone(2.0, 8000, hertz=1000)[:, 0], CONFIG)
    np.testing.assert_allclose(track.array()[0, 5:-5], expected[5:-5], atol=0.02)


def test_only_what_changed_is_computed(
    tmp_path: Path, tone: Any, save: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = tmp_path / "audio/piano"
    for index in range(3):
        save(audio / f"{index}.wav", tone(1.0, 8000, hertz=200 + index), 8000)
    save(audio / "silent.wav", tone(1.0, 8000, peak=0.0), 8000)
    assert counts(run(tmp_path)) == (3, 0, 0, 1)
    digest = stored(tmp_path).digest
    arrays = {path: path.stat().st_mtime_ns for path in (tmp_path / "ws").rglob("*.npy")}

    with monkeypatch.context() as patch:
        # Nothing is even opened.
        patch.setattr(sys.modules["styleshift.corpus.precompute"], "run_jobs", None)
        assert counts(run(tmp_path)) == (0, 3, 0, 1)
    os.utime(audio / "0.wav")
    (audio / "1.wav").rename(audio / "renamed.wav")
    assert counts(run(tmp_path)) == (0, 3, 0, 1)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "ws").rglob("*.npy")} == arrays
    assert stored(tmp_path).digest == digest
    assert [track.name for track in stored(tmp_path).tracks] == ["0.wav", "2.wav", "renamed.wav"]

    save(audio / "3.wav", tone(1.0, 8000, hertz=300), 8000)
    assert counts(run(tmp_path)) == (1, 3, 0, 1)
    (audio / "3.wav").unlink()
    assert counts(run(tmp_path)) == (0, 3, 1, 1)
    assert stored(tmp_path).digest == digest
    assert len(list((tmp_path / "ws").rglob("*.npy"))) == 3


def test_a_change_that_keeps_size_and_time_is_noticed(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    run(tmp_path)
    old = path.stat()
    data = bytearray(path.read_bytes())
    data[2000:3000] = bytes(1000)
    path.write_bytes(data)
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert path.stat().st_mtime_ns == old.st_mtime_ns
    assert counts(run(tmp_path)) == (1, 0, 1, 0)


def test_other_settings_make_all_of_it_new(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    run(tmp_path)
    other = SpectrogramConfig(sample_rate=8000, frame_length=128, hop_length=64, fft_length=128)
    heard = Told()
    run(tmp_path, other, reporter=heard, dry_run=True)
    (warning,) = heard.warnings
    assert "spectrograms of piano were made with other settings" in warning
    assert "hop_length 128 becomes 64" in warning
    assert "sample_rate" not in warning
    assert "`workspace`" in warning
    assert stored(tmp_path).config == CONFIG
    assert counts(run(tmp_path, other)) == (1, 0, 1, 0)
    assert stored(tmp_path).config == other
    assert stored(tmp_path).tracks[0].array().shape[2] == 65


def test_a_lost_or_cut_array_is_made_again(tmp_path: Path, tone: Any, save: Any) -> None:
    for index in range(2):
        save(tmp_path / f"audio/piano/{index}.wav", tone(1.0, 8000, hertz=200 + index), 8000)
    run(tmp_path)
    first, second = sorted((tmp_path / "ws").rglob("*.npy"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:1000])
    assert counts(run(tmp_path))[0] == 2
    for track in stored(tmp_path).tracks:
        assert np.isfinite(track.array()).all()


def test_a_damaged_manifest_is_no_end(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    run(tmp_path)
    manifest = tmp_path / "ws/spectrograms/piano" / MANIFEST_NAME
    manifest.write_text('{"format": 1, "recordings": [')
    with pytest.raises(CorpusError, match="precompute"):
        stored(tmp_path)
    assert counts(run(tmp_path)) == (1, 0, 0, 0)
    assert len(stored(tmp_path).tracks) == 1


def test_a_dry_run_writes_nothing(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    result = run(tmp_path, dry_run=True)
    assert result.dry_run
    assert counts(result) == (1, 0, 0, 0)
    assert not (tmp_path / "ws").exists()


def test_a_second_run_on_the_same_workspace_is_refused(tmp_path: Path, tone: Any, save: Any) -> None:
    save(tmp_path / "audio/piano/a.wav", tone(1.0, 8000), 8000)
    with (
        file_lock(tmp_path / "ws/spectrograms/.lock", "it"),
        pytest.raises(LockedError, match=str(os.getpid())),
    ):
        run(tmp_path)
    assert counts(run(tmp_path)) == (1, 0, 0, 0)
