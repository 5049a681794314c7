"""Resemblyzer, which knows speakers: the weights in its wheel, run by PyTorch.

Source: Wan et al. 2018, "Generalized end-to-end loss for speaker verification". The package is under Apache
2.0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from styleshift.evaluation.ears.installed import file_of
from styleshift.evaluation.features import SAMPLE_RATE, Array, Array64
from styleshift.frontend import SpectrogramConfig, stft
from styleshift.frontend.mel import mel_filters

# 40 mel bands of frames of 25 ms, 1.6 s at a time, softer recordings raised to -30 dBFS.
_VOICE = SpectrogramConfig(
    sample_rate=16000, frame_length=400, hop_length=160, fft_length=400, compression="none"
)
_BANDS, _UNITS, _FRAMES, _STEP = 40, 256, 160, 77
_LEVEL = 10 ** (-30 / 20)


class SpeakerEncoder:
    """Resemblyzer: a voice as a point on a sphere; the same speaker's are near each other.

    Pauses are not cut out before, as the package does by webrtcvad.

    Args:
        path: of its weights, which are read as plain tensors.
    """

    def __init__(self, path: Path) -> None:
        import torch
        from torch import nn

        weights: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        self._lstm = nn.LSTM(_BANDS, _UNITS, 3, batch_first=True)
        self._linear = nn.Linear(_UNITS, _UNITS)
        for name, module in (("lstm.", self._lstm), ("linear.", self._linear)):
            own = {key.removeprefix(name): value for key, value in weights.items() if key.startswith(name)}
            module.load_state_dict(own)
            module.eval().requires_grad_(False)

    @classmethod
    def find(cls) -> SpeakerEncoder | None:
        """The installed one, if there is one."""
        path = file_of("resemblyzer", "pretrained.pt")
        return None if path is None else cls(path)

    def embed(self, mono: Array) -> Array64:
        """``[samples]`` float32 at ``SAMPLE_RATE`` to ``[256]``, of length 1."""
        import soxr
        import torch

        wave = np.asarray(soxr.resample(mono, SAMPLE_RATE, _VOICE.sample_rate), np.float32)
        level = float(np.sqrt(np.mean(np.square(wave, dtype=np.float64))))
        wave = wave * np.float32(max(1.0, _LEVEL / max(level, 1e-9)))
        power = np.square(np.abs(stft(wave, _VOICE)))
        bands = power @ mel_filters(_VOICE.sample_rate, _VOICE.fft_length, _BANDS).T
        starts = range(0, max(1, len(bands) - _FRAMES + 1), _STEP)
        parts = [
            np.pad(part, ((0, _FRAMES - len(part)), (0, 0))) for part in (bands[s:][:_FRAMES] for s in starts)
        ]
        with torch.no_grad():
            _, (hidden, _) = self._lstm(torch.from_numpy(np.stack(parts).astype(np.float32)))
            raw = torch.relu(self._linear(hidden[-1]))
            mean = (raw / raw.norm(dim=1, keepdim=True).clamp(min=1e-9)).mean(dim=0).double().numpy()
        embedded: Array64 = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return embedded
