"""Violin and piano: the same performances, bowed and struck."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from material import fonts
from material.performance import perform
from material.pieces import Piece, Shelf
from material.room import Wave, mix
from material.sampler import Player, load_instrument
from material.scores import Part, fold
from material.studio import Studio, draw_studio

DOMAINS = ("violin", "piano")
_VIOLIN = (55, 98)
_VIOLA, _CELLO = 41, 42


def draw_piece(shelf: Shelf, random: np.random.Generator, *, plain: bool) -> Piece:
    """Half of the pieces one voice, a third two, the rest three or four; plain or not."""
    kind = random.random()
    if kind < 0.28:
        return shelf.tune()
    if kind < 0.5:
        return shelf.voices(1)
    return shelf.voices(2 if kind < 0.84 else int(random.integers(3, 5)))


def render(
    piece: Piece, played_by: str, notes: Path, random: np.random.Generator, *, plain: bool
) -> dict[str, Wave]:
    """One performance, on both sides in the same room.

    Args:
        piece: what to play.
        played_by: a name in ``material.__main__.PLAYED_BY``.
        notes: folder of recorded notes.
        random: of everything else.
        plain: see :class:`material.studio.Studio`; one piano, one way to bow, no pedal.

    Returns:
        A recording a domain.
    """
    low_strings = len(piece.parts) > 2 or random.random() < 0.25
    parts = []
    for index, part in enumerate(piece.parts):
        if index == 0:
            parts.append(fold(part, *_VIOLIN))
        elif low_strings:
            parts.append(fold(part, *((50, 84) if index == 1 else (38, 74))))
        else:
            parts.append(fold(part, _VIOLIN[0], 84))
    played = perform(parts, random)
    studio = draw_studio(random, plain=plain)
    if played_by == "notes":
        dry = {"violin": _bowed(played, notes, random), "piano": _struck(played, notes, random)}
    else:
        dry = _by_font(played, fonts.FLUID if played_by == "fluid" else fonts.MUSESCORE, studio, random)
    return studio.record(dry, random, in_room=played_by == "notes" or studio.reverb is None)


def _by_font(parts: list[Part], font: Path, studio: Studio, random: np.random.Generator) -> dict[str, Wave]:
    wheel = int(random.integers(0, 10 if studio.plain else 45))
    strings = [fonts.Voice(part, _string(part)[0], vibrato=wheel) for part in parts]
    program = 0 if studio.plain or random.random() < 0.85 else 1
    together = sorted((note for part in parts for note in part), key=lambda note: note.start)
    keys = [fonts.Voice(together, program, pedal=not studio.plain and bool(random.random() < 0.25))]
    return {
        "violin": fonts.play(strings, font, reverb=studio.reverb),
        "piano": fonts.play(keys, font, reverb=studio.reverb),
    }


def _string(part: Part) -> tuple[int, str]:
    """Program and recorded instrument that reach the lowest note of a part."""
    lowest = min(note.pitch for note in part)
    if lowest >= _VIOLIN[0]:
        return 40, "violin"
    return (_VIOLA, "viola") if lowest >= 48 else (_CELLO, "cello")


def _bowed(parts: list[Part], notes: Path, random: np.random.Generator) -> Wave:
    waves = []
    for part in parts:
        samples = load_instrument(notes, _string(part)[1])
        waves.append(
            Player(samples, random, bowed=True, release=float(random.uniform(0.06, 0.16))).play(part)
        )
    return mix(waves)


def _struck(parts: list[Part], notes: Path, random: np.random.Generator) -> Wave:
    instrument = str(random.choice(["piano", "piano_upright", "piano_salamander"], p=[0.5, 0.25, 0.25]))
    player = Player(
        load_instrument(notes, instrument),
        random,
        bowed=False,
        release=float(random.uniform(0.05, 0.14)),
        undamped=88,
    )
    return mix([player.play(part) for part in parts])
