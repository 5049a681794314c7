"""The generator's part of a conversion: spectra of a recording in, log magnitudes of the new style out.

However many channels there are, the generator sees one spectrogram: the root mean square of the channels'
magnitudes. That is the mid of a stereo recording where both sides agree, and, unlike a mixdown of waveforms,
it loses nothing where they do not. What the generator changes is given to every channel as the same change,
so each keeps its share of each bin: the stereo image stays, and stereo costs no more than mono.

Measured on two violins panned 75 to 25, converted to pianos: as near to two pianos converted alone and then
panned as with every channel converted by itself (0.9 dB of log-mel distance), at half the cost, and the level
difference of the channels moves by 0.3 dB a band instead of 0.6. Panned hard left and right, a channel by
itself wins by 0.5 dB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from styleshift.arrays import ComplexArray, Float32Array, Float64Array
from styleshift.audio.level import REFERENCE_LEVEL_DB
from styleshift.bundle.metadata import BundleMetadata
from styleshift.conversion.track.sections import Section, lead
from styleshift.conversion.track.windows import convert_windows
from styleshift.errors import BundleError
from styleshift.frontend import SpectrogramConfig, compress, magnitude, power_scale, silence, stft

# Of each window: what is thrown away next to a border with another, and over how much the two are faded. With
# 16 and 64 of 256 frames (recipe `small`), windows that begin elsewhere move levels of 0.2 s by 0.08 dB (root
# mean square; 0.45 at most); without the first of them by 0.16 (0.9). A long fade is for networks with
# instance norm, whose windows differ as a whole.
DISCARD = 1 / 16
FADE = 1 / 4

# A frame this far below the recording's level is left as it is; from 10 dB above that on it is converted. A
# generator asked for the timbre of silence would answer with noise.
GATE_DB = -70.0
GATE_WIDTH_DB = 10.0

# The band above the model's follows what the generator does to the top quarter of its own band.
_TOP_BAND = 0.75
TOP_SECONDS = 0.2
_HIGHEST_TOP_GAIN = 10 ** (6 / 20)
_LOWEST_TOP_GAIN = 10 ** (-40 / 20)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a section and the frames that its sound is made of lie in the recording.

    Attributes:
        start: first sample that is kept of the section.
        end: the first that is not.
        origin: sample at which the first of the frames begins to be kept.
        samples: that the frames stand for.
    """

    start: int
    end: int
    origin: int
    samples: int


@dataclass(frozen=True, slots=True)
class RestyledSection:
    """A section, before and after, with as many frames around it as a vocoder wants.

    Attributes:
        place: in the recording.
        log_magnitude: ``[channels, n, bins]`` float32, of the new style.
        source: ``[channels, n, bins]`` complex64, what came in.
        top_gains: ``[n]`` float64, how much louder the top of the band became; see :func:`top_gains`.
    """

    place: Place
    log_magnitude: Float32Array
    source: ComplexArray
    top_gains: Float64Array


def restyle(
    sections: Iterable[Section],
    *,
    metadata: BundleMetadata,
    run: Callable[[Float32Array], Float32Array],
    batch: int,
    before: int,
    after: int,
    front: Sequence[Callable[[Float32Array], Float32Array]],
    strength: float,
) -> Iterator[RestyledSection]:
    """Convert sections that are at the reference level.

    Args:
        sections: of a recording, in order.
        metadata: of the model.
        run: the model, ``[batch, 1, bins, window]`` float32 to the same.
        batch: windows at once.
        before: frames that are wanted before a section, where they are.
        after: frames that are wanted after it.
        front: what is done to log magnitudes ``[n, bins]`` before the model sees them, one after the other.
        strength: how much of the model's change is kept; see :func:`scale_change`.

    Raises:
        BundleError: the model gives NaN or infinity.
    """
    spectrogram, window, multiple = metadata.spectrogram, metadata.window_frames, metadata.time_multiple
    gate_scale = power_scale(spectrogram)

    def seen() -> Iterator[tuple[Float32Array, tuple[_Seen, Float32Array]]]:
        for section in sections:
            joint, seen = _look(section, spectrogram, before, after)
            log = compress(joint, spectrogram)[0]
            for step in front:
                log = step(log)
            yield log, (seen, log)

    shares = divide(window, multiple)
    for converted, (look, log) in convert_windows(seen(), run, batch, window, multiple, *shares):
        place, wanted, source, joint = look
        log = scale_change(log, converted, strength, silence(spectrogram))[None, wanted]
        if not np.isfinite(log).all():
            raise BundleError("the model returned NaN or infinity", "train it again, or use another model")
        power = np.square(joint, dtype=np.float64).sum(axis=-1, keepdims=True) * gate_scale
        level = 10 * np.log10(power + 1e-30) - REFERENCE_LEVEL_DB
        opened = np.clip((level - GATE_DB) / GATE_WIDTH_DB, 0, 1).astype(np.float32)
        new = magnitude(log, spectrogram)
        new = joint + opened * (new - joint)
        gains = top_gains(joint[0], new[0], spectrogram)
        yield RestyledSection(place, compress(new * _shares(source, joint), spectrogram), source, gains)


