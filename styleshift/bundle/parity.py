"""What was exported computes what PyTorch computes, at every shape that conversion may hand over."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.bundle.metadata import BundleMetadata
from styleshift.errors import ParityError

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from styleshift.arrays import Float32Array

# Natural-log units: 1e-3 is 0.009 dB. Exports of the built-in generators come out near 3e-6.
PARITY_TOLERANCE = 1e-3


def compare(generator: nn.Module, path: Path, metadata: BundleMetadata) -> float:
    """Greatest difference between PyTorch and ONNX Runtime on the CPU, in natural-log units.

    Compared are the training length, a shorter, a longer and an odd one, with one and with two in a batch.

    Raises:
        ParityError: it is above :data:`PARITY_TOLERANCE`, or the graph fails at one of the shapes.
    """
    import numpy as np

    from styleshift.hooks.records import NoOptions
    from styleshift.hooks.registry import load_registry

    session = load_registry().runtimes.get("onnxruntime").build(NoOptions(), path, "cpu", 1)
    random = np.random.default_rng(0)
    step, window = metadata.time_multiple, metadata.window_frames
    shapes = [
        (1, window),
        (2, max(4 * step, window // 2 // step * step)),
        (2, window + 3 * step),
        (1, 2 * window),
    ]
    worst = 0.0
    for batch, frames in shapes:
        shape = (batch, 1, metadata.spectrogram.bins, frames)
        worst = max(worst, _compare(generator, session, _sound(shape, random)))
    return worst


def _compare(generator: nn.Module, session: Any, log_magnitude: Float32Array) -> float:
    """The difference on one sound; raises as :func:`compare`."""
    import numpy as np
    import torch

    batch, _, _, frames = log_magnitude.shape
    with torch.inference_mode():
        expected = generator(torch.from_numpy(log_magnitude)).numpy()
    try:
        found = session.run(log_magnitude)
    except Exception as error:  # ONNX Runtime raises many types of its own
        raise ParityError(
            f"the exported model fails on {batch} x {frames} frames: {str(error).splitlines()[0]}"
        ) from error
    if found.shape != expected.shape or found.shape != log_magnitude.shape:
        raise ParityError(
            f"the exported model turns {log_magnitude.shape} into {found.shape}; "
            f"PyTorch into {expected.shape}"
        )
    difference = float(np.max(np.abs(found - expected)))
    if not difference <= PARITY_TOLERANCE:  # which NaN is not
        raise ParityError(
            f"the exported model differs from PyTorch by {difference:.2g} at {batch} x {frames} "
            f"frames; {PARITY_TOLERANCE:g} is allowed",
            "report this with the recipe; the run itself is intact",
        )
    return difference


def _sound(shape: tuple[int, ...], random: np.random.Generator) -> Float32Array:
    """What graphs are compared on: magnitudes that span orders of magnitude, and some silent frames."""
    import numpy as np

    sound = np.abs(random.standard_normal(shape)) * np.exp(random.uniform(-6, 4, (*shape[:3], 1)))
    log_magnitude = np.log1p(sound)
    log_magnitude[..., : shape[3] // 8] = 0
    made: Float32Array = log_magnitude.astype(np.float32)
    return made
