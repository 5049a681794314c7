"""Renders one style pair's material.

PYTHONPATH=tools python -m material PAIR FOLDER --scores SCORES --notes NOTES [--minutes M]
"""

from __future__ import annotations

import argparse
import csv
import importlib
import zlib
from pathlib import Path

import numpy as np
import soundfile

from material.pieces import Shelf, usable_scores
from material.room import RATE

PAIRS = ("violin_piano", "country_classical")
# Share of the pieces that is played by each; the recorded notes are real instruments.
PLAYED_BY = {"fluid": 0.5, "musescore": 0.25, "notes": 0.25}


def render_pair(
    pair: str,
    folder: Path,
    *,
    scores: Path,
    notes: Path,
    minutes: float,
    valid: float,
    plain: bool = False,
    player: str = "",
    avoid: list[Path],
) -> None:
    """Render ``folder/<domain>/NAME.flac`` and ``folder/valid/<domain>/NAME.flac``, pairs by name.

    Args:
        pair: a name in ``PAIRS``.
        folder: made where it does not exist; recordings that are there already are kept.
        scores: folder of MIDI files with ``index.csv``.
        notes: folder of recorded notes with ``index.csv``.
        minutes: a side, to train on.
        valid: minutes a side of other pieces, held out.
        plain: one sound font, one place, no microphone; see :class:`material.studio.Studio`.
        player: who plays all, a name in ``PLAYED_BY``; empty: FluidR3 what is plain, else each a share.
        avoid: tables of recordings that models are tested on; pieces named there are not played.
    """
    module = importlib.import_module(f"material.{pair}")
    random = np.random.default_rng(zlib.crc32(pair.encode()))
    shelf = Shelf(usable_scores(scores, avoid), random)
    player = player or ("fluid" if plain else "")
    played_by = {player: 1.0} if player else PLAYED_BY
    sources = list(played_by)
    shares = np.array(list(played_by.values()))
    for part, wanted in ((folder / "valid", 60 * valid), (folder, 60 * minutes)):
        rows: list[list[str]] = []
        seconds = dict.fromkeys(sources, 0.0)
        while sum(seconds.values()) < wanted:
            # The source that is furthest behind its share.
            behind = shares * (sum(seconds.values()) + 30) - np.array(list(seconds.values()))
            source = sources[int(np.argmax(behind))]
            piece = module.draw_piece(shelf, random, plain=plain)
            name = f"{len(rows):03d}-{piece.score.name[:48]}-{source}"
            own = np.random.default_rng(int(random.integers(1 << 31)))
            recordings = module.render(piece, source, notes, own, plain=plain)
            for domain, wave in recordings.items():
                path = part / domain / f"{name}.flac"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, wave, RATE, subtype="PCM_16")
            seconds[source] += min(len(wave) for wave in recordings.values()) / RATE
            rows.append([name, piece.score.title, piece.score.licence, str(len(piece.parts)), source])
            print(f"{part.name} {sum(seconds.values()):6.0f} s  {name}", flush=True)
        with (part / "index.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["name", "title", "licence", "parts", "played_by"], *rows])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="material", description="Render one style pair's material.")
    parser.add_argument("pair", choices=PAIRS)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scores", type=Path, required=True)
    parser.add_argument("--notes", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=30.0, help="a side, to train on")
    parser.add_argument("--valid", type=float, default=4.0, help="minutes a side, held out")
    parser.add_argument("--plain", action="store_true", help="one sound font, one place, no microphone")
    parser.add_argument("--player", choices=PLAYED_BY, default="", help="who plays all")
    parser.add_argument("--avoid", type=Path, action="append", default=[], help="table of test recordings")
    words = parser.parse_args()
    render_pair(
        words.pair,
        words.folder,
        scores=words.scores,
        notes=words.notes,
        minutes=words.minutes,
        valid=words.valid,
        plain=words.plain,
        player=words.player,
        avoid=words.avoid,
    )


if __name__ == "__main__":
    main()
