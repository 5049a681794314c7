"""Matched frames: for each frame of one domain, what the nearest frames of the other sound like."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from styleshift.frontend.compression import expanded
from styleshift.frontend.config import SpectrogramConfig
from styleshift.networks.layers import Bands
from styleshift.progress import Reporter
from styleshift.recipes import Recipe, WarmStartConfig
from styleshift.training.data import Batch, Crops
from styleshift.training.model import DIRECTIONS, CycleGAN

RISE_FRAMES = 4
"""Frames over which a rise in level is taken: 46 ms in the recipe ``small``, the length of an attack."""


MOST_LEAD = 4
"""Most frames by which a match is moved in time."""


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
        part: which, counted from 0, of ``parts`` equal parts of each draw, so that ranks share a sequence.
        parts: see there.
    """

    def __init__(
        self,
        x: Crops,
        y: Crops,
        recipe: Recipe,
        model: CycleGAN,
        reporter: Reporter,
        most: int = 1 << 31,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        self._part, self._parts = part, parts
        settings = recipe.warm_start
        count = min(most, settings.crops)
        bands = Bands(recipe.spectrogram, settings.bands)
        seen = []
        with reporter.phase("matching frames", 2 * count, "crops") as task:
            self._crops = [_draw(crops, count) for crops in (x, y)]
            for crops, direction in zip(self._crops, DIRECTIONS, strict=True):
                scale = model.translator(direction).source
                seen.append(bands((crops - scale.mean.cpu()) / scale.deviation.cpu())[:, 0])
            lead = 0
            if settings.align:
                delays = [speaking_delay(crops, bands, recipe.spectrogram) for crops in self._crops]
                lead = max(-MOST_LEAD, min(MOST_LEAD, round(settings.align * (delays[0] - delays[1]))))
                reporter.detail(
                    f"notes speak {delays[0] - delays[1]:+.1f} frames later in the first domain than "
                    f"in the second; matches move by {lead}"
                )
            self._matched = {}
            for direction, here, there in zip(DIRECTIONS, seen, seen[::-1], strict=True):
                matched = []
                keys, values = comparable(there, settings), there.transpose(1, 2).flatten(0, 1)
                for crop in here:
                    queries = comparable(crop[None], settings)
                    matched.append(average_nearest(queries, keys, values, settings.neighbours).T)
                    task.advance()
                self._matched[direction] = earlier(torch.stack(matched)[:, None], lead)
                lead = -lead

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`styleshift.training.data.BatchSource`."""
        pool, device = len(self._crops[0]), self._crops[0].device
        mine = slice(self._part * count, (self._part + 1) * count)
        draws = [torch.randint(pool, (count * self._parts,), generator=random) for _ in DIRECTIONS]
        x, y = (draw[mine].to(device) for draw in draws)
        matched = {"x2y": self._matched["x2y"][x], "y2x": self._matched["y2x"][y]}
        return Batch(self._crops[0][x], self._crops[1][y], matched)

    def to(self, device: torch.device) -> MatchedCrops:
        """The same, with the pool on a device."""
        self._crops = [crops.to(device) for crops in self._crops]
        self._matched = {direction: bands.to(device) for direction, bands in self._matched.items()}
        return self

    def state_dict(self) -> Any:
        """Nothing: the draws come from the generator that is given."""
        return None

    def load_state_dict(self, state: Any) -> None:
        """See :meth:`state_dict`."""


def earlier(values: Tensor, frames: int) -> Tensor:
    """``[..., frame]`` moved to an earlier time, or a later one where ``frames`` is negative; ends repeat."""
    if frames >= 0:
        return torch.cat([values[..., frames:], values[..., -1:].expand(*values.shape[:-1], frames)], dim=-1)
    return torch.cat([values[..., :1].expand(*values.shape[:-1], -frames), values[..., :frames]], dim=-1)


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
    around = torch.stack([change[crop, at : at + 2 * reach + 1] for crop, at in notes.tolist()]).mean(dim=0)
    weight = (around - around.median()).clamp(min=0)
    at = torch.arange(-reach, reach + 1)
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
    closeness = 2 * queries @ keys.T - keys.square().sum(dim=1)  # less the query's own square: the same order
    nearest = closeness.topk(min(neighbours, len(keys)), dim=1).indices
    return values[nearest].mean(dim=1)


def _draw(crops: Crops, count: int) -> Tensor:
    batches = [torch.from_numpy(crops.batch(min(16, count - done))) for done in range(0, count, 16)]
    return torch.cat(batches)
