"""Ears that were trained elsewhere, on real recordings: pitches by Basic Pitch, voices by Resemblyzer.

Nothing of styleshift is trained on them or chosen by them, so they hear what its own figures may be fooled
by. Their packages ask for TensorFlow and for a compiler, and neither is needed: what is used are the weights
in their wheels, run by ONNX Runtime and PyTorch. ``pip install --no-deps basic-pitch resemblyzer`` brings
them.

Sources: Bittner et al. 2022, "A lightweight instrument-agnostic model for polyphonic note transcription"; Wan
et al. 2018, "Generalized end-to-end loss for speaker verification". Both packages are under Apache 2.0.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from styleshift.evaluation.features import SAMPLE_RATE, Array, Array64, mel_filters
from styleshift.evaluation.figures import Figures
from styleshift.frontend import SpectrogramConfig, stft

INSTALL = "pip install --no-deps basic-pitch resemblyzer"

# Of Basic Pitch: samples that it takes, samples of a frame, frames at both ends that see too little.
_WINDOW, _HOP, _EDGE = 43844, 256, 15
_HEARD = 0.3  # activation from which a pitch is heard, the package's own default

# Of Resemblyzer: 40 mel bands of frames of 25 ms, 1.6 s at a time, softer recordings raised to -30 dBFS.
_VOICE = SpectrogramConfig(
    sample_rate=16000, frame_length=400, hop_length=160, fft_length=400, compression="none"
)
_BANDS, _UNITS, _FRAMES, _STEP = 40, 256, 160, 77
_LEVEL = 10 ** (-30 / 20)


class Transcriber:
    """Basic Pitch: which of the 88 keys of a piano sound, 86 times a second.

    Args:
        path: of its ONNX file.
    """

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        # The file's outputs are onsets, notes and contours, the last with three bins a semitone.
        self._output = self._session.get_outputs()[1].name

    @classmethod
    def find(cls) -> Transcriber | None:
        """The installed one, if there is one."""
        path = _file_of("basic_pitch", "saved_models/icassp_2022/nmp.onnx")
        return None if path is None else cls(path)

    def pitches(self, mono: Array) -> npt.NDArray[np.bool_]:
        """``[samples]`` float32 at ``SAMPLE_RATE`` to ``[frames, 88]``: the keys that sound, from A0."""
        step = (_WINDOW // _HOP - 2 * _EDGE) * _HOP
        frames = len(mono) // _HOP + 1
        count = -(-frames * _HOP // step)
        padded = np.zeros((count - 1) * step + _WINDOW, np.float32)
        padded[_EDGE * _HOP :][: len(mono)] = mono[: len(padded) - _EDGE * _HOP]
        found = []
        for start in range(0, count * step, step):
            window = padded[start : start + _WINDOW].reshape(1, -1, 1)
            found.append(self._session.run([self._output], {self._input: window})[0][0])
        kept = [one[_EDGE : _EDGE + step // _HOP] for one in found]
        heard: npt.NDArray[np.bool_] = np.concatenate(kept)[:frames] > _HEARD
        return heard


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
        path = _file_of("resemblyzer", "pretrained.pt")
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


def agreement(heard: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """F1 and Jaccard distance of the pitches that sound, over all frames of ``[frames, 88]`` together.

    The longer one is cut to the shorter; two that hear nothing agree.
    """
    frames = min(len(heard), len(truth))
    one, other = heard[:frames], truth[:frames]
    both, either = int((one & other).sum()), int((one | other).sum())
    if not either:
        return 1.0, 0.0
    return 2 * both / (both + either), 1 - both / either


def _file_of(package: str, inside: str) -> Path | None:
    """A file of a package, which is not imported."""
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / inside
        if path.is_file():
            return path
    return None


class Ears:
    """What the installed ones say of conversions of one style.

    Args:
        speech: voices are compared, and pitches are not.
    """

    def __init__(self, speech: bool) -> None:
        self._transcriber = None if speech else Transcriber.find()
        self._encoder = SpeakerEncoder.find() if speech else None
        self._style: list[Array64] = []
        self.missing = self._transcriber is None and self._encoder is None

    def learn(self, mono: Array) -> None:
        """Hear a recording of the target style."""
        if self._encoder is not None:
            self._style.append(self._encoder.embed(mono))

    def figures(self, mono: Array, truth: Array | None, source: Array | None) -> Figures:
        """Of a conversion, and the same of its source, the ceiling or the start; ``[samples]`` each."""
        found: Figures = {}
        for name, wave in (("", mono), ("_source", source)):
            if wave is None:
                continue
            if self._transcriber is not None and truth is not None:
                pair = self._transcriber.pitches(wave), self._transcriber.pitches(truth)
                found[f"f1{name}"], found[f"jaccard{name}"] = agreement(*pair)
            if self._encoder is not None and self._style:
                mean = np.mean(self._style, axis=0)
                cosine = self._encoder.embed(wave) @ mean / max(float(np.linalg.norm(mean)), 1e-9)
                found[f"likeness{name}"] = float(cosine)
        return found
