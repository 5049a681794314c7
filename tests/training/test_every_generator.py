"""Every built-in generator through the objective of a step, in both precisions.

Of styleshift.training.step.
"""

from __future__ import annotations

import pytest
import torch
from objective import generator_losses
from torch import Tensor

from styleshift.recipes import load_recipe
from styleshift.training.data import Statistics
from styleshift.training.model import CycleGAN
from styleshift.training.state import TrainingState

SMALL = (
    *("spectrogram.fft_length=128", "spectrogram.frame_length=128", "spectrogram.hop_length=64"),
    *("data.crop_frames=64", "discriminator.bands=32", "discriminator.channels=4"),
    *("warm_start.share=0", "warm_start.weight=0"),
)
GENERATORS = {
    "seed": ("generator.channels=4", "generator.blocks=2"),
    "resize": ("generator.channels=4", "generator.blocks=2"),
    "1d": ("generator.channels=8", "generator.blocks=2"),
    "2-1-2d": ("generator.channels=4", "generator.blocks=2"),
    "residual": ("generator.channels=8", "generator.bands=32", "generator.levels=2"),
    "fine": ("generator.channels=8", "generator.bands=32", "generator.levels=2", "generator.detail=8"),
}


def gradient(*settings: str, batch: int) -> Tensor:
    """Of the generators' objective on fixed noise, all weights in a row."""
    recipe = load_recipe("small", [*SMALL, *settings])
    scale = Statistics(torch.full((65,), 3.0), 1.5, 2.0, 8.0)
    torch.manual_seed(0)
    state = TrainingState(recipe, CycleGAN(recipe, scale, scale), 0)
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in state.model.translators.parameters():  # wake last layers that are zero
            weight.add_(0.05 * torch.randn(weight.shape, generator=random))
    x, y = (torch.randn(batch, 1, 65, 64, generator=random) for _ in range(2))
    with torch.autocast("cpu", torch.bfloat16, enabled=state.half):
        total, _, _ = generator_losses(state, x, y)
    total.backward()
    found = [weight.grad for weight in state.model.translators.parameters()]
    assert all(part is not None for part in found)
    return torch.cat([part.float().flatten() for part in found if part is not None])


@pytest.mark.parametrize("objective", [(), ("loss.cycle=0", "loss.patch_nce=1")], ids=["cycle", "contrast"])
@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("batch", [1, 2])
def test_bfloat16_moves_the_weights_where_float32_does(
    name: str, objective: tuple[str, ...], batch: int
) -> None:
    """A batch of one, too: PyTorch's instance norm has had wrong gradients there, channels last."""
    settings = (f"generator.name={name}", *GENERATORS[name], *objective)
    exact, rough = (
        gradient(*settings, f"schedule.precision={kind}", batch=batch) for kind in ("float32", "bfloat16")
    )
    assert float(exact.norm()) > 0
    assert float(torch.nn.functional.cosine_similarity(exact, rough, dim=0)) > 0.95
    assert float(rough.norm()) == pytest.approx(float(exact.norm()), rel=0.1)
