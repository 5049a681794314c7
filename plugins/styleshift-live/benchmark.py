"""What rooms, hiss and the loss ``chroma`` make of a model: ``python benchmark.py TRAIN TEST [--steps N]``.

TRAIN and TEST hold a folder for each of two styles (``--domains``, by default violin and piano); files of the
same name in TEST are the same music. The recipes ``small`` and ``live`` learn as many steps from the same
audio. Then TEST is converted as it is, and as heard in a room: with a sparse tail of echoes of 1.2 s at equal
power and hiss at -40 dB, neither made as training makes them. Printed for each: the figures of ``styleshift
evaluate``; and what a step of ``live`` takes, as a ratio to one of ``small``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

FIGURES = ("lsd", "chr", "ons", "fd", "p")


def styleshift(*words: str | Path) -> list[dict[str, Any]]:
    """A command's events."""
    told = subprocess.run(
        [sys.executable, "-m", "styleshift", *map(str, words), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in told.stdout.splitlines()]


def in_a_room(folder: Path, target: Path) -> None:
    """Every recording with a sparse tail of echoes and white noise."""
    target.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for path in sorted(folder.iterdir()):
        wave, rate = soundfile.read(path)
        tail = np.zeros(round(1.2 * rate))
        at = random.choice(len(tail), len(tail) // 20, replace=False)
        tail[at] = random.choice([-1, 1], len(at)) * 10 ** (-3 * at / len(tail))
        echo = np.fft.irfft(np.fft.rfft(wave, 2 * len(wave)) * np.fft.rfft(tail, 2 * len(wave)))[: len(wave)]
        power = np.mean(wave**2)
        made = wave + echo * np.sqrt(power / np.mean(echo**2))
        made += random.standard_normal(len(wave)) * np.sqrt(power * 1e-4)
        soundfile.write(target / path.name, 0.7 * made / max(1.0, np.abs(made).max()), rate)


def main() -> None:
    """Train, convert, evaluate."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--domains", nargs=2, default=("violin", "piano"))
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--folder", type=Path, default=Path("live-benchmark"), help="for all that is made")
    words = parser.parse_args()
    source, target = words.domains
    dry = words.test / source
    in_a_room(dry, words.folder / "room" / source)
    place = ("--workspace", words.folder / "workspace")
    styleshift("precompute", words.train, "--recipe", "small", *place)
    speed = {}
    print(f"| recipe | source | {' | '.join(FIGURES)} |\n|---|---|{'---|' * len(FIGURES)}")
    for recipe in ("small", "live"):
        pair = ("--domains", source, target, "--recipe", recipe, "--name", recipe)
        styleshift("train", *pair, "--steps", str(words.steps), *place)
        log = (words.folder / "workspace" / "runs" / recipe / "log.jsonl").read_text().splitlines()
        rates = [line["steps_per_second"] for line in map(json.loads, log) if line["event"] == "step"]
        speed[recipe] = float(np.median(rates))
        styleshift(
            "export", "--run", recipe, "--checkpoint", "last", "--output", words.folder / recipe, *place
        )
        model = words.folder / recipe / f"{source}-to-{target}.onnx"
        for name, heard in (("as it is", dry), ("in a room", words.folder / "room" / source)):
            made = words.folder / recipe / name.replace(" ", "-")
            styleshift("convert", heard, "--model", model, "--output", made)
            told = styleshift(
                *("evaluate", made, "--target", words.train / target, "--truth", words.test / target),
                *("--source-style", words.train / source),
            )
            mean = next(event for event in told if event["event"] == "mean")
            print(f"| {recipe} | {name} | {' | '.join(f'{mean[key]:.2f}' for key in FIGURES)} |", flush=True)
    print(f"\na step of live takes {speed['small'] / speed['live']:.2f} times one of small")


if __name__ == "__main__":
    main()
