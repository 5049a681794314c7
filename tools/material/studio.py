"""Where a performance is recorded: the same place for both sides of a pair, cut at the same samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from material.room import RATE, Room, Wave, colour, draw_room, finish, reverberate

# FluidSynth's own reverb as it comes: room size and level.
_AS_IT_COMES = (0.2, 0.9)
_SILENT_DB = -40.0


@dataclass(frozen=True, slots=True)
class Studio:
    """A room and what is done in it.

    Attributes:
        plain: no colour of a microphone and hardly a floor of noise; what sounds is the instrument. A model
            whose targets differ in ways that its sources cannot tell learns their average, which is dull.
        room: that recorded notes, and a sound font without reverb of its own, are played in.
        reverb: of FluidSynth, as room size and level; None: the room's instead.
    """

    plain: bool
    room: Room
    reverb: tuple[float, float] | None

    def record(self, dry: dict[str, Wave], random: np.random.Generator, *, in_room: bool) -> dict[str, Wave]:
        """Recordings of what begins together, by domain.

        Args:
            dry: as played.
            random: of the microphones and the floor of noise.
            in_room: whether the room is still to be added.
        """
        if in_room:
            dry = {domain: reverberate(wave, self.room) for domain, wave in dry.items()}
        if not self.plain:
            dry = {domain: colour(wave, random) for domain, wave in dry.items()}
        noise = (-100.0, -85.0) if self.plain else (-82.0, -64.0)
        return {domain: finish(wave, random, noise) for domain, wave in trim_together(dry).items()}


def draw_studio(random: np.random.Generator, *, plain: bool) -> Studio:
    """A studio for one piece."""
    room = draw_room(random)
    if plain:
        return Studio(True, room, _AS_IT_COMES if random.random() < 0.9 else None)
    own = (float(random.uniform(0.15, 0.6)), float(random.uniform(0.3, 0.9)))
    return Studio(False, room, own if random.random() < 0.5 else None)


def trim_together(waves: dict[str, Wave]) -> dict[str, Wave]:
    """Waves that begin together, without the silence before the first sound and after the last of any."""
    frame = RATE // 20
    count = max(len(wave) for wave in waves.values()) // frame + 1
    padded = {domain: np.pad(wave, (0, count * frame - len(wave))) for domain, wave in waves.items()}
    sounding = np.zeros(count, dtype=bool)
    for wave in padded.values():
        power = np.mean(wave.reshape(-1, frame) ** 2, axis=1)
        sounding |= power > 10 ** (_SILENT_DB / 10) * power.max()
    there = np.flatnonzero(sounding)
    kept = slice(max(0, there[0] - 1) * frame, (there[-1] + 2) * frame)
    return {domain: wave[kept] for domain, wave in padded.items()}
