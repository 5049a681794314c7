"""The contrastive objective: InfoNCE by hand, where gradients go, and training without a way back."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from objective import generator_losses
from torch import Tensor, nn

from styleshift.errors import ConfigError
from styleshift.recipes import LossConfig, Recipe
from styleshift.training.data import Batch, Statistics
from styleshift.training.losses import patch_nce
from styleshift.training.model import CycleGAN
from styleshift.training.patch_nce import ProjectionHeads
from styleshift.training.state import TrainingState
from styleshift.training.step import train_step

CUT = ("loss.cycle=0", "loss.patch_nce=1", "loss.patch_nce_identity=0.5", "loss.patch_nce_patches=32")


def statistics() -> Statistics:
    return Statistics(torch.full((65,), 3.0), 1.5, 2.0, 8.0)


def begin(recipe: Recipe) -> TrainingState:
    torch.manual_seed(0)
    return TrainingState(recipe, CycleGAN(recipe, statistics(), statistics()), 0)


def crops(seed: int) -> Tensor:
    return torch.randn(2, 1, 65, 64, generator=torch.Generator().manual_seed(seed))


def test_contrast_by_hand() -> None:
    """Two places: minus the logarithm of the softmax of the right one, averaged over both."""
    query = torch.tensor([[[1.0, 0.0], [0.6, 0.8]]])
    key = torch.tensor([[[0.8, 0.6], [0.0, 1.0]]])
    first = -math.log(math.exp(0.8 / 0.5) / (math.exp(0.8 / 0.5) + math.exp(0.0)))
    second = -math.log(math.exp(0.8 / 0.5) / (math.exp(0.96 / 0.5) + math.exp(0.8 / 0.5)))
    assert float(patch_nce(query, key, 0.5)) == pytest.approx((first + second) / 2, rel=1e-6)


def test_contrast_is_in_float32_within_autocast() -> None:
    torch.manual_seed(0)
    key = nn.functional.normalize(torch.randn(1, 64, 256), dim=2)
    query = nn.functional.normalize(key + 0.001 * torch.randn(1, 64, 256), dim=2)
    exact = float(patch_nce(query.double(), key.double(), 0.07))
    with torch.autocast("cpu", torch.bfloat16):
        found = float(patch_nce(query, key, 0.07))
    assert found == pytest.approx(exact, rel=1e-5)


def test_contrast_compares_within_a_crop_only() -> None:
    torch.manual_seed(0)
    query, key = (nn.functional.normalize(torch.randn(3, 5, 8), dim=2) for _ in range(2))
    alone = [float(patch_nce(query[[n]], key[[n]], 0.1)) for n in range(3)]
    assert float(patch_nce(query, key, 0.1)) == pytest.approx(sum(alone) / 3, rel=1e-5)


def test_contrast_of_what_cannot_be_told_apart() -> None:
    same = torch.zeros(1, 7, 4)
    same[..., 0] = 1
    assert float(patch_nce(same, same, 0.07)) == pytest.approx(math.log(7), rel=1e-6)


def test_gradients_reach_generator_and_heads_through_the_conversion_alone(
    tiny_recipe: Callable[..., Recipe],
) -> None:
    state = begin(tiny_recipe(*CUT))
    core, heads = state.model.translator("x2y").core, state.model.heads["x2y"]
    assert isinstance(heads, ProjectionHeads)
    source, converted = (crops(n).requires_grad_() for n in (1, 2))
    random = torch.Generator().manual_seed(0)
    places = heads.draw(random)
    heads.loss(core, source, converted, places).backward()
    assert source.grad is None
    assert converted.grad is not None
    assert float(converted.grad.abs().sum()) > 0
    assert all(weight.grad is not None for weight in heads.parameters())


def test_the_loss_by_hand_and_its_gradient(tiny_recipe: Callable[..., Recipe]) -> None:
    """Layer by layer, the source's vectors being constants; as the objective of a step has it."""
    state = begin(tiny_recipe(*CUT))
    model, weights = state.model, state.recipe.loss
    x, y = crops(1), crops(2)
    saved = state.random.get_state()
    _, named, fakes = generator_losses(state, x, y)
    found = torch.autograd.grad(named["patch_nce_x2y"], list(model.heads["x2y"].parameters()))
    state.random.set_state(saved)
    core, heads = model.translator("x2y").core, model.heads["x2y"]
    terms = []
    for head, query, key in zip(heads.heads, core.features(fakes["y"]), core.features(x), strict=True):
        places = torch.randperm(key[0, 0].numel(), generator=state.random)[: weights.patch_nce_patches]
        vectors = [head(part.flatten(2)[..., places].mT) for part in (query, key)]
        unit = [part / part.norm(dim=2, keepdim=True) for part in vectors]
        terms.append(patch_nce(unit[0], unit[1].detach(), 0.07))
    wanted = torch.stack(terms).mean()
    assert float(named["patch_nce_x2y"].detach()) == pytest.approx(float(wanted.detach()), rel=1e-5)
    for one, other in zip(found, torch.autograd.grad(wanted, list(heads.parameters())), strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-7)


