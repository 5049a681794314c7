"""The border between styleshift and what a plugin brings: every call across it is guarded here.

What a plugin raises, and what it hands over in another type, shape or range than its record promises, is told
as the plugin's, with its package and version, and never as a bug in styleshift. Its own
:class:`~styleshift.errors.StyleshiftError` passes as it is, and so does a lack of memory, which is the
machine's. The checks cost next to nothing: none of them looks at the values of a block of music.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from styleshift.hooks import records
from styleshift.hooks.engines import EngineSpec
from styleshift.hooks.experiment import AugmentationSpec, LossSpec, MetricSpec
from styleshift.hooks.guard.domain import find
from styleshift.hooks.guard.experiment import build_augmentation, build_loss, measure
from styleshift.hooks.guard.networks import build_discriminator, build_generator
from styleshift.hooks.guard.owner import Owner
from styleshift.hooks.guard.services import build_engine, build_tracker
from styleshift.hooks.guard.sound import build_runtime, build_vocoder

__all__ = ["guarded"]


def guarded(spec: Any, package: str, version: str, kind: str) -> Any:
    """A record of a plugin with all its functions guarded, and all that they return."""
    owner = Owner(package, version, f"{kind} {spec.name}")
    # Partial functions and no closures: recordings are sent to other processes, generators copied.
    match spec:
        case records.DomainSpec():
            return replace(spec, find=partial(find, owner, spec.find))
        case records.GeneratorSpec():
            return replace(spec, build=partial(build_generator, owner, spec))
        case records.DiscriminatorSpec():
            return replace(spec, build=partial(build_discriminator, owner, spec.build))
        case LossSpec():
            return replace(spec, build=partial(build_loss, owner, spec.build))
        case AugmentationSpec():
            return replace(spec, build=partial(build_augmentation, owner, spec.build))
        case MetricSpec():
            return replace(spec, measure=partial(measure, owner, spec.measure))
        case records.VocoderSpec():
            return replace(spec, build=partial(build_vocoder, owner, spec.build))
        case records.RuntimeSpec():
            return replace(spec, build=partial(build_runtime, owner, spec.build))
        case records.TrackerSpec():
            build, check = partial(build_tracker, owner, spec.build), partial(owner.call, spec.check)
            return replace(spec, build=build, check=check)
        case EngineSpec():
            return replace(spec, build=partial(build_engine, owner, spec.build))
    return spec
