"""Convert against a plain script: the same files, network and Griffin-Lim rounds, in the same minutes.

    python benchmarks/convert.py                     60 mixed files of 7 s to 1 minute
    python benchmarks/convert.py --audio FOLDER      made of the recordings there, instead of synthetic notes
    python benchmarks/convert.py --files 6           quicker, and less exact
    python benchmarks/convert.py --recipe seed       another network

The library is a mix of WAV, FLAC, MP3, Ogg, Opus and M4A, 44.1 and 48 kHz, mono and stereo, by a fixed seed.
The plain script does what most such scripts do, file by file: librosa reads and inverts, in as many
Griffin-Lim rounds as `styleshift convert` takes at most by default; PyTorch runs the network eagerly in
float32 in windows of the training length; soundfile writes. It leaves out what it could not do: loudness,
the band above the model's, seams, tags, a file that is whole or not there. M4A files it leaves out, which
librosa alone cannot read.
Both may use all processors. Printed as JSON: seconds of music a second of both, for the whole command with
its start; their ratio; the same of the seconds of processors that both used, which other programs on the
machine disturb less (`processor_ratio`); and, from the first file's beginning to the last one's end, which
share of the processors' time the command used (`busy`) and which nobody (`idle`; the rest is other
programs'). These three and the memory are null elsewhere than on Linux.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import soundfile
import torch
from command_line import parser_of
from untrained import untrained

from styleshift.audio.formats import output_format
from styleshift.audio.write import AudioWriter
from styleshift.bundle.export import export_bundle
from styleshift.recipes import load_recipe
from styleshift.system.environment import processors
from styleshift.training.checkpoint import TrainedModel
from styleshift.vocoders.options import GriffinLimOptions

KINDS = (
    ("flac", 44100),
    ("mp3", 44100),
    ("ogg", 48000),
    ("wav", 44100),
    ("m4a", 44100),
    ("flac", 48000),
    ("mp3", 48000),
    ("opus", 48000),
)
ROUNDS = GriffinLimOptions().iterations
PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
SAMPLE_SECONDS = 1.0


def seconds_of_notes(random: np.random.Generator, rate: int, channels: int) -> np.ndarray:
    """A second of three decaying notes a channel, over a little hiss: ``[rate, channels]``."""
    clock = np.arange(rate) / rate
    pitches = random.uniform(80, 2000, (channels, 3))
    notes = [sum(np.sin(2 * np.pi * p * clock) for p in row) * np.exp(-3 * clock) for row in pitches]
    return 0.15 * np.stack(notes, axis=1) + 0.005 * random.standard_normal((rate, channels))


def seconds_of_recordings(
    random: np.random.Generator, rate: int, channels: int, recordings: list[Path], seconds: int
) -> np.ndarray:
    """A stretch of a recording that is drawn, repeated where it is shorter: ``[rate * seconds, channels]``.

    The second channel is the first, a little later and softer.
    """
    path = recordings[int(random.integers(len(recordings)))]
    start = random.uniform(0, max(0.0, librosa.get_duration(path=path) - seconds))
    mono, _ = librosa.load(path, sr=rate, mono=True, offset=start, duration=seconds)
    mono = np.resize(mono, rate * seconds)
    return np.stack([np.roll(mono, 13 * index) * 0.8**index for index in range(channels)], axis=1)


def make_library(folder: Path, files: int, longest: int, audio: Path | None) -> dict[Path, int]:
    """Mixed files; returns the seconds of music of each."""
    folder.mkdir()
    random = np.random.default_rng(0)
    recordings = sorted(p for p in audio.rglob("*") if p.suffix in (".flac", ".ogg", ".wav")) if audio else []
    made = {}
    for number in range(files):
        kind, rate = KINDS[number % len(KINDS)]
        channels = 2 if number % 3 else 1
        seconds = int(random.integers(longest // 9, longest))
        if recordings:
            samples = seconds_of_recordings(random, rate, channels, recordings, seconds)
        else:
            samples = np.concatenate([seconds_of_notes(random, rate, channels) for _ in range(seconds)])
        name = folder / f"{number:03}.{kind}"
        with AudioWriter(name, sample_rate=rate, channels=channels, format=output_format(kind)) as file:
            file.write(samples.astype(np.float32))
        made[name] = seconds
    return made


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
    sound = np.stack(converted, axis=1)
    kind = {"format": "OGG", "subtype": "OPUS"} if target.suffix == ".opus" else {}
    with soundfile.SoundFile(target, "w", rate, len(converted), **kind) as file:
        for start in range(0, len(sound), rate):  # in blocks, since libsndfile's Vorbis encoder needs them
            file.write(sound[start : start + rate])


class Busy:
    """Samples the processor time and memory of a command and its workers, while it runs; Linux only.

    Once a second only, since looking for the workers takes some milliseconds of what is watched.

    Attributes:
        largest: bytes of memory that the largest process had, the peak of each counted; 0 where unknown.
    """

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process = process
        self.samples: list[tuple[float, float, float]] = []  # time, seconds used, seconds idle so far
        self._used_by: dict[int, float] = {}
        self.largest = 0

    def wait(self) -> None:
        """Until the command ends."""
        while (PROC / "stat").exists() and self._process.poll() is None:
            self.samples.append((time.time(), self._used(), _idle()))
            time.sleep(SAMPLE_SECONDS)
        self._process.wait()

    def _used(self) -> float:
        for path in PROC.glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[3]) != self._process.pid:  # its session
                    continue
                self._used_by[int(path.parent.name)] = (int(fields[11]) + int(fields[12])) / TICKS
                for line in (path.parent / "status").read_text().splitlines():
                    if line.startswith("VmHWM"):
                        self.largest = max(self.largest, 1024 * int(line.split()[1]))
        return sum(self._used_by.values())

    def between(self, start: float, end: float) -> tuple[float, float] | None:
        """Processor seconds that the command used between two times, and that nobody used; None: unknown."""
        if not self.samples:
            return None
        times, *figures = zip(*self.samples, strict=True)
        used, idle = (float(np.diff(np.interp([start, end], times, values))[0]) for values in figures)
        return used, idle


def watched(source: Path, *words: object, cwd: Path | None = None) -> tuple[Busy, float, float]:
    """Run ``styleshift convert``; what it took, and when it began and ended, by the journals' clock."""
    command = [Path(sys.executable).with_name("styleshift"), "convert", source, *words, "-q"]
    began = time.time()
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, start_new_session=True, cwd=cwd
    )
    busy = Busy(process)
    busy.wait()
    assert process.returncode == 0, "styleshift convert failed"
    return busy, began, time.time()


