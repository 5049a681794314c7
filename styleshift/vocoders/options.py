"""Options of the built-in vocoders."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from styleshift.validation import settings

Rounds = Annotated[int, Field(ge=0, le=1000)]
Momentum = Annotated[float, Field(ge=0, le=2)]


@settings
class GriffinLimOptions:
    """Options of ``griffin-lim``.

    With the true magnitudes of a piano and the phase of a violin that plays the same (six clips), 0, 8 and 32
    rounds end 3.6, 2.7 and 2.3 dB of log-mel distance from the piano; 32 take 5 ms for a second of music, a
    tenth of what the generator takes. A momentum of 1.3, good for starts from noise, is worse than none here.
    """

    iterations: Rounds = 32
    """Rounds after the start, at most; each is one inverse and one forward transform."""
    least_gain: Annotated[float, Field(ge=0, lt=1)] = 0.067
    """The rounds end where four of them took less than this share (0.067: 0.3 dB) of the squared distance
    from the wanted magnitudes, for a model asks for what no sound has. 0: all rounds, always."""
    momentum: Momentum = 0.99
    """Momentum of fast Griffin-Lim (Perraudin et al. 2013, their alpha); 0 is the plain method."""


@settings
class PghiOptions:
    """Options of ``pghi``.

    Measured as above, 0, 4 and 16 rounds end 3.4, 2.4 and 2.1 dB from the piano. It has to find every phase
    anew, though, also where little has changed.
    """

    iterations: Rounds = 8
    """Fast Griffin-Lim rounds that polish the phase afterwards."""
    momentum: Momentum = 0.99
    """Momentum of those rounds."""
