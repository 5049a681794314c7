"""What notes of the demonstration's tunes and of MIDI files share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TimedNote:
    """A note without its dynamics.

    Attributes:
        start: seconds from the beginning.
        seconds: how long it is held.
        pitch: MIDI number, 69 is 440 Hz.
    """

    start: float
    seconds: float
    pitch: int

    @property
    def end(self) -> float:
        """Seconds from the beginning to the release."""
        return self.start + self.seconds

    @property
    def hertz(self) -> float:
        """Fundamental frequency."""
        return float(440.0 * 2.0 ** ((self.pitch - 69) / 12))