def divide(window: int, multiple: int) -> tuple[int, int]:
    """Frames to discard and to fade, so that windows of so many frames move by whole steps of the network."""
    least = -(-window // (2 * multiple)) * multiple  # or a third window would meet two
    hop = max(least, int(window * (1 - 2 * DISCARD - FADE)) // multiple * multiple)
    discard = min(int(window * DISCARD), (window - hop) // 2)
    return discard, window - hop - 2 * discard


# Where it lies; which of its frames its sound is made of; their spectra, [channels, frames, bins] complex64,
# and their joint magnitude, [1, frames, bins] float32.
_Seen = tuple[Place, slice, ComplexArray, Float32Array]


def _look(
    section: Section, spectrogram: SpectrogramConfig, before: int, after: int
) -> tuple[Float32Array, _Seen]:
    """The joint magnitude of a section, and what its sound is made of."""
    hop, silence = spectrogram.hop_length, lead(spectrogram)
    samples = np.pad(section.samples, ((0, 0), (silence, silence))) if silence else section.samples
    spectra: ComplexArray = stft(samples, spectrogram, threads=1)
    count = spectra.shape[1]
    own = (section.start - section.begin + silence) // hop  # the frame that begins to be kept at its start
    first = max(own - before, max(0, -section.begin) // hop)
    last = min(count, own - (section.start - section.end) // hop + after + 1)
    # The last frame stands for all that follows it, the others for a hop each.
    length = samples.shape[1] - first * hop if last == count else (last - first - 1) * hop
    place = Place(section.start, section.end, section.begin - silence + first * hop, length)
    joint = joint_magnitude(spectra)
    return joint, (place, slice(first, last), spectra[:, first:last], joint[:, first:last])


def joint_magnitude(spectrum: ComplexArray) -> Float32Array:
    """Root mean square over channels: ``[channels, n, bins]`` complex64 to ``[1, n, bins]`` float32."""
    if len(spectrum) == 1:
        return np.abs(spectrum)
    power = np.square(spectrum.real).mean(axis=0) + np.square(spectrum.imag).mean(axis=0)
    return np.asarray(np.sqrt(power)[None], np.float32)


def _shares(source: ComplexArray, joint: Float32Array) -> Float32Array:
    """Each channel's magnitude over the joint one; 1 where there is nothing to share."""
    if len(source) == 1:
        return np.ones((1, 1, 1), np.float32)
    heard = joint > 0
    return np.where(heard, np.abs(source) / np.where(heard, joint, 1), 1).astype(np.float32)


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


def top_gains(before: Float32Array, after: Float32Array, spectrogram: SpectrogramConfig) -> Float64Array:
    """How much louder the top of the band became, smoothed over 0.2 s.

    Args:
        before: magnitudes ``[n, bins]``.
        after: the same, converted.
        spectrogram: of both.

    Returns:
        ``[n]`` float64, one for each frame.
    """
    low = int(spectrogram.bins * _TOP_BAND)
    reach = max(1, round(TOP_SECONDS * spectrogram.frame_rate))
    kernel = np.hanning(2 * reach + 3)[1:-1]
    powers = (np.square(part[:, low:], dtype=np.float64).sum(axis=1) for part in (before, after))
    old, new = (np.convolve(np.pad(each, reach), kernel, mode="valid") for each in powers)
    # The small constant is far below one 16-bit step: silence has a gain of 1.
    return np.clip(np.sqrt((new + 1e-9) / (old + 1e-9)), _LOWEST_TOP_GAIN, _HIGHEST_TOP_GAIN)
