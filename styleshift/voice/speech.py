"""Whether recordings are of people who speak, heard in their spectrograms alone.

A strong pitch is no sign of it: a violin or a piano that plays alone has one in every frame. Speech does two
things at once that music does not:

- Its pitch glides. Notes stand still, but for vibrato.
- It goes from one of its sounds to the next. A frame of speech tells which phone it may be: the entropy of
  the mean of all frames' posteriors is well above the mean of their entropies. The difference is the mutual
  information of frames and phones. (Williams and Ellis 1999 tell speech from music by such posteriors, too.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from styleshift.arrays import Float32Array, Float64Array
from styleshift.frontend.config import SpectrogramConfig
from styleshift.voice.equaliser import cepstra, curve
from styleshift.voice.loud_frames import LOUD
from styleshift.voice.phones import PhoneListener, require_band
from styleshift.voice.pitch import NOTHING, SURE, PitchShifter, cepstral_order

CROP_SECONDS = 3.0
"""How long a crop is best: a dozen sounds of speech. In 2 s acted voices are missed more often."""

_SPAN_SECONDS = 0.06  # over which a pitch is held against itself
_LEAP = 1.0  # semitones from frame to frame: another note, or an error
# From where on a crop counts as speech. Of 20 crops of each folder, in spectrograms of the recipe `small`:
#                                                       median glide  median sounds  that count
#   English, read: VCC 2016, LibriSpeech, espeak-ng (10)   .54 to 1.10  1.66 to 1.99  95 to 100 %
#   espeak-ng in seven other languages (7)                 .39 to .68   1.64 to 1.92  60 to 100 %
#   acted, in five languages: the game Hedgewars (15)      .46 to 1.35   .87 to 1.31  65 to 100 %
#   music: instruments alone, bands, a song, rock (48)       0 to .44    .08 to .91    0 to 10 %
# Drums glide most, bells have the most sounds, and nothing has both. A voice that sings glides too little.
_GLIDES = 0.35  # semitones
_SOUNDS = 0.8  # nats


class SpeechListener:
    """Hears in crops how much their pitch glides, and through how many sounds of speech they go.

    Args:
        config: of the spectrograms.

    Raises:
        ConfigError: speech is not heard in them: their frames are too short to tell harmonics apart, they
            have nothing near 8 kHz, or their magnitudes are no logarithms.
    """

    def __init__(self, config: SpectrogramConfig) -> None:
        require_band(config)
        self._pitch = PitchShifter(config)
        self._span = max(1, round(_SPAN_SECONDS * config.frame_rate))  # frames
        self._phones = PhoneListener(config)
        # By way of its few coefficients an envelope costs a tenth of what its matrix costs.
        order = cepstral_order(config)
        self._cepstra = cepstra(self._pitch.envelope.T, order).astype(np.float32)
        self._curves = curve(np.eye(order), config.bins).astype(np.float32)

    def speaks(self, crop: Float32Array) -> bool:
        """Whether somebody speaks in a crop ``[frames, bins]``, compressed, of some :data:`CROP_SECONDS`."""
        log = self._pitch.log(crop)
        return self.glide(log) > _GLIDES and self.sounds(log) > _SOUNDS

    def glide(self, log: Float32Array) -> float:
        """By how many semitones the pitch moves in 0.06 s, the mean over all tones that last as long.

        Args:
            log: ``[frames, bins]`` natural log of magnitudes.

        Returns:
            0 where no tone lasts as long.
        """
        hertz, strength = self._pitch.track(log)
        semitones = 12 * np.log2(hertz)
        sure = (strength > SURE) & _loud(log)
        joined = sure[1:] & sure[:-1] & (np.abs(np.diff(semitones)) < _LEAP)
        if len(joined) < self._span:
            return 0.0
        lasting = np.lib.stride_tricks.sliding_window_view(joined, self._span).all(axis=1)
        moved = np.abs(semitones[self._span :] - semitones[: -self._span])[lasting]
        return float(moved.mean()) if len(moved) else 0.0

    def sounds(self, log: Float32Array) -> float:
        """How much a loud frame tells of which phone it may be, nats.

        Args:
            log: ``[frames, bins]`` natural log of magnitudes.

        Returns:
            0 where all frames tell the same, or none tells anything.
        """
        low: Float32Array = log @ self._cepstra
        phones = self._phones.phones(low @ self._curves)[_loud(log)].astype(np.float64)
        return float(_entropy(phones.mean(axis=0)) - _entropy(phones).mean())


def _loud(log: Float32Array) -> NDArray[np.bool_]:
    peaks = log.max(axis=1)
    found: NDArray[np.bool_] = peaks > peaks.max() - LOUD
    return found


def _entropy(probabilities: Float64Array) -> Float64Array:
    """Of the last axis, nats."""
    found: Float64Array = -(probabilities * np.log(np.maximum(probabilities, NOTHING))).sum(axis=-1)
    return found
