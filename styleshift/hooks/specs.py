"""The hook specifications: the functions that a plugin may define."""

# mypy: disable-error-code="empty-body"

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from styleshift.hooks.engines import EngineSpec
from styleshift.hooks.experiment import AugmentationSpec, LossSpec, MetricSpec, ModelsSpec, RecipeSpec
from styleshift.hooks.records import (
    DiscriminatorSpec,
    DomainSpec,
    GeneratorSpec,
    RuntimeSpec,
    TrackerSpec,
    VocoderSpec,
)

PROJECT = "styleshift"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def styleshift_domains() -> Iterable[DomainSpec]:
    """Ways of finding the recordings of styles."""


@hookspec
def styleshift_generators() -> Iterable[GeneratorSpec]:
    """Generator architectures that a recipe can name."""


@hookspec
def styleshift_discriminators() -> Iterable[DiscriminatorSpec]:
    """Discriminator architectures that a recipe can name."""


@hookspec
def styleshift_losses() -> Iterable[LossSpec]:
    """Further terms of the generators' objective."""


@hookspec
def styleshift_augmentations() -> Iterable[AugmentationSpec]:
    """Further ways to vary crops while a model learns."""


@hookspec
def styleshift_metrics() -> Iterable[MetricSpec]:
    """Ways to hear how much stayed of what is played or said, by which checkpoints are chosen."""


@hookspec
def styleshift_recipes() -> Iterable[RecipeSpec]:
    """Recipes."""


@hookspec
def styleshift_models() -> Iterable[ModelsSpec]:
    """Folders of exported models."""


@hookspec
def styleshift_vocoders() -> Iterable[VocoderSpec]:
    """Ways from log spectrograms to waveforms."""


@hookspec
def styleshift_runtimes() -> Iterable[RuntimeSpec]:
    """What runs an exported model."""


@hookspec
def styleshift_trackers() -> Iterable[TrackerSpec]:
    """Where a training is shown while it runs."""


@hookspec
def styleshift_engines() -> Iterable[EngineSpec]:
    """Where the work of precompute and convert runs."""
