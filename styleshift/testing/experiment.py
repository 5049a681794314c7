"""The checks of what an experiment is made of: losses, augmentations, metrics, recipes; and of models."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from styleshift.frontend.config import SpectrogramConfig
from styleshift.hooks.experiment import AugmentationSpec, LossSpec, MetricSpec, ModelsSpec, RecipeSpec
from styleshift.testing.contract import built, checked, contract, require
from styleshift.testing.generator import SPECTROGRAMS
from styleshift.testing.material import notes, vowels

if TYPE_CHECKING:
    import torch


@contract("the check came upon an error")
def check_loss(
    spec: LossSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
) -> None:
    """Check a loss as training uses it.

    One finite number, also of silence and for a batch of one; the same for the same tensors; a finite
    gradient that reaches the conversion; both tensors left alone.

    Args:
        spec: the record.
        options: as in a recipe's ``[losses.NAME]``, without ``weight``.
        spectrograms: spectrogram settings to build it for.

    Raises:
        ContractError: in plain words.
    """
    import torch

    spec = checked(spec, LossSpec)
    for spectrogram in spectrograms:
        loss = built(spec, options, spectrogram, torch.device("cpu"))
        music = _music(3, spectrogram)
        for source, other in ((music, music.roll(1, 0)), (music[:1], music[1:2]), (music, 0 * music)):
            converted = other.clone().requires_grad_()
            before = source.clone()
            value = loss(source, converted)
            require(torch.isfinite(value), "it is not finite, perhaps of silence")
            (gradient,) = torch.autograd.grad(value, converted)
            require(torch.isfinite(gradient).all(), "its gradient is not finite, perhaps at silence")
            unchanged = torch.equal(source, before) and torch.equal(converted, other)
            require(unchanged, "it changes its input in place")
            require(torch.equal(value, loss(source, converted)), "a second call gives another number")
        given = music.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(music.roll(1, 0), given), given)
        require(gradient.abs().max() > 0, "its gradient is zero everywhere")


@contract("the check came upon an error")
def check_augmentation(
    spec: AugmentationSpec,
    options: Mapping[str, Any] | None = None,
    *,
    spectrograms: Sequence[SpectrogramConfig] = SPECTROGRAMS,
) -> None:
    """Check an augmentation as training uses it.

    Shape and type stay; finite, also of silence; each crop as if alone; the same random numbers give the same
    crops, others give others; both tensors are left alone.

    Args:
        spec: the record.
        options: as in a recipe's ``[augmentations.NAME]``.
        spectrograms: spectrogram settings to build it for.

    Raises:
        ContractError: in plain words.
    """
    import torch

    spec = checked(spec, AugmentationSpec)
    for spectrogram in spectrograms:
        augment = built(spec, options, spectrogram, torch.device("cpu"))
        music = _music(4, spectrogram)
        random, others = torch.rand(2, *music.shape, generator=torch.Generator().manual_seed(1))
        for crops in (music, 0 * music):
            given = crops.clone()
            made = augment(given, random)
            require(torch.isfinite(made).all(), "it makes values that are not finite, perhaps of silence")
            require(torch.equal(given, crops), "it changes its input in place")
            require(torch.equal(made, augment(given, random)), "the same random numbers give other crops")
            alone = torch.cat([augment(crops[i : i + 1], random[i : i + 1]) for i in range(len(crops))])
            same = torch.allclose(made, alone, rtol=1e-3, atol=1e-4)
            require(same, "a crop comes out otherwise in a batch than alone")
        varied = any(
            not torch.equal(augment(music, random), augment(music, drawn)) for drawn in (others, 1 - random)
        )
        require(varied, "other random numbers give the same crops: take all choices from them")


@contract("the check came upon an error")
def check_metric(spec: MetricSpec) -> None:
    """Check a metric: a number, higher for music that stayed than for other music, nan at worst for silence.

    One of speech hears vowels in place of music.

    Raises:
        ContractError: in plain words.
    """
    from styleshift.evaluation.features import features

    spec = checked(spec, MetricSpec)
    measure = spec.measure
    if spec.speech:
        tune, other = vowels([0, 1, 2, 3] * 4, 22050, 110), vowels([3, 1, 0, 2, 0, 1, 3, 2] * 2, 22050, 110)
    else:
        tune, other = notes(4, 22050, 220), notes(4, 22050, 311)[::-1]  # five other pitches, swelling
    heard, foreign, silence = (features(wave, speech=spec.speech) for wave in (tune, other, 0 * tune))
    same, less = measure(heard, heard), measure(foreign, heard)
    what = "speech" if spec.speech else "music"
    require(math.isfinite(same), f"of {what} that stayed it says {same}")
    require(less < same, f"it says {less:.3f} of other {what}, and {same:.3f} of the same")
    for pair in ((silence, heard), (heard, silence), (silence, silence)):
        value = measure(*pair)
        require(not math.isinf(value), f"with silence it says {value}")


@contract("the check came upon an error")
def check_recipe(spec: RecipeSpec) -> None:
    """Check a recipe: it is whole, and everything that it names is there with the options it is given.

    Raises:
        ContractError: in plain words.
    """
    from styleshift.hooks.registry import load_registry
    from styleshift.recipes import load_recipe

    checked(spec, RecipeSpec)
    recipe = load_recipe(spec.path)
    require(recipe.name == spec.name, f"its file calls it {recipe.name!r}, not {spec.name!r}")
    registry = load_registry()
    registry.generators.configured(recipe.generator.name, recipe.generator.options)
    registry.discriminators.configured(recipe.discriminator.name, recipe.discriminator.options)
    for name, options in recipe.augmentations.items():
        registry.augmentations.configured(name, options)
    for name, table in recipe.losses.items():
        registry.losses.configured(name, {key: value for key, value in table.items() if key != "weight"})
    for name in recipe.schedule.content:
        registry.metrics.get(name)


@contract("the check came upon an error")
def check_models(spec: ModelsSpec) -> None:
    """Check a folder of models: it has some, and each can be read and makes sound.

    Raises:
        ContractError: in plain words.
    """
    from styleshift.models.shelf import models_in
    from styleshift.models.verify import verify_model

    checked(spec, ModelsSpec)
    damaged: list[str] = []
    models = list(models_in(spec.folder, spec.name, damaged.append))
    require(not damaged, "; ".join(damaged))
    require(models, f"there is no model in {spec.folder}")
    for model in models:
        verify_model(model)


def _music(count: int, spectrogram: SpectrogramConfig) -> torch.Tensor:
    """``[count, 1, bins, 64]`` log magnitudes of notes."""
    import torch

    from styleshift.frontend import log_spectrogram

    rate = spectrogram.sample_rate
    seconds = 64 * spectrogram.hop_length / rate
    waves = [notes(seconds, rate, 150.0 * 2 ** (number / 5)) for number in range(count)]
    made = log_spectrogram(np.stack(waves), spectrogram)[:, :64]
    return torch.from_numpy(np.ascontiguousarray(made.transpose(0, 2, 1)))[:, None]