def test_a_copy_is_nearer_than_another_sound(tiny_recipe: Callable[..., Recipe]) -> None:
    state = begin(tiny_recipe(*CUT))
    source, other = crops(1), crops(2)

    def loss(converted: Tensor) -> float:
        random = torch.Generator().manual_seed(0)
        places = state.model.projections("x2y").draw(random)
        return float(state.model.patch_nce("x2y", source, converted, places).detach())

    assert loss(source) < loss(source + 0.3 * other) < loss(other)


def test_training_without_a_way_back(tiny_recipe: Callable[..., Recipe]) -> None:
    """Each direction on its own: no cycle is computed, and no weight of one is in the other's losses."""
    state = begin(tiny_recipe(*CUT))
    _, named, fakes = generator_losses(state, crops(1), crops(2))
    assert set(named) == {
        *("g_loss_x2y", "patch_nce_x2y", "patch_nce_identity_y"),
        *("g_loss_y2x", "patch_nce_y2x", "patch_nce_identity_x"),
    }
    assert set(fakes) == {"x", "y"}
    for name in ("g_loss_x2y", "patch_nce_x2y", "patch_nce_identity_y"):
        weights = list(state.model.translator("y2x").parameters())
        found = torch.autograd.grad(named[name], weights, retain_graph=True, allow_unused=True)
        assert all(gradient is None for gradient in found)
    before = [weight.clone() for weight in state.model.heads.parameters()]
    for seed in range(3):
        train_step(state, Batch(3 + crops(seed).abs(), 3 + crops(seed + 10).abs()))
    now = state.model.heads.parameters()
    assert any(not torch.equal(one, other) for one, other in zip(before, now, strict=True))


def test_real_crops_of_the_target_are_compared_as_the_generator_sees_them(
    tiny_recipe: Callable[..., Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the scale of its source, which is another than theirs."""
    recipe = tiny_recipe(*CUT, "data.normalisation=domain")
    torch.manual_seed(0)
    other = Statistics(torch.full((65,), 6.0), 3.0, 2.0, 8.0)
    state = TrainingState(recipe, CycleGAN(recipe, statistics(), other), 0)
    compared = []
    honest = CycleGAN.patch_nce

    def seen(model: CycleGAN, direction: str, source: Tensor, *rest: object) -> Tensor:
        compared.append((direction, source))
        return honest(model, direction, source, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(CycleGAN, "patch_nce", seen)
    x, y = crops(1), crops(2)
    generator_losses(state, x, y)
    g, f = state.model.translator("x2y"), state.model.translator("y2x")
    wanted = [x, g.source.normalise(f.source.plain(y)), y, f.source.normalise(g.source.plain(x))]
    assert [direction for direction, _ in compared] == ["x2y", "x2y", "y2x", "y2x"]
    for (_, source), right in zip(compared, wanted, strict=True):
        assert torch.allclose(source, right, atol=1e-5)
    assert not torch.allclose(wanted[1], y, atol=0.1)


def test_places_are_drawn_from_the_run_s_own_generator(tiny_recipe: Callable[..., Recipe]) -> None:
    state = begin(tiny_recipe(*CUT))
    saved = state.random.get_state()
    first = generator_losses(state, crops(1), crops(2))[1]
    assert not torch.equal(state.random.get_state(), saved)
    state.random.set_state(saved)
    again = generator_losses(state, crops(1), crops(2))[1]
    assert float(first["patch_nce_x2y"].detach()) == float(again["patch_nce_x2y"].detach())


def test_a_generator_without_features_is_an_error_in_words(tiny_recipe: Callable[..., Recipe]) -> None:
    with pytest.raises(ConfigError, match=r"loss.patch_nce needs .* residual has none"):
        ProjectionHeads(nn.Identity(), tiny_recipe())


def test_fewer_places_than_points_is_no_error(tiny_recipe: Callable[..., Recipe]) -> None:
    state = begin(tiny_recipe(*CUT, "loss.patch_nce_patches=65536"))
    assert torch.isfinite(generator_losses(state, crops(1), crops(2))[0])


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ConfigError, match=r"patch_nce_temperature is 0\.0"):
        LossConfig(patch_nce_temperature=0.0)
