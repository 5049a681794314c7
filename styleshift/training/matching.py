"""Matched frames: for each frame of one domain, what the nearest frames of the other sound like."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from styleshift.networks.layers import Bands
from styleshift.progress import Reporter
from styleshift.recipes import Recipe, WarmStartConfig
from styleshift.training.data import Batch, Crops
from styleshift.training.model import DIRECTIONS, CycleGAN

RISE_FRAMES = 4
"""Frames over which a rise in level is taken: 46 ms in the recipe ``small``, the length of an attack."""


class MatchedCrops:
    """A pool of crops of both domains, every frame with the average of its nearest frames of the other.

    The pool depends on the sources' seeds alone, so that a run that goes on makes the same one again.

    Args:
        x: crops of domain X, as a new run has them.
        y: crops of domain Y.
        recipe: says how many crops, and how they are compared.
        model: gives the scales of both domains.
        reporter: who is told.
        most: crops a side, where the recipe says more.
    """

    def __init__(
        self,
        x: Crops,
        y: Crops,
        recipe: Recipe,
        model: CycleGAN,
        reporter: Reporter,
        most: int = 1 << 31,
    ) -> None:
        settings = recipe.warm_start
        count = min(most, settings.crops)
        self._crops = [_draw(crops, count) for crops in (x, y)]
        bands = Bands(recipe.spectrogram, settings.bands)
        seen = []
        for crops, direction in zip(self._crops, DIRECTIONS, strict=True):
            scale = model.translator(direction).source
            seen.append(bands((crops - scale.mean.cpu()) / scale.deviation.cpu())[:, 0])
        with reporter.task("matching frames", 2 * count, "crops") as task:
            self._wanted = {}
            for direction, here, there in zip(DIRECTIONS, seen, seen[::-1], strict=True):
                matched = []
                keys, values = comparable(there, settings), there.transpose(1, 2).flatten(0, 1)
                for crop in here:
                    queries = comparable(crop[None], settings)
                    matched.append(average_nearest(queries, keys, values, settings.neighbours).T)
                    task.advance()
                self._wanted[direction] = torch.stack(matched)[:, None]

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`styleshift.training.data.Source`."""
        pool = len(self._crops[0])
        x = torch.randint(pool, (count,), generator=random)
        y = torch.randint(pool, (count,), generator=random)
        wanted = {"x2y": self._wanted["x2y"][x], "y2x": self._wanted["y2x"][y]}
        return Batch(self._crops[0][x], self._crops[1][y], wanted)

    def state(self) -> Any:
        """Nothing: the draws come from the run's own generator."""
        return None

    def restore(self, state: Any) -> None:
        """See :meth:`state`."""


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
    closeness = 2 * queries @ keys.T - keys.square().sum(dim=1)  # less the query's own square: the same order
    nearest = closeness.topk(min(neighbours, len(keys)), dim=1).indices
    return values[nearest].mean(dim=1)


def _draw(crops: Crops, count: int) -> Tensor:
    batches = [torch.from_numpy(crops.batch(min(16, count - done))) for done in range(0, count, 16)]
    return torch.cat(batches)
