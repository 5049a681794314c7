from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from styleshift.networks.fused import FusedSequential
from styleshift.networks.layers import InstanceNorm2d
from styleshift.training import losses

REAL = np.array([1.5, -0.3, 0.2])
FAKE = np.array([-2.0, 0.7, 0.1])


def sigmoid(value: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-value))


@pytest.mark.parametrize(
    ("kind", "generator", "discriminator"),
    [
        (
            "log",
            -np.log(sigmoid(FAKE)).mean(),
            (-np.log(sigmoid(REAL)).mean() - np.log(1 - sigmoid(FAKE)).mean()) / 2,
        ),
        ("lsgan", ((FAKE - 1) ** 2).mean(), (((REAL - 1) ** 2).mean() + (FAKE**2).mean()) / 2),
        (
            "hinge",
            -FAKE.mean(),
            (np.maximum(0, 1 - REAL).mean() + np.maximum(0, 1 + FAKE).mean()) / 2,
        ),
    ],
)
def test_adversarial_losses_are_the_papers(kind: str, generator: float, discriminator: float) -> None:
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    assert float(losses.generator_adversarial_loss(kind, fake)) == pytest.approx(generator)  # type: ignore[arg-type]
    assert float(losses.discriminator_adversarial_loss(kind, real, fake)) == pytest.approx(discriminator)  # type: ignore[arg-type]


def test_l1_is_the_mean_absolute_difference() -> None:
    one, other = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[0.0, 4.0], [3.0, 0.0]])
    assert float(losses.l1_loss(one, other)) == pytest.approx((1 + 2 + 0 + 4) / 4)


def test_r1_penalty_of_a_linear_discriminator() -> None:
    judge = nn.Sequential(nn.Flatten(1), nn.Linear(6, 1))
    weight = judge[1].weight.detach().numpy()
    found = losses.r1_penalty(judge, torch.randn(5, 1, 2, 3)).detach()
    assert float(found) == pytest.approx((weight**2).sum() / 2, rel=1e-5)


def test_r1_penalty_in_bfloat16_has_the_gradient_of_float32() -> None:
    """The norms that are one step elsewhere have no second derivative, and must not be taken here."""
    torch.manual_seed(0)
    judge = FusedSequential(nn.Conv2d(1, 16, 3), InstanceNorm2d(16), nn.LeakyReLU(0.2), nn.Conv2d(16, 1, 3))
    judge.append(nn.Flatten(1))
    real = torch.randn(2, 1, 12, 12)
    found = []
    for half in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            penalty = losses.r1_penalty(judge, real)
        found.append(torch.autograd.grad(penalty, judge[0].weight)[0])
    assert float((found[1] - found[0]).norm() / found[0].norm()) < 0.1


def test_spectral_flux_loss_ignores_fading_and_sees_onsets() -> None:
    source = torch.zeros(1, 1, 4, 10)
    source[..., 3:] = 2.0
    fading = source.clone()
    fading[..., 5:] = 1.0
    late = torch.zeros(1, 1, 4, 10)
    late[..., 6:] = 2.0
    assert float(losses.spectral_flux_loss(source, fading)) == 0
    assert float(losses.spectral_flux_loss(source, late)) == pytest.approx(2 * 2.0 / 9)


def test_feature_matching_compares_means() -> None:
    one, other = torch.ones(2, 3, 4, 5), torch.zeros(2, 3, 4, 5)
    assert float(losses.feature_matching_loss([one], [other])) == pytest.approx(1)
    assert float(losses.feature_matching_loss([one], [one.flip(3)])) == 0
