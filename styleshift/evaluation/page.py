"""The page to listen to: one HTML file, nothing fetched, that plays source and conversion in step.

Two waveforms run sample for sample together and a key switches between them; above each runs its spectrogram,
both in the same colours for the same level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from styleshift.audio.read import open_audio
from styleshift.audio.resample import resample
from styleshift.errors import AudioError, UsageError
from styleshift.evaluation.features import Array
from styleshift.evaluation.figures import IN_WORDS, Tags
from styleshift.evaluation.load import by_path, excerpt, length_of
from styleshift.pages import Player, legend, render, shot
from styleshift.pages.picture import HIGHEST_HZ, log_frequency
from styleshift.system.files import write_text

EXCERPT_SECONDS = 15.0
MOST_PAIRS = 12
_HIGHEST_RATE = 48000


@dataclass(frozen=True, slots=True)
class Pair:
    """One recording before and after.

    Attributes:
        label: what it is called on the page; any text.
        source: the file that was converted.
        converted: the file that came out.
        figures: measures to show below it.
    """

    label: str
    source: Path
    converted: Path
    figures: Mapping[str, float] = field(default_factory=dict)


def write_page(
    path: Path,
    *,
    title: str,
    pairs: Sequence[Pair],
    facts: Mapping[str, str] | None = None,
    source_name: str = "Source",
    converted_name: str = "Conversion",
    seconds: float = EXCERPT_SECONDS,
    tags: Tags | None = None,
) -> list[str]:
    """Write the page; whole or not at all.

    Args:
        path: the HTML file; its folder must exist.
        title: heading of the page; any text, like every other text here.
        pairs: what to play; those after the twelfth are left out, so that the page can still be mailed.
        facts: what was trained and measured, name and value; shown at the top in this order.
        source_name: what the sources are, on the switch.
        converted_name: what the conversions are.
        seconds: of each recording at most, from a third of its length on, the same place in both.
        tags: what a tagger hears, as a table.

    Returns:
        One plain sentence for each pair that was left out, and why.

    Raises:
        UsageError: no pair could be shown, or the file cannot be written.
    """
    names = (source_name, converted_name)
    players, notes = [], []
    for number, pair in enumerate(pairs):
        if number >= MOST_PAIRS:
            notes.append(f"{len(pairs) - MOST_PAIRS} more pairs are not on the page, to keep it small")
            break
        try:
            players.append(_player(pair, names, seconds))
        except AudioError as error:
            notes.append(f"not on the page: {error.message}")
    if not players:
        raise UsageError(
            "there is nothing to play on the page", notes[0] if notes else "name at least one pair"
        )
    text = render(
        "listen.html",
        title=title,
        names=names,
        facts=facts or {},
        players=players,
        notes=notes,
        tags=tags or {},
        tags_title=IN_WORDS["tags"],
        **legend(),
    )
    try:
        write_text(path, text)
    except OSError as error:
        raise UsageError(
            f"the page {str(path)!r} cannot be written: {error.strerror or error}",
            "name a file in a folder that exists",
        ) from error
    return notes


def _player(pair: Pair, names: tuple[str, str], seconds: float) -> Player:
    paths = (pair.source, pair.converted)
    with by_path(pair.source):
        start = _start(pair.source, seconds)
    waves = []
    for path in paths:
        with by_path(path):
            waves.append(_excerpt(path, start, seconds))
    high = min(HIGHEST_HZ, *(rate * 0.45 for _, rate in waves))
    spectra = [log_frequency(wave.mean(axis=1), rate, high_hz=high) for wave, rate in waves]
    peak = max(float(spectrum.decibels.max()) for spectrum in spectra)
    return Player(
        pair.label,
        [
            shot(name, wave, rate, spectrum.axes, spectrum.colour_indices(peak), file=path.name)
            for name, path, spectrum, (wave, rate) in zip(names, paths, spectra, waves, strict=True)
        ],
        seconds=max(spectrum.axes.seconds for spectrum in spectra),
        place=f" (from {start:.0f} s on)" if start >= 1 else "",
        figures=[(key, f"{value:.2f}") for key, value in pair.figures.items()],
    )


def _start(path: Path, seconds: float) -> float:
    """A third into a long recording, past its introduction; the beginning of a short one."""
    length = length_of(path)
    return (length - seconds) / 3 if length > 2 * seconds else 0.0


def _excerpt(path: Path, start: float, seconds: float) -> tuple[Array, int]:
    """``[samples, 1 or 2]`` float32 and its sample rate, at most 48 kHz."""
    with open_audio(path, allow_cut=True) as stream:
        rate, blocks = stream.sample_rate, list(excerpt(stream, start, seconds))
    if sum(map(len, blocks)) < 0.1 * rate:
        raise AudioError(f"{path.name}: nothing to play from {start:.0f} s on", reason="too short")
    wave = np.concatenate(blocks)
    wave = wave if wave.shape[1] <= 2 else wave.mean(axis=1, keepdims=True)
    if rate > _HIGHEST_RATE:
        wave = np.concatenate(list(resample([wave], rate, _HIGHEST_RATE)))
        rate = _HIGHEST_RATE
    return wave, rate
