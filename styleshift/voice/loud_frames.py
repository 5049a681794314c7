"""Sums over the loud frames of a recording; which are loud is known at its end only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float64Array

LOUD = 4.0
"""A frame this much below the loudest, in natural log of their peaks, says nothing of a voice."""

_LEVELS = 128  # of loudness, that frames are sorted by
_STEP = 0.25  # natural log


class LoudFrames:
    """Adds up numbers of frames while they go by, sorted by loudness, in memory that does not grow.

    Args:
        width: numbers a frame.
        floor: natural log of the softest peak.
    """

    def __init__(self, width: int, floor: float) -> None:
        self._floor = floor
        self._sums = np.zeros((_LEVELS, width))
        self._loudest = 0

    def add(self, peaks: npt.NDArray[np.floating], numbers: npt.NDArray[np.floating]) -> None:
        """Take in frames.

        Args:
            peaks: ``[n]``, natural log of each frame's greatest magnitude.
            numbers: ``[n, width]``.
        """
        if not len(peaks):
            return
        levels = ((peaks - self._floor) / _STEP).astype(np.int64).clip(0, _LEVELS - 1)
        self._loudest = max(self._loudest, int(levels.max()))
        self._sums += (levels == np.arange(_LEVELS)[:, None]).astype(np.float64) @ numbers

    def total(self) -> Float64Array:
        """``[width]``, of the frames at most about :data:`LOUD` below the loudest so far."""
        found: Float64Array = self._sums[max(0, self._loudest - round(LOUD / _STEP)) :].sum(axis=0)
        return found
