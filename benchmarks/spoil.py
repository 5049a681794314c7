"""Ways to spoil speech, from a little to beyond recognition: the source's sound, or its spectrogram.

Spectrograms are ``[n, bins]`` float32 log magnitudes, as the recipe compresses them.
"""

from __future__ import annotations

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.frontend import compress
from styleshift.voice.pitch import PitchShifter

PIECE = 12  # frames, 0.2 s: about a syllable


def noisy(wave: Float32Array, below: float) -> Float32Array:
    """``[samples]`` and white noise, as many dB below it."""
    level = np.sqrt(np.square(wave).mean()) * 10 ** (-below / 20)
    noise = np.random.default_rng(0).normal(0, level, len(wave))
    return (wave + noise).astype(np.float32)


def averaged(log: Float32Array, frames: int) -> Float32Array:
    """``[n, bins]``, each frame the mean of an odd number around it.

    Mirrored at its ends, so that each frame counts as much as the others, and the mean stays.
    """
    around = np.pad(log, ((frames // 2, frames // 2), (0, 0)), mode="symmetric")
    near = np.lib.stride_tricks.sliding_window_view(around, frames, axis=0)
    found: Float32Array = near.mean(axis=2, dtype=np.float32)
    return found


def swapped(log: Float32Array, frames: int = PIECE) -> Float32Array:
    """``[n, bins]`` with its pieces of so many frames swapped in pairs; one that is left over stays."""
    pieces = [log[start : start + frames] for start in range(0, len(log), frames)]
    for left in range(0, len(pieces) - 1, 2):
        pieces[left], pieces[left + 1] = pieces[left + 1], pieces[left]
    return np.concatenate(pieces)


def flattened(log: Float32Array, share: float, shifter: PitchShifter) -> Float32Array:
    """``[n, bins]``, compressed, with envelopes at ``share`` of their way from the mean of all.

    Levels and harmonics stay.
    """
    plain = shifter.log(log)
    smooth = plain @ shifter.envelope.T.astype(np.float32)
    smooth -= smooth.mean(axis=1, keepdims=True)
    moved = plain + np.float32(share - 1) * (smooth - smooth.mean(axis=0))
    return compress(np.exp(moved), shifter.config)
