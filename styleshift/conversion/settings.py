"""What a conversion is asked to do, apart from the music and the model: every option, in one place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from styleshift.bundle.limits import STRENGTH
from styleshift.conversion.limits import Overwrite
from styleshift.errors import ConfigError
from styleshift.system.patience import STALL_SECONDS
from styleshift.validation import settings

if TYPE_CHECKING:
    from styleshift.bundle.load import Bundle
    from styleshift.bundle.metadata import BundleMetadata
    from styleshift.hooks.records import RuntimeSession
    from styleshift.progress import Reporter

# Changes whenever the same model and settings would give other samples than before.
ALGORITHM = 5


@settings
class ConvertSettings:
    """The options of a conversion; ``styleshift convert`` has a flag for each.

    The first ones decide how a file sounds and is written. The others, from ``output`` on, decide which files
    of a library are converted, where the outputs go, and how the work is shared.

    Raises:
        ConfigError: an option that there is not, or a value of another type or out of range.
    """

    audio_format: str = "same"
    """`same` or a name that :mod:`styleshift.audio.formats` knows."""
    strength: Annotated[float, Field(ge=STRENGTH[0], le=STRENGTH[1])] | None = None
    """How much of the model's change of the log spectrum to keep, from 0 (the source) over 1 (all of it) to
    1.5; None takes what the model says, or 1."""
    vocoder: str = "griffin-lim"
    """By name."""
    vocoder_options: Mapping[str, Any] = Field(default_factory=dict)
    """By key, as text or plain values."""
    runtime: str = "auto"
    """By name, or `auto`."""
    runtime_options: Mapping[str, Any] = Field(default_factory=dict)
    """Of a runtime that is named; by key, as text or plain values."""
    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    salvage: bool = False
    """Convert damaged files as far as they can be read."""
    keep_times: bool = False
    """Give outputs the modification times of their sources."""
    include_own: bool = False
    """Also convert recordings whose comment says that styleshift made them."""
    strict: bool = False
    """Fail on a file instead of losing anything of it."""
    output: str | Path | None = None
    """Folder for the outputs, or the output file of one recording; None adds the model's target domain to the
    source's name."""
    include: Sequence[str] = ()
    """Convert only names that match one of these patterns (`*` also matches `/`)."""
    exclude: Sequence[str] = ()
    """Skip names that match one of these."""
    limit: Annotated[int, Field(ge=1)] | None = None
    """Convert at most this many files, 1 or more; None converts all."""
    shard: Annotated[tuple[int, int], Field(strict=False)] | None = None
    """`(i, n)`: the i-th of n parts, counted from 1, to share the work among machines."""
    overwrite: Overwrite = "stale"
    """`never` keeps every existing output; `stale` converts those again whose source, model or settings
    changed; `always` converts all again."""
    engine: str = "local"
    """Name of the engine that runs the work."""
    engine_options: Mapping[str, Any] = Field(default_factory=dict)
    """By key, as text or plain values."""
    jobs: Annotated[int, Field(ge=1)] | None = None
    """Worker processes, 1 or more; None uses one for each processor, six at most where a package's vocoder is
    on a GPU."""
    stall_seconds: float = Field(default=STALL_SECONDS, gt=0)
    """Give up on a file that makes no progress for this long."""

    def __post_init__(self) -> None:
        if self.shard is not None and not 1 <= self.shard[0] <= self.shard[1]:
            raise ConfigError(f"shard is {self.shard}; it must be (i, n) with i from 1 to n")

    def key(self, model_digest: str) -> str:
        """A short name for everything, besides the source, that decides what an output sounds like.

        Which runtime and device compute it is left out: they agree but for rounding, and a library may be
        begun on one machine and finished on another. What is done is never made again for it; ``auto``
        keeps to what a library was begun with, where that is there. ``salvage`` is left out, too: it changes
        nothing for a whole file, and what was saved of a damaged one stays.
        """
        told: dict[str, Any] = {
            "algorithm": ALGORITHM,
            "model": model_digest,
            "format": self.audio_format,
            "vocoder": self.vocoder,
            "vocoder_options": {key: str(value) for key, value in self.vocoder_options.items()},
        }
        if self.strength not in (None, 1.0):
            told["strength"] = self.strength
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def part(self) -> str:
        """A name for the part of the library that ``shard`` means; empty: the whole."""
        return f"{self.shard[0]}of{self.shard[1]}" if self.shard else ""


def checked(settings: ConvertSettings) -> ConvertSettings:
    """Settings whose every name is known here; :func:`with_runtime` tries what ``auto`` can be.

    Raises:
        UsageError: no such format.
        PluginError: no such vocoder, engine or runtime.
        ConfigError: no such device, or option of the vocoder, the runtime or the engine, options of a
            runtime that is not named, or the runtime does not serve the device.
    """
    from styleshift.audio.formats import output_format
    from styleshift.hooks.registry import load_registry
    from styleshift.runtimes.devices import resolve_device
    from styleshift.runtimes.plugin import runtimes_for

    if settings.audio_format != "same":
        output_format(settings.audio_format)
    registry = load_registry()
    registry.vocoders.configured(settings.vocoder, settings.vocoder_options)
    registry.engines.configured(settings.engine, settings.engine_options)
    if settings.runtime != "auto":
        registry.runtimes.configured(settings.runtime, settings.runtime_options)
    elif settings.runtime_options:
        raise ConfigError(
            "options of a runtime are given, but no runtime", "`runtime=NAME` says which they are for"
        )
    if settings.device != "auto":
        settings = replace(settings, device=resolve_device(settings.device))
        runtimes_for(settings.runtime, settings.device)
    return settings


def with_strength(settings: ConvertSettings, metadata: BundleMetadata) -> ConvertSettings:
    """Settings with a strength: the one that was asked for, else the model's own."""
    return replace(settings, strength=metadata.strength if settings.strength is None else settings.strength)


def with_runtime(
    settings: ConvertSettings,
    bundle: Bundle,
    reporter: Reporter | None = None,
    earlier: Mapping[str, str] | None = None,
    music: float | None = None,
    load: Callable[[str, str], RuntimeSession] | None = None,
) -> ConvertSettings:
    """Settings with a runtime and a device that work, tried; see :mod:`styleshift.runtimes.selection`."""
    from styleshift.runtimes.selection import select_runtime

    chosen = select_runtime(
        bundle,
        settings.runtime,
        settings.device,
        reporter,
        earlier,
        options=settings.runtime_options,
        music=music,
        load=load,
    )
    return replace(settings, runtime=chosen.runtime, device=chosen.device)
