"""The first pass: what it measures, and what it keeps for the second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from styleshift.conversion.settings import ConvertSettings
from styleshift.conversion.track import first_pass
from styleshift.conversion.track.first_pass import measure_file, samples_of

RATE = 16000


@pytest.fixture
def recording(tmp_path: Path) -> tuple[Path, np.ndarray]:
    samples = (0.1 * np.random.default_rng(0).standard_normal((100_000, 2))).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, RATE, "FLOAT")
    return tmp_path / "a.wav", samples


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were opened."""
    names: list[Path] = []
    real = first_pass.open_audio

    def counted(path: Path, **options: bool) -> object:
        names.append(path)
        return real(path, **options)

    monkeypatch.setattr(first_pass, "open_audio", counted)
    return names


def joined(blocks: Iterator[np.ndarray]) -> np.ndarray:
    return np.concatenate(list(blocks))


def test_what_a_recording_is(recording: tuple[Path, np.ndarray]) -> None:
    path, samples = recording
    found = measure_file(path, ConvertSettings())
    assert (found.sample_rate, found.channels, found.frames) == (RATE, 2, 100_000)
    assert found.peak == np.abs(samples).max()
    assert found.level_db == pytest.approx(20 * np.log10(0.1), abs=0.1)
    assert len(found.powers) == pytest.approx(found.seconds * 10, abs=2)


def test_a_short_recording_is_decoded_once(recording: tuple[Path, np.ndarray], opened: list[Path]) -> None:
    path, samples = recording
    found = measure_file(path, ConvertSettings())
    with samples_of(path, ConvertSettings(), found) as blocks:
        np.testing.assert_array_equal(joined(blocks), samples)
    assert opened == [path]


def test_a_long_one_twice_and_nothing_of_it_is_kept(
    recording: tuple[Path, np.ndarray], opened: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, samples = recording
    monkeypatch.setattr(first_pass, "KEPT_BYTES", samples.nbytes - 1)
    found = measure_file(path, ConvertSettings())
    assert found.blocks is None
    with samples_of(path, ConvertSettings(), found) as blocks:
        np.testing.assert_array_equal(joined(blocks), samples)
    assert opened == [path, path]
