"""The terms of the objective.

The whole, for generators G: X -> Y and F: Y -> X and discriminators D_X, D_Y (Zhu et al. 2017):

    L = L_GAN(G, D_Y) + L_GAN(F, D_X) + lambda L_cyc + L_iden
    L_cyc = mean |F(G(x)) - x| + mean |G(F(y)) - y|
    L_iden = mean |G(y) - y| + mean |F(x) - x|
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from styleshift.networks.kernels import twice_differentiable
from styleshift.networks.layers import Bands
from styleshift.recipes.settings import Adversarial


def generator_adversarial_loss(kind: Adversarial, fake: Tensor) -> Tensor:
    """L_GAN of the generator, which falls as the discriminator takes its fakes for real.

    Args:
        kind: ``log``: -log D(fake), the non-saturating form of Goodfellow et al. 2014, section 3;
            ``lsgan``: (D(fake) - 1)^2, Mao et al. 2017; ``hinge``: -D(fake), Lim and Ye 2017.
        fake: logits, any shape.

    Returns:
        Scalar.
    """
    if kind == "log":
        return functional.softplus(-fake).mean()
    if kind == "lsgan":
        return (fake - 1).square().mean()
    return -fake.mean()


def discriminator_adversarial_loss(kind: Adversarial, real: Tensor, fake: Tensor) -> Tensor:
    """L_GAN of the discriminator, halved as Zhu et al. 2017 do to slow it against the generator.

    Args:
        kind: ``log``: -log D(real) - log(1 - D(fake)); ``lsgan``: (D(real) - 1)^2 + D(fake)^2;
            ``hinge``: max(0, 1 - D(real)) + max(0, 1 + D(fake)).
        real: logits, any shape.
        fake: logits, any shape.

    Returns:
        Scalar.
    """
    if kind == "log":
        return (functional.softplus(-real).mean() + functional.softplus(fake).mean()) / 2
    if kind == "lsgan":
        return ((real - 1).square().mean() + fake.square().mean()) / 2
    return (torch.relu(1 - real).mean() + torch.relu(1 + fake).mean()) / 2


def l1_loss(one: Tensor, other: Tensor) -> Tensor:
    """Mean absolute difference: L_cyc and L_iden."""
    return (one - other).abs().mean()


def log_spectral_distance(converted: Tensor, wanted: Tensor, bands: Bands, floor: Tensor) -> Tensor:
    """Mean absolute difference of two log spectrograms at three resolutions.

    Bin by bin and frame by frame; in frequency bands, so that the upper half of the bins is not half of what
    counts; and in bands averaged over eight frames, where noise is as loud as it should be whatever its
    grains are (after the multi-resolution STFT loss of Yamamoto, Song and Kim 2020).

    Args:
        converted: ``[batch, 1, bin, frame]``.
        wanted: the same.
        bands: from bins to bands.
        floor: broadcasts to the same; nothing below it counts. Without, the faint noise of two recordings,
            which has nothing to do with each other, is half of the distance between them.

    Returns:
        Scalar.
    """
    difference = torch.maximum(converted.float(), floor) - torch.maximum(wanted, floor)
    banded: Tensor = bands(difference)
    coarse = functional.avg_pool2d(banded, (1, 8))
    total: Tensor = (difference.abs().mean() + banded.abs().mean() + coarse.abs().mean()) / 3
    return total


def feature_matching_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Feature matching (Salimans et al. 2016, 3.1): between means over crops and frames, layer by layer."""
    terms = [
        (one.detach().mean(dim=(0, 3)) - other.mean(dim=(0, 3))).abs().mean()
        for one, other in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def spectral_flux_loss(source: Tensor, converted: Tensor) -> Tensor:
    """Between the rises of loudness of source and conversion, ``[batch, 1, bin, frame]`` log magnitudes each.

    The rise is the half-wave rectified difference from frame to frame, averaged over bins (spectral flux,
    Dixon 2006), so that onsets stay where they were while notes may fade as they please.
    """

    def flux(log_magnitude: Tensor) -> Tensor:
        return torch.relu(log_magnitude.diff(dim=3)).mean(dim=2)

    return (flux(source) - flux(converted)).abs().mean()


def patch_nce(query: Tensor, key: Tensor, temperature: float) -> Tensor:
    """PatchNCE (Park et al. 2020, equations 2 and 3): to tell the same place from all others of a crop.

    Args:
        query: ``[batch, place, n]`` unit vectors, of the conversion.
        key: the same of the source; the same place is the right answer, all others of the crop are wrong.
        temperature: tau.

    Returns:
        Scalar, the mean cross-entropy; ``log(places)`` where nothing is told apart.
    """
    right = torch.arange(query.shape[1], device=query.device).expand(query.shape[:2])
    # Divided by a temperature of 0.07, rounding to bfloat16 would weigh as much as what is to be told apart.
    with torch.autocast(query.device.type, enabled=False):
        likeness = query.float() @ key.float().transpose(1, 2) / temperature
        return functional.cross_entropy(likeness.flatten(0, 1), right.flatten())


def r1_penalty(discriminator: nn.Module, real: Tensor) -> Tensor:
    """R1: half the squared gradient of D at real crops (Mescheder et al. 2018, equation 9)."""
    real = real.detach().requires_grad_(True)
    with twice_differentiable():
        logits = discriminator(real).mean(dim=1)
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2
