"""Makes sound of sections with context, the long ones in chunks, and fades what meets into one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from styleshift.arrays import ComplexArray, Float32Array
from styleshift.conversion.track.restyle import RestyledSection
from styleshift.errors import PluginError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks.records import Vocoder

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
    tail: Float32Array | None = None
    for section in sections:
        place, frames = section.place, section.source.shape[1]
        whole = vocode(
            section.log_magnitude,
            section.source,
            vocoder=vocoder,
            hop=spectrogram.hop_length,
            context=context,
            samples=place.samples,
            chunk=-(-frames // max(1, round(frames / CHUNK_FRAMES))),
        )
        first = place.start - place.origin - (0 if tail is None else length)
        sound = whole[:, first : place.end - place.origin]
        if tail is not None:
            sound = _joined(tail, sound, length)
        # What is held back here fades out while the next section fades in.
        tail = sound[:, -length:]
        if sound.shape[1] > length:
            yield sound[:, :-length]
    if tail is not None:
        yield tail


def vocode(
    log_magnitude: Float32Array,
    source: ComplexArray,
    *,
    vocoder: Vocoder,
    hop: int,
    context: int,
    samples: int,
    chunk: int,
) -> Float32Array:
    """Make sound of a converted spectrogram, chunk by chunk.

    Args:
        log_magnitude: ``[channels, frames, bins]`` float32; frame ``t`` begins to be kept at sample
            ``t * hop``.
        source: the same shape, complex64: what it was made from.
        vocoder: see :class:`styleshift.hooks.records.Vocoder`.
        hop: samples from one frame to the next.
        context: frames that the vocoder is given beyond what is kept.
        samples: in all.
        chunk: frames kept of each chunk.

    Returns:
        ``[channels, samples]`` float32.

    Raises:
        PluginError: the vocoder gives something else than it should.
    """
    channels, frames = source.shape[:2]
    half, reach, fade = FADE_FRAMES // 2, context + FADE_FRAMES, FADE_FRAMES * hop
    count = max(1, -(-(frames - half) // chunk))
    # A chunk fades in from the one before around each of these.
    borders = [0, *((index * chunk - half) * hop for index in range(1, count)), samples]
    pieces: list[Float32Array] = []
    tail: Float32Array | None = None  # of the chunk before, to be faded out
    for index, (begin, stop) in enumerate(pairwise(borders)):
        first = max(0, index * chunk - reach)
        end = frames if index == count - 1 else min(frames, (index + 1) * chunk + reach)
        length = samples - first * hop if end == frames else (end - first - 1) * hop
        sound = vocoder(log_magnitude[:, first:end], source[:, first:end], length)
        _check(sound, channels, length)
        sound = sound[:, begin - first * hop :]
        if tail is not None:
            sound = _joined(tail, sound, fade)
        pieces.append(sound[:, : stop - begin])
        tail = sound[:, stop - begin :][:, :fade]
    return np.concatenate(pieces, axis=1)


def _joined(old: Float32Array, new: Float32Array, length: int) -> Float32Array:
    """``new``, faded in from ``old`` over ``length`` samples; both ``[channels, n]``.

    The power stays even however alike the two are. A vocoder that takes the source's phase makes the same
    waveform twice, and a linear fade is right. One that finds a phase of its own may make two that only sound
    the same, where a linear fade has a dip. Where the two are opposed, all of ``new`` is turned round, which
    nobody hears.
    """
    fade = ((np.arange(min(length, new.shape[1])) + 0.5) / length).astype(np.float32)
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
