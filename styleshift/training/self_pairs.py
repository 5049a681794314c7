"""Self-pairs: a voice with what is personal destroyed, and the voice itself, to be given back."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor

from styleshift.corpus import Shard
from styleshift.frontend.compression import compressed, expanded
from styleshift.recipes import Recipe
from styleshift.training.augment import DECIBEL
from styleshift.training.data import Batch, Crops, RandomCrops, peek
from styleshift.training.device import sent
from styleshift.training.directions import DIRECTIONS
from styleshift.training.model import CycleGAN
from styleshift.training.pitch import PitchFront
from styleshift.training.translator import Scale

# What changes from voice to voice more than from sound to sound: how long the throat is, how bright and how
# far from the microphone the voice, how breathy, how quiet the room.
_WARP, _BEND = 0.14, 0.08  # of the axis under the envelope: as a whole, and one end against the other
_EQUALISER_DB, _TILT_DB, _GAIN_DB = 4.0, 6.0, 3.0
_BREATHY = 0.8  # of the share of harmonics is taken away at most, above some frequency
_NOISE_DB = (-110.0, -60.0)  # below the loudest bin
_DETOUR = 1.15  # on the way to the other domain's pitch and back, to either side of the ratio of the medians
_MEASURED = 96  # crops that the mean of what comes out is taken of


class SelfPairs:
    """Random crops of both domains, and pairs that each makes of itself.

    Information perturbation (Choi et al. 2021): the envelope of a crop is warped and coloured at random,
    noise is added, and its pitch is moved to that of the other domain and back by the front that conversion
    has, so that it looks like any voice behind that front. What it should become is known bin by bin: the
    crop. Its envelopes are hers already, so they are not moved as sounds are (``phones.by``).

    Args:
        x: crops of domain X; put back where they were.
        y: crops of domain Y; put back where they were.
        recipe: says how crops are varied before.
        model: gives the fronts and the scales of both domains.
        shard: whose part of each draw the batches are.
        device: where the crops are perturbed.
    """

    def __init__(
        self,
        x: Crops,
        y: Crops,
        recipe: Recipe,
        model: CycleGAN,
        shard: Shard = Shard(),
        device: torch.device | str = "cpu",
    ) -> None:
        self._crops, self._device = RandomCrops(x, y, recipe, shard), device
        self._fronts, self._targets = list[PitchFront](), list[Scale]()
        entered = list[Scale]()
        for translator in map(model.translator, DIRECTIONS):
            assert translator.front is not None
            assert translator.moved is not None
            self._fronts.append(copy.deepcopy(translator.front).to(device))
            self._targets.append(copy.deepcopy(translator.target).to(device))
            entered.append(translator.moved)
        random = torch.Generator().manual_seed(0)
        self._own: list[Scale] = []
        for side, (crops, scale) in enumerate(zip((y, x), entered, strict=True)):
            drawn = (self._perturbed(side, batch.to(device), random) for batch in peek(crops, _MEASURED, 8))
            means = [voices.mean(dim=(0, 1, 3)) for voices in drawn]
            # On a shared scale conversion leaves the spectrum in what a generator is given.
            mean = scale.mean if recipe.data.normalisation == "shared" else torch.stack(means).mean(dim=0)
            self._own.append(Scale(mean, float(scale.deviation)).to(device))

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`styleshift.training.data.BatchSource`."""
        crops = self._crops.batch(count, random)
        given, matched = {}, {}
        for side, (direction, voices) in enumerate(zip(DIRECTIONS, (crops.y, crops.x), strict=True)):
            voices = voices.to(self._device)
            given[direction] = self._own[side].normalise(self._perturbed(side, voices, random))
            matched[direction] = self._targets[side].normalise(voices)
        return Batch(crops.x, crops.y, matched_bins=matched, given=given)

    def state_dict(self) -> Any:
        """See :class:`styleshift.training.data.BatchSource`."""
        return self._crops.state_dict()

    def load_state_dict(self, state: Any) -> None:
        """See :class:`styleshift.training.data.BatchSource`."""
        self._crops.load_state_dict(state)

    @torch.no_grad()
    def _perturbed(self, side: int, voices: Tensor, random: torch.Generator) -> Tensor:
        """``[batch, 1, bin, frame]`` of the target of direction ``side``, as any voice behind its front."""
        front = self._fronts[side]
        detour = (front.target_hz / self._fronts[1 - side].target_hz).log()
        return perturbed(front, voices, detour, random)


def perturbed(front: PitchFront, voices: Tensor, detour: Tensor, random: torch.Generator) -> Tensor:
    """Destroy what is personal in crops ``[batch, 1, bin, frame]`` of voices.

    Args:
        front: moves pitches.
        voices: compressed log magnitudes.
        detour: natural log of the ratio by which pitches are moved away, downwards, and back.
        random: of all choices, on the CPU.
    """
    count, _, bins, _ = voices.shape
    config, device = front.shifter.config, voices.device

    def uniform(low: float, high: float) -> Tensor:
        drawn = torch.rand(count, 1, 1, 1, generator=random) * (high - low) + low
        return sent(drawn, device)

    def curve(decibels: float) -> Tensor:
        """A random smooth response, ``[batch, 1, bin, 1]`` nepers: six cosines over log frequency."""
        orders = torch.arange(1, 7).view(1, 1, 1, -1)
        warped = (1 + torch.arange(bins) / (0.04 * bins)).log() / math.log(26)
        phases = 2 * math.pi * torch.rand(count, 1, 1, 6, generator=random)
        waves = (math.pi * orders * warped.view(1, 1, -1, 1) + phases).cos() / orders.sqrt()
        drawn = (torch.randn(count, 1, 1, 6, generator=random) * waves).sum(dim=3, keepdim=True)
        return sent(decibels * DECIBEL * drawn, device)

    along = torch.linspace(0, 1, bins, device=device).view(1, 1, -1, 1)
    ratio = (detour + uniform(-1, 1) * math.log(_DETOUR)).exp().flatten()
    corner, least = (uniform(math.log(0.1), 0.0)).exp(), uniform(1 - _BREATHY, 1)
    clarity = least + (1 - least) / (1 + (along / corner) ** 4)
    away = front(voices, 1 / ratio)
    warp = uniform(-_WARP, _WARP) + uniform(-_BEND, _BEND) * (math.pi * along).cos()
    home: Tensor = front(front.warped(away, warp.exp()[:, 0, :, 0]), ratio, clarity)
    tilt = _TILT_DB * uniform(-1, 1) * (along - 0.5) + uniform(-_GAIN_DB, _GAIN_DB)
    magnitudes = expanded(home, config) * (curve(_EQUALISER_DB) + DECIBEL * tilt).exp()
    loudest = expanded(voices, config).amax(dim=(2, 3), keepdim=True)
    hiss = loudest * (DECIBEL * (uniform(*_NOISE_DB) - 12 * (along - 0.5)) + curve(_EQUALISER_DB)).exp()
    grain = sent(torch.randn(2, *voices.shape, generator=random), device).square().mean(dim=0)
    return compressed((magnitudes.square() + hiss.square() * grain).sqrt(), config)
