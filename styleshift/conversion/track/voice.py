"""What must be known of a recording's voice, found while its blocks go by in the first pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import soxr

from styleshift.arrays import ComplexArray, Float32Array
from styleshift.conversion.track.restyle import joint_magnitude
from styleshift.frontend import StreamingSpectrogram
from styleshift.voice.equaliser import EqualiserMeter, VoiceMeans
from styleshift.voice.loud_frames import LoudFrames
from styleshift.voice.pitch import SURE, PitchShifter, has_voice

_RESAMPLER = "LQ"  # 13 bits are more than a median of pitches can tell

NEAR_SEMITONES = 3.0
"""A voice that is no further from the pitch that a model gives is hardly moved.

A model does not say how high the voices were that it learned from, only where it moves them. Men and women
lie some 12 semitones apart (108 and 212 Hz in the models that ship), so 3 is a quarter of the way: such a
voice is far nearer to the target than to a source. Of sentences of LibriSpeech, VCC 2016 and espeak, man to
woman names 92 of 118 by women and 4 of 121 by men, which do lie so high (197 to 216 Hz by librosa's pyin);
woman to man 64 of 121 by men and 1 of 118 by women. With 1 semitone it is a fifth of either: 25 and 25.
"""


@dataclass(frozen=True, slots=True)
class VoiceWanted:
    """What a model wants to know of a recording's voice.

    Attributes:
        shifter: for the model's spectrograms.
        means: of the voices that it has learned from; None: recordings are not equalised.
    """

    shifter: PitchShifter
    means: VoiceMeans | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """The voice of a recording.

    Attributes:
        hertz: its median fundamental; None: there is no voice, or nobody asked.
        equaliser: ``[bins]`` float32, nepers, what makes it like the voices that the model has learned
            from; None: there is no voice, or nobody asked.
    """

    hertz: float | None = None
    equaliser: Float32Array | None = field(default=None, compare=False)


def pitch_note(voice: Voice, target_hz: float) -> str:
    """What to know of a voice that is already where a model moves voices to; of any other, nothing.

    Args:
        voice: of a recording.
        target_hz: median fundamental to which the model moves it.
    """
    if voice.hertz is None or abs(12 * math.log2(target_hz / voice.hertz)) > NEAR_SEMITONES:
        return ""
    return (
        f"the voice is already about as high as the model's target, {target_hz:.0f} Hz (within "
        f"{NEAR_SEMITONES:.0f} semitones): little but its timbre is changed"
    )


class VoiceMeter:
    """Finds the voice of a recording, in memory that does not grow with its length.

    It hears what the model will see, the channels' joint power, which a delay between them does not colour.
    Frames are counted by loudness and pitch; at the end those near the loudest decide, as in
    :meth:`styleshift.voice.pitch.PitchShifter.median`.

    Args:
        wanted: by the model.
        sample_rate: of the recording, Hz.
        channels: 1 or more.
    """

    def __init__(self, wanted: VoiceWanted, sample_rate: int, channels: int) -> None:
        shifter = wanted.shifter
        self._shifter = shifter
        self._channels = channels
        self._equaliser = None if wanted.means is None else EqualiserMeter(shifter, wanted.means)
        config = shifter.config
        self._resampler = soxr.ResampleStream(
            sample_rate, config.sample_rate, channels, dtype="float32", quality=_RESAMPLER
        )
        self._spectrogram = StreamingSpectrogram(config, channels, output="complex")
        self._softest = np.float32(np.exp(shifter.floor))
        self._counts = LoudFrames(len(shifter.candidates) + 1, shifter.floor)  # and all of them

    def push(self, block: Float32Array) -> None:
        """Take in ``[n, channels]`` float32."""
        self._resampled(block, last=False)

    def finish(self) -> Voice:
        """What was found. Nothing can be pushed afterwards."""
        self._resampled(np.zeros((0, self._channels), np.float32), last=True)
        self._take(self._spectrogram.finish())
        *counts, loud = self._counts.total()
        heard = np.array(counts)
        if not has_voice(heard.sum(), loud):
            return Voice()
        middle = np.searchsorted(np.cumsum(heard), heard.sum() / 2)
        hertz = float(self._shifter.candidates[middle])
        return Voice(hertz, None if self._equaliser is None else self._equaliser.equaliser())

    def _resampled(self, block: Float32Array, *, last: bool) -> None:
        slow = self._resampler.resample_chunk(np.ascontiguousarray(block), last=last)
        self._take(self._spectrogram.push(np.ascontiguousarray(slow.reshape(-1, self._channels).T)))

    def _take(self, spectra: ComplexArray) -> None:
        if not spectra.shape[1]:
            return
        log = np.log(np.maximum(joint_magnitude(spectra)[0], self._softest))
        if self._equaliser is not None:
            self._equaliser.push(log)
        best, strength = self._shifter.candidates_of(log)
        candidates = np.arange(len(self._shifter.candidates))
        sure = (best[:, None] == candidates) & (strength > SURE)[:, None]
        self._counts.add(log.max(axis=1), np.column_stack([sure, np.ones(len(log))]))
