"""Convert against a plain script: the same files, network and Griffin-Lim rounds, in the same minutes.

    python benchmarks/convert.py                     60 mixed files of 20 s to 3 minutes
    python benchmarks/convert.py --files 6           quicker, and less exact
    python benchmarks/convert.py --recipe seed       another network

The plain script does what most such scripts do, file by file: librosa reads and inverts, PyTorch runs the
network eagerly in float32 in windows of the training length, soundfile writes. Both may use all processors.
Printed as JSON: seconds of music a second of both, their ratio, and how busy the processors were while
`styleshift convert` ran (processor time over wall time times processors).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import soundfile
import torch

from styleshift.bundle.export import export_bundle
from styleshift.hooks.registry import load_registry
from styleshift.recipes import load_recipe
from styleshift.training.checkpoint import TrainedModel, blank_statistics
from styleshift.training.model import CycleGAN

KINDS = (("flac", 44100), ("mp3", 44100), ("ogg", 48000), ("wav", 44100), ("flac", 48000))
ROUNDS = 8


def untrained(recipe_name: str) -> TrainedModel:
    """A network of the recipe's size; what it computes does not matter here."""
    recipe = load_recipe(recipe_name)
    torch.manual_seed(0)
    model = CycleGAN(recipe, *blank_statistics(recipe)).eval().requires_grad_(False)
    multiple = load_registry().generators.get(recipe.generator.name).time_multiple
    return TrainedModel(
        recipe=recipe,
        domains=("a", "b"),
        spectrogram=recipe.spectrogram,
        generators={direction: model.best()[direction] for direction in ("x2y", "y2x")},
        step=0,
        window_frames=recipe.data.crop_frames,
        time_multiple=multiple,
        provenance={},
        requires=[],
    )


def make_library(folder: Path, files: int, longest: int) -> float:
    """Mixed files of decaying notes; returns seconds of music."""
    folder.mkdir()
    random = np.random.default_rng(0)
    total = 0.0
    for number in range(files):
        kind, rate = KINDS[number % len(KINDS)]
        channels = 2 if number % 3 else 1
        seconds = int(random.integers(longest // 9, longest))
        total += seconds
        clock = np.arange(rate) / rate
        with soundfile.SoundFile(folder / f"{number:03}.{kind}", "w", rate, channels) as file:
            for _ in range(seconds):
                pitches = random.uniform(80, 2000, (channels, 3))
                notes = [
                    sum(np.sin(2 * np.pi * p * clock) for p in row) * np.exp(-3 * clock) for row in pitches
                ]
                hiss = 0.005 * random.standard_normal((rate, channels))
                file.write(0.15 * np.stack(notes, axis=1) + hiss)
    return total


def plain(source: Path, target: Path, trained: TrainedModel) -> None:
    """One file, as a script for it is usually written."""
    spectrogram, window = trained.spectrogram, trained.window_frames
    rate = soundfile.info(source).samplerate
    samples, _ = librosa.load(source, sr=spectrogram.sample_rate, mono=False)
    samples = np.atleast_2d(samples)
    fft, hop = spectrogram.fft_length, spectrogram.hop_length
    converted = []
    for channel in samples:
        log = np.log1p(np.abs(librosa.stft(channel, n_fft=fft, hop_length=hop)))
        padded = np.pad(log, ((0, 0), (0, -log.shape[1] % window)))
        pieces = [padded[:, start : start + window] for start in range(0, padded.shape[1], window)]
        with torch.inference_mode():
            out = [
                trained.generators["x2y"](torch.from_numpy(piece[None, None])).numpy()[0, 0]
                for piece in pieces
            ]
        size = np.expm1(np.concatenate(out, axis=1)[:, : log.shape[1]])
        sound = librosa.griffinlim(size, n_iter=ROUNDS, hop_length=hop, n_fft=fft, length=len(channel))
        converted.append(librosa.resample(sound, orig_sr=spectrogram.sample_rate, target_sr=rate))
    soundfile.write(target, np.stack(converted, axis=1), rate)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--longest", type=int, default=180, help="seconds of the longest file")
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--plain-files", type=int, help="time the plain script on so many files only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = untrained(arguments.recipe)
        model = export_bundle(trained, "x2y", folder / "m.onnx").path
        seconds = make_library(folder / "library", arguments.files, arguments.longest)

        command = [str(Path(sys.executable).with_name("styleshift")), "convert", str(folder / "library")]
        options = ["--model", str(model), "--runtime", arguments.runtime, "--json", "-q"]
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
        ours = time.monotonic() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        (folder / "plain").mkdir()
        sources = sorted((folder / "library").iterdir())[: arguments.plain_files]
        plain_seconds = sum(soundfile.info(source).duration for source in sources)
        began = time.monotonic()
        for source in sources:
            plain(source, folder / "plain" / source.name, trained)
        theirs = time.monotonic() - began
    processors = len(os.sched_getaffinity(0))
    figures = {
        "files": arguments.files,
        "music_minutes": round(seconds / 60, 1),
        "processors": processors,
        "styleshift_x_real_time": round(seconds / ours, 1),
        "plain_x_real_time": round(plain_seconds / theirs, 1),
        "ratio": round((seconds / ours) / (plain_seconds / theirs), 2),
        "processors_busy": round(busy / ours / processors, 2),
        "largest_worker_mb": round(after.ru_maxrss / 1e3),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
