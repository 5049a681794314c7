"""The measures against closed forms, scipy and librosa."""

import librosa
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from styleshift.evaluation import metrics as m
from styleshift.evaluation.features import SAMPLE_RATE, Features, features


def clip(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Decaying notes at random times and pitches over a little noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    wave = 0.001 * random.standard_normal(len(time))
    for start in np.arange(0, seconds, 0.3):
        since = time - start - random.uniform(0, 0.1)
        hertz = 440 * 2 ** (random.integers(-12, 12) / 12)
        tone = sum(np.sin(2 * np.pi * hertz * n * since) / n**2 for n in (1, 2, 3))
        wave += np.where(since > 0, 0.2 * np.exp(-6 * np.maximum(since, 0)) * tone, 0)
    return wave.astype(np.float32)


def given(log_mel: np.ndarray, chroma: np.ndarray | None = None) -> Features:
    none = np.zeros((4, 12), np.float32)
    return Features(log_mel=log_mel.astype(np.float32), chroma=none if chroma is None else chroma)


def test_a_recording_is_at_no_distance_from_itself() -> None:
    item = features(clip(0))
    assert m.lsd(item, item) == pytest.approx(0, abs=1e-6)
    assert m.mcd(item, item) == pytest.approx(0, abs=1e-6)
    assert m.chroma_correlation(item, item) == pytest.approx(1)
    assert m.onset_correlation(item, item) == pytest.approx(1)


@pytest.mark.parametrize("gain", [0.01, 0.5, 3.0])
def test_a_volume_knob_changes_nothing(gain: float) -> None:
    one, other = features(clip(0)), features(clip(1))
    louder = features(clip(0) * gain)
    # The analysis floor (-100 dB) is reached a little by the quietest.
    assert m.lsd(louder, other) == pytest.approx(m.lsd(one, other), abs=0.06)
    assert m.mcd(louder, other) == pytest.approx(m.mcd(one, other), abs=0.06)
    assert m.chroma_correlation(louder, one) == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(m.patch_vectors(louder), m.patch_vectors(one), atol=0.3)


def test_lsd_of_a_known_difference() -> None:
    truth = np.full((50, 80), -20.0)
    # Half of the bands 4 dB up, half 4 dB down: no gain helps, every frame is 4 dB off.
    other = truth + np.where(np.arange(80) % 2, 4.0, -4.0)
    assert m.lsd(given(other), given(truth)) == pytest.approx(4, abs=0.01)


def test_lsd_takes_the_best_gain() -> None:
    random = np.random.default_rng(0)
    truth, other = random.uniform(-50, -10, (40, 80)), random.uniform(-70, -30, (40, 80))
    floor = truth.max() - 60

    def distance(gain: float) -> float:
        gap = np.maximum(other + gain, floor) - np.maximum(truth, floor)
        return float(np.sqrt((gap**2).mean(axis=1)).mean())

    best = scipy.optimize.minimize_scalar(distance, bounds=(-10, 60), method="bounded").fun
    assert m.lsd(given(other), given(truth)) == pytest.approx(best, abs=0.005)


def test_what_is_60_db_down_does_not_count() -> None:
    truth = np.full((20, 80), -10.0)
    truth[:, 40:] = -75.0
    other = truth.copy()
    other[:, 40:] = -95.0
    assert m.lsd(given(other), given(truth)) == pytest.approx(0, abs=0.01)


def test_mcd_ignores_a_loudness_that_changes_within() -> None:
    item = features(clip(2))
    shape = np.clip(item.log_mel, item.log_mel.max() - 30, None)
    moved = shape + 5 * np.sin(np.arange(len(shape)))[:, None]
    assert m.lsd(given(moved), given(shape)) > 2
    assert m.mcd(given(moved), given(shape)) == pytest.approx(0, abs=1e-3)


def test_onsets_forgive_50_ms_and_no_more() -> None:
    wave = clip(3)
    item = features(wave)
    late = [features(np.pad(wave, (round(seconds * SAMPLE_RATE), 0))) for seconds in (0.04, 0.2)]
    assert m.onset_correlation(late[0], item) > 0.95
    assert m.onset_correlation(late[1], item) < 0.5


def test_onset_envelope_peaks_where_librosas_does() -> None:
    wave = np.zeros(2 * SAMPLE_RATE, np.float32)
    starts = [0.5, 0.9, 1.5]
    for start in starts:
        at = round(start * SAMPLE_RATE)
        wave[at : at + 4000] += (
            0.3 * np.random.default_rng(1).normal(size=4000) * np.exp(-np.arange(4000) / 800)
        )
    ours = m.onset_envelope(features(wave).log_mel)
    theirs = librosa.onset.onset_strength(y=wave, sr=SAMPLE_RATE, hop_length=256, n_fft=1024)
    for start in starts:
        frame = round(start * SAMPLE_RATE / 256)
        near = slice(frame - 12, frame + 12)
        assert abs(int(np.argmax(ours[near])) - int(np.argmax(theirs[near]))) <= 3


def test_correlation_is_numpys_and_has_answers_for_flat_lines() -> None:
    random = np.random.default_rng(4)
    a, b = random.normal(size=100), random.normal(size=100)
    assert m.correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert m.correlation(np.ones(5), np.ones(5)) == 1
    assert m.correlation(np.ones(5), np.arange(5.0)) == 0
    assert m.correlation(np.zeros(0), np.zeros(0)) == 0


def test_frechet_distance_of_two_normals_on_one_axis() -> None:
    # W2^2 of N(1, 3^2) and N(4, 5^2) is (4 - 1)^2 + (5 - 3)^2.
    left = m.Population(np.array([1.0]), np.array([[9.0]]))
    right = m.Population(np.array([4.0]), np.array([[25.0]]))
    assert m.frechet_distance(left, right) == pytest.approx(13)


def test_frechet_distance_is_that_of_scipys_matrix_root() -> None:
    random = np.random.default_rng(5)
    parts = [random.normal(size=(30, 8)) @ random.normal(size=(8, 8)) + shift for shift in (0.0, 0.7)]
    left, right = (m.Population(x.mean(0), np.cov(x, rowvar=False)) for x in parts)
    root = scipy.linalg.sqrtm(left.covariance @ right.covariance).real
    gap = left.mean - right.mean
    expected = gap @ gap + np.trace(left.covariance + right.covariance - 2 * root)
    assert m.frechet_distance(left, right) == pytest.approx(expected, rel=1e-6)
    assert m.frechet_distance(left, left) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_survives_fewer_patches_than_dimensions() -> None:
    few = m.patch_population([m.patch_vectors(features(clip(6)))])
    one = m.patch_population([m.patch_vectors(features(clip(7, seconds=0.6)))])
    assert not one.covariance.any()  # a single patch has none
    assert np.isfinite(m.frechet_distance(few, one))
    assert m.frechet_distance(few, one) > 0


def test_patches_are_one_second_every_half() -> None:
    assert len(m.patch_vectors(given(np.zeros((86 + 43 * 3, 80))))) == 4
    assert len(m.patch_vectors(given(np.zeros((20, 80))))) == 1


def test_dtw_is_librosas() -> None:
    random = np.random.default_rng(8)
    left, right = random.normal(size=(3, 23)), random.normal(size=(3, 31))
    total, _ = librosa.sequence.dtw(left, right, metric="euclidean")
    rows, columns = m.dtw(left.T, right.T)
    cost = np.linalg.norm(left.T[rows] - right.T[columns], axis=1).sum()
    assert cost == pytest.approx(total[-1, -1])
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, 22, 30)
    assert set(zip(np.diff(rows), np.diff(columns), strict=True)) <= {(0, 1), (1, 0), (1, 1)}


def test_alignment_undoes_a_warp_of_time() -> None:
    item = features(clip(9))
    slow = given(np.repeat(item.log_mel, 2, axis=0))
    assert m.lsd(slow, item, align=True) == pytest.approx(0, abs=0.05)
    assert m.lsd(slow, item) > 3


def test_pitch_error_counts_frames_voiced_on_both_sides() -> None:
    low = np.array([100.0, 100.0, np.nan, 100.0])
    high = np.array([200.0, 200.0, 50.0, np.nan])
    assert m.pitch_error(low, high) == pytest.approx(12)
    assert np.isnan(m.pitch_error(low[2:3], high[2:3]))
