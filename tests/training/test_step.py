"""One step: what the losses are, what moves, what the recipe's settings do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from objective import generator_losses
from torch import Tensor

from styleshift.recipes import Recipe, load_recipe
from styleshift.training import losses
from styleshift.training.data import Batch, Statistics
from styleshift.training.inputs import identity_weight, schedule_rates
from styleshift.training.model import CycleGAN, move_towards
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step

Tiny = Callable[..., Recipe]
BINS, FRAMES = 65, 64


def statistics(shift: float) -> Statistics:
    return Statistics(torch.full((BINS,), 3.0 + shift), 1.5, 2.0, 8.0)


def begin(recipe: Recipe) -> TrainingState:
    torch.manual_seed(0)
    return TrainingState(recipe, CycleGAN(recipe, statistics(0), statistics(1)), 0)


def crops(seed: int) -> Tensor:
    return 3 + 1.5 * torch.randn(2, 1, BINS, FRAMES, generator=torch.Generator().manual_seed(seed)).abs()


SEED = tuple(
    setting
    for setting in (
        "spectrogram.sample_rate=8000",
        "spectrogram.frame_length=128",
        "spectrogram.hop_length=64",
        "spectrogram.fft_length=128",
        "data.crop_frames=64",
        "generator.channels=2",
        "generator.blocks=1",
        "discriminator.channels=2",
    )
)


def test_seed_objective_by_hand() -> None:
    """L = L_GAN(G, D_Y) + L_GAN(F, D_X) + lambda L_cyc + L_iden, computed from the networks directly."""
    state = begin(load_recipe("seed", [*SEED, "loss.cycle=7"]))
    model = state.model
    x = model.translator("x2y").source.normalise(crops(1))
    y = model.translator("y2x").source.normalise(crops(2))
    total, named, _ = generator_losses(state, x, y)
    g, f = model.translator("x2y").translate, model.translator("y2x").translate
    d_x, d_y = model.discriminators["x"], model.discriminators["y"]
    gan = -torch.log(torch.sigmoid(d_y(g(x)))).mean() - torch.log(torch.sigmoid(d_x(f(y)))).mean()
    cycle = (f(g(x)) - x).abs().mean() + (g(f(y)) - y).abs().mean()
    identity = (g(y) - y).abs().mean() + (f(x) - x).abs().mean()
    assert float(total.detach()) == pytest.approx(float((gan + 7 * cycle + identity).detach()), rel=1e-4)
    assert set(named) == {
        *("g_loss_x2y", "g_loss_y2x", "cycle_x", "cycle_y", "identity_x", "identity_y"),
    }


def test_a_step_moves_every_network(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe("loss.second_adversarial=1"))
    before = {name: value.clone() for name, value in state.model.named_parameters()}
    for seed in range(2):  # the last layer is zero at the start, so that the rest moves in the second step
        train_step(state, Batch(crops(seed), crops(seed + 10)))
    still = [name for name, value in state.model.named_parameters() if torch.equal(value, before[name])]
    assert still == []
    assert state.step == 2


def test_generator_losses_leave_the_discriminators_alone(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe())
    state.model.discriminators.requires_grad_(False)
    total, _, _ = generator_losses(state, crops(1), crops(2))
    total.backward()
    assert all(value.grad is None for value in state.model.discriminators.parameters())


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        (
            "loss.second_adversarial=1",
            {"g_loss_x_cycled", "g_loss_y_cycled", "d_loss_x_cycled", "d_loss_y_cycled"},
        ),
        ("loss.feature_matching=1", {"feature_matching_x2y", "feature_matching_y2x"}),
        ("loss.spectral_flux=1", {"spectral_flux_x2y", "spectral_flux_y2x"}),
        ("loss.identity=1", {"identity_x", "identity_y"}),
        ("loss.r1=1", {"r1_x", "r1_y"}),
        ("loss.adversarial=log", set()),
        ("loss.adversarial=hinge", set()),
        ("optimiser.frame_mask=0.5", set()),
        ("loss.cycle_noise=0.1", set()),
        ("schedule.precision=bfloat16", set()),
        ("data.pitch_bins=0.05", set()),
    ],
)
def test_settings_bring_their_losses(tiny_recipe: Tiny, setting: str, names: set[str]) -> None:
    plain = set(
        train_step(
            begin(tiny_recipe("loss.spectral_flux=0", "loss.feature_matching=0")), Batch(crops(1), crops(2))
        )
    )
    state = begin(tiny_recipe("loss.spectral_flux=0", "loss.feature_matching=0", setting))
    found = train_step(state, Batch(crops(1), crops(2)))
    assert set(found) - plain == names
    assert all(bool(torch.isfinite(value)) for value in found.values())


def test_step_zero_is_the_mean_spectrum_equaliser(tiny_recipe: Tiny) -> None:
    model = begin(tiny_recipe("data.silence_gate=false")).model
    loud = crops(1) + 1
    assert torch.allclose(model.translator("x2y")(loud), loud + 1, atol=1e-5)
    assert torch.allclose(model.translator("y2x")(loud), loud - 1, atol=1e-5)


def test_silence_stays_silence(tiny_recipe: Tiny) -> None:
    silent = torch.zeros(1, 1, BINS, FRAMES)
    assert torch.equal(begin(tiny_recipe()).model.translator("x2y")(silent), silent)
    shifted = begin(tiny_recipe("data.silence_gate=false")).model.translator("x2y")(silent)
    assert float(shifted.detach().min()) > 0.5  # what the gate is for


def test_an_average_on_a_gpu_moves_as_far() -> None:
    random = torch.Generator().manual_seed(0)
    here, there = ([torch.randn(size, generator=random) for size in ((3, 2), (4,))] for _ in range(2))
    wanted = [torch.lerp(value, other, 0.3) for value, other in zip(here, there, strict=True)]
    move_towards(here, there, torch.tensor(0.3))
    for value, expected in zip(here, wanted, strict=True):
        assert torch.allclose(value, expected, atol=1e-6)


def test_average_follows_the_weights(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe("optimiser.ema_decay=0.5"))
    expected = {name: value.clone() for name, value in state.model.averages.named_parameters()}
    for seed in range(3):
        train_step(state, Batch(crops(seed), crops(seed + 10)))
        decay = min(0.5, (seed + 1) / (seed + 10))
        now = dict(state.model.translators.named_parameters())
        expected = {name: decay * value + (1 - decay) * now[name] for name, value in expected.items()}
    for name, value in state.model.averages.named_parameters():
        assert torch.allclose(value, expected[name], atol=1e-6)


def test_learning_rate_is_constant_then_linear(tiny_recipe: Tiny) -> None:
    state = begin(
        tiny_recipe("schedule.steps=100", "optimiser.lr_decay_start=0.6", "optimiser.generator_lr=0.5")
    )
    for step, factor in ((0, 1), (60, 1), (80, 0.5), (90, 0.25), (100, 0)):
        state.step = step
        schedule_rates(state)
        assert state.generator_optimiser.param_groups[0]["lr"].item() == pytest.approx(0.5 * factor)


def test_identity_weight_fades(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe("schedule.steps=100", "loss.identity=4", "loss.identity_until=0.5"))
    weights = []
    for step in (0, 25, 50, 75):
        state.step = step
        weights.append(identity_weight(state))
    assert weights == pytest.approx([4, 2, 0, 0])


def test_time_budget_counts_as_progress(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe("schedule.steps=0", "schedule.minutes=2"))
    state.seconds = 30
    assert state.progress == pytest.approx(0.25)


def test_clipping_bounds_the_gradient(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe("optimiser.clip_grad_norm=0.001"))
    train_step(state, Batch(crops(1), crops(2)))
    squares = [
        value.grad.square().sum()
        for value in state.model.discriminators.parameters()
        if value.grad is not None
    ]
    assert float(torch.stack(squares).sum().sqrt()) == pytest.approx(0.001, rel=1e-3)


def test_l1_is_used_for_the_cycle(tiny_recipe: Tiny) -> None:
    state = begin(tiny_recipe())
    x, y = crops(1), crops(2)
    _, named, fakes = generator_losses(state, x, y)
    cycled = state.model.translator("y2x").translate(fakes["y"])
    assert float(named["cycle_x"]) == pytest.approx(float(losses.l1_loss(cycled, x).detach()), rel=1e-5)


def test_channels_are_innermost_in_bfloat16_where_no_norm_turns_them_over(tiny_recipe: Tiny) -> None:
    def innermost(recipe: Recipe) -> bool:
        wide = [
            weight
            for weight in begin(recipe).model.parameters()
            if weight.ndim == 4 and min(weight.shape) > 1
        ]
        assert wide
        return all(weight.is_contiguous(memory_format=torch.channels_last) for weight in wide)

    assert innermost(tiny_recipe("schedule.precision=bfloat16"))
    assert not innermost(tiny_recipe("schedule.precision=float32"))
    assert not innermost(load_recipe("seed", [*SEED, "schedule.precision=bfloat16"]))  # two channels
    wide = [*SEED, "generator.channels=16", "discriminator.channels=16", "schedule.precision=bfloat16"]
    assert innermost(load_recipe("seed", wide))
    assert not innermost(load_recipe("seed", [*wide, "schedule.compile=true"]))  # which takes PyTorch's norm
