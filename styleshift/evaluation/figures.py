"""The figures of an evaluation by name: what a page calls them, what each says, how sure its mean is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Figures = dict[str, float]

IN_WORDS = {
    "p": "sounds like the target style (0 to 1)",
    "chr_kept": "harmony kept (1 is all)",
    "ons_kept": "note onsets kept (1 is all)",
    "change": "changed (dB)",
    "lsd": "off the truth (dB)",
    "mcd": "timbre off the truth (dB)",
    "chr": "harmony as in the truth (1 is all)",
    "ons": "note onsets as in the truth (1 is all)",
    "f0": "pitch off the truth (semitones)",
    "lf0": "pitch off the truth (RMS, semitones)",
    "percussive": "percussive share (dB)",
    "percussive_target": "percussive share of the target style (dB)",
    "f1": "pitches as in the truth (1 is all)",
    "f1_source": "pitches of the source as in the truth",
    "jaccard": "pitches that differ from the truth (0 to 1)",
    "jaccard_source": "pitches of the source that differ from it",
    "likeness": "likeness to the target voices (1 is most)",
    "likeness_source": "likeness of the source to them",
    "fad": "distance to the target style, by the embedding",
    "fd": "distance to the target style",
    "fd_source": "distance of the source to it",
}
"""The figures' names as a page shows them."""

EXPLAINED = {
    "p": "Probability that a classifier of both collections gives to the target style; higher is better.",
    "chr_kept": "Agreement of harmony with the source; 1 means that all of it stayed.",
    "ons_kept": "Agreement of note onsets with the source; 1 means that all of them stayed.",
    "change": "Distance to the source in dB at the best gain; under 2 dB is a copy.",
    "lsd": "Spectral distance to the same music really played in the target style, in dB; lower is better.",
    "mcd": "Distance in timbre to the same music in the target style, in dB; lower is better.",
    "chr": "Agreement of harmony with the same music in the target style; 1 is best.",
    "ons": "Agreement of note onsets with the same music in the target style; 1 is best.",
    "f0": "Median pitch error against the same words of the target voice, in semitones; lower is better.",
    "lf0": "Root mean square of the pitch error over the frames with voice in both, in semitones.",
    "percussive": "Power of what is clearly percussive over that of all, in dB.",
    "percussive_target": "Percussive share of the target style: where a conversion should come to.",
    "f1": "Agreement of the pitches that Basic Pitch hears with those in the truth; 1 is best.",
    "f1_source": "The same of the source, which is the ceiling for what keeps the music.",
    "jaccard": "Share of the pitches heard in either that are not heard in both; lower is better.",
    "jaccard_source": "The same of the source.",
    "likeness": "Cosine of Resemblyzer's speaker embedding with the mean of the target style.",
    "likeness_source": "The same of the source.",
    "fad": "Frechet distance between embeddings of all conversions and of the target style.",
    "fd": "Distance of all conversions together to the target style; lower is better.",
    "fd_source": "The same distance of the sources: where the way began.",
}
"""Each figure in one line."""


def in_words(figures: Figures) -> Figures:
    """The same figures under the names of ``IN_WORDS``."""
    return {IN_WORDS.get(key, key): value for key, value in figures.items()}


def mean(files: Sequence[tuple[str, Figures]]) -> Figures:
    """Each figure's mean over the files that have it."""
    return {key: float(np.mean(values)) for key, values in _by_name(files).items()}


def intervals(
    files: Sequence[tuple[str, Figures]], *, level: float = 0.95, draws: int = 2000
) -> dict[str, tuple[float, float]]:
    """How far each mean may be off because the files are few: a bootstrap interval (Efron 1979).

    Files are drawn anew with replacement, and the interval holds the middle of the means (percentile method).

    Args:
        files: name and figures of each.
        level: share of the means that the interval holds.
        draws: how often.

    Returns:
        Lowest and highest by figure; figures that fewer than two files have are left out.
    """
    random = np.random.default_rng(0)
    found = {}
    for key, values in _by_name(files).items():
        if len(values) > 1:
            means = random.choice(values, (draws, len(values))).mean(axis=1)
            low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
            found[key] = (float(low), float(high))
    return found


def _by_name(files: Sequence[tuple[str, Figures]]) -> dict[str, list[float]]:
    keys = dict.fromkeys(key for _, figures in files for key in figures)
    return {key: [figures[key] for _, figures in files if key in figures] for key in keys}
