"""The check of a discriminator: logits, features, gradients and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.records import DiscriminatorSpec
from styleshift.testing.contract import built, checked, contract, require
from styleshift.testing.generator import SPECTROGRAMS

if TYPE_CHECKING:
    import torch
    from torch import nn


@contract("the check came upon an error")
def check_discriminator(
    spec: DiscriminatorSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
    frames: int = 128,
) -> None:
    """Check a discriminator as training uses it.

    Logits ``[batch, patches]``, finite, also on silence and on loud input; each item of a batch as if alone;
    input left alone; features that are tensors with the batch first; a gradient to the input, through the
    features too, and to every weight; weights that can be stored and loaded.

    Args:
        spec: the record.
        options: as in a recipe's ``[discriminator]``; small ones make the check fast.
        spectrograms: spectrogram settings to build it for.
        frames: of the crops.

    Raises:
        ContractError: in plain words.
    """
    import torch

    spec = checked(spec, DiscriminatorSpec)
    for spectrogram in spectrograms:
        torch.manual_seed(0)
        module = built(spec, options, spectrogram, frames)
        given = torch.randn(3, 1, spectrogram.bins, frames)
        _check_logits(module.eval(), given)
        _check_gradients(module.train(), given)
        with contract("its weights cannot be loaded into another of its kind"):
            built(spec, options, spectrogram, frames).load_state_dict(module.state_dict())


def _check_logits(module: nn.Module, given: torch.Tensor) -> None:
    import torch

    with torch.no_grad():
        for name, crops in (("noise", given), ("silence", 0 * given), ("loud input", 20 * given)):
            before = crops.clone()
            with contract(f"it cannot take {name} {list(crops.shape)}"):
                logits = module(crops)
            require(torch.isfinite(logits).all(), f"of {name} it makes logits that are not finite")
            require(torch.equal(crops, before), "it changes its input in place")
        logits = module(given)
        alone = torch.cat([module(crop[None]) for crop in given])
        same = torch.allclose(logits, alone, rtol=1e-3, atol=1e-4)
        require(same, "in eval mode an item of a batch comes out otherwise than alone")


def _check_gradients(module: nn.Module, given: torch.Tensor) -> None:
    import torch

    given = given.clone().requires_grad_()
    with contract("its features cannot be taken"):
        features = module.features(given)  # type: ignore[operator]
    (gradient,) = torch.autograd.grad(sum(part.square().mean() for part in features), given)
    require(gradient.abs().max() > 0, "no gradient reaches its input through its features")
    module(given).square().mean().backward()
    found = given.grad
    require(found is not None and found.abs().max() > 0, "no gradient reaches its input")
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            require(parameter.grad is not None, f"no gradient reaches the weight {name}: it is never used")
