"""Whether a conversion is done sooner on the CPU than on the GPU, which must be started first."""

from __future__ import annotations

START_SECONDS = 3.0
"""What the process that runs the model on a GPU takes to begin and to load it; an estimate."""


def windows_of(music: float, window_seconds: float) -> float:
    """Windows in so many seconds of music: one spectrogram for all channels, three eighths of each shared."""
    return 1.6 * music / window_seconds


def cpu_is_sooner(windows: float, cpu: float, gpu: float, workers: int, *, start: float = 0.0) -> bool:
    """The processors have run all windows before the GPU would have.

    All else, decoding, transforms and encoding, is done by the processors in both cases.

    Args:
        windows: to be run.
        cpu: seconds that one processor takes for a window, when they come one at a time.
        gpu: seconds that the GPU takes for one, when many come at once; all workers share it.
        workers: processors that run the model side by side.
        start: seconds until the GPU runs the first, beyond what a conversion takes anyway.
    """
    return windows * cpu / workers <= start + windows * gpu
