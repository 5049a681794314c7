"""Makes a model file ready: runtime, vocoder, and how many windows fit on the device."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt

from styleshift.bundle.load import Bundle
from styleshift.conversion.runtimes import runtimes_for
from styleshift.conversion.settings import ConvertSettings, checked
from styleshift.conversion.settle import settle
from styleshift.conversion.stream import Pipeline
from styleshift.errors import BundleError
from styleshift.hooks.records import RuntimeSession
from styleshift.hooks.registry import build_config, load_registry

Float32Array = npt.NDArray[np.float32]

# Frames to run at once, in as many windows as fit: on a CPU more only take memory, a GPU wants to be filled.
CPU_FRAMES, GPU_FRAMES = 1024, 8192
# A worker's part where several share a device: four fill it together, and one alone keeps it at work.
SHARED_FRAMES = GPU_FRAMES // 4


class Batches:
    """Runs windows, fewer at a time once the device's memory has been too small."""

    def __init__(self, session: RuntimeSession) -> None:
        self._session = session
        self._most: int | None = None

    def __call__(self, windows: Float32Array) -> Float32Array:
        """Map ``[batch, 1, bins, window]`` float32 to the same shape.

        Raises:
            BundleError: the model fails, also with a single window.
        """
        most = min(self._most or len(windows), len(windows))
        while True:
            try:
                parts = [
                    self._session.run(windows[start : start + most]) for start in range(0, len(windows), most)
                ]
                break
            except Exception as error:  # every runtime raises types of its own
                if most == 1 or not _out_of_memory(error):
                    raise BundleError(
                        f"the model fails: {str(error).splitlines()[0]}",
                        "try --runtime onnxruntime --device cpu",
                    ) from error
                most //= 2
                self._most = most
        converted = parts[0] if len(parts) == 1 else np.concatenate(parts)
        if converted.shape != windows.shape:
            raise BundleError(f"the model turns {windows.shape} into {converted.shape}")
        return converted


def _out_of_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or "memory" in text or "bad_alloc" in text or "alloc failed" in text


def load_session(bundle: Bundle, settings: ConvertSettings, threads: int) -> RuntimeSession:
    """The model, loaded in the runtime and on the device that the settings name.

    Raises:
        PluginError: there is no such runtime.
        ConfigError: it does not serve the device.
        BundleError: it cannot load the model.
    """
    return runtimes_for(settings.runtime, settings.device)[0].build(bundle.path, settings.device, threads)


def load_pipeline(
    bundle: Bundle, settings: ConvertSettings, threads: int, shared: RuntimeSession | None = None
) -> tuple[Pipeline, str]:
    """A pipeline, and what really runs the model.

    Args:
        bundle: the model.
        settings: names runtime, device and vocoder.
        threads: of the CPU that the model may use.
        shared: a session of :mod:`styleshift.conversion.broker`, to be used instead of an own one.

    Raises:
        PluginError: there is no such runtime or vocoder.
        ConfigError: a vocoder option is wrong, or the runtime does not serve the device.
        BundleError: the runtime cannot load the model.
    """
    settings = settle(checked(settings), bundle)
    spec = load_registry().vocoders.get(settings.vocoder)
    options = build_config(spec.config, settings.vocoder_options, f"vocoder {spec.name}")
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
    pipeline = Pipeline(bundle.metadata, run, batch, vocoder, spec.context_frames, overlap)
    return pipeline, session.description


def seconds_of_work(pipeline: Pipeline) -> float:
    """How long a second of stereo music takes here, but for reading and writing; by converting noise."""
    from styleshift.conversion.survey import survey

    rate = 44100
    noise = np.random.default_rng(0).standard_normal((rate * 10, 2)).astype(np.float32) * np.float32(0.1)
    pipeline.run(
        np.zeros((1, 1, pipeline.metadata.spectrogram.bins, pipeline.metadata.window_frames), np.float32)
    )
    began = time.monotonic()
    for _ in pipeline.convert([noise], survey([noise], rate, 2)):
        pass
    return (time.monotonic() - began) / 10
