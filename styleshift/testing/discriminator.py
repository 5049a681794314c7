"""The check of a discriminator: logits, features, gradients and weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.records import DiscriminatorSpec
from styleshift.testing.contract import built, checked, contract, require
from styleshift.testing.generator import SPECTROGRAMS


@contract("the check came upon an error")
def check_discriminator(
    spec: DiscriminatorSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
    frames: int = 128,
) -> None:
    """Check a discriminator as training uses it.

    Logits ``[batch, patches]``, finite, also on silence and on loud input; the same twice in eval mode; each
    item of a batch as if alone; input left alone; features that are tensors with the batch first; a gradient
    to the input, through the features too, and to every weight; weights that can be stored and loaded.

    Args:
        spec: the record.
        options: as in a recipe's ``[discriminator]``; small ones make the check fast.
        spectrograms: spectrogram settings to build it for.
        frames: of the crops.

    Raises:
        ContractError: in plain words.
    """
    import torch

    from styleshift.testing import networks

    spec = checked(spec, DiscriminatorSpec)
    for spectrogram in spectrograms:
        torch.manual_seed(0)
        module = built(spec, options, spectrogram, frames)
        given = networks.noise(3, spectrogram, frames)
        networks.check_values(module.eval(), given)
        given.requires_grad_()
        with contract("its features cannot be taken"):
            features = module.train().features(given)
        (gradient,) = torch.autograd.grad(sum(part.square().mean() for part in features), given)
        require(gradient.abs().max() > 0, "no gradient reaches its input through its features")
        module(given).square().mean().backward()
        networks.check_gradients(module, given.grad)
        networks.check_weights(module, built(spec, options, spectrogram, frames), given)
