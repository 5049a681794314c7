"""Precompute against nothing but decoding: the same files, as many workers, in the same minutes.

    python benchmarks/precompute.py                 one hour of FLAC and of MP3, and memory for ten hours
    python benchmarks/precompute.py --minutes 12    quicker, and less exact

Both are timed in turn; medians and their ratio are printed. Spectrograms are those of the default recipe.
Decoding is soundfile reading blocks of float32 in as many threads (it lets go of the interpreter's lock).
`cpu_ratio` is the same for one worker in processor time, which neighbours on the machine disturb less. The
memory figure is the most that a worker held over a ten-hour file.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile
from command_line import parser_of

from styleshift.frontend import SpectrogramConfig

# Each worker process imports what this file does; what only this one needs is imported where it is used.

RATE = 44100
TRACK_MINUTES = 4
BLOCK = 1 << 16


def music(seconds: int, rate: int) -> np.ndarray:
    """Stereo ``[n, 2]``: decaying harmonic notes over coloured noise; compresses about as music does."""
    rng = np.random.default_rng(0)
    out = np.zeros((seconds * rate, 2), np.float32)
    time_axis = np.arange(rate, dtype=np.float32) / rate
    for start in range(0, (seconds - 1) * rate, rate // 4):
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        note = sum(np.sin(2 * np.pi * pitch * k * time_axis) / k for k in range(1, 9)) * np.exp(
            -4 * time_axis
        )
        pan = rng.uniform(0.2, 0.8)
        out[start : start + rate] += 0.06 * note[:, None] * np.array([pan, 1 - pan], np.float32)
    hiss = rng.standard_normal(out.shape).astype(np.float32)
    return out + 0.002 * (hiss + np.roll(hiss, 1, axis=0))


def make_tracks(folder: Path, extension: str, minutes: float) -> list[Path]:
    """Tracks of ``TRACK_MINUTES`` each, equal in sound and different in bytes (by a tag)."""
    import mutagen

    folder.mkdir(parents=True)
    first = folder / f"0.{extension}"
    wave = music(TRACK_MINUTES * 60, RATE)
    with soundfile.SoundFile(first, "w", RATE, 2) as file:
        for start in range(0, len(wave), BLOCK):
            file.write(wave[start : start + BLOCK])
    tracks = [first]
    for index in range(1, max(1, round(minutes / TRACK_MINUTES))):
        tracks.append(folder / f"{index}.{extension}")
        shutil.copy(first, tracks[-1])
        tags = mutagen.File(tracks[-1], easy=True)
        if tags.tags is None:
            tags.add_tags()
        tags["title"] = str(index)
        tags.save()
    return tracks


def decode(path: Path) -> int:
    """Read a file to its end, in blocks, and throw them away."""
    block = np.empty((BLOCK, 2), np.float32)
    frames = 0
    with soundfile.SoundFile(path) as file:
        while count := len(file.read(BLOCK, dtype="float32", always_2d=True, out=block)):
            frames += count
    return frames


def decode_all(tracks: list[Path], workers: int) -> None:
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(decode, tracks))


def precompute_all(root: Path, workspace: Path, config: SpectrogramConfig, workers: int) -> None:
    from styleshift.corpus import precompute
    from styleshift.workspace import Workspace

    result = precompute(root, Workspace(workspace), config, jobs=workers)
    assert result.computed_hours > 0
    assert not result.failed


def seconds_of(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    began = clock()
    action()
    return clock() - began


def cpu_ratio(track: Path, folder: Path, config: SpectrogramConfig, rounds: int) -> float:
    """Processor time of one track, hashed and computed, over that of decoding it."""
    from functools import partial

    from styleshift.audio.read import open_audio
    from styleshift.corpus.compute import compute
    from styleshift.hooks import Recording
    from styleshift.system.hashing import file_digest

    recording, array = Recording("x", track, partial(open_audio, track)), folder / "x.npy"

    def all_of_it() -> None:
        file_digest(track)
        compute(recording, array, config, overlap=False)

    times = []
    for _ in range(rounds):
        array.unlink(missing_ok=True)  # as above
        decoding = seconds_of(lambda: decode(track), time.process_time)
        times.append((decoding, seconds_of(all_of_it, time.process_time)))
    decoding, computing = (statistics.median(column) for column in zip(*times, strict=True))
    return float(computing / decoding)


def compare(
    extension: str, minutes: float, config: SpectrogramConfig, workers: int, rounds: int, folder: Path
) -> dict[str, float]:
    root = folder / extension
    tracks = make_tracks(root / "style", extension, minutes)
    hours = len(tracks) * TRACK_MINUTES / 60
    decode_all(tracks, workers)  # files into the cache
    walls: dict[str, list[float]] = {"decode": [], "precompute": []}
    for _ in range(rounds):
        shutil.rmtree(folder / "ws", ignore_errors=True)  # not a part of the work
        walls["decode"].append(seconds_of(lambda: decode_all(tracks, workers)))
        walls["precompute"].append(seconds_of(lambda: precompute_all(root, folder / "ws", config, workers)))
    decoding, computing = (statistics.median(times) for times in walls.values())
    ratios = [b / a for a, b in zip(walls["decode"], walls["precompute"], strict=True)]
    return {
        "hours": hours,
        "decode_s": round(decoding, 3),
        "precompute_s": round(computing, 3),
        "ratio": round(computing / decoding, 3),
        "lowest_ratio": round(min(ratios), 3),
        "highest_ratio": round(max(ratios), 3),
        "cpu_ratio": round(cpu_ratio(tracks[0], folder, config, 2 * rounds + 1), 3),
    }


MEMORY_SCRIPT = """
import sys
from functools import partial
from pathlib import Path
from styleshift.audio.read import open_audio
from styleshift.corpus.compute import compute
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import Recording
path = Path(sys.argv[1])
recording = Recording("x", path, partial(open_audio, path))
compute(recording, path.with_suffix(".npy"), SpectrogramConfig(), overlap=True)
# Not getrusage: its maximum begins with what the parent held when it forked.
status = Path("/proc/self/status").read_text()
print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
"""


def memory(hours: float, folder: Path) -> float:
    """Peak resident MiB of the worker's own work on one long stereo WAV."""
    path = folder / "long.wav"
    minute = (np.random.default_rng(0).standard_normal((60 * 16000, 2)) * 3000).astype(np.int16)
    with soundfile.SoundFile(path, "w", 16000, 2, format="RF64") as file:
        for _ in range(round(hours * 60)):
            file.write(minute)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY_SCRIPT, str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--formats", nargs="*", default=["flac", "mp3"])
    parser.add_argument(
        "--hours", type=float, default=10, help="of the file that memory is measured on; 0: none"
    )
    parser.add_argument("--recipe", default="small", help="whose spectrograms are made")
    options = parser.parse_args()
    from styleshift.recipes import load_recipe

    config = load_recipe(options.recipe).spectrogram
    # Room for the spectrograms; a memory file system where there is one, so that disks are not compared.
    shared = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=shared) as name:
        for extension in options.formats:
            figures = compare(extension, options.minutes, config, options.workers, options.rounds, Path(name))
            print(json.dumps({"format": extension, "workers": options.workers, **figures}), flush=True)
    if options.hours and sys.platform == "linux":
        with tempfile.TemporaryDirectory() as name:
            peak = memory(options.hours, Path(name))
            print(json.dumps({"memory_of_hours": options.hours, "peak_MiB": round(peak)}), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
