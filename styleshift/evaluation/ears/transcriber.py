"""Basic Pitch, which knows pitches: the ONNX file in its wheel, run by ONNX Runtime.

Source: Bittner et al. 2022, "A lightweight instrument-agnostic model for polyphonic note transcription". The
package is under Apache 2.0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from styleshift.evaluation.ears.installed import file_of
from styleshift.evaluation.features import Array

# Samples that it takes, samples of a frame, frames at both ends that see too little.
_WINDOW, _HOP, _EDGE = 43844, 256, 15
_HEARD = 0.3  # activation from which a pitch is heard, the package's own default


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
        path = file_of("basic_pitch", "saved_models/icassp_2022/nmp.onnx")
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
