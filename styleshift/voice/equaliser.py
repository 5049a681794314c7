"""One equaliser for each recording, which makes its voice like those that a model has learned from.

A model knows how the voices of its source sound on the whole. Every speaker differs from that, and so does
every microphone. Their means over a recording differ by one smooth curve. The means are compared phone by
phone, so a few seconds are enough: the plain mean of a short sentence would say which vowels are in it.

Cepstral mean normalisation, as recognisers of speech have it (Atal 1974, "Effectiveness of linear prediction
characteristics of the speech wave"), towards means of phones in place of one: the bias of Sankar and Lee 1996
("A maximum-likelihood approach to stochastic matching for robust speech recognition"), with soft classes.
"""

from __future__ import annotations

import math
from typing import Annotated, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from styleshift.arrays import Float32Array, Float64Array
from styleshift.errors import ConfigError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.transform import compress, magnitude
from styleshift.validation import settings
from styleshift.voice.loud_frames import LoudFrames
from styleshift.voice.phones import PHONES, REACH, STATES, PhoneListener, require_speech
from styleshift.voice.pitch import PitchShifter, cepstral_order

FloatT = TypeVar("FloatT", Float32Array, Float64Array)

SPOKEN = len(PHONES) - 1
"""Phones that are no silence."""

# So many frames are believed by half: speech of a recording, and of each phone among the model's voices.
_FEW = 30.0
_HIGHEST = math.log(10 ** (12 / 20))  # nepers
_HEARD = 1.0  # nepers above the floor: a recording has nothing in a bin whose mean is lower
_CHUNK = 1024  # frames that are listened to at a time
_FAR = 50.0  # nepers: no mean of a voice is so far from 0


@settings
class VoiceMeans:
    """The voices that a model has learned from; see :mod:`styleshift.voice.equaliser`."""

    cepstra: tuple[tuple[Annotated[float, Field(ge=-_FAR, le=_FAR)], ...], ...] = Field(
        min_length=SPOKEN, max_length=SPOKEN
    )
    """The mean envelope of each phone of ``styleshift.voice.phones.PHONES`` but silence: the lowest
    cepstral coefficients of the natural log of magnitudes, each frame at a mean power of 1."""
    frames: tuple[Annotated[float, Field(ge=0, le=1e9)], ...] = Field(min_length=SPOKEN, max_length=SPOKEN)
    """In how many frames each was heard."""

    def __post_init__(self) -> None:
        if len({len(row) for row in self.cepstra}) != 1:
            raise ConfigError("the voice has more cepstral coefficients for one phone than for another")

    def require(self, config: SpectrogramConfig) -> None:
        """Refuse spectrograms that these are no means of.

        Raises:
            ConfigError: they have another number of coefficients, or no phones are heard in them.
        """
        require_speech(config)
        if len(self.cepstra[0]) != cepstral_order(config):
            raise ConfigError(
                f"the voice has {len(self.cepstra[0])} cepstral coefficients, and envelopes of these "
                f"spectrograms have {cepstral_order(config)}"
            )


