"""A score as a person plays it: tempo, touch, phrases, small errors of time; for every instrument alike."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from material.scores import Part


def perform(parts: list[Part], random: np.random.Generator, *, detached: float = 0.33) -> list[Part]:
    """Play a score once.

    The tempo is changed by up to a sixth; before that it is brought to where the middle one of the steps from
    note to note lasts between 0.15 s and 0.5 s. Dynamics swell over phrases of 2 to 6 seconds.
    Some pieces are detached, the rest sung.

    Args:
        parts: as written, in seconds.
        random: decides the performance.
        detached: share of pieces that are not sung.

    Returns:
        Parts with the same notes in the same order.
    """
    step = _median_step(parts)
    stretch = float(random.uniform(0.86, 1.16)) * float(np.clip(step, 0.15, 0.5)) / step
    level = float(random.uniform(66, 102))
    touch = float(random.uniform(0.62, 0.85) if random.random() < detached else random.uniform(0.92, 1.0))
    phrase, swell = float(random.uniform(2, 6)), float(random.uniform(3, 12))
    phase = float(random.uniform(0, 2 * np.pi))
    played = []
    for index, part in enumerate(parts):
        own_level = level - (float(random.uniform(0, 12)) if index else 0.0)
        notes = []
        for note in part:
            start = note.start * stretch
            velocity = own_level + 0.3 * (note.velocity - 85)
            velocity += swell * np.sin(2 * np.pi * start / phrase + phase) + random.normal(0, 4)
            seconds = max(0.06, note.seconds * stretch * min(1.02, touch * random.uniform(0.96, 1.04)))
            start = max(0.0, start + float(np.clip(random.normal(0, 0.008), -0.02, 0.02)))
            notes.append(
                replace(note, start=start, seconds=seconds, velocity=int(np.clip(round(velocity), 25, 120)))
            )
        played.append(notes)
    return played


def _median_step(parts: list[Part]) -> float:
    steps = [
        later.start - earlier.start
        for part in parts
        for earlier, later in itertools.pairwise(part)
        if later.start - earlier.start > 0.03
    ]
    return float(np.median(steps)) if steps else 1.0
