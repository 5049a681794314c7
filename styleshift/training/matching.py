"""Matched frames: for each frame of one domain, what the nearest frames of the other sound like."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.corpus import Shard
from styleshift.frontend.compression import expanded
from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.layers import Bands
from styleshift.progress import Reporter
from styleshift.recipes import Recipe, WarmStartConfig
from styleshift.training.augment import augment, recolouring, reshaping
from styleshift.training.data import Batch, Crops
from styleshift.training.device import exact_products, sent
from styleshift.training.directions import DIRECTIONS
from styleshift.training.model import CycleGAN
from styleshift.training.translator import Translator

RISE_FRAMES = 4
"""Frames over which a rise in level is taken: 46 ms in the recipe ``small``, the length of an attack."""


MOST_LEAD = 4
"""Most frames by which a match is moved in time."""


class MatchedCrops:
    """A pool of crops of both domains, every frame with the average of its nearest frames of the other.

    The pool is drawn anew from the whole corpus after ``warm_start.refresh`` batches. It depends on where the
    sources' draws were then and on the random numbers of that batch alone, so that a run that goes on makes
    the same one again. What shifts pitch or time, or mixes, is done to the crops of the pool before they are
    matched; level and tilt are varied at each batch, and what the conversion should be is not.

    Args:
        x: crops of domain X, as a new run has them.
        y: crops of domain Y.
        recipe: says how many crops, and how they are compared.
        model: gives the scales of both domains.
        reporter: who is told of the first pool.
        most: crops a side, where the recipe says more.
        shard: whose part of each draw the batches are; the pool is all processes'.
        device: where the pool is and is matched, and the batches are.
    """

    def __init__(
        self,
        x: Crops,
        y: Crops,
        recipe: Recipe,
        model: CycleGAN,
        reporter: Reporter,
        most: int = 1 << 31,
        shard: Shard = Shard(),
        device: torch.device | str = "cpu",
    ) -> None:
        self._sources, self._recipe = (x, y), recipe
        self._shard, self._device = shard, torch.device(device)
        self._count = min(most, recipe.warm_start.crops)
        self._bands = Bands(recipe.spectrogram, recipe.warm_start.bands).to(self._device)
        self._entrances = [_entrance(model.translator(name), self._device) for name in DIRECTIONS]
        self._drawn = 0  # batches of this pool
        self._fill(0, reporter)

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`styleshift.training.data.BatchSource`."""
        refresh = self._recipe.warm_start.refresh
        if refresh and self._drawn >= refresh:
            self._fill(int(torch.randint(1 << 31, (), generator=random)), Reporter())
            self._drawn = 0
        self._drawn += 1
        pool = len(self._crops[0])
        total, own = self._shard.total(count), self._shard.own(count)
        draws = [torch.randint(pool, (total,), generator=random) for _ in DIRECTIONS]
        x, y = (sent(draw[own], self._device) for draw in draws)
        matched = {"x2y": self._matched["x2y"][x], "y2x": self._matched["y2x"][y]}
        colour = recolouring(self._recipe.data)
        crops = [
            augment(side[at], colour, self._recipe.spectrogram, random)
            for side, at in zip(self._crops, (x, y), strict=True)
        ]
        return Batch(crops[0], crops[1], matched_bands=matched)

    def state_dict(self) -> Any:
        """Where the sources' draws were before this pool, its seed, and the batches drawn from it."""
        return {"before": self._before, "seed": self._seed, "drawn": self._drawn}

    def load_state_dict(self, state: Any) -> None:
        """See :class:`styleshift.training.data.BatchSource`; older checkpoints hold none."""
        if state is None:
            return
        if state["before"] != self._before or state["seed"] != self._seed:
            for crops, before in zip(self._sources, state["before"], strict=True):
                crops.load_state_dict(before)
            self._fill(state["seed"], Reporter())
        self._drawn = state["drawn"]

    def _fill(self, seed: int, reporter: Reporter) -> None:
        """Draw and match a pool."""
        settings, spectrogram = self._recipe.warm_start, self._recipe.spectrogram
        self._before, self._seed = [crops.state_dict() for crops in self._sources], seed
        random = torch.Generator().manual_seed(seed)
        # A domain's crops; their bands; the bands that its generator is given.
        crops, seen, asked = list[Tensor](), list[Tensor](), list[Tensor]()
        # Of what is nearly alike, the differences are small against the products.
        exact = exact_products(self._device)
        with exact, reporter.phase("matching frames", 2 * self._count, "crops") as task:
            for source, entrance in zip(self._sources, self._entrances, strict=True):
                drawn = _draw(source, self._count, self._device)
                others = _draw(source, self._count, self._device) if self._recipe.data.mix else None
                drawn = augment(drawn, reshaping(self._recipe.data), spectrogram, random, others)
                crops.append(drawn)
                own = entrance.source.normalise(drawn)
                seen.append(self._bands(own)[:, 0])
                asked.append(
                    self._bands(torch.cat([entrance.enter(part) for part in torch.split(own, 16)]))[:, 0]
                )
            lead = 0
            if settings.align:
                delays = [speaking_delay(drawn, self._bands, spectrogram) for drawn in crops]
                lead = max(-MOST_LEAD, min(MOST_LEAD, round(settings.align * (delays[0] - delays[1]))))
                reporter.detail(
                    f"notes speak {delays[0] - delays[1]:+.1f} frames later in the first domain than "
                    f"in the second; matches move by {lead}"
                )
            self._matched = {}
            for direction, here, there in zip(DIRECTIONS, asked, seen[::-1], strict=True):
                nearest = []
                keys, values = comparable(there, settings), there.transpose(1, 2).flatten(0, 1)
                for crop in here:
                    queries = comparable(crop[None], settings)
                    nearest.append(average_nearest(queries, keys, values, settings.neighbours).T)
                    task.advance()
                self._matched[direction] = earlier(torch.stack(nearest)[:, None], lead)
                lead = -lead
        self._crops = crops


