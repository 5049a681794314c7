"""The pitch of a recording's voice, found while its blocks go by in the first pass."""

from __future__ import annotations

import numpy as np
import soxr

from styleshift.arrays import Float32Array
from styleshift.frontend import StreamingSpectrogram
from styleshift.frontend.pitch import LEAST_FRAMES, LOUD, SURE, PitchShifter

_RESAMPLER = "LQ"  # 13 bits are more than a median of pitches can tell
_LEVELS = 128  # of loudness, that frames are sorted by
_LEVEL_STEP = 0.25  # natural log


class PitchMeter:
    """The median fundamental of the mixdown of a recording, in memory that does not grow with its length.

    Frames are counted by loudness and pitch; at the end those near the loudest decide, as in
    :meth:`styleshift.frontend.pitch.PitchShifter.median`.

    Args:
        shifter: for the model's spectrograms.
        sample_rate: of the recording, Hz.
    """

    def __init__(self, shifter: PitchShifter, sample_rate: int) -> None:
        self._shifter = shifter
        config = shifter.config
        self._resampler = soxr.ResampleStream(
            sample_rate, config.sample_rate, 1, dtype="float32", quality=_RESAMPLER
        )
        self._spectrogram = StreamingSpectrogram(config, 1)
        self._counts = np.zeros((_LEVELS, len(shifter.candidates)), np.int64)
        self._loudest = 0

    def push(self, block: Float32Array) -> None:
        """Take in ``[n, channels]`` float32."""
        mono = np.ascontiguousarray(block.mean(axis=1, dtype=np.float32))
        self._take(self._spectrogram.push(self._resampler.resample_chunk(mono)[None]))

    def median(self) -> float | None:
        """Hz; None where there is no voice. Nothing can be pushed afterwards."""
        rest = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
        self._take(self._spectrogram.push(rest[None]))
        self._take(self._spectrogram.finish())
        heard = self._counts[max(0, self._loudest - round(LOUD / _LEVEL_STEP)) :].sum(axis=0)
        if heard.sum() < LEAST_FRAMES:
            return None
        middle = np.searchsorted(np.cumsum(heard), heard.sum() / 2)
        return float(self._shifter.candidates[middle])

    def _take(self, frames: Float32Array) -> None:
        frames = frames[0]
        if not len(frames):
            return
        log = self._shifter.log(frames)
        best, strength = self._shifter.candidates_of(log)
        level = ((log.max(axis=1) - self._shifter.floor) / _LEVEL_STEP).astype(np.int64).clip(0, _LEVELS - 1)
        self._loudest = max(self._loudest, int(level.max()))
        sure = strength > SURE
        np.add.at(self._counts, (level[sure], best[sure]), 1)
