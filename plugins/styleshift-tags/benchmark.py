"""How long it takes to find the styles of a library by its tags: ``python benchmark.py [FOLDER]``.

Without FOLDER, a library of short FLAC and MP3 files with genres is made. Printed: files a second of a walk
over the folder alone, of mediafile reading each file's tags, and of this domain source, which does both; and
how many times the walk and mediafile together take it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import mediafile
import numpy as np
import soundfile
from styleshift_tags import Options, find_tagged

from styleshift.audio.find import find_audio

GENRES = ("Jazz; Bebop", "Baroque", "Drum & Bass", "Rock / Pop", "")


def make_library(folder: Path, files: int) -> None:
    """Albums of 20 files each: FLAC and MP3 in turns, a genre each but the fifth."""
    wave = 0.1 * np.sin(np.arange(8000) / 5)
    for kind in ("flac", "mp3"):
        soundfile.write(folder / f"one.{kind}", wave, 16000)
    for number in range(files):
        path = folder / f"album {number // 20}" / f"{number}.{('flac', 'mp3')[number % 2]}"
        path.parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / f"one{path.suffix}", path)
        if genre := GENRES[number % len(GENRES)]:
            media = mediafile.MediaFile(path)
            media.genre = genre
            media.save()


def seconds(call: Callable[[], object], rounds: int) -> float:
    """The least of some rounds: other programs can only make it longer."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    """Make the library, time the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = words.folder or Path(made)
        if words.folder is None:
            make_library(folder, words.files)
        files = find_audio(folder).files
        walk = seconds(lambda: find_audio(folder), words.rounds)
        read = seconds(lambda: [mediafile.MediaFile(file).genres for file in files], words.rounds)
        found = seconds(lambda: find_tagged(Options(by="genre"), folder), words.rounds)
        styles = {name: len(them) for name, them in find_tagged(Options(by="genre"), folder).items()}
    print(f"{len(files)} files, {len(styles)} styles")
    for name, took in (("walk", walk), ("mediafile", read), ("styleshift-tags", found)):
        print(f"{name:16} {len(files) / took:8.0f} files/s")
    print(f"{found / (walk + read):.2f} times the walk and mediafile together")


if __name__ == "__main__":
    main()