def _entrance(translator: Translator, device: torch.device) -> Translator:
    """A copy on a device of all that a crop goes through before its generator, without the generator."""
    found = copy.copy(translator)
    found._modules = {**translator._modules, "core": nn.Identity()}
    return copy.deepcopy(found).to(device)


def earlier(values: Tensor, frames: int) -> Tensor:
    """``[..., frame]`` moved to an earlier time, or a later one where ``frames`` is negative; ends repeat."""
    last = values.shape[-1] - 1
    return values[..., (torch.arange(last + 1, device=values.device) + frames).clamp(0, last)]


def speaking_delay(crops: Tensor, bands: Bands, config: SpectrogramConfig) -> float:
    """Frames from the first sound of a note to the middle of the change in what is heard most.

    The first sound is a peak of spectral flux on log magnitudes; the change is one less the cosine between
    the magnitudes squared of neighbouring frames. A struck string is at its loudest at once, a bowed one
    comes up below the note before it.

    Args:
        crops: ``[n, 1, bins, frames]`` plain log magnitudes.
        bands: in which the flux is taken.
        config: of the spectrograms.

    Returns:
        0 where there are no notes to be found.
    """
    plain = crops[:, 0]
    flux = torch.relu(bands(plain).diff(dim=2)).mean(dim=1)  # [n, frames - 1], of frames t and t + 1
    power = expanded(plain, config).square()
    power = power / power.norm(dim=1, keepdim=True).clamp(min=1e-12)
    change = 1 - (power[:, :, 1:] * power[:, :, :-1]).sum(dim=1)
    reach = max(2, round(0.07 * config.frame_rate))
    loud = flux > flux.mean(dim=1, keepdim=True) + 1.5 * flux.std(dim=1, keepdim=True)
    highest = functional.max_pool1d(flux[:, None], 2 * reach + 1, stride=1, padding=reach)[:, 0]
    notes = (loud & (flux == highest))[:, reach:-reach].nonzero()
    if not len(notes):
        return 0.0
    at = torch.arange(2 * reach + 1, device=crops.device)
    around = change[notes[:, :1], notes[:, 1:] + at].mean(dim=0)
    weight = (around - around.median()).clamp(min=0)
    at = at - reach
    return float((weight * at).sum() / weight.sum().clamp(min=1e-12))


def comparable(bands: Tensor, settings: WarmStartConfig) -> Tensor:
    """What frames are compared by: their bands, less a part of their mean level, and how that level moves.

    Args:
        bands: ``[crops, bands, frames]`` normalised.
        settings: ``level`` and ``rise``.

    Returns:
        ``[crops * frames, bands + 1]``.
    """
    level = bands.mean(dim=1, keepdim=True)
    before = torch.cat([level[:, :, :1].expand(-1, -1, RISE_FRAMES), level], dim=2)[:, :, : level.shape[2]]
    seen = torch.cat([bands - settings.level * level, settings.rise * (level - before)], dim=1)
    return seen.transpose(1, 2).flatten(0, 1).contiguous()


def average_nearest(queries: Tensor, keys: Tensor, values: Tensor, neighbours: int) -> Tensor:
    """The mean of the values whose keys are nearest, by Euclidean distance.

    Args:
        queries: ``[q, n]``.
        keys: ``[k, n]``.
        values: ``[k, m]``.
        neighbours: how many are averaged; no more than there are.

    Returns:
        ``[q, m]``.
    """
    closeness = 2 * queries @ keys.T - keys.square().sum(dim=1)  # less the query's own square: same order
    nearest = closeness.topk(min(neighbours, len(keys)), dim=1).indices
    return values[nearest].mean(dim=1)


def _draw(crops: Crops, count: int, device: torch.device) -> Tensor:
    sizes = (min(16, count - done) for done in range(0, count, 16))
    return torch.cat([torch.as_tensor(crops.batch(size)).to(device) for size in sizes])
