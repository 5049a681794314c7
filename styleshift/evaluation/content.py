"""How much of the music stayed in a conversion: its harmony, and its rhythm."""

from __future__ import annotations

import numpy as np

from styleshift.evaluation.distribution import onsets
from styleshift.evaluation.features import CHROMA_RATE, FRAME_RATE, Array, Array64
from styleshift.evaluation.metrics import ONSET_TOLERANCE_SECONDS, correlation
from styleshift.hooks.experiment import Heard

CHROMA_COMPRESSION = 100.0
"""Of log(1 + C x): soft overtones count nearly as much as loud ones, so that timbre changes harmony little
(Mueller and Ewert 2011)."""

_CHROMA_SECONDS = 0.2


def harmony(converted: Heard, source: Heard) -> float:
    """Pearson correlation of the log-compressed, smoothed chroma of both, at most 1."""
    frames = min(len(converted.chroma), len(source.chroma))
    left, right = (_log_chroma(item.chroma[:frames]) for item in (converted, source))
    return correlation(left.ravel(), right.ravel())


def _log_chroma(chroma: Array) -> Array64:
    wide = np.log1p(CHROMA_COMPRESSION * chroma.astype(np.float64))
    width = max(1, min(round(_CHROMA_SECONDS * CHROMA_RATE), len(wide)))
    total = np.cumsum(np.pad(wide, ((1, 0), (0, 0))), axis=0)
    smooth: Array64 = (total[width:] - total[:-width]) / width
    centred: Array64 = smooth - smooth.mean(axis=1, keepdims=True)
    return centred


def onset_f_measure(converted: Heard, source: Heard) -> float:
    """F-measure of the onsets of both, met within 50 ms; nan where the source has none."""
    left, right = onsets(converted.log_mel), onsets(source.log_mel)
    if not right:
        return float("nan")
    if not left:
        return 0.0
    gaps = np.abs(np.subtract.outer(left, right)) <= ONSET_TOLERANCE_SECONDS * FRAME_RATE
    precision, recall = float(gaps.any(axis=1).mean()), float(gaps.any(axis=0).mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
