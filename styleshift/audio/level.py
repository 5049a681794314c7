"""How loud a recording is, as one number that silence, pauses and fades do not move much.

The gating is that of ITU-R BS.1770-4 (blocks of 0.4 s that overlap by three quarters, an absolute and a
relative gate), without its K-weighting: the level of the waveform itself decides how large the numbers
are that a network sees, and that is what this is for.
"""

from __future__ import annotations

import math

import numpy as np

from styleshift.arrays import Float32Array, Float64Array

REFERENCE_LEVEL_DB = -20.0
"""The level, dBFS RMS, that every recording is scaled to before a network sees it."""

ABSOLUTE_GATE_DB = -60.0
RELATIVE_GATE_DB = -20.0
BLOCK_SECONDS = 0.4
STEPS_PER_BLOCK = 4


class LevelMeter:
    """Measures the gated level of a stream.

    Args:
        sample_rate: Hz.
        channels: of the blocks to come. The power of a block is the mean over its channels.
        with_peak: keep the largest sample too; two more passes over the data.

    Memory: one float64 for every 0.1 s of music (2.9 MB for 10 hours).
    """

    def __init__(self, sample_rate: int, channels: int, *, with_peak: bool = True) -> None:
        self._peak: float | None = 0.0 if with_peak else None
        self._step = max(1, round(sample_rate * BLOCK_SECONDS / STEPS_PER_BLOCK))
        self._channels = channels
        self._powers: list[Float64Array] = []
        self._pending = 0.0
        self._pending_frames = 0

    def push(self, block: Float32Array) -> None:
        """Take in samples ``[n, channels]`` float32, full scale at 1.0, finite."""
        if not len(block):
            return
        if self._peak is not None:
            self._peak = max(self._peak, float(block.max()), -float(block.min()))
        start = 0
        if self._pending_frames:
            start = min(self._step - self._pending_frames, len(block))
            self._take_rest(block[:start])
            if self._pending_frames < self._step:
                return
            self._powers.append(np.array([self._pending / (self._step * self._channels)]))
            self._pending, self._pending_frames = 0.0, 0
        whole = (len(block) - start) // self._step
        if whole:
            steps = block[start : start + whole * self._step].reshape(whole, -1)
            # float32 squares summed over one step of 0.1 s: relative error below 1e-5.
            sums = np.einsum("ij,ij->i", steps, steps)
            self._powers.append(sums.astype(np.float64) / (self._step * self._channels))
        self._take_rest(block[start + whole * self._step :])

    def _take_rest(self, rest: Float32Array) -> None:
        # einsum and not vdot, everywhere: BLAS wakes its threads for it, which costs more than it gains.
        self._pending += float(np.einsum("ij,ij->", rest, rest))
        self._pending_frames += len(rest)

    @property
    def peak(self) -> float:
        """Largest absolute sample so far; full scale is 1.0."""
        assert self._peak is not None, "the meter was made without a peak"
        return self._peak

    @property
    def level_db(self) -> float | None:
        """Gated RMS level so far, dBFS (a full-scale square wave is 0, a sine -3.01); None if silent.

        NaN if any sample was not finite.
        """
        if not self._powers and not self._pending_frames:
            return None
        steps = np.concatenate(self._powers) if self._powers else np.empty(0)
        if len(steps) < STEPS_PER_BLOCK:
            # Shorter than one block: the plain mean of all there is.
            total = float(steps.sum()) * self._step + self._pending / self._channels
            blocks = np.array([total / (len(steps) * self._step + self._pending_frames)])
        else:
            sums = np.cumsum(np.concatenate([[0.0], steps]))
            with np.errstate(invalid="ignore"):  # what is not finite is answered below
                blocks = (sums[STEPS_PER_BLOCK:] - sums[:-STEPS_PER_BLOCK]) / STEPS_PER_BLOCK
        if not (np.isfinite(blocks).all() and math.isfinite(self._pending)):
            return math.nan
        heard = blocks[blocks > 10 ** (ABSOLUTE_GATE_DB / 10)]
        if not len(heard):
            return None
        kept = heard[heard > heard.mean() * 10 ** (RELATIVE_GATE_DB / 10)]
        return 10 * math.log10(float(kept.mean()))


def gain_to_reference(level_db: float | None) -> float:
    """The factor on the waveform that brings ``level_db`` to ``REFERENCE_LEVEL_DB``; 1.0 for silence."""
    return 1.0 if level_db is None else float(10 ** ((REFERENCE_LEVEL_DB - level_db) / 20))
