"""Losses, augmentations and metrics: what is built, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from styleshift.hooks.experiment import AugmentationSpec, Heard, LossSpec, MetricSpec
from styleshift.hooks.guard.owner import Owner, kind_of

if TYPE_CHECKING:
    from torch import Tensor

TensorPair = Callable[["Tensor", "Tensor"], "Tensor"]


def build_loss(owner: Owner, spec: LossSpec, *given: Any) -> TensorPair:
    """A loss whose every value is one number, as far as that shows without reading it."""
    return partial(_loss, owner, owner.built(spec, *given))


def build_augmentation(owner: Owner, spec: AugmentationSpec, *given: Any) -> TensorPair:
    """An augmentation that keeps shape and type."""
    return partial(_augment, owner, owner.built(spec, *given))


def measure(owner: Owner, spec: MetricSpec, converted: Heard, source: Heard) -> float:
    """What a metric says, a plain number; nan where there is nothing to compare."""
    found = owner.call(spec.measure, converted, source)
    try:
        value = float(found)
    except (TypeError, ValueError):
        raise owner.fault(f"measure returned {kind_of(found)}, not a number") from None
    if value > 1 + 1e-4:  # a share of what stayed: more would outweigh all other metrics
        raise owner.fault(f"measure returned {value:g}; at most 1 was wanted")
    return value


def _loss(owner: Owner, loss: TensorPair, source: Tensor, converted: Tensor) -> Tensor:
    import torch

    if torch.compiler.is_compiling():  # a graph has no place for words
        return loss(source, converted)
    found = owner.call(loss, source, converted)
    if not isinstance(found, torch.Tensor) or found.ndim or not found.is_floating_point():
        what = f"{found.dtype} {list(found.shape)}" if isinstance(found, torch.Tensor) else kind_of(found)
        raise owner.fault(f"it returned {what}, not one floating-point number in a tensor")
    if converted.requires_grad and not found.requires_grad:
        raise owner.fault("no gradient goes through it")
    return found


def _augment(owner: Owner, augment: TensorPair, crops: Tensor, random: Tensor) -> Tensor:
    import torch

    found = owner.call(augment, crops, random)
    if not isinstance(found, torch.Tensor):
        raise owner.fault(f"it returned {kind_of(found)}, not a tensor")
    if found.shape != crops.shape or found.dtype != crops.dtype:
        wanted, made = (f"{each.dtype} {list(each.shape)}" for each in (crops, found))
        raise owner.fault(f"it turned {wanted} into {made}; it must keep both")
    return found