class EqualiserMeter:
    """Finds the equaliser of a recording while its frames go by, in memory that does not grow.

    Recordings at the level that the model wants are measured best. At 20 dB below it the equaliser differs
    by 1 dB, at 40 dB below by 5: what is soft is then below the floor.

    Args:
        shifter: for the model's spectrograms.
        means: of the voices that the model has learned from, in such spectrograms.
    """

    def __init__(self, shifter: PitchShifter, means: VoiceMeans) -> None:
        self._means = np.asarray(means.cepstra)
        known = np.asarray(means.frames)
        self._trust = (known / (known + _FEW)).astype(np.float32)
        # By way of its few coefficients an envelope costs a tenth of what its matrix costs.
        self._cepstra = cepstra(shifter.envelope.T, self._means.shape[1]).astype(np.float32)
        self._curves = curve(np.eye(self._means.shape[1]), shifter.config.bins).astype(np.float32)
        self._listener = PhoneListener(shifter.config)
        self._waiting: list[Float32Array] = []
        self._count = 0
        self._before = 0  # frames that wait which were counted already
        self._heard_from = shifter.floor + _HEARD
        self._sums = LoudFrames(SPOKEN + 1 + self._means.shape[1], shifter.floor)

    def push(self, log: Float32Array) -> None:
        """Take in frames ``[n, bins]``, natural log of magnitudes."""
        self._waiting.append(log)
        self._count += len(log)
        while self._count >= self._before + _CHUNK + REACH:
            self._take(_CHUNK)

    def equaliser(self) -> Float32Array | None:
        """What to add to the natural log of magnitudes, ``[bins]``; None where no phone was heard.

        It is within 12 dB, keeps the power of the mean envelope, and is 0 where the recording has nothing.
        Nothing can be pushed afterwards.
        """
        self._take(self._count - self._before)
        heard, (level,), total = np.split(self._sums.total(), [SPOKEN, SPOKEN + 1])
        speech = heard.sum()
        if speech < 1:
            return None
        mean = total / speech @ self._curves
        there = _inner(mean + level / speech > self._heard_from, self._means.shape[1])
        if not there.any():
            return None
        found = (heard @ self._means - total) / (speech + _FEW) @ self._curves
        found = np.clip(found - found[there].mean(), -_HIGHEST, _HIGHEST)
        power = np.exp(2 * (mean[there] - mean.max()))
        found -= 0.5 * np.log((power * np.exp(2 * found[there])).sum() / power.sum())
        nepers: Float32Array = np.where(there, np.clip(found, -_HIGHEST, _HIGHEST), 0).astype(np.float32)
        return nepers

    def _take(self, count: int) -> None:
        """Count so many of the frames that wait; those next to them are heard along."""
        if count <= 0:
            return
        waiting = np.concatenate(self._waiting)
        start, end = self._before, self._before + count
        log = waiting[: end + REACH]
        low: Float32Array = log @ self._cepstra
        spoken = phones_of(self._listener.likely(low @ self._curves))[start:end] * self._trust
        level = 0.5 * np.log(np.exp(2 * log[start:end]).mean(axis=1, keepdims=True))
        low[start:end, :1] -= level
        speech = spoken.sum(axis=1, keepdims=True)
        numbers = np.concatenate([spoken, speech * level, speech * low[start:end]], axis=1)
        self._sums.add(log[start:end].max(axis=1), numbers)
        kept = max(0, end - REACH)
        self._waiting = [waiting[kept:]]
        self._count, self._before = len(waiting) - kept, end - kept


def _inner(there: NDArray[np.bool_], order: int) -> NDArray[np.bool_]:
    """Those bins whose envelope knows nothing of bins that are not there: a ripple of it away."""
    near = len(there) // order
    missing = np.convolve(~there, np.ones(2 * near + 1), mode="same")
    return np.asarray(missing < 0.5)


def equalise(compressed: Float32Array, equaliser: Float32Array, config: SpectrogramConfig) -> Float32Array:
    """Log magnitudes ``[n, bins]``, as ``config`` compresses them, with an equaliser ``[bins]``, in nepers.

    Each frame keeps its power: measured with voices, that is nearer to the target than frames that take the
    equaliser's gain, though of speech a few words in a hundred more are lost (docs/results/voice-models.md).
    """
    before = magnitude(compressed, config)
    after = before * np.exp(equaliser)
    old, new = (np.square(each).sum(axis=1, keepdims=True) for each in (before, after))
    return compress(after * np.sqrt(old / np.where(new > 0, new, 1)), config)


def phones_of(states: FloatT) -> FloatT:
    """Of each phone but silence, ``[n, SPOKEN]``, the sum of its states: ``[n, STATES]``."""
    phones = states.reshape(-1, STATES // 3, 3).sum(axis=2)
    found: FloatT = np.delete(phones, PHONES.index("SIL"), axis=1)
    return found


def cepstra(smooth: Float32Array | Float64Array, count: int) -> Float64Array:
    """The lowest cepstral coefficients ``[n, count]`` of envelopes ``[n, bins]``, which have no others."""
    found: Float64Array = np.fft.irfft(smooth, axis=-1)[..., :count]
    return found


def curve(low: Float64Array, bins: int) -> Float64Array:
    """The inverse of :func:`cepstra`: ``[..., count]`` to ``[..., bins]``."""
    whole = np.zeros((*low.shape[:-1], 2 * (bins - 1)))
    whole[..., : low.shape[-1]] = low
    whole[..., -low.shape[-1] + 1 :] += low[..., :0:-1]
    found: Float64Array = np.fft.rfft(whole, axis=-1).real
    return found
