"""Renders the demonstration's recordings: two styles to learn from, and a small tagged library to convert.

python -m demo.material FOLDER
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from demo.instruments import perform
from demo.tunes import tune

STYLES = ("accordion", "guitar")
_TUNES_A_STYLE = 6
_RATE = 22050


@dataclass(frozen=True, slots=True)
class Track:
    """One track of the library; all of them are played on the first of ``STYLES``."""

    path: str
    title: str
    album: str
    seed: int
    accompanied: bool
    sample_rate: int
    channels: int
    subtype: str


LIBRARY = (
    Track("Bellows/Shore Leave/01 Low Tide.flac", "Low Tide", "Shore Leave", 901, True, 44100, 2, "PCM_16"),
    Track(
        "Bellows/Shore Leave/02 The Pilot.mp3",
        "The Pilot",
        "Shore Leave",
        902,
        False,
        44100,
        2,
        "MPEG_LAYER_III",
    ),
    Track("Bellows/Singles/Rope Dance.ogg", "Rope Dance", "Singles", 903, True, 48000, 2, "VORBIS"),
    Track("Lantern Street.wav", "Lantern Street", "", 904, False, 32000, 1, "PCM_24"),
)


def make(folder: Path) -> dict[str, float]:
    """Make ``audio/accordion``, ``audio/guitar`` and ``library`` below a folder; existing files are replaced.

    No tune is played twice: what is learnt from and what is converted are different music.

    Returns:
        Seconds of music in each of the three.
    """
    made = {}
    for number, style in enumerate(STYLES):
        place = folder / "audio" / style
        place.mkdir(parents=True, exist_ok=True)
        total = 0.0
        for index in range(_TUNES_A_STYLE):
            seed = 100 * (number + 1) + index
            wave = perform(tune(seed, accompanied=index % 2 == 0), style, _RATE, seed=seed)
            soundfile.write(place / f"{style} {index + 1}.flac", wave, _RATE, subtype="PCM_16")
            total += len(wave) / _RATE
        made[style] = total
    made["library"] = sum(_write(folder / "library", track, STYLES[0]) for track in LIBRARY)
    return made


def _write(root: Path, track: Track, style: str) -> float:
    path = root / track.path
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = perform(tune(track.seed, accompanied=track.accompanied), style, track.sample_rate, seed=track.seed)
    shaped = wave[:, None]
    if track.channels == 2:
        # The second microphone is 30 cm further away: a little later, a little softer.
        late = round(0.0009 * track.sample_rate)
        shaped = np.stack([wave, 0.8 * np.pad(wave, (late, 0))[: len(wave)]], axis=1)
    with soundfile.SoundFile(
        path, "w", samplerate=track.sample_rate, channels=track.channels, subtype=track.subtype
    ) as file:
        for block in _blocks(shaped):
            file.write(block)
    _tag(path, track)
    return len(wave) / track.sample_rate


def _blocks(wave: np.ndarray[Any, Any]) -> Iterator[np.ndarray[Any, Any]]:
    # libsndfile's Vorbis encoder wants small blocks.
    for start in range(0, len(wave), 4096):
        yield wave[start : start + 4096]


def _tag(path: Path, track: Track) -> None:
    import mediafile

    tags = mediafile.MediaFile(path)
    tags.title, tags.artist = track.title, "The Bellows"
    if track.album:
        tags.album = track.album
        tags.images = [mediafile.Image(_cover(track.seed), type=mediafile.ImageType.front)]
    name = path.name.split(" ")[0]
    if name.isdigit():
        tags.track = int(name)
    tags.save()


def _cover(seed: int) -> bytes:
    """A small picture: waves, in the colours of the spectrograms."""
    from styleshift.pages.picture import png

    y, x = np.mgrid[0:1:160j, 0:1:160j]
    wave = np.sin(12 * y + 3 * np.sin(6 * x + seed)) * 0.5 + 0.5
    return png(np.round(wave * 200 + 40 * y).astype(np.uint8))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description="Render the demonstration's recordings.")
    parser.add_argument("folder", type=Path)
    for name, seconds in make(parser.parse_args().folder).items():
        print(f"{name}: {seconds:.0f} s")


if __name__ == "__main__":
    main()
