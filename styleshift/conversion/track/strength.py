"""How much of the change that a model makes is kept: none, all, or more than all of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32Array = npt.NDArray[np.float32]


def scale_change(before: Float32Array, after: Float32Array, strength: float, least: float) -> Float32Array:
    """Scale the change of a log spectrum.

    Args:
        before: log magnitudes ``[n, bins]`` float32, as the model saw them.
        after: the same, as the model gave them.
        strength: 0 gives ``before``, 1 ``after``, itself; between them lies a share of the way, above 1 more
            than all of it. The way is measured on the scale of the model's own log magnitudes: in decibels
            for what is loud, and in less for what is near silence.
        least: no value is lower: the log magnitude of silence.
    """
    if strength == 1:
        return after
    return np.maximum(before + np.float32(strength) * (after - before), np.float32(least))
