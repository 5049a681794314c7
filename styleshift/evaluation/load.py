"""Recordings of a folder as the measures need them, and which belong together by name."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from styleshift.audio.find import find_audio
from styleshift.audio.read import open_audio
from styleshift.audio.resample import resample
from styleshift.audio.stream import DecodedStream, shown
from styleshift.errors import AudioError, NothingToDoError
from styleshift.evaluation.features import SAMPLE_RATE, Array, Features, features
from styleshift.progress import Reporter

LONGEST_SECONDS = 600.0
"""Of one recording that is compared; what comes after is left out."""
STYLE_SECONDS = 1800.0
"""Of a style in all; spread over its recordings."""
_SHORTEST_SECONDS = 0.5
_BLOCK_FRAMES = 1 << 16


def load_mono(path: Path, *, start: float = 0.0, seconds: float = LONGEST_SECONDS) -> Array:
    """At most ``seconds`` of a recording from ``start``, ``[samples]`` float32 at ``SAMPLE_RATE``.

    Raises:
        AudioError: unreadable, damaged, or shorter than half a second.
    """
    with open_audio(path, allow_cut=True) as stream:
        parts = excerpt(stream, start, seconds)
        averaged = (part.mean(axis=1, keepdims=True, dtype=np.float32) for part in parts)
        blocks = list(resample(averaged, stream.sample_rate, SAMPLE_RATE))
    mono = np.concatenate(blocks)[:, 0] if blocks else np.zeros(0, np.float32)
    if len(mono) < _SHORTEST_SECONDS * SAMPLE_RATE:
        length = math.floor(1000 * len(mono) / SAMPLE_RATE) / 1000  # never rounded to what is needed
        raise AudioError(
            f"{path.name}: {length:g} s long; to measure it, at least {_SHORTEST_SECONDS:g} s are needed",
            f"measure recordings of {_SHORTEST_SECONDS:g} s or more",
            reason="too short",
        )
    return np.ascontiguousarray(mono)


def seconds_of(path: Path) -> float:
    """Seconds of sound in a recording, all of which is read; 0 where it holds none.

    Raises:
        AudioError: unreadable or damaged; it names the path.
    """
    try:
        with by_path(path), open_audio(path, allow_cut=True) as stream:
            return sum(len(block) for block in stream.blocks(_BLOCK_FRAMES)) / stream.sample_rate
    except AudioError as error:
        if error.reason == "too short":
            return 0.0
        raise


def excerpt(stream: DecodedStream, start: float, seconds: float) -> Iterator[Array]:
    """Blocks ``[frames, channels]`` of at most ``seconds`` from ``start`` on; none where it ends before."""
    first, position = round(start * stream.sample_rate), 0
    last = first + round(seconds * stream.sample_rate)
    for block in stream.blocks(_BLOCK_FRAMES):
        part = block[max(0, first - position) : max(0, last - position)]
        position += len(block)
        if len(part):
            yield part
        if position >= last:
            return


@contextmanager
def by_path(path: Path) -> Iterator[None]:
    """What is raised of a recording within it names its path: each folder may have the name."""
    try:
        yield
    except AudioError as error:
        message = error.message.removeprefix(f"{shown(path)}: ")
        raise AudioError(f"{path}: {message}", error.hint, reason=error.reason) from error


def length_of(path: Path) -> float:
    """Seconds of a recording, as far as its header says; raises AudioError."""
    with open_audio(path, allow_cut=True) as stream:
        return stream.info.seconds or 0.0


def find_recordings(folder: Path, what: str) -> list[Path]:
    """The recordings below a folder; ``what`` names the folder in the error if there are none.

    Raises:
        NothingToDoError: no such folder, or none in it.
    """
    if folder.is_file():
        raise NothingToDoError(f"{what}: {str(folder)!r} is a file", "name the folder that it is in")
    if not folder.is_dir():
        raise NothingToDoError(f"{what}: there is no folder {str(folder)!r}", "check the path")
    found = list(find_audio(folder).files)
    if not found:
        raise NothingToDoError(
            f"{what}: no recordings below {str(folder)!r}", "name a folder with audio files"
        )
    return found


def load_style(
    folder: Path, what: str, reporter: Reporter, hear: Callable[[Array], None] | None = None
) -> list[Features]:
    """Features of a collection: up to 30 minutes, the middle of each recording; damaged files are left out.

    Args:
        folder: of the collection.
        what: names it in errors.
        reporter: receives progress and what is left out.
        hear: is given each waveform, too, ``[samples]`` float32 at ``SAMPLE_RATE``.

    Raises:
        NothingToDoError: nothing usable there.
    """
    paths = find_recordings(folder, what)
    # At least 10 s each, so that a big collection gives excerpts and not crumbs.
    share = max(10.0, STYLE_SECONDS / len(paths))
    every = max(1, round(len(paths) * share / STYLE_SECONDS))
    chosen = paths[::every]
    style, hint = [], ""  # the first of what is left out
    with reporter.task(f"hear {what}", len(chosen), "files") as task:
        for path in chosen:
            try:
                with by_path(path):
                    mono = _middle(path, share)
                    style.append(features(mono))
                    if hear is not None:
                        hear(mono)
            except AudioError as error:
                reporter.warn(f"left out of {what}: {error.message}")
                hint = hint or error.hint
            task.advance()
    if not style:
        raise NothingToDoError(
            f"{what}: none of the {len(chosen)} recordings below {str(folder)!r} can be used",
            hint or "name a folder of other recordings",
        )
    return style


def _middle(path: Path, seconds: float) -> Array:
    return load_mono(path, start=max(0.0, (length_of(path) - seconds) / 2), seconds=seconds)


def partners(
    paths: Sequence[Path], root: Path, others: Sequence[Path], other_root: Path
) -> list[Path | None]:
    """For each path the one of ``others`` with the same name below its root; None where there is none.

    The same relative name counts first, then the same but for the extension, then the bare file name without
    extension where only one has it.
    """
    names = {other.relative_to(other_root).as_posix(): other for other in others}
    stems: dict[str, Path] = {}
    for name, other in sorted(names.items(), reverse=True):
        stems[name.removesuffix(other.suffix)] = other
    counts = Counter(other.stem for other in others)
    bare = {other.stem: other for other in others if counts[other.stem] == 1}
    found: list[Path | None] = []
    for path in paths:
        name = path.relative_to(root).as_posix()
        found.append(names.get(name) or stems.get(name.removesuffix(path.suffix)) or bare.get(path.stem))
    return found
