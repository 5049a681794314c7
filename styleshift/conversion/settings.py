"""What a conversion is asked to do, apart from the music and the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from styleshift.errors import UsageError

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.progress import Reporter

# Changes whenever the same model and settings would give other samples than before.
ALGORITHM = 3


@dataclass(frozen=True, slots=True)
class ConvertSettings:
    """The options of ``styleshift convert`` that decide how a file sounds and is written.

    Attributes:
        audio_format: ``same`` or a name that :mod:`styleshift.audio.formats` knows.
        vocoder: by name.
        vocoder_options: by key, as text or plain values.
        runtime: by name, or ``auto``.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        salvage: convert what can be read of damaged files.
        keep_times: outputs get the modification times of their sources.
        include_own: recordings whose comment says that styleshift made them are converted as well.
    """

    audio_format: str = "same"
    vocoder: str = "griffin-lim"
    vocoder_options: Mapping[str, Any] = field(default_factory=dict)
    runtime: str = "auto"
    device: str = "auto"
    salvage: bool = False
    keep_times: bool = False
    include_own: bool = False

    def key(self, model_digest: str) -> str:
        """A short name for everything, besides the source, that decides what an output sounds like.

        Which runtime and device compute it is left out: they agree but for rounding, and a library may be
        begun on one machine and finished on another. What is done is never made again for it; ``auto``
        keeps to what a library was begun with, where that is there. ``salvage`` is left out, too: it changes
        nothing for a whole file, and what was saved of a damaged one stays.
        """
        told = {
            "algorithm": ALGORITHM,
            "model": model_digest,
            "format": self.audio_format,
            "vocoder": self.vocoder,
            "vocoder_options": {key: str(value) for key, value in self.vocoder_options.items()},
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def checked(settings: ConvertSettings) -> ConvertSettings:
    """Settings whose every name is known here; :func:`with_runtime` tries what ``auto`` can be.

    Raises:
        UsageError: no such format.
        PluginError: no such vocoder or runtime.
        ConfigError: no such device or option of the vocoder, or the runtime does not serve the device.
    """
    from styleshift.audio.formats import output_format
    from styleshift.hooks.registry import build_config, load_registry
    from styleshift.runtimes.devices import resolve_device
    from styleshift.runtimes.plugin import runtimes_for

    if settings.audio_format != "same":
        output_format(settings.audio_format)
    spec = load_registry().vocoders.get(settings.vocoder)
    build_config(spec.config, settings.vocoder_options, f"vocoder {spec.name}")
    if settings.runtime != "auto":
        load_registry().runtimes.get(settings.runtime)
    if settings.device != "auto":
        settings = replace(settings, device=resolve_device(settings.device))
        runtimes_for(settings.runtime, settings.device)
    return settings


def with_runtime(
    settings: ConvertSettings,
    bundle: Bundle,
    reporter: Reporter | None = None,
    earlier: Mapping[str, str] | None = None,
) -> ConvertSettings:
    """Settings with a runtime and a device that work; see :mod:`styleshift.runtimes.selection`."""
    from styleshift.runtimes.selection import select_runtime

    chosen = select_runtime(bundle, settings.runtime, settings.device, reporter, earlier)
    return replace(settings, runtime=chosen.runtime, device=chosen.device)


def parse_options(words: tuple[str, ...]) -> dict[str, str]:
    """``key=value`` words as a table.

    Raises:
        UsageError: a word without ``=``.
    """
    options = {}
    for word in words:
        key, found, value = word.partition("=")
        if not found or not key:
            raise UsageError(f"--vocoder-option is {word!r}; it must be KEY=VALUE, such as iterations=100")
        options[key] = value
    return options
