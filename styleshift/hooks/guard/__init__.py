"""The border between styleshift and what a plugin brings: every call across it is guarded here.

What a plugin raises, and what it hands over in another type, shape or range than its record promises, is told
as the plugin's, with its package and version, and never as a bug in styleshift. Its own
:class:`~styleshift.errors.StyleshiftError` passes as it is, and so does a lack of memory, which is the
machine's. The checks cost next to nothing: none of them looks at the values of a block of music.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from styleshift.hooks import engines, experiment, records
from styleshift.hooks.guard.domain import find
from styleshift.hooks.guard.experiment import build_augmentation, build_loss, measure
from styleshift.hooks.guard.networks import build_discriminator, build_generator
from styleshift.hooks.guard.owner import Owner
from styleshift.hooks.guard.services import build_engine, build_tracker, check_tracker
from styleshift.hooks.guard.sound import build_runtime, build_vocoder
from styleshift.hooks.records import RecordT

__all__ = ["Owner", "guarded"]

# What stands in the place of a record's functions: each is called with the owner, the record, and what the
# function itself is called with.
_GUARDS: dict[type, dict[str, Callable[..., Any]]] = {
    records.DomainSpec: {"find": find},
    records.GeneratorSpec: {"build": build_generator},
    records.DiscriminatorSpec: {"build": build_discriminator},
    experiment.LossSpec: {"build": build_loss},
    experiment.AugmentationSpec: {"build": build_augmentation},
    experiment.MetricSpec: {"measure": measure},
    records.VocoderSpec: {"build": build_vocoder},
    records.RuntimeSpec: {"build": build_runtime},
    records.TrackerSpec: {"build": build_tracker, "check": check_tracker},
    engines.EngineSpec: {"build": build_engine},
}


def guarded(spec: RecordT, owner: Owner) -> RecordT:
    """A record of a plugin with all its functions guarded, and all that they return."""
    # Partial functions and no closures: recordings are sent to other processes, generators copied.
    guards = next((guards for kind, guards in _GUARDS.items() if isinstance(spec, kind)), {})
    functions: dict[str, Any] = {name: partial(guard, owner, spec) for name, guard in guards.items()}
    return replace(spec, **functions)
