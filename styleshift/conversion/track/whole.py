"""One factor on all gains of a conversion, so that the whole of it is as loud as its source.

Gains that follow a source moment by moment keep its power, but not its integrated loudness: the gates of
BS.1770 take other moments of a note that decays than of one that is held, and a file of a few seconds is all
edges to gains that are smoothed over some. Single notes came out up to 8 LU off without it.
"""

from __future__ import annotations

import math

import numpy as np

from styleshift.arrays import Float64Array
from styleshift.conversion.track.loudness import STEP_SECONDS, integrated_loudness

# Up and down. A generator that is asked for more has nothing to give.
LARGEST_GAIN = 10 ** (24 / 20)
# Up to twice as much is known of a recording before its first sound is given; its factor is exact. After that
# the factor moves on in pieces of this length, to what all that is known by then asks for.
PIECE_SECONDS = 15.0
# A difference in LU that is none, and how often the gates are found anew at most.
_NEAR = 0.001
_ROUNDS = 8
# By how much all of it may be raised, or lowered, for what the bound on the gains took of a part: 1 dB.
_HAIR = 10 ** (1 / 20)


class WholeLoudness:
    """Turns gains that follow the source into such that also keep its integrated loudness, within 24 dB.

    The bound comes last: where a generator left nothing that could be raised, other parts are not raised in
    its place by more than 1 dB.

    Args:
        wanted: powers of the whole source; see
            :class:`styleshift.conversion.track.loudness.KWeightedPower`.
        reached: gets the powers of what is given.
        piece: steps; see ``PIECE_SECONDS``.
    """

    def __init__(
        self,
        wanted: Float64Array,
        reached: list[Float64Array],
        piece: int = round(PIECE_SECONDS / STEP_SECONDS),
    ) -> None:
        self._wanted, self._reached, self._piece = wanted, reached, piece
        self._parts = [np.zeros((2, 0))]  # gains that follow the source, and powers of the conversion
        self._length = self._given = self._asked = 0
        self._factor: float | None = None  # at the end of what was given

    def push(self, gains: Float64Array, powers: Float64Array) -> Float64Array:
        """Take in gains and the conversion's powers, one each a step; return the gains that are certain."""
        self._parts.append(np.stack([gains, powers]))
        self._length += len(gains)
        made = [np.empty(0)]
        while self._length >= self._given + 2 * self._piece:
            made.append(self._give(self._given + self._piece, self._given + 2 * self._piece))
        return np.concatenate(made)

    def finish(self) -> Float64Array:
        """The gains up to the last one."""
        return self._give(self._length, self._length)

    def _give(self, end: int, known: int) -> Float64Array:
        """Gains up to ``end``, as what is known up to ``known`` asks for."""
        self._parts = [np.concatenate(self._parts, axis=1)]
        everything = self._parts[0]
        last, factor = self._factor, self._factor
        # A little more of a long recording says nothing new, and hours of it would be gone through each time.
        if factor is None or known >= 1.1 * self._asked:
            factor = _factor(self._wanted[:known], *everything[:, :known])
            self._asked = known
        gains, powers = everything[:, self._given : end]
        path = np.linspace(factor if last is None else last, factor, len(gains) + 1)[1:]
        made = np.asarray(np.clip(gains * path, 1 / LARGEST_GAIN, LARGEST_GAIN))
        self._reached.append(powers * made**2)
        self._given, self._factor = end, factor
        return made


def _factor(wanted: Float64Array, gains: Float64Array, powers: Float64Array) -> float:
    """What all ``gains`` must be multiplied with; 1 where either side is too soft to have a loudness."""
    source = integrated_loudness(wanted)
    factor = 1.0
    # As if gains had no bound, so that nothing is raised for what has too little; then with it, by a hair.
    for bound, most in ((math.inf, math.inf), (LARGEST_GAIN, _HAIR)):
        start = factor
        for _ in range(_ROUNDS):
            found = integrated_loudness(powers * np.clip(gains * factor, 1 / bound, bound) ** 2)
            if source is None or found is None or abs(source - found) < _NEAR:
                break
            factor = factor * 10 ** ((source - found) / 20)
            factor = min(max(factor, start / most), start * most)
    return factor
