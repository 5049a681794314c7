"""Runs a vocoder over any length, stretch by stretch, with context, cross-faded where they meet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from styleshift.conversion.queues import ArrayQueue
from styleshift.conversion.restyle import Restyled
from styleshift.errors import PluginError

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig
    from styleshift.hooks.records import Vocoder

Float32Array = npt.NDArray[np.float32]

STRETCH_FRAMES = 1024
# Neighbours agree where both had enough context, so a short fade is enough to hide what is left.
FADE_FRAMES = 8


def vocode(
    pieces: Iterable[Restyled],
    *,
    vocoder: Vocoder,
    spectrogram: SpectrogramConfig,
    context: int,
    frames: int,
    samples: int,
    stretch: int = STRETCH_FRAMES,
) -> Iterator[Float32Array]:
    """Make sound of a converted spectrogram that comes in pieces.

    Stretches begin at fixed frames, whatever the pieces, so the result does not depend on them.

    Args:
        pieces: in order, ``frames`` frames in all.
        vocoder: see :class:`styleshift.hooks.records.Vocoder`.
        spectrogram: frame ``t`` begins to be kept at sample ``t * hop_length``.
        context: frames that the vocoder is given beyond what is kept.
        frames: in all.
        samples: in all.
        stretch: frames kept of each stretch.

    Yields:
        Pieces ``[channels, n]`` float32, ``samples`` samples in all.

    Raises:
        PluginError: the vocoder gives something else than it should.
    """
    hop = spectrogram.hop_length
    half = FADE_FRAMES // 2
    reach = context + FADE_FRAMES
    logs, sources = ArrayQueue(axis=1), ArrayQueue(axis=1)
    begun = 0  # the frame that the queues begin with
    tail: Float32Array | None = None  # the last FADE_FRAMES of the stretch before
    ramp = ((np.arange(FADE_FRAMES * hop) + 0.5) / (FADE_FRAMES * hop)).astype(np.float32)
    source = iter(pieces)
    count = max(1, -(-(frames - half) // stretch))
    for index in range(count):
        last = index == count - 1
        first = max(0, index * stretch - reach)
        end = frames if last else min(frames, (index + 1) * stretch + reach)
        while begun + len(logs) < end:
            piece = next(source)
            logs.push(piece.log_magnitude)
            sources.push(piece.source)
        if first > begun:
            logs.drop(first - begun)
            sources.drop(first - begun)
            begun = first
        if last:
            for piece in source:  # so that whatever feeds us comes to its own end
                assert not piece.source.shape[1], "more frames came than were planned"
        length = samples - first * hop if end == frames else (end - first - 1) * hop
        sound = vocoder(logs.peek(end - first), sources.peek(end - first), length)
        _check(sound, len(logs.peek(1)), length)
        if index:
            sound = sound[:, (index * stretch - half - first) * hop :]
        if tail is not None:
            fade = ramp[: min(len(ramp), sound.shape[1])]
            joined = _faded(tail[:, : len(fade)], sound[:, : len(fade)], fade)
            sound = np.concatenate([joined, sound[:, len(fade) :]], axis=1)
        if last:
            yield sound
        else:
            kept = ((index + 1) * stretch - half) * hop - (index * stretch - half if index else 0) * hop
            tail = sound[:, kept : kept + FADE_FRAMES * hop]
            yield sound[:, :kept]


def _faded(old: Float32Array, new: Float32Array, fade: Float32Array) -> Float32Array:
    """From ``old`` to ``new``, both ``[channels, n]``, at even power however alike the two are.

    A vocoder that takes the source's phase makes the same waveform twice, and a linear fade is right. One
    that finds a phase of its own may make two that only sound the same; a linear fade of those has a dip.
    """
    power = np.sqrt(np.sum(old**2, axis=1, dtype=np.float64) * np.sum(new**2, axis=1, dtype=np.float64))
    product = np.sum(old * new, axis=1, dtype=np.float64)
    alike = np.clip(product / np.where(power > 0, power, 1), 0, 1)[:, None]
    norm = np.sqrt((1 - fade) ** 2 + fade**2 + 2 * alike * fade * (1 - fade))
    return np.asarray(((1 - fade) * old + fade * new) / norm, np.float32)


def _check(sound: Float32Array, channels: int, length: int) -> None:
    if sound.shape != (channels, length):
        raise PluginError(
            f"the vocoder gave an array of shape {list(sound.shape)}; {[channels, length]} was asked for",
            "use another --vocoder",
        )
    if not np.isfinite(sound).all():
        raise PluginError("the vocoder gave NaN or infinity", "use another --vocoder")
