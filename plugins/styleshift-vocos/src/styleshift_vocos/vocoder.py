"""Runs an exported network as a vocoder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from styleshift.errors import ConfigError

if TYPE_CHECKING:
    from styleshift.arrays import ComplexArray, Float32Array
    from styleshift.frontend import SpectrogramConfig
    from styleshift.hooks import Vocoder
    from styleshift_vocos import Options

SETTINGS = "styleshift-vocos.spectrogram"
"""The key of the model file under which its settings are, as JSON."""


def load(options: Options, spectrogram: SpectrogramConfig, device: str) -> Vocoder:
    """A vocoder from a file that :func:`styleshift_vocos.training.train` wrote.

    Raises:
        ConfigError: there is no such file, it is none of a network of this package, or it has learned
            spectrograms of other settings.
    """
    import onnxruntime

    from styleshift.frontend import griffin_lim, istft, magnitude

    path = options.model.expanduser()
    if not path.is_file():
        raise ConfigError(
            f"the vocoder vocos has no model {path}",
            "styleshift-vocos train FOLDER makes one; `vocoder_options` model=FILE names it",
        )
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = 1  # files are converted side by side
    session_options.log_severity_level = 3
    providers = ["CUDAExecutionProvider"] * device.startswith("cuda") + ["CPUExecutionProvider"]
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), session_options, providers=providers)
        learned = json.loads(session.get_modelmeta().custom_metadata_map[SETTINGS])
    except Exception as error:  # ONNX Runtime raises many types of its own
        raise ConfigError(
            f"{path} is no model of styleshift-vocos", "styleshift-vocos train makes one"
        ) from error
    if learned != spectrogram.to_dict():
        other = {key: value for key, value in learned.items() if value != getattr(spectrogram, key)}
        told = ", ".join(f"{key} {value}" for key, value in other.items())
        raise ConfigError(
            f"{path} has learned spectrograms of other settings: {told}",
            "styleshift-vocos train with the recipe of the model that converts",
        )

    def vocode(log_magnitude: Float32Array, source: ComplexArray | None, samples: int) -> Float32Array:
        gain, phase = session.run(None, {"log_magnitude": log_magnitude})[0].transpose(1, 0, 2, 3)
        size = magnitude(log_magnitude, spectrogram)
        turned = np.exp(1j * phase).astype(np.complex64)
        if options.iterations:
            return griffin_lim(
                size,
                spectrogram,
                iterations=options.iterations,
                initial_phase=turned,
                length=samples,
                threads=1,
            )
        spectrum = (size * np.exp(gain)).astype(np.float32) * turned
        return istft(spectrum, spectrogram, length=samples, threads=1)

    return vocode
