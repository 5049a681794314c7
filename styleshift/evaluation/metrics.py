"""The measures: pure functions on arrays.

Lower lsd, mcd, fd and pitch error are better, and higher correlations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from styleshift.evaluation.features import FRAME_RATE, Array, Array64, Features, clip_range, mel_cepstra

PATCH_SECONDS = 1.0
PATCH_CEPSTRA = 20
MEL_CEPSTRA = 13
ONSET_TOLERANCE_SECONDS = 0.05
_ONSET_SMOOTHING_FRAMES = 2

Path2 = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def lsd(converted: Features, truth: Features, *, align: bool = False) -> float:
    """Log-mel spectral distance in dB: mean over frames of the root mean square over 80 bands.

    Both are limited to 60 dB below the truth's loudest band after the gain that makes the distance least, so
    that a volume knob changes nothing.

    Args:
        converted: measured against the truth; the longer of the two is cut to the shorter.
        truth: the reference.
        align: warp time first (:func:`dtw`), for speech.
    """
    left, right, _ = _compared(converted, truth, align)
    return float(np.sqrt(np.mean((left - right) ** 2, axis=1)).mean())


def mcd(converted: Features, truth: Features, *, align: bool = False) -> float:
    """Mel-cepstral distortion in dB (Kubichek 1993): 13 cepstra, without the one that is loudness.

    Gain, range and ``align`` as in :func:`lsd`.
    """
    left, right, _ = _compared(converted, truth, align)
    gap = mel_cepstra(left, 1, MEL_CEPSTRA) - mel_cepstra(right, 1, MEL_CEPSTRA)
    return float(np.sqrt((gap**2).sum(axis=1)).mean())


def chroma_correlation(converted: Features, reference: Features) -> float:
    """Agreement of harmony: Pearson correlation of the two chromagrams, all frames and classes at once."""
    frames = min(len(converted.chroma), len(reference.chroma))
    return correlation(converted.chroma[:frames].ravel(), reference.chroma[:frames].ravel())


def onset_correlation(converted: Features, reference: Features) -> float:
    """Agreement of note onsets: Pearson correlation of the two onset envelopes.

    The best within 50 ms of shift, the tolerance usual for onsets: a bow speaks later than a hammer.
    """
    left, right = onset_envelope(converted.log_mel), onset_envelope(reference.log_mel)
    length = min(len(left), len(right))
    most = min(round(ONSET_TOLERANCE_SECONDS * FRAME_RATE), max(0, length - 2))
    return max(
        correlation(left[max(0, by) : length + min(0, by)], right[max(0, -by) : length - max(0, by)])
        for by in range(-most, most + 1)
    )


def onset_envelope(log_mel: Array) -> Array64:
    """Half-wave rectified rise of the log-mel bands, averaged over bands and smoothed: ``[frames - 1]``."""
    rise = np.maximum(np.diff(clip_range(log_mel).astype(np.float64), axis=0), 0.0).mean(axis=1)
    reach = np.arange(-4 * _ONSET_SMOOTHING_FRAMES, 4 * _ONSET_SMOOTHING_FRAMES + 1)
    kernel = np.exp(-0.5 * (reach / _ONSET_SMOOTHING_FRAMES) ** 2)
    smooth: Array64 = np.convolve(np.pad(rise, len(reach) // 2), kernel / kernel.sum(), "valid")
    return smooth


def correlation(left: npt.NDArray[np.floating], right: npt.NDArray[np.floating]) -> float:
    """Pearson correlation of ``[n]`` and ``[n]``; two that never change agree (1), one alone does not (0)."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    if not len(a):
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    flat_a, flat_b = np.abs(a).max() < 1e-9, np.abs(b).max() < 1e-9
    if flat_a or flat_b:
        return 1.0 if flat_a and flat_b else 0.0
    return float((a @ b) / np.sqrt((a @ a) * (b @ b)))


@dataclass(frozen=True, slots=True)
class Population:
    """Mean and covariance of vectors, for the Frechet distance.

    Attributes:
        mean: ``[d]``.
        covariance: ``[d, d]``; zeros of a single vector, which has none.
    """

    mean: Array64
    covariance: Array64

    @classmethod
    def of(cls, vectors: Array64) -> Population:
        """Of ``[n, d]``, such as :func:`patch_vectors` or an embedding gives; one at least."""
        size = vectors.shape[1]
        covariance = np.zeros((size, size))
        if len(vectors) > 1:
            covariance[:] = np.cov(vectors, rowvar=False)
        return cls(vectors.mean(axis=0), covariance)


def patch_population(patches: Iterable[Array64]) -> Population:
    """Of the means and deviations in :func:`patch_vectors`, of all recordings together."""
    return Population.of(np.concatenate(list(patches))[:, : 2 * PATCH_CEPSTRA])


def population(recordings: Iterable[Features]) -> Population:
    """:func:`patch_population` of recordings."""
    return patch_population(map(patch_vectors, recordings))


