"""The compression formula in Python, the same for NumPy arrays and torch tensors.

The C++ extension computes it in its fused passes (:func:`styleshift.frontend.compress`,
:func:`styleshift.frontend.magnitude`); a test holds both against each other. Take those for music, and these
where the data is on a GPU already or where float64 is wanted.
"""

from __future__ import annotations

import math
from typing import Any, TypeVar

import numpy as np

from styleshift.frontend.config import SpectrogramConfig

ArrayT = TypeVar("ArrayT")  # a NumPy array or a torch tensor


def compressed(magnitude: ArrayT, config: SpectrogramConfig) -> ArrayT:
    """Magnitudes as ``config`` compresses them: ``log1p``, ``log`` with a floor, or as they are.

    Args:
        magnitude: at least 0, of any shape, floating point.
        config: names the compression, its gain and floor.

    Returns:
        The same kind of array, of the same shape and type.
    """
    library, values = _library(magnitude), magnitude  # type: Any, Any
    if config.compression == "log1p":
        values = library.log1p(values * config.gain)
    elif config.compression == "log":
        values = library.log(library.clip(values, config.floor, None))
    found: ArrayT = values
    return found


def expanded(compressed: ArrayT, config: SpectrogramConfig) -> ArrayT:
    """The inverse of :func:`compressed`; what lies below silence is silence.

    Args:
        compressed: of any shape, floating point.
        config: names the compression, its gain and floor.

    Returns:
        Magnitudes, the same kind of array, of the same shape and type.
    """
    library, values = _library(compressed), compressed  # type: Any, Any
    if config.compression == "log":
        values = library.exp(values)
    else:
        values = library.clip(values, 0, None)
        if config.compression == "log1p":
            values = library.expm1(values) / config.gain
    found: ArrayT = values
    return found


def silence(config: SpectrogramConfig) -> float:
    """The compressed magnitude of silence."""
    return math.log(config.floor) if config.compression == "log" else 0.0


def _library(values: object) -> Any:
    """What has the functions for an array of this kind: numpy, or torch only for tensors."""
    if isinstance(values, np.ndarray):
        return np
    import torch

    return torch
