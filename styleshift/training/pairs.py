"""Paired crops: for each crop of one domain, the same moment of the same performance in the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import torch

from styleshift.corpus import Corpus, CropSampler, Shard
from styleshift.corpus.corpus import Track
from styleshift.errors import CorpusError
from styleshift.progress import Reporter
from styleshift.recipes import Recipe
from styleshift.training.augment import augment, recolouring, reshaping
from styleshift.training.data import Batch
from styleshift.training.directions import DIRECTIONS
from styleshift.training.model import CycleGAN

LONGER_SECONDS = 3.0
"""By which one of a pair may be longer: what rings on after the last note. No crop is drawn from that."""


def find_pairs(x: Corpus, y: Corpus) -> list[tuple[Track, Track]]:
    """Recordings that have the same name, but for its ending, and about the same length in both domains."""
    most = LONGER_SECONDS * x.config.frame_rate
    there = {_stem(track): track for track in y.tracks}
    found = []
    for track in x.tracks:
        other = there.get(_stem(track))
        if other is not None and abs(other.frames - track.frames) <= most:
            found.append((track, other))
    return found


def _stem(track: Track) -> str:
    return str(PurePath(track.name).with_suffix(""))


class PairedCrops:
    """Crops of both domains, drawn apart, each with what it should become.

    Which crops of X and of Y come together is random, so adversarial and cycle losses see no pairs; only the
    matched term does. What shifts pitch or time, or mixes, is done to a crop and its counterpart alike; level
    and tilt to the crop alone, so that a generator learns to take recordings of any colour.

    Args:
        x: corpus of domain X.
        y: corpus of domain Y.
        recipe: says how long crops are, and how they are varied.
        model: gives the scales of both domains.
        seed: of the draws.
        reporter: is told of recordings that have no counterpart.
        shard: whose part of each draw the batches are.

    Raises:
        CorpusError: no recording that is as long as a crop has a counterpart.
    """

    def __init__(
        self,
        x: Corpus,
        y: Corpus,
        recipe: Recipe,
        model: CycleGAN,
        seed: int,
        reporter: Reporter,
        shard: Shard = Shard(),
    ) -> None:
        frames = recipe.data.crop_frames
        pairs = [pair for pair in find_pairs(x, y) if min(track.frames for track in pair) >= frames]
        if not pairs:
            raise CorpusError(
                f"warm_start.pairs is on, but no recording of {x.domain} has a counterpart in {y.domain}",
                "give recordings of the same performance the same name in both folders, or leave it off",
            )
        left = len(x.tracks) + len(y.tracks) - 2 * len(pairs)
        if left:
            reporter.warn(
                f"{left} recordings have no counterpart of the same name and length: they are not trained on"
            )
        corpora = []
        for side, corpus in enumerate((x, y)):
            # As long as each other, so that a place in one is a place in the other.
            tracks = tuple(pair[side].part(0, min(track.frames for track in pair)) for pair in pairs)
            corpora.append(replace(corpus, tracks=tracks))
        self._samplers = [
            CropSampler(corpus, frames, seed=2 * seed + side) for side, corpus in enumerate(corpora)
        ]
        self._config, self._spectrogram = recipe.data, recipe.spectrogram
        self._targets = [model.translator(direction).target for direction in DIRECTIONS]
        self._shard = shard

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`styleshift.training.data.BatchSource`."""
        crops, matched = [], {}
        for side, direction in enumerate(DIRECTIONS):
            places = self._samplers[side].places(count, self._shard)
            others = self._samplers[side].places(count, self._shard) if self._config.mix else None
            state = random.get_state()
            pair = []
            for sampler in (self._samplers[side], self._samplers[1 - side]):
                random.set_state(state)  # the same draws for both
                batch = torch.from_numpy(sampler.cut(places))
                added = torch.from_numpy(sampler.cut(others)) if others else None
                pair.append(augment(batch, reshaping(self._config), self._spectrogram, random, added))
            crops.append(augment(pair[0], recolouring(self._config), self._spectrogram, random))
            target = self._targets[side]
            mean, deviation = target.mean.cpu(), target.deviation.cpu()
            matched[direction] = (pair[1] - mean) / deviation
        return Batch(crops[0], crops[1], matched_bins=matched)

    def state_dict(self) -> Any:
        """See :class:`styleshift.training.data.BatchSource`."""
        return [sampler.state_dict() for sampler in self._samplers]

    def load_state_dict(self, state: Any) -> None:
        """See :class:`styleshift.training.data.BatchSource`."""
        for sampler, own in zip(self._samplers, state, strict=True):
            sampler.load_state_dict(own)
