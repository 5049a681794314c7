"""Waveform, spectrogram and loudness of recordings: computed once, in processes apart, and kept."""

from __future__ import annotations

import hashlib
import math
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array, Float64Array
from styleshift.errors import AudioError
from styleshift.pages.picture import HIGHEST_HZ, Axes, Spectrum, png
from styleshift.system.environment import end_with_the_parent
from styleshift.system.files import atomic_path

if TYPE_CHECKING:
    from styleshift.audio.stream import AudioInfo
    from styleshift.pages.overview import Overview

WIDTH, HEIGHT = 720, 256
DIFFERENCE_DB = 24.0
_VERSION = 1
_BLOCK = 1 << 16
_WHOLE = 0.99  # lossy decoders may give a few samples less than the header says


@dataclass(frozen=True, slots=True)
class Look:
    """How a recording looks.

    Attributes:
        decibels: ``[height, width]``, highest frequency first.
        low: ``[width]`` least samples.
        high: ``[width]`` greatest samples.
        seconds: its length.
        loudness: LUFS; NaN: silent.
        high_hz: of the highest row.
    """

    decibels: Float32Array
    low: Float32Array
    high: Float32Array
    seconds: float
    loudness: float
    high_hz: float

    @property
    def axes(self) -> Axes:
        """Of the picture."""
        return Axes(50.0, self.high_hz, self.seconds)


class Looks:
    """Looks at recordings in a process apart: a decoder that crashes costs one picture.

    Args:
        cache: folder for what was computed; made when there is something.
    """

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None

    def look(self, path: Path, high_hz: float = HIGHEST_HZ) -> Look:
        """How a recording looks, up to ``high_hz``.

        Raises:
            AudioError: it cannot be read.
        """
        kept = self._cache / f"{_key(path, f'look {high_hz:.0f}')}.npz"
        if not kept.is_file():
            self._apart(draw, path, kept, high_hz)
        with np.load(kept, allow_pickle=False) as file:
            return Look(
                file["decibels"].astype(np.float32),
                file["low"].astype(np.float32),
                file["high"].astype(np.float32),
                *(float(file[name]) for name in ("seconds", "loudness", "high_hz")),
            )

    def alike(self, paths: list[Path]) -> list[Look]:
        """Looks at several recordings on one frequency axis."""
        looks = [self.look(path) for path in paths]
        high = min(look.high_hz for look in looks)
        return [
            look if look.high_hz == high else self.look(path, high)
            for look, path in zip(looks, paths, strict=True)
        ]

    def playable(self, path: Path) -> tuple[Path, str]:
        """The recording itself, or a FLAC copy where browsers do not play all of it, and its media type.

        The type goes by what is in the file: names tell browsers little, and many of them nothing.

        Raises:
            AudioError: it cannot be read.
        """
        from styleshift.audio.formats import media_type, plays_in_browsers
        from styleshift.audio.read import glance

        info = glance(path)
        if plays_in_browsers(info.format, info.subtype) and not self._ends_early(path, info):
            return path, media_type(info.format)
        kept = self._cache / f"{_key(path, 'copy')}.flac"
        if not kept.is_file():
            self._apart(copy, path, kept)
        return kept, media_type("FLAC")

    def _ends_early(self, path: Path, info: AudioInfo) -> bool:
        """Whether a recording that was looked at is damaged: browsers stop there, or play nothing."""
        kept = self._cache / f"{_key(path, f'look {HIGHEST_HZ:.0f}')}.npz"
        promised = (info.frames or 0) / info.sample_rate
        return kept.is_file() and self.look(path).seconds < _WHOLE * promised

    def _apart(self, work: Callable[..., None], path: Path, *rest: object) -> None:
        self._cache.mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self._pool is None:
                spawn = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(1, mp_context=spawn, initializer=end_with_the_parent)
            pool = self._pool
        try:
            pool.submit(work, path, *rest).result()
        except BrokenProcessPool as error:
            with self._lock:
                if self._pool is pool:
                    self._pool = None
            raise AudioError(
                f"{path.name}: reading it ended its process", "the file may be damaged"
            ) from error

    def close(self) -> None:
        """End the process."""
        if self._pool is not None:
            # Waited for, or Python's end may write to its pipe when that is closed already.
            self._pool.shutdown(cancel_futures=True)


def picture(look: Look, together: list[Look]) -> bytes:
    """A PNG of a spectrogram, in colours that are the same for all that it is compared with."""
    peak = max(float(each.decibels.max()) for each in together)
    return png(Spectrum(look.decibels, look.axes).colour_indices(peak))


