"""What benchmarks/judge.py measures conversions against: the same music or sentence in the other domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from styleshift.arrays import Float32Array, Float64Array
from styleshift.audio.level import LevelMeter, gain_to_reference
from styleshift.audio.resample import resample
from styleshift.evaluation import metrics
from styleshift.evaluation.classifier import StyleClassifier, train_classifier
from styleshift.evaluation.distribution import PARTS, TargetDistribution
from styleshift.evaluation.ears.speaker import SpeakerEncoder
from styleshift.evaluation.features import SAMPLE_RATE, Features, pitch, to_mono
from styleshift.evaluation.load import find_recordings, load_mono
from styleshift.frontend import SpectrogramConfig, griffin_lim, log_spectrogram, magnitude
from styleshift.recipes import Recipe
from styleshift.training.validator import spectrogram_features

PAIR_SECONDS = 10
SPLITS = 8
"""Of the pairs into halves at random, whose agreement is the reliability of the truth."""

ROUNDS = 24

Row = dict[str, float]


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording, or what a generator made of one: both are heard through their spectrogram.

    Attributes:
        features: of the spectrogram.
        wave: ``[samples]`` at ``SAMPLE_RATE``, through Griffin-Lim; None of music, where nobody needs it.
    """

    features: Features
    wave: Float32Array | None = None

    @classmethod
    def of(cls, log: Float32Array, config: SpectrogramConfig, *, voice: bool) -> Heard:
        """Listen to ``[bins, frames]`` log magnitudes."""
        found = spectrogram_features(log, config)
        if not voice:
            return cls(found)
        wave = griffin_lim(magnitude(log.T, config), config, iterations=ROUNDS, threads=1)
        return cls(found, to_mono(wave, config.sample_rate))


class Truth:
    """What conversions of music in one direction are measured against.

    Args:
        recordings: the true ones, in the order of what is converted.
        style: recordings of the target style.
        classifier: of that style, which the trainer does not know.
    """

    def __init__(self, recordings: list[Heard], style: list[Heard], classifier: StyleClassifier) -> None:
        self._recordings, self._classifier = recordings, classifier
        self._style = TargetDistribution([one.features for one in style])
        random, count = np.random.default_rng(0), len(recordings)
        orders = [random.permutation(count) for _ in range(SPLITS)]
        halves = [half for order in orders for half in (order[: count // 2], order[count // 2 :])]
        self._parts = [np.arange(count), *halves]

    def measure(self, made: list[Heard]) -> list[Row]:
        """The measures of all pairs, then of the halves of every split."""
        assert len(made) == len(self._recordings), "every conversion needs its truth"
        each = [self._one(one, number) for number, one in enumerate(made)]
        found = []
        for part in self._parts:
            distances = self._style.distances([made[number].features for number in part])
            row = {name: float(np.nanmean([each[number][name] for number in part])) for name in each[0]}
            row["fd"] = distances["patches"]
            row["fd3"] = sum(distances[name] for name in PARTS)
            found.append(row)
        return found

    def _one(self, made: Heard, number: int) -> Row:
        pair = made.features, self._recordings[number].features
        return {
            "lsd": metrics.lsd(*pair),
            "chr": metrics.chroma_correlation(*pair),
            "ons": metrics.onset_correlation(*pair),
            "p": self._classifier.probability(made.features),
        }


class SpokenTruth(Truth):
    """The same of voices, whose sentences are not in time with each other: time is warped first.

    Likeness is there where Resemblyzer is installed.
    """

    def __init__(self, recordings: list[Heard], style: list[Heard], classifier: StyleClassifier) -> None:
        super().__init__(recordings, style, classifier)
        self._pitches = [pitch(_wave(one)) for one in recordings]
        self._encoder = SpeakerEncoder.find()
        self._voice: Float64Array | None = None
        if self._encoder is not None:
            mean = np.mean([self._encoder.embed(_wave(one)) for one in style], axis=0)
            self._voice = mean / np.linalg.norm(mean)

    def _one(self, made: Heard, number: int) -> Row:
        pair, wave = (made.features, self._recordings[number].features), _wave(made)
        tracks = pitch(wave), self._pitches[number]
        found = {
            "lsd": metrics.lsd(*pair, align=True),
            "mcd": metrics.mcd(*pair, align=True),
            "f0": metrics.pitch_error(*tracks, metrics.alignment(*pair)),
            "p": self._classifier.probability(made.features),
        }
        if self._encoder is not None and self._voice is not None:
            found["likeness"] = float(self._encoder.embed(wave) @ self._voice)
        return found


def _wave(one: Heard) -> Float32Array:
    assert one.wave is not None, "a voice needs a waveform"
    return one.wave


def spectrograms_of(folder: Path, domain: str, config: SpectrogramConfig) -> list[torch.Tensor]:
    """Of all recordings in ``folder/domain``."""
    return [spectrogram_of(path, config) for path in find_recordings(folder / domain, domain)]


def spectrogram_of(path: Path, config: SpectrogramConfig) -> torch.Tensor:
    """``[1, 1, bins, frames]`` at the reference level."""
    mono = np.concatenate(list(resample([load_mono(path)[:, None]], SAMPLE_RATE, config.sample_rate)))[:, 0]
    meter = LevelMeter(config.sample_rate, 1, with_peak=False)
    meter.push(mono[:, None])
    gain = np.float32(gain_to_reference(meter.level_db))
    return torch.from_numpy(np.ascontiguousarray(log_spectrogram(mono * gain, config).T))[None, None]


@torch.no_grad()
def convert(
    generator: nn.Module, sources: list[torch.Tensor], recipe: Recipe, *, voice: bool = False
) -> list[Heard]:
    """What a generator makes of spectrograms, each lengthened to whole crops."""
    made = []
    for each in sources:
        frames = each.shape[3]
        rest = -frames % recipe.data.crop_frames
        padded = torch.cat([each, each[..., -1:].expand(*each.shape[:3], rest)], dim=3)
        converted = generator(padded)[0, 0, :, :frames].float().numpy()
        made.append(Heard.of(converted, recipe.spectrogram, voice=voice))
    return made


def truths_of(
    pairs: Sequence[Path], style: Path, domains: tuple[str, str], config: SpectrogramConfig, *, voice: bool
) -> tuple[dict[str, list[torch.Tensor]], dict[str, Truth]]:
    """By direction: spectrograms to convert, and what each should become.

    Args:
        pairs: folders with one a domain.
        style: likewise, of whole recordings.
        domains: in the order of the run.
        config: of the spectrograms.
        voice: the pairs are sentences, not in time with each other.
    """
    frames = round(PAIR_SECONDS * config.frame_rate)
    sources = [
        [one[..., :frames] for folder in pairs for one in spectrograms_of(folder, name, config)]
        for name in domains
    ]
    heard, trained = (
        [[Heard.of(one[0, 0].numpy(), config, voice=voice) for one in side] for side in sides]
        for sides in (sources, [spectrograms_of(style, name, config) for name in domains])
    )
    there = train_classifier(*([one.features for one in side] for side in trained), seed=99)
    kind = SpokenTruth if voice else Truth
    truths = {
        "x2y": kind(heard[1], trained[1], there),
        "y2x": kind(heard[0], trained[0], there.mirrored()),
    }
    return dict(zip(truths, sources, strict=True)), truths
