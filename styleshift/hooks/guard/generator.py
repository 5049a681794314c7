"""A generator: what is built, its forward pass, and the features that it hands out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from styleshift.hooks.guard.owner import Owner, kind_of
from styleshift.hooks.records import GeneratorSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_generator(owner: Owner, spec: GeneratorSpec, config: Any, spectrogram: Any) -> nn.Module:
    """A module whose forward pass is guarded; tried once, on silence."""
    import torch

    module = owner.call(spec.build, config, spectrogram)
    if not isinstance(module, torch.nn.Module):
        raise owner.fault(f"build returned {kind_of(module)}, not a torch module")
    module.forward = partial(_forward, owner, module.forward)
    if hasattr(module, "features"):
        features: Any = module.features
        module.features = partial(_features, owner, features)  # type: ignore[assignment]
    # Once, on the smallest input there may be, and on a copy: a forward pass may leave traces.
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        made = copy.deepcopy(module).eval()(torch.zeros(1, 1, spectrogram.bins, 4 * spec.time_multiple))
    if not torch.isfinite(made).all():
        raise owner.fault("it makes values that are not finite of silence")
    return module


def _forward(owner: Owner, forward: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
    import torch

    if torch.compiler.is_compiling():  # a graph has no place for words
        return forward(given)
    made = owner.call(forward, given)
    if not isinstance(made, torch.Tensor) or not made.is_floating_point():
        what = made.dtype if isinstance(made, torch.Tensor) else kind_of(made)
        raise owner.fault(f"it returned {what}, not a tensor of floating-point numbers")
    if made.shape != given.shape:
        raise owner.fault(f"it turned {list(given.shape)} into {list(made.shape)}; it must keep the shape")
    return made


def _features(owner: Owner, features: Callable[[Tensor], list[Tensor]], given: Tensor) -> list[Tensor]:
    import torch

    if torch.compiler.is_compiling():
        return features(given)
    found = owner.call(features, given)
    if not isinstance(found, list | tuple) or not found:
        raise owner.fault(f"features returned {kind_of(found)}, not a list of tensors")
    for part in found:
        if not isinstance(part, torch.Tensor) or part.ndim != 4 or len(part) != len(given):
            shape = list(part.shape) if isinstance(part, torch.Tensor) else kind_of(part)
            raise owner.fault(f"features hold {shape}; [batch, channel, bin, frame] was wanted")
    return list(found)
