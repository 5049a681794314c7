"""Country and classical: the same tune and harmony, by a band with drums and by a string quartet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from material import fonts
from material.arrange import Grid, band, quartet
from material.harmony import find_chords
from material.performance import perform
from material.pieces import Piece, Shelf
from material.room import RATE, Wave, mix
from material.sampler import Player, load_instrument
from material.scores import Part, fold, read_beats, transpose
from material.studio import draw_studio

DOMAINS = ("country", "classical")
# General MIDI programs, and how loud against the lead, in dB.
_PROGRAMS = {"fiddle": (40, 110), "banjo": (105, 105), "guitar": (25,), "bass": (32, 33)}
_BALANCE = {"fiddle": 0.0, "banjo": -4.0, "guitar": -4.0, "bass": -1.0, "drums": -7.0}
_RECORDED = {"fiddle": "violin", "banjo": "banjo", "bass": "double_bass_pizz"}
_QUARTET = ((40, "violin"), (40, "violin"), (41, "viola"), (42, "cello"))
_RANGES = ((55, 98), (55, 88), (48, 81), (36, 72))


def draw_piece(shelf: Shelf, random: np.random.Generator, *, plain: bool) -> Piece:
    """Two thirds fiddle tunes, the rest music written for four parts; plain: tunes alone. In any key."""
    piece = shelf.tune() if plain or random.random() < 0.66 else shelf.voices(4)
    semitones = int(random.integers(-4, 4))
    return replace(piece, parts=[transpose(part, semitones) for part in piece.parts])


def render(
    piece: Piece, played_by: str, notes: Path, random: np.random.Generator, *, plain: bool
) -> dict[str, Wave]:
    """Both arrangements, in the same tempo, key and room; arguments as in :mod:`material.violin_piano`."""
    grid = _grid(piece)
    chords = find_chords(piece.parts, grid.slots(2 if grid.metre % 2 == 0 else grid.metre))
    scored = quartet(piece.parts[0], chords, grid, random) if len(piece.parts) == 1 else _scored(piece)
    arranged = band(piece.parts[0], chords, grid, random)
    # Played together, so that both have one tempo.
    played = perform([*scored, *arranged.values()], random, detached=0.0 if plain else 0.33)
    strings, players = played[: len(scored)], dict(zip(arranged, played[len(scored) :], strict=True))
    studio = draw_studio(random, plain=plain)
    if played_by == "notes":
        dry = {
            "country": _recorded_band(players, notes, random),
            "classical": _recorded_strings(strings, notes, random),
        }
    else:
        font = fonts.FLUID if played_by == "fluid" else fonts.MUSESCORE
        dry = {
            "country": fonts.play(_band_voices(players, random, plain), font, reverb=studio.reverb),
            "classical": fonts.play(_string_voices(strings, random, plain), font, reverb=studio.reverb),
        }
    return studio.record(dry, random, in_room=played_by == "notes" or studio.reverb is None)


def _grid(piece: Piece) -> Grid:
    beats, metre = read_beats(piece.score.path)
    first = next((i for i in range(0, len(beats), metre) if beats[i] >= piece.start - 0.05), 0)
    end = max(note.end for part in piece.parts for note in part)
    moved = [beat - piece.start for beat in beats[first:]]
    step = moved[-1] - moved[-2] if len(moved) > 1 else 0.5
    while moved[-1] < end:
        moved.append(moved[-1] + step)
    return Grid([beat for beat in moved if beat < end + step], metre)


def _scored(piece: Piece) -> list[Part]:
    return [fold(part, *reach) for part, reach in zip(piece.parts, _RANGES, strict=True)]


def _loudness(random: np.random.Generator) -> dict[str, float]:
    return {name: level + float(random.normal(0, 2)) for name, level in _BALANCE.items()}


def _band_voices(players: dict[str, Part], random: np.random.Generator, plain: bool) -> list[fonts.Voice]:
    first, wheel = (0.9, 10) if plain else (0.75, 30)
    voices = []
    for name, level in _loudness(random).items():
        if name not in players:
            continue
        # Channel volume goes by 40 log10 of its share.
        gain = int(np.clip(100 * 10 ** (level / 40), 20, 127))
        if name == "drums":
            voices.append(fonts.Voice(players[name], 0, gain=gain, drums=True))
        else:
            choices = _PROGRAMS[name]
            program = choices[0] if random.random() < first else choices[-1]
            vibrato = int(random.integers(0, wheel))
            voices.append(fonts.Voice(players[name], program, gain=gain, vibrato=vibrato))
    return voices


def _string_voices(strings: list[Part], random: np.random.Generator, plain: bool) -> list[fonts.Voice]:
    wheel = int(random.integers(0, 10 if plain else 45))
    orchestra = not plain and random.random() < 0.15
    return [
        fonts.Voice(part, 48 if orchestra else program, gain=(100, 90, 90, 108)[index], vibrato=wheel)
        for index, (part, (program, _)) in enumerate(zip(strings, _QUARTET, strict=True))
    ]


def _recorded_band(players: dict[str, Part], notes: Path, random: np.random.Generator) -> Wave:
    stems = []
    guitar = str(random.choice(["guitar_steel", "guitar_nylon", "guitar_electric"], p=[0.6, 0.2, 0.2]))
    for name, level in _loudness(random).items():
        if name not in players:
            continue
        if name == "drums":
            stem = fonts.play([fonts.Voice(players[name], 0, drums=True)], fonts.FLUID)
        elif name == "fiddle":
            player = Player(load_instrument(notes, "violin"), random, bowed=True, release=0.08)
            stem = player.play(players[name])
        else:
            samples = load_instrument(notes, _RECORDED.get(name, guitar))
            player = Player(samples, random, bowed=False, release=float(random.uniform(0.05, 0.12)))
            stem = player.play(players[name])
        stems.append(stem * (10 ** (level / 20) / _level(stem)))
    return mix(stems)


def _recorded_strings(strings: list[Part], notes: Path, random: np.random.Generator) -> Wave:
    stems = []
    for index, (part, (_, instrument)) in enumerate(zip(strings, _QUARTET, strict=True)):
        player = Player(
            load_instrument(notes, instrument), random, bowed=True, release=float(random.uniform(0.07, 0.16))
        )
        stem = player.play(part)
        level = (0.0 if index == 0 else -2.0) + float(random.normal(0, 1.5))
        stems.append(stem * (10 ** (level / 20) / _level(stem)))
    return mix(stems)


def _level(wave: Wave) -> float:
    """Root mean square of the louder half of a stem's tenths of seconds."""
    frames = wave[: len(wave) // (RATE // 10) * (RATE // 10)].reshape(-1, RATE // 10)
    power = np.sort(np.mean(frames**2, axis=1))
    return float(np.sqrt(power[len(power) // 2 :].mean()) + 1e-9)
