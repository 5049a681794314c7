"""How much stayed in a conversion: of music its harmony and its rhythm, of speech what is said."""

from __future__ import annotations

import numpy as np

from styleshift.evaluation.distribution import onsets
from styleshift.evaluation.features import CHROMA_RATE, FRAME_RATE, Array, Array64
from styleshift.evaluation.metrics import ONSET_TOLERANCE_SECONDS, correlation
from styleshift.hooks.experiment import Heard
from styleshift.voice.phones import PHONES

CHROMA_COMPRESSION = 100.0
"""Of log(1 + C x): soft overtones count nearly as much as loud ones, so that timbre changes harmony little
(Mueller and Ewert 2011)."""

_CHROMA_SECONDS = 0.2

_SPOKEN_FRAMES = 10.0
"""Of speech, without which a source says nothing."""
_VARIED = 0.25
"""Below this a source says one sound only, as in a held note, and there is no change to compare."""


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


def phones_kept(converted: Heard, source: Heard) -> float:
    """Share of the source's changes from sound to sound of speech that is heard again, at most 1.

    The square of a Pearson correlation, over the frames where the source speaks, of the square roots of how
    likely each phone is: their products add up to the Bhattacharyya coefficient. Phonetic posteriorgrams hear
    an envelope alone and little of who speaks (Sun et al. 2016), so a moved pitch takes little away.

    14 ways to convert or spoil 16 sentences each of a man and a woman (VCC 2016) are put nearly in the order
    of the words that PocketSphinx no longer hears (Spearman .97; harmony .43, the correlation of log-mel
    shapes .68), and the square falls about as the words do (Pearson .93).

    Returns:
        About 0 where something else is said, and just below 0 at worst; nan where the source says nothing, or
        one sound only.
    """
    made, said = converted.phones, source.phones
    assert made is not None, "nobody listened to the conversion"
    assert said is not None, "nobody listened to the source"
    frames = min(len(made), len(said))
    left, right = (np.sqrt(likely[:frames], dtype=np.float64) for likely in (made, said))
    spoken = 1.0 - right[:, PHONES.index("SIL")] ** 2
    if spoken.sum() < _SPOKEN_FRAMES:
        return float("nan")
    spoken /= spoken.sum()
    mean_left, mean_right = spoken @ left, spoken @ right
    varied = 1.0 - mean_right @ mean_right  # every root has a length of 1
    if varied < _VARIED:
        return float("nan")
    together = spoken @ (left * right).sum(axis=1) - mean_left @ mean_right
    found = together / np.sqrt(varied * np.maximum(1.0 - mean_left @ mean_left, 1e-9))
    return float(found * abs(found))
