"""Plugins: the records they hand over, the hooks they define, and the registry that holds them all."""

from styleshift.hooks.records import (
    AudioStream,
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
    "DomainSpec",
    "Excerpt",
    "GeneratorSpec",
    "NoOptions",
    "Recording",
    "Registry",
    "RuntimeSession",
    "RuntimeSpec",
    "Tracker",
    "TrackerSpec",
    "Vocoder",
    "VocoderSpec",
    "hookimpl",
    "hookspec",
    "load_registry",
    "settings",
]
