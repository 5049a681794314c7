"""Whether a conversion is done sooner on the CPU than on the GPU, which must be started first."""

from __future__ import annotations

from dataclasses import dataclass

START_SECONDS = 3.0
"""What the process that runs the model on a GPU takes to begin and to load it; an estimate."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly a device runs a model.

    Attributes:
        window: seconds for one window, where windows come as they do in a conversion: one at a time to each
            processor, many at once to a GPU.
        start: seconds until the first one, beyond what a conversion takes anyway.
    """

    window: float
    start: float = 0.0


def windows_of(music: float, window_seconds: float) -> float:
    """Windows in so many seconds of music: one spectrogram for all channels, three eighths of each shared."""
    return 1.6 * music / window_seconds


def cpu_is_sooner(windows: float, cpu: Pace, gpu: Pace, workers: int) -> bool:
    """The processors have run all windows before the GPU would have.

    All else, decoding, transforms and encoding, is done by the processors in both cases.

    Args:
        windows: to be run.
        cpu: of one processor.
        gpu: of the GPU, which all workers share.
        workers: processors that run the model side by side.
    """
    return cpu.start + windows * cpu.window / max(1, workers) <= gpu.start + windows * gpu.window
