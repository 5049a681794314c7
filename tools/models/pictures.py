"""Pictures of what the models that ship do: source, conversion and truth, one below the other.

    python tools/models/pictures.py MATERIAL FOLDER --model NAME ...

MATERIAL is what `python -m material PAIR` rendered: its `valid` pairs are played by both sides alike, and a
model that learned from nothing else saw none of them. One picture a model, with three pieces or those named.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

import styleshift
from styleshift.models.shelf import ShelvedModel, models_in
from styleshift.pages.picture import log_frequency, png
from styleshift.workspace import shipped_models

SECONDS, PIECES, WIDTH, HEIGHT = 6, 3, 480, 90
_BETWEEN = 255  # the lightest colour


def picture(model: ShelvedModel, material: Path, pieces: list[str]) -> bytes:
    """Three rows a piece, as a PNG."""
    loaded = styleshift.load_model(model.path)
    source, target = model.metadata.source, model.metadata.target
    rows = []
    for name in pieces:
        wave, rate = soundfile.read(material / "valid" / source / name, dtype="float32")
        truth, _ = soundfile.read(material / "valid" / target / name, dtype="float32")
        shown = [part[: SECONDS * rate] for part in (wave, loaded.convert(wave, rate), truth)]
        rows += [_row(part, rate) for part in shown]
        rows.append(np.full((6, WIDTH), _BETWEEN, np.uint8))
    return png(np.concatenate(rows[:-1]))


def _row(wave: npt.NDArray[np.float32], rate: int) -> npt.NDArray[np.uint8]:
    spectrum = log_frequency(wave, rate, width=WIDTH, height=HEIGHT)
    return np.pad(spectrum.colour_indices(float(spectrum.decibels.max())), ((0, 1), (0, 0)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Pictures of what the models that ship do.")
    parser.add_argument("material", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--piece", action="append", default=[], help="how a recording's name begins")
    words = parser.parse_args()
    words.folder.mkdir(parents=True, exist_ok=True)
    for model in models_in(shipped_models(), "shipped"):
        if model.name in words.model:
            there = sorted((words.material / "valid" / model.metadata.source).glob("*.flac"))
            wanted = tuple(words.piece) or tuple(path.name for path in there[:PIECES])
            pieces = [path.name for path in there if path.name.startswith(wanted)]
            (words.folder / f"{model.name}.png").write_bytes(picture(model, words.material, pieces))
            print(f"{model.name}: {', '.join(pieces)}")


if __name__ == "__main__":
    main()
