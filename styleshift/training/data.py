"""What the trainer asks of a corpus, and what it makes of its crops."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from styleshift.recipes.settings import DataConfig


class Crops(Protocol):
    """An endless source of random crops (``styleshift.corpus.CropSampler``)."""

    def batch(self, count: int, part: int = 0, parts: int = 1) -> npt.NDArray[np.float32]:
        """``[count, 1, bins, frames]`` float32 log magnitudes at the reference level.

        They are the ``part``-th of ``parts`` equal parts of one draw, so that ranks share a sequence.
        """
        ...

    def state(self) -> dict[str, Any]:
        """What :meth:`restore` needs to go on with the same crops; fit for JSON."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`state`."""
        ...


class TensorCrops(Protocol):
    """The same, as tensors that may be on a GPU (``styleshift.training.resident.ResidentCrops``)."""

    def batch(self, count: int, part: int = 0, parts: int = 1) -> Tensor:
        """See :class:`Crops`."""
        ...

    def state(self) -> dict[str, Any]:
        """See :class:`Crops`."""
        ...

    def restore(self, state: dict[str, Any]) -> None:
        """See :class:`Crops`."""
        ...


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of a domain's crops at the reference level.

    Attributes:
        mean: ``[bins]`` float32, mean log magnitude of each bin.
        deviation: mean over bins of each bin's standard deviation around its mean.
        overall: standard deviation of everything around the one mean of everything.
        loudest: mean over frames of the loudest bin.
    """

    mean: Tensor
    deviation: float
    overall: float
    loudest: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops for one step.

    Attributes:
        x: ``[batch, 1, bins, frames]`` float32 log magnitudes of domain X at the reference level.
        y: the same of domain Y.
        wanted: for ``x2y`` and ``y2x``, where frames are matched: ``[batch, 1, bands, frames]``, what the
            conversion should be, normalised on the target's scale; empty where they are not.
    """

    x: Tensor
    y: Tensor
    wanted: dict[str, Tensor] = field(default_factory=dict)


class Source(Protocol):
    """Where the batches of a run come from."""

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """``count`` crops a domain."""
        ...

    def state(self) -> Any:
        """What :meth:`restore` needs to go on with the same batches; fit for JSON."""
        ...

    def restore(self, state: Any) -> None:
        """The inverse of :meth:`state`."""
        ...


class FreshCrops:
    """Crops from anywhere in both corpora, augmented as the recipe says."""

    def __init__(
        self,
        x: Crops | TensorCrops,
        y: Crops | TensorCrops,
        config: DataConfig,
        part: int = 0,
        parts: int = 1,
    ) -> None:
        self._x, self._y, self._config = x, y, config
        self._share = (part, parts)

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`Source`."""
        x, y = (
            augment(torch.as_tensor(crops.batch(count, *self._share)), self._config, random)
            for crops in (self._x, self._y)
        )
        return Batch(x, y)

    def state(self) -> Any:
        """See :class:`Source`."""
        return [self._x.state(), self._y.state()]

    def restore(self, state: Any) -> None:
        """See :class:`Source`."""
        self._x.restore(state[0])
        self._y.restore(state[1])


def measure(crops: Crops, count: int = 256) -> Statistics:
    """Statistics over ``count`` crops, sixteen at a time; the source of crops is put back where it was."""
    state = crops.state()
    frames, loudest = 0, 0.0
    total = squares = torch.zeros((), dtype=torch.float64)
    for _ in range(-(-count // 16)):
        batch = torch.from_numpy(crops.batch(16)).double()[:, 0]
        total = total + batch.sum(dim=(0, 2))
        squares = squares + batch.square().sum(dim=(0, 2))
        loudest += float(batch.amax(dim=1).sum())
        frames += batch.shape[0] * batch.shape[2]
    crops.restore(state)
    mean, power = total / frames, squares / frames
    return Statistics(
        mean=mean.float(),
        deviation=float((power - mean.square()).clamp(min=0).sqrt().mean()),
        overall=float((power.mean() - mean.mean().square()).clamp(min=0).sqrt()),
        loudest=loudest / frames,
    )


def augment(batch: Tensor, config: DataConfig, generator: torch.Generator) -> Tensor:
    """Vary crops at random, as the recipe says; nothing happens where every setting is zero.

    Log magnitudes are shifted rather than magnitudes scaled: exact for ``log``, close for ``log1p`` where
    it is loud; what was at the floor stays there.

    Args:
        batch: ``[n, 1, bins, frames]`` float32 log magnitudes.
        config: see :class:`styleshift.recipes.DataConfig`.
        generator: of the random choices, on the CPU.
    """
    count, _, bins, frames = batch.shape

    def uniform(limit: float) -> Tensor:
        return ((torch.rand(count, 1, 1, 1, generator=generator) * 2 - 1) * limit).to(batch.device)

    nepers = 0.11512925465  # of one dB
    if config.gain_db or config.tilt_db:
        slope = torch.linspace(-0.5, 0.5, bins, device=batch.device).view(1, 1, bins, 1)
        shift = nepers * (uniform(config.gain_db) + uniform(config.tilt_db) * slope)
        floor = batch.amin()
        batch = torch.where(batch > floor, (batch + shift).clamp(min=floor), batch)
    if config.pitch_bins:
        factor = 1 + uniform(config.pitch_bins)[:, 0, 0, 0]
        axis = torch.linspace(0, 1, bins, device=batch.device)
        rows = axis[None, :] * factor[:, None] * 2 - 1  # beyond the top: repeat it
        columns = torch.linspace(-1, 1, frames, device=batch.device)
        grid = torch.stack(
            [columns.expand(count, bins, frames), rows[:, :, None].expand(count, bins, frames)], dim=-1
        )
        batch = functional.grid_sample(batch, grid, padding_mode="border", align_corners=True)
    if config.mute:
        start = torch.rand(count, generator=generator)
        length = torch.rand(count, generator=generator) * 0.25
        chosen = torch.rand(count, generator=generator) < config.mute
        at = torch.arange(frames) / frames
        muted = (at >= start[:, None]) & (at < (start + length)[:, None]) & chosen[:, None]
        batch = batch.masked_fill(muted[:, None, None, :].to(batch.device), batch.amin())
    return batch
