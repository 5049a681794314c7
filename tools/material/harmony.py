"""Which chord stands under a melody: one triad a slot of time, found by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from material.scores import Part

_CHANGE = 0.15  # what a change of chord costs, in slots that fit wholly


@dataclass(frozen=True, slots=True)
class Chord:
    """A triad from ``start`` to ``end``, in seconds; ``classes`` are root, third and fifth, 0 to 11."""

    start: float
    end: float
    classes: tuple[int, int, int]

    @property
    def root(self) -> int:
        """Pitch class of the root."""
        return self.classes[0]


_TRIADS = [(root, (root + third) % 12, (root + 7) % 12) for third in (4, 3) for root in range(12)]


def find_chords(parts: list[Part], slots: list[tuple[float, float]]) -> list[Chord]:
    """The triads that fit the notes best and change least; those of the piece's own scale are preferred.

    Args:
        parts: all notes that sound.
        slots: stretches of time, one chord each.
    """
    weight = np.array([_classes(parts, start, end) for start, end in slots])
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-9)
    scale = weight.mean(axis=0)
    template = np.array([np.isin(np.arange(12), triad) for triad in _TRIADS], dtype=float)
    at_home = template @ scale + 0.5 * scale[[triad[0] for triad in _TRIADS]]
    fit = weight @ template.T + 0.5 * at_home
    best, came = fit[0], []
    for row in fit[1:]:
        stay, leave = best, best.max() - _CHANGE
        came.append(np.where(stay >= leave, np.arange(len(_TRIADS)), int(best.argmax())))
        best = row + np.maximum(stay, leave)
    path = [int(best.argmax())]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return [
        Chord(start, end, _TRIADS[index]) for (start, end), index in zip(slots, reversed(path), strict=True)
    ]


def _classes(parts: list[Part], start: float, end: float) -> npt.NDArray[np.float64]:
    """Seconds each pitch class sounds between two times."""
    weight = np.zeros(12)
    for part in parts:
        for note in part:
            weight[note.pitch % 12] += max(0.0, min(end, note.end) - max(start, note.start))
    return weight


def near(pitch_class: int, pitch: float) -> int:
    """The pitch of a class that is nearest to ``pitch``."""
    return round((pitch - pitch_class) / 12) * 12 + pitch_class
