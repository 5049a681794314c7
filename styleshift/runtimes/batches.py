"""Runs windows through a session, as many at a time as the device's memory holds."""

from __future__ import annotations

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.errors import BundleError, PluginError
from styleshift.hooks.records import RuntimeSession

# Frames to run at once, in as many windows as fit: on a CPU more only take memory, a GPU wants to be filled.
CPU_FRAMES, GPU_FRAMES = 1024, 8192


class Batches:
    """Runs windows, fewer at a time once the device's memory has been too small."""

    def __init__(self, session: RuntimeSession) -> None:
        self._session = session
        self._most: int | None = None

    def __call__(self, windows: Float32Array) -> Float32Array:
        """Map ``[batch, 1, bins, window]`` float32 to the same shape.

        Raises:
            BundleError: the model fails, also with a single window.
            PluginError: a plugin's runtime fails, or gives no array of this shape.
        """
        most = min(self._most or len(windows), len(windows))
        while True:
            try:
                parts = [
                    self._session.run(windows[start : start + most]) for start in range(0, len(windows), most)
                ]
                break
            except PluginError:  # it says all there is to say
                raise
            except Exception as error:  # every runtime raises types of its own
                if most == 1 or not _out_of_memory(error):
                    raise BundleError(
                        f"the model fails: {(str(error).splitlines() or [type(error).__name__])[0]}",
                        "try `runtime=onnxruntime` and `device=cpu`",
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
