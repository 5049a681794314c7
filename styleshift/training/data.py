"""What the trainer asks of a corpus, and what it makes of its crops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from styleshift.corpus import CropSampler, Shard
from styleshift.recipes import Recipe
from styleshift.training.augment import augment
from styleshift.training.device import sent

SHARE_OF_FREE = 0.25
"""Of the device's free memory that both corpora may take; the rest is for networks and their activations."""

BYTES = 4
"""A value on the device is float32, scaled already, so that crops are those of the sampler, bit for bit."""


class Crops(Protocol):
    """An endless source of random crops: ``CropSampler`` of the corpus, or ``ResidentCrops``."""

    def batch(self, count: int, shard: Shard = Shard()) -> npt.NDArray[np.float32] | Tensor:
        """``[count, 1, bins, frames]`` float32 log magnitudes at the reference level; a tensor on any device.

        They are ``shard``'s own part of one draw.
        """

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on with the same crops; fit for JSON."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The inverse of :meth:`state_dict`."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of a domain's crops at the reference level.

    Attributes:
        mean: ``[bins]`` float32, mean log magnitude of each bin.
        deviation: mean over bins of each bin's standard deviation around its mean.
        overall: standard deviation of everything around the one mean of everything.
        loudest: mean over frames of the loudest bin.
        voice_hz: median fundamental of the voices; 0 where nobody asked.
        damp_db: by how much drums are damped on the way to the other domain.
        moved: ``mean`` with drums damped, voices moved to the other domain's pitch, and their sounds
            moved; None where nobody asked.
        ways: ``[bins, states]``: how far each sound's envelope is moved on the way to the other domain;
            None where nobody asked.
        spoken: mean envelopes ``[phones, cepstra]`` and of how many frames each is, ``[phones]``, as
            :class:`styleshift.voice.equaliser.VoiceMeans` has them; None where nobody asked.
    """

    mean: Tensor
    deviation: float
    overall: float
    loudest: float
    voice_hz: float = 0.0
    damp_db: float = 0.0
    moved: Tensor | None = None
    ways: Tensor | None = None
    spoken: tuple[Tensor, Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops for one step.

    Attributes:
        x: ``[batch, 1, bins, frames]`` float32 log magnitudes of domain X at the reference level.
        y: the same of domain Y.
        matched_bands: for ``x2y`` and ``y2x``, where frames are matched: ``[batch, 1, bands, frames]``, what
            the bands of the conversion should be, normalised on the target's scale; else empty.
        matched_bins: for the same, where crops are paired: ``[batch, 1, bins, frames]``, what the conversion
            should be bin by bin, normalised on the target's scale; else empty.
        given: for the same, where it is another crop than ``x`` or ``y`` that should become what is matched:
            ``[batch, 1, bins, frames]``, as the generator itself is given it.
    """

    x: Tensor
    y: Tensor
    matched_bands: dict[str, Tensor] = field(default_factory=dict)
    matched_bins: dict[str, Tensor] = field(default_factory=dict)
    given: dict[str, Tensor] = field(default_factory=dict)

    def moved(self, move: Callable[[Tensor], Tensor]) -> Batch:
        """The same with ``move`` done to every tensor."""

        def each(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {direction: move(tensor) for direction, tensor in tensors.items()}

        return Batch(
            move(self.x),
            move(self.y),
            matched_bands=each(self.matched_bands),
            matched_bins=each(self.matched_bins),
            given=each(self.given),
        )


class BatchSource(Protocol):
    """Where the batches of a run come from."""

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """``count`` crops a domain."""

    def state_dict(self) -> Any:
        """What :meth:`load_state_dict` needs to go on with the same batches; fit for JSON."""

    def load_state_dict(self, state: Any) -> None:
        """The inverse of :meth:`state_dict`."""


class RandomCrops:
    """Crops from anywhere in both corpora, augmented as the recipe says."""

    def __init__(self, x: Crops, y: Crops, recipe: Recipe, shard: Shard = Shard()) -> None:
        self._sides, self._recipe, self._shard = (x, y), recipe, shard

    def batch(self, count: int, random: torch.Generator) -> Batch:
        """See :class:`BatchSource`."""
        made = []
        for crops in self._sides:
            batch, others = torch.as_tensor(crops.batch(count, self._shard)), None
            if self._recipe.data.mix:
                others = torch.as_tensor(crops.batch(count, self._shard))
            made.append(augment(batch, self._recipe.data, self._recipe.spectrogram, random, others))
        return Batch(made[0], made[1])

    def state_dict(self) -> Any:
        """See :class:`BatchSource`."""
        return [crops.state_dict() for crops in self._sides]

    def load_state_dict(self, state: Any) -> None:
        """See :class:`BatchSource`."""
        for crops, own in zip(self._sides, state, strict=True):
            crops.load_state_dict(own)


def peek(crops: Crops, count: int, at_once: int = 16) -> Iterator[Tensor]:
    """Batches of ``count`` crops in all; the source of crops is then put back where it was."""
    state = crops.state_dict()
    for done in range(0, count, at_once):
        yield torch.as_tensor(crops.batch(min(at_once, count - done)))
    crops.load_state_dict(state)


def measure(crops: Crops, count: int = 256) -> Statistics:
    """Statistics over ``count`` crops; the source of crops is put back where it was."""
    frames, loudest = 0, 0.0
    total = squares = torch.zeros((), dtype=torch.float64)
    for drawn in peek(crops, count):
        batch = drawn.double()[:, 0]
        total = total + batch.sum(dim=(0, 2))
        squares = squares + batch.square().sum(dim=(0, 2))
        loudest += float(batch.amax(dim=1).sum())
        frames += batch.shape[0] * batch.shape[2]
    mean, power = total / frames, squares / frames
    return Statistics(
        mean=mean.float(),
        deviation=float((power - mean.square()).clamp(min=0).sqrt().mean()),
        overall=float((power.mean() - mean.mean().square()).clamp(min=0).sqrt()),
        loudest=loudest / frames,
    )


class ResidentCrops:
    """Gives the crops that a sampler would, as tensors on a device.

    Args:
        sampler: of a corpus; keeps drawing the places.
        device: where the corpus is copied to.
    """

    def __init__(self, sampler: CropSampler, device: torch.device) -> None:
        self._sampler, self._device = sampler, device
        self._firsts = [0]
        for index in range(sampler.stretches):
            self._firsts.append(self._firsts[-1] + sampler.length(index))
        # One block, filled stretch by stretch: nothing is there twice.
        self._frames: Tensor = torch.empty(self._firsts[-1], sampler.bins, device=device)
        for index, (first, end) in enumerate(pairwise(self._firsts)):
            self._frames[first:end] = torch.from_numpy(sampler.whole(index)).to(device)

    def batch(self, count: int, shard: Shard = Shard()) -> Tensor:
        """See :class:`Crops`; on the device."""
        places = self._sampler.places(count, shard)
        starts = torch.tensor([self._firsts[stretch] + start for stretch, start in places])
        rows = sent(starts, self._device)[:, None] + torch.arange(self._sampler.frames, device=self._device)
        cut = self._frames[rows]  # [count, frames, bins]
        return cut.transpose(1, 2)[:, None].contiguous()

    def state_dict(self) -> dict[str, Any]:
        """See :class:`Crops`."""
        return self._sampler.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See :class:`Crops`."""
        self._sampler.load_state_dict(state)


def resident_bytes(sampler: CropSampler) -> int:
    """What the corpus of a sampler takes on a device."""
    return BYTES * sampler.bins * sum(sampler.length(index) for index in range(sampler.stretches))


def fits(samplers: list[CropSampler], device: torch.device) -> bool:
    """The corpora fit into a GPU's memory beside a training.

    On a CPU this is False: the memory-mapped files are in its memory already, as float16, where the system's
    file cache has room for them.
    """
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return sum(resident_bytes(sampler) for sampler in samplers) <= SHARE_OF_FREE * free
