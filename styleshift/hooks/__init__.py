"""Plugins: the records they hand over, the hooks they define, and the registry that holds them all."""

from styleshift.hooks.engines import Crashed, Engine, EngineSpec, Finished, Progress, Stalled, Work
from styleshift.hooks.experiment import (
    AugmentationSpec,
    Heard,
    LossSpec,
    MetricSpec,
    ModelsSpec,
    RecipeSpec,
)
from styleshift.hooks.records import (
    AudioStream,
    DiscriminatorSpec,
    DomainSpec,
    Excerpt,
    GeneratorSpec,
    NoOptions,
    Recording,
    RuntimeSession,
    RuntimeSpec,
    Tracker,
    TrackerSpec,
    Vocoder,
    VocoderSpec,
)
from styleshift.hooks.registry import Registry, load_registry
from styleshift.hooks.specs import hookimpl, hookspec
from styleshift.validation import settings

__all__ = [
    "AudioStream",
    "AugmentationSpec",
    "Crashed",
    "DiscriminatorSpec",
    "DomainSpec",
    "Engine",
    "EngineSpec",
    "Excerpt",
    "Finished",
    "GeneratorSpec",
    "Heard",
    "LossSpec",
    "MetricSpec",
    "ModelsSpec",
    "NoOptions",
    "Progress",
    "RecipeSpec",
    "Recording",
    "Registry",
    "RuntimeSession",
    "RuntimeSpec",
    "Stalled",
    "Tracker",
    "TrackerSpec",
    "Vocoder",
    "VocoderSpec",
    "Work",
    "hookimpl",
    "hookspec",
    "load_registry",
    "settings",
]
