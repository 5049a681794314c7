"""Makes sound of sections with context, the long ones in chunks, and fades what meets into one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from styleshift.conversion.track.queues import ArrayQueue
from styleshift.conversion.track.restyle import Restyled, RestyledSection
from styleshift.errors import PluginError

if TYPE_CHECKING:
    from styleshift.frontend import SpectrogramConfig
    from styleshift.hooks.records import Vocoder

Float32Array = npt.NDArray[np.float32]

CHUNK_FRAMES = 1024
# Neighbours agree where both had enough context, so a short fade is enough to hide what is left.
FADE_FRAMES = 8


def vocode_sections(
    sections: Iterable[RestyledSection], *, vocoder: Vocoder, spectrogram: SpectrogramConfig, context: int
) -> Iterator[Float32Array]:
    """Make sound of the sections of a recording.

    Args:
        sections: in order, each with ``context`` frames around it, and FADE_FRAMES more before it, where the
            recording has them.
        vocoder: see :class:`styleshift.hooks.records.Vocoder`.
        spectrogram: of the model.
        context: frames that the vocoder is given beyond what is kept.

    Yields:
        Pieces ``[channels, n]`` float32 that follow one another, from the start of the first section to the
        end of the last.

    Raises:
        PluginError: the vocoder gives something else than it should.
    """
    length = FADE_FRAMES * spectrogram.hop_length
    ramp = ((np.arange(length) + 0.5) / length).astype(np.float32)
    tail: Float32Array | None = None
    for section in sections:
        place, frames = section.place, section.frames.source.shape[1]
        chunk = -(-frames // max(1, round(frames / CHUNK_FRAMES)))
        pieces = vocode(
            [section.frames],
            vocoder=vocoder,
            spectrogram=spectrogram,
            context=context,
            frames=frames,
            samples=place.samples,
            chunk=chunk,
        )
        whole = np.concatenate(list(pieces), axis=1)
        first = place.start - place.origin - (0 if tail is None else length)
        sound = whole[:, first : place.end - place.origin]
        if tail is not None:
            sound = _joined(tail, sound, ramp)
        # What is held back here fades out while the next section fades in.
        tail = sound[:, -length:]
        if sound.shape[1] > length:
            yield sound[:, :-length]
    if tail is not None:
        yield tail


def vocode(
    pieces: Iterable[Restyled],
    *,
    vocoder: Vocoder,
    spectrogram: SpectrogramConfig,
    context: int,
    frames: int,
    samples: int,
    chunk: int = CHUNK_FRAMES,
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
        chunk: frames kept of each chunk.

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
    tail: Float32Array | None = None  # the last FADE_FRAMES of the chunk before
    ramp = ((np.arange(FADE_FRAMES * hop) + 0.5) / (FADE_FRAMES * hop)).astype(np.float32)
    source = iter(pieces)
    count = max(1, -(-(frames - half) // chunk))
    for index in range(count):
        last = index == count - 1
        first = max(0, index * chunk - reach)
        end = frames if last else min(frames, (index + 1) * chunk + reach)
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
            sound = sound[:, (index * chunk - half - first) * hop :]
        if tail is not None:
            sound = _joined(tail, sound, ramp)
        if last:
            yield sound
        else:
            kept = ((index + 1) * chunk - half) * hop - (index * chunk - half if index else 0) * hop
            tail = sound[:, kept : kept + FADE_FRAMES * hop]
            yield sound[:, :kept]


def _joined(old: Float32Array, new: Float32Array, ramp: Float32Array) -> Float32Array:
    """``new``, faded in from ``old`` over the length of ``ramp``; both ``[channels, n]``.

    The power stays even however alike the two are. A vocoder that takes the source's phase makes the same
    waveform twice, and a linear fade is right. One that finds a phase of its own may make two that only sound
    the same, where a linear fade has a dip. Where the two are opposed, all of ``new`` is turned round, which
    nobody hears.
    """
    fade = ramp[: min(len(ramp), new.shape[1])]
    old, begun = old[:, : len(fade)], new[:, : len(fade)]
    product = np.sum(old * begun, axis=1, dtype=np.float64)
    if product.sum() < 0:
        new, begun, product = -new, -begun, -product
    power = np.sqrt(np.sum(old**2, axis=1, dtype=np.float64) * np.sum(begun**2, axis=1, dtype=np.float64))
    alike = np.clip(product / np.where(power > 0, power, 1), 0, 1)[:, None]
    norm = np.sqrt((1 - fade) ** 2 + fade**2 + 2 * alike * fade * (1 - fade))
    faded = np.asarray(((1 - fade) * old + fade * begun) / norm, np.float32)
    return np.concatenate([faded, new[:, len(fade) :]], axis=1)


def _check(sound: Float32Array, channels: int, length: int) -> None:
    if sound.shape != (channels, length):
        raise PluginError(
            f"the vocoder returned an array of shape {list(sound.shape)} instead of {[channels, length]}",
            "use another `vocoder`",
        )
    if not np.isfinite(sound).all():
        raise PluginError("the vocoder returned NaN or infinity", "use another `vocoder`")
