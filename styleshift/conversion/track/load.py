"""Makes a model file ready: runtime, vocoder, and how many windows fit on the device."""

from __future__ import annotations

import time

import numpy as np

from styleshift.bundle.load import Bundle
from styleshift.conversion.settings import ConvertSettings, checked, with_runtime
from styleshift.conversion.track.converter import TrackConverter
from styleshift.hooks.options import build_config
from styleshift.hooks.records import RuntimeSession
from styleshift.hooks.registry import load_registry
from styleshift.runtimes.batches import CPU_FRAMES, GPU_FRAMES, Batches
from styleshift.runtimes.plugin import runtimes_for

# A worker's part where several share a device: four fill it together, and one alone keeps it at work.
SHARED_FRAMES = GPU_FRAMES // 4


def load_session(bundle: Bundle, settings: ConvertSettings, threads: int) -> RuntimeSession:
    """The model, loaded in the runtime and on the device that the settings name.

    Raises:
        PluginError: there is no such runtime.
        ConfigError: it does not serve the device.
        BundleError: it cannot load the model.
    """
    spec = runtimes_for(settings.runtime, settings.device)[0]
    options = build_config(spec.config, settings.runtime_options, f"runtime {spec.name}")
    return spec.build(options, bundle.path, settings.device, threads)


def load_converter(
    bundle: Bundle, settings: ConvertSettings, threads: int, shared: RuntimeSession | None = None
) -> tuple[TrackConverter, str]:
    """A converter, and what really runs the model.

    Args:
        bundle: the model.
        settings: name runtime, device and vocoder; the converter keeps them.
        threads: of the CPU that the model may use.
        shared: a session of :mod:`styleshift.runtimes.broker`, to be used instead of an own one.

    Raises:
        PluginError: there is no such runtime or vocoder.
        ConfigError: a vocoder option is wrong, or the runtime does not serve the device.
        BundleError: the runtime cannot load the model.
    """
    settings = checked(settings)
    if "auto" in (settings.runtime, settings.device):  # else it was tried where the command began
        settings = with_runtime(settings, bundle)
    spec, options = load_registry().vocoders.configured(settings.vocoder, settings.vocoder_options)
    vocoder = spec.build(options, bundle.metadata.spectrogram, settings.device)
    session = shared or load_session(bundle, settings, threads)
    if shared is not None:
        frames = SHARED_FRAMES
    else:
        frames = CPU_FRAMES if settings.device == "cpu" else GPU_FRAMES
    batch = max(1, frames // bundle.metadata.window_frames)
    # More threads than one: there are fewer files at work than processors.
    overlap = threads > 1 or settings.device != "cpu" or shared is not None
    # What is too much for a shared device is seen, and told apart, where it is shared.
    run = Batches(session) if shared is None else shared.run
    converter = TrackConverter(bundle.metadata, run, batch, vocoder, spec.context_frames, settings, overlap)
    return converter, session.description


def real_time_factor(converter: TrackConverter) -> float:
    """How long a second of stereo music takes here, but for reading and writing; by converting noise."""
    from styleshift.conversion.track.first_pass import measure

    rate = 44100
    noise = np.random.default_rng(0).standard_normal((rate * 10, 2)).astype(np.float32) * np.float32(0.1)
    converter.run(
        np.zeros((1, 1, converter.metadata.spectrogram.bins, converter.metadata.window_frames), np.float32)
    )
    began = time.monotonic()
    for _ in converter.convert([noise], measure([noise], rate, 2)):
        pass
    return (time.monotonic() - began) / 10