def _idle() -> float:
    """Seconds for which this machine's processors had nothing to do so far, of all of them together."""
    return int((PROC / "stat").read_text().split()[4]) / TICKS


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--longest", type=int, default=60, help="seconds of the longest file")
    parser.add_argument("--audio", type=Path, help="a folder of recordings to make the library of")
    parser.add_argument("--recipe", default="small")
    parser.add_argument("--runtime", default="auto")
    parser.add_argument("--plain-files", type=int, help="time the plain script on so many files only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trained = untrained(load_recipe(arguments.recipe))
        model = export_bundle(trained, "x2y", folder / "m.onnx").path
        library = make_library(folder / "library", arguments.files, arguments.longest, arguments.audio)

        options = ("--model", model, "--runtime", arguments.runtime, "--json")
        busy, started, ended = watched(folder / "library", *options, cwd=folder)
        journal = folder / "library-b" / ".styleshift" / "journal.jsonl"
        times = [json.loads(line)["time_ns"] / 1e9 for line in journal.open()]
        first, last = min(times), max(times)

        (folder / "plain").mkdir()
        sources = [path for path in library if path.suffix != ".m4a"][: arguments.plain_files]
        plain_seconds = sum(library[path] for path in sources)
        began, used_before = time.monotonic(), time.process_time()
        for source in sources:
            plain(source, folder / "plain" / source.name, trained)
        theirs, theirs_used = time.monotonic() - began, time.process_time() - used_before
    seconds = sum(library.values())
    ours = ended - started
    shares = busy.between(first, last)
    ours_used = busy.samples[-1][1] if busy.samples else None
    used, idle = (value / (last - first) / processors() for value in shares) if shares else (None, None)
    figures = {
        "files": arguments.files,
        "music_minutes": round(seconds / 60, 1),
        "processors": processors(),
        "styleshift_x_real_time": round(seconds / ours, 1),
        "plain_x_real_time": round(plain_seconds / theirs, 1),
        "ratio": round((seconds / ours) / (plain_seconds / theirs), 2),
        "processor_ratio": (
            None if ours_used is None else round(theirs_used / plain_seconds / (ours_used / seconds), 2)
        ),
        "busy": None if used is None else round(used, 3),
        "idle": None if idle is None else round(idle, 3),
        "seconds_before_the_first_file": round(first - started, 2),
        "seconds_after_the_last_file": round(ended - last, 2),
        "largest_worker_mb": round(busy.largest / 1e6) or None,
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
