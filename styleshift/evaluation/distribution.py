"""How recordings sound as a population: spectrum, dynamics, flicker and decay, against those of a style.

The patches of :mod:`styleshift.evaluation.metrics`, taken apart: a conversion may have the right mean
spectrum and still flicker from frame to frame, or hold notes that should fade.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from styleshift.evaluation.features import FRAME_RATE, Array, Array64, Features, clip_range
from styleshift.evaluation.metrics import (
    PATCH_CEPSTRA,
    Population,
    frechet_distance,
    onset_envelope,
    patch_population,
    patch_vectors,
)

PARTS = ("spectrum", "dynamics", "flicker")
"""Of a patch: mean, standard deviation and mean absolute frame-to-frame difference of its mel cepstra."""

DECAY_SECONDS = (0.1, 0.2, 0.3)
"""After an onset, where the level is read."""

_ATTACK_FRAMES = 5
_RIDGE = 1e-3
_QUANTILES = np.linspace(0.02, 0.98, 49)


class TargetDistribution:
    """The population of a style's recordings.

    Args:
        recordings: of the style, one at least.
    """

    def __init__(self, recordings: Sequence[Features]) -> None:
        patches = _patches(recordings)
        self._whole = patch_population([patches])
        self._mean, self._deviation = patches.mean(axis=0), patches.std(axis=0) + 1e-6
        self._parts, self._decays = self._split(patches), decays(recordings)

    def distances(self, recordings: Sequence[Features]) -> dict[str, float]:
        """How far recordings are from the style: Frechet distances of ``PARTS``, ``patches`` and ``decay``.

        ``patches`` is the Frechet distance of means and deviations together, not standardised, in dB squared:
        where the levels of the bands lie counts most. ``decay`` is the 1-Wasserstein distance in dB of how
        much softer notes are 0.1, 0.2 and 0.3 s after their onset, the mean of the three; nan where either
        side has no onsets.
        """
        patches = _patches(recordings)
        found = self._split(patches)
        distances = {name: frechet_distance(found[name], self._parts[name]) for name in PARTS}
        distances["patches"] = frechet_distance(patch_population([patches]), self._whole)
        return distances | {"decay": _wasserstein(decays(recordings), self._decays)}

    def _split(self, patches: Array64) -> dict[str, Population]:
        """Each of the ``PARTS`` of patches, standardised by the style's.

        A ridge keeps the covariances of a few patches from being singular.
        """
        ridge = _RIDGE * np.eye(PATCH_CEPSTRA)
        standardised = (patches - self._mean) / self._deviation
        parts = [Population.of(part) for part in np.split(standardised, len(PARTS), axis=1)]
        whole = [Population(part.mean, part.covariance + ridge) for part in parts]
        return dict(zip(PARTS, whole, strict=True))


def decays(recordings: Sequence[Features]) -> Array64:
    """``[onsets, len(DECAY_SECONDS)]``: dB by which the level has changed since each onset's attack."""
    after = [round(seconds * FRAME_RATE) for seconds in DECAY_SECONDS]
    found = []
    for recording in recordings:
        level = 10 * np.log10((10 ** (clip_range(recording.log_mel) / 10)).sum(axis=1))
        for onset in onsets(recording.log_mel):
            if onset + after[-1] < len(level):
                attack = level[onset : onset + _ATTACK_FRAMES].max()
                found.append([level[onset + frames] - attack for frames in after])
    return np.array(found, dtype=np.float64).reshape(-1, len(after))


def onsets(log_mel: Array) -> list[int]:
    """Frames at which notes begin: peaks of the onset envelope a deviation above its mean."""
    envelope = onset_envelope(log_mel)
    least = envelope.mean() + envelope.std() if len(envelope) else 0.0
    reach = _ATTACK_FRAMES
    return [
        frame
        for frame in range(1, len(envelope) - 1)
        if envelope[frame] > least
        and envelope[frame] == envelope[max(0, frame - reach) : frame + reach + 1].max()
    ]


def _patches(recordings: Sequence[Features]) -> Array64:
    return np.concatenate([patch_vectors(recording) for recording in recordings])


def _wasserstein(left: Array64, right: Array64) -> float:
    if not len(left) or not len(right):
        return float("nan")
    gaps = np.abs(np.quantile(left, _QUANTILES, axis=0) - np.quantile(right, _QUANTILES, axis=0))
    return float(gaps.mean())
