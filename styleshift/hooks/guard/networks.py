"""Generators and discriminators: what is built, its forward pass, and the features that it hands out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from styleshift.hooks.guard.owner import Owner, kind_of
from styleshift.hooks.records import DiscriminatorSpec, GeneratorSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_generator(owner: Owner, spec: GeneratorSpec, config: Any, spectrogram: Any) -> nn.Module:
    """A module whose forward pass is guarded; tried once, on silence."""
    module = _module(owner, owner.call(spec.build, config, spectrogram), _same_shape)
    _try(owner, module, (1, 1, spectrogram.bins, 4 * spec.time_multiple))
    return module


def build_discriminator(
    owner: Owner, spec: DiscriminatorSpec, config: Any, spectrogram: Any, frames: int
) -> nn.Module:
    """A module whose forward pass is guarded; tried once, on silence."""
    module = _module(owner, owner.call(spec.build, config, spectrogram, frames), _logits)
    if not callable(getattr(module, "features", None)):
        raise owner.fault("it has no features")
    _try(owner, module, (1, 1, spectrogram.bins, frames))
    return module


def _module(owner: Owner, built: object, check: Callable[[Owner, Tensor, Tensor], None]) -> nn.Module:
    """``built`` with its functions guarded: partial ones, with which it is still copied and exported."""
    import torch

    if not isinstance(built, torch.nn.Module):
        raise owner.fault(f"build returned {kind_of(built)}, not a torch module")
    built.forward = partial(_forward, owner, check, built.forward)
    if callable(features := getattr(built, "features", None)):
        built.features = partial(_features, owner, features)  # type: ignore[assignment]
    return built


def _try(owner: Owner, module: nn.Module, shape: tuple[int, ...]) -> None:
    """Once, on silence, and on a copy: a forward pass may leave traces."""
    import torch

    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        made = copy.deepcopy(module).eval()(torch.zeros(shape))
    if not torch.isfinite(made).all():
        raise owner.fault("it makes values that are not finite of silence")


def _same_shape(owner: Owner, made: Tensor, given: Tensor) -> None:
    if made.shape != given.shape:
        raise owner.fault(f"it turned {list(given.shape)} into {list(made.shape)}; it must keep the shape")


def _logits(owner: Owner, made: Tensor, given: Tensor) -> None:
    if made.ndim != 2 or len(made) != len(given):
        raise owner.fault(f"it returned {list(made.shape)}; [{len(given)}, patches] was wanted")


def _forward(
    owner: Owner,
    check: Callable[[Owner, Tensor, Tensor], None],
    forward: Callable[[Tensor], Tensor],
    given: Tensor,
) -> Tensor:
    import torch

    if torch.compiler.is_compiling():  # a graph has no place for words
        return forward(given)
    made = owner.call(forward, given)
    if not isinstance(made, torch.Tensor) or not made.is_floating_point():
        what = made.dtype if isinstance(made, torch.Tensor) else kind_of(made)
        raise owner.fault(f"it returned {what}, not a tensor of floating-point numbers")
    check(owner, made, given)
    return made


def _features(owner: Owner, features: Callable[[Tensor], list[Tensor]], given: Tensor) -> list[Tensor]:
    import torch

    if torch.compiler.is_compiling():
        return features(given)
    found = owner.call(features, given)
    if not isinstance(found, list | tuple) or not found:
        raise owner.fault(f"features returned {kind_of(found)}, not a list of tensors")
    for part in found:
        if not isinstance(part, torch.Tensor) or part.ndim < 2 or len(part) != len(given):
            shape = list(part.shape) if isinstance(part, torch.Tensor) else kind_of(part)
            raise owner.fault(f"features hold {shape}; tensors with the batch first were wanted")
    return list(found)