def difference(before: Look, after: Look) -> bytes:
    """A PNG of what became louder (orange) and quieter (blue), where either is heard."""
    change = after.decibels - before.decibels
    # Overall gain is no change of sound: the middle of what is heard in both is zero.
    floor = max(float(before.decibels.max()), float(after.decibels.max())) - 75
    heard = np.maximum(before.decibels, after.decibels) > floor
    both = np.minimum(before.decibels, after.decibels) > floor
    change = change - (np.median(change[both]) if both.any() else 0)
    scaled = np.where(heard, np.clip(change / DIFFERENCE_DB, -1, 1), 0)
    return png(np.round(127.5 + 127.5 * scaled).astype(np.uint8), _diverging())


def gains(looks: list[Look]) -> list[float]:
    """Factors that make all as loud as the quietest; 1 where one is silent."""
    levels = [look.loudness for look in looks]
    if any(math.isnan(level) for level in levels):
        return [1.0] * len(looks)
    return [float(10 ** ((min(levels) - level) / 20)) for level in levels]


def draw(path: Path, kept: Path, high_hz: float) -> None:
    """Look at a recording and keep what was seen; runs in a process apart."""
    from styleshift.audio.read import open_audio
    from styleshift.conversion.track.loudness import integrated_loudness

    with open_audio(path, allow_cut=True) as stream:
        rate, frames = stream.sample_rate, stream.frames
    if not frames:
        with open_audio(path, allow_cut=True) as stream:
            frames = sum(map(len, stream.blocks_to_damage(_BLOCK)))
    overview, powers, read = _watched(path, frames, rate, high_hz)
    if not read:
        raise AudioError(f"{path.name} holds no sound that can be read", "the file may be damaged")
    if read < _WHOLE * frames:  # once more, as wide as what is there
        overview, powers, _ = _watched(path, read, rate, high_hz)
    loudness = integrated_loudness(np.concatenate(powers))
    spectrum = overview.finish()
    with atomic_path(kept) as partial, partial.open("wb") as file:
        np.savez_compressed(
            file,
            decibels=spectrum.decibels.astype(np.float16),
            low=overview.low.astype(np.float16),
            high=overview.high.astype(np.float16),
            seconds=spectrum.axes.seconds,
            high_hz=spectrum.axes.high_hz,
            loudness=math.nan if loudness is None else loudness,
        )


def _watched(path: Path, frames: int, rate: int, high_hz: float) -> tuple[Overview, list[Float64Array], int]:
    """An overview as wide as so many samples, the powers that loudness is of, and the samples there were."""
    from styleshift.audio.read import open_audio
    from styleshift.conversion.track.loudness import KWeightedPower
    from styleshift.pages.overview import Overview

    read, powers = 0, []
    overview = Overview(frames, rate, width=WIDTH, height=HEIGHT, high_hz=high_hz)
    with open_audio(path, allow_cut=True) as stream:
        meter = KWeightedPower(rate, stream.channels)
        for block in stream.blocks_to_damage(_BLOCK):
            overview.push(block.mean(axis=1, dtype=np.float32))
            powers.append(meter.push(block))
            read += len(block)
    powers.append(meter.finish())
    return overview, powers, read


def copy(path: Path, kept: Path) -> None:
    """A copy that browsers play: FLAC, 16 bits, two channels at most; runs in a process apart."""
    import soundfile

    from styleshift.audio.read import open_audio

    with open_audio(path, allow_cut=True) as stream, atomic_path(kept) as partial:
        channels = min(2, stream.channels)
        rate = stream.sample_rate
        with soundfile.SoundFile(partial, "w", rate, channels, "PCM_16", format="FLAC") as file:
            for block in stream.blocks_to_damage(_BLOCK):
                file.write(np.clip(block[:, :channels], -1, 1))


def _key(path: Path, what: str) -> str:
    status = path.stat()
    told = os.fsencode(path) + f"\0{what} {_VERSION} {status.st_size} {status.st_mtime_ns}".encode()
    return hashlib.sha256(told).hexdigest()[:40]


def _diverging() -> npt.NDArray[np.uint8]:
    """``[256, 3]`` uint8 from blue over a dark grey to orange, lightness rising evenly to both ends."""
    middle, ends = np.array([24, 22, 28]), (np.array([92, 192, 245]), np.array([240, 160, 75]))
    way = np.linspace(-1, 1, 256)[:, None]
    colours = np.where(way < 0, middle + (ends[0] - middle) * -way, middle + (ends[1] - middle) * way)
    table: npt.NDArray[np.uint8] = np.round(colours).astype(np.uint8)
    return table
