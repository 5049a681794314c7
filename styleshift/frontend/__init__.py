"""Waveforms to log spectrograms and back, by the C++ extension.

Arrays are ``[..., samples]`` and ``[..., frames, bins]``; leading axes are batch and channels. Samples may be
float32, float64 or int16 (scaled by 1/32768), contiguous or not. Everything is computed in float32, and the
same bits come out for any number of threads and for streams.
"""

from styleshift.frontend.build import build_info, release_memory
from styleshift.frontend.compression import compressed, expanded, silence
from styleshift.frontend.config import SpectrogramConfig
from styleshift.frontend.mixdown import Mixdown
from styleshift.frontend.phase import griffin_lim, pghi
from styleshift.frontend.streaming import StreamingInverse, StreamingSpectrogram
from styleshift.frontend.transform import compress, istft, log_spectrogram, magnitude, power_scale, stft

__all__ = [
    "Mixdown",
    "SpectrogramConfig",
    "StreamingInverse",
    "StreamingSpectrogram",
    "build_info",
    "compress",
    "compressed",
    "expanded",
    "griffin_lim",
    "istft",
    "log_spectrogram",
    "magnitude",
    "pghi",
    "power_scale",
    "release_memory",
    "silence",
    "stft",
]