def patch_vectors(recording: Features) -> Array64:
    """What 20 mel cepstra do in each second, half overlapping: ``[patches, 3 * PATCH_CEPSTRA]``.

    Their means, then standard deviations, then mean absolute differences from frame to frame. Levels are
    taken relative to the recording's peak, so that a volume knob changes nothing. A recording that is shorter
    than a patch counts as one.
    """
    loudness = clip_range(recording.log_mel - recording.log_mel.max(initial=-100.0))
    cepstra = mel_cepstra(loudness, 0, PATCH_CEPSTRA - 1)
    length = round(PATCH_SECONDS * FRAME_RATE)
    found = []
    for start in range(0, max(1, len(cepstra) - length + 1), length // 2):
        patch = cepstra[start : start + length]
        steps = np.abs(np.diff(patch, axis=0)) if len(patch) > 1 else np.zeros_like(patch)
        found.append(np.concatenate([patch.mean(axis=0), patch.std(axis=0), steps.mean(axis=0)]))
    return np.array(found)


def frechet_distance(left: Population, right: Population) -> float:
    """|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^1/2), dB squared (Dowson and Landau 1982).

    Biased upwards when one side has few patches (Gui et al. 2023, arXiv 2311.01616): compare only figures
    made from about as many seconds.
    """
    root = _root(left.covariance)
    # tr (C1 C2)^1/2 is the sum of the roots of the eigenvalues of the symmetric C1^1/2 C2 C1^1/2.
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ right.covariance @ root), 0.0)).sum()
    gap = left.mean - right.mean
    return float(gap @ gap + np.trace(left.covariance) + np.trace(right.covariance) - 2 * cross)


def _root(covariance: Array64) -> Array64:
    values, vectors = np.linalg.eigh(covariance)
    root: Array64 = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root


def pitch_error(converted_hz: Array64, truth_hz: Array64, path: Path2 | None = None) -> float:
    """Median distance in semitones over the frames where both are voiced; nan where there are none.

    Args:
        converted_hz: ``[frames]``, nan where unvoiced (:func:`styleshift.evaluation.features.pitch`).
        truth_hz: the same.
        path: frames that belong together (:func:`dtw`); without it the same frame of both.
    """
    gap = np.abs(_pitch_gaps(converted_hz, truth_hz, path))
    return float(np.median(gap)) if len(gap) else float("nan")


def log_f0_rmse(converted_hz: Array64, truth_hz: Array64, path: Path2 | None = None) -> float:
    """Root mean square of the distance in semitones over the frames where both are voiced.

    Arguments as for :func:`pitch_error`, which does not mind octave errors in fewer than half of the frames;
    this does.
    """
    gap = _pitch_gaps(converted_hz, truth_hz, path)
    return float(np.sqrt(np.mean(gap**2))) if len(gap) else float("nan")


def _pitch_gaps(converted_hz: Array64, truth_hz: Array64, path: Path2 | None) -> Array64:
    """Semitones ``[n]``, of the frames where both are voiced."""
    frames = min(len(converted_hz), len(truth_hz))
    rows, columns = path if path is not None else (np.arange(frames), np.arange(frames))
    keep = (rows < len(converted_hz)) & (columns < len(truth_hz))
    gap: Array64 = 12 * np.log2(converted_hz[rows[keep]] / truth_hz[columns[keep]])
    return gap[np.isfinite(gap)]


def alignment(converted: Features, truth: Features) -> Path2:
    """The frames of two recordings that belong together, by their mel cepstra."""
    return dtw(*(mel_cepstra(clip_range(item.log_mel), 1, MEL_CEPSTRA) for item in (converted, truth)))


def dtw(left: Array64, right: Array64) -> Path2:
    """Dynamic time warping of ``[n, d]`` and ``[m, d]``, Euclidean cost, steps (1,0), (0,1), (1,1).

    Returns:
        Row and column indices of the cheapest path from (0, 0) to (n - 1, m - 1) (Sakoe and Chiba 1978).
    """
    n, m = len(left), len(right)
    assert min(n, m) > 0, "nothing to align"
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1)[None] - 2 * left @ right.T
    total = np.sqrt(np.maximum(squares, 0.0))
    total[0] = np.cumsum(total[0])
    total[:, 0] = np.cumsum(total[:, 0])
    for diagonal in range(2, n + m - 1):
        rows = np.arange(max(1, diagonal - m + 1), min(n - 1, diagonal - 1) + 1)
        columns = diagonal - rows
        before = np.minimum(total[rows - 1, columns], total[rows, columns - 1])
        total[rows, columns] += np.minimum(before, total[rows - 1, columns - 1])
    row, column = n - 1, m - 1
    steps = [(row, column)]
    while row or column:
        if row and column:
            options = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
            best = int(np.argmin(options))
            row, column = row - (best != 2), column - (best != 1)
        else:
            row, column = max(0, row - 1), max(0, column - 1)
        steps.append((row, column))
    path = np.array(steps[::-1], dtype=np.intp)
    return path[:, 0], path[:, 1]


def _compared(converted: Features, truth: Features, align: bool) -> tuple[Array, Array, float]:
    """Both log-mels, frame by frame, at the best gain and in the truth's range; and that gain in dB."""
    if align:
        rows, columns = alignment(converted, truth)
        left, right = converted.log_mel[rows], truth.log_mel[columns]
    else:
        frames = min(len(converted.log_mel), len(truth.log_mel))
        left, right = converted.log_mel[:frames], truth.log_mel[:frames]
    peak = float(right.max(initial=-100.0))
    right = clip_range(right, peak)

    def distance(gain: float) -> float:
        gap = clip_range(left + np.float32(gain), peak) - right
        return float(np.sqrt((gap * gap).mean(axis=1)).mean())

    gain = peak - float(left.max(initial=-100.0))
    for step in (4.0, 1.0, 0.25, 0.05):
        reach = 8 if step == 4.0 else 4
        gain = min((gain + step * by for by in range(-reach, reach + 1)), key=distance)
    return clip_range(left + np.float32(gain), peak), right, gain
