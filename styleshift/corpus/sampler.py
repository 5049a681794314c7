"""Random crops of a corpus, at one level, for training."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from styleshift.audio.level import gain_to_reference
from styleshift.corpus.levels import scaling_table
from styleshift.errors import CorpusError

if TYPE_CHECKING:
    import numpy.typing as npt

    from styleshift.corpus.corpus import Corpus, Track

# Look-up tables kept, 256 KiB each.
_TABLES = 256


class CropSampler:
    """Draws crops from a corpus.

    A track is drawn with a probability proportional to the number of crops it holds, and the crop anywhere
    in it, so that every moment of music counts the same however it is cut into files.

    Args:
        corpus: at least one track of ``frames`` frames; if there is none, all tracks are padded with silence.
        frames: length of a crop.
        seed: of the draws; the same seed and corpus give the same crops.

    Attributes:
        frames: length of a crop.
        left_out: tracks that are shorter than a crop and are never drawn.
        padded: all tracks are shorter than a crop, and crops end in silence.

    Raises:
        CorpusError: on drawing, where an array is missing or damaged.
    """

    def __init__(self, corpus: Corpus, frames: int, *, seed: int) -> None:
        if frames < 1:
            raise ValueError(f"frames is {frames}; it must be at least 1")
        self.frames = frames
        self._config = corpus.config
        long_enough = [track for track in corpus.tracks if track.frames >= frames]
        self.padded = not long_enough
        self._tracks: list[Track] = long_enough or list(corpus.tracks)
        self.left_out = len(corpus.tracks) - len(self._tracks)
        if not self._tracks:
            raise CorpusError(f"the corpus of {corpus.domain!r} is empty")
        starts = [max(1, track.frames - frames + 1) for track in self._tracks]
        self._ends = np.cumsum(starts)
        self._arrays: dict[str, npt.NDArray[np.uint16]] = {}
        self._tables: OrderedDict[float, npt.NDArray[np.float32]] = OrderedDict()
        self._random = np.random.Generator(np.random.PCG64(seed))

    def batch(self, count: int) -> npt.NDArray[np.float32]:
        """Draw crops.

        Returns:
            ``[count, 1, bins, frames]`` float32, compressed magnitudes as the corpus' settings say, scaled to
            ``REFERENCE_LEVEL_DB``; C-contiguous.
        """
        out = np.empty((count, 1, self._config.bins, self.frames), dtype=np.float32)
        # One draw a crop decides track and position together.
        for crop, place in zip(out, self._random.integers(self._ends[-1], size=count), strict=True):
            index = int(np.searchsorted(self._ends, place, side="right"))
            start = int(place - (self._ends[index - 1] if index else 0))
            self._take(self._tracks[index], start, crop[0])
        return out

    def state(self) -> dict[str, Any]:
        """Where the draws are: plain values (JSON keeps them); see :meth:`restore`."""
        state: Mapping[str, Any] = self._random.bit_generator.state
        return copy.deepcopy(dict(state))

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as the sampler that gave this state, bit for bit, on the same corpus."""
        self._random.bit_generator.state = copy.deepcopy(dict(state))

    def _take(self, track: Track, start: int, out: npt.NDArray[np.float32]) -> None:
        bits = self._bits(track)[start : start + self.frames]
        table = self._table(gain_to_reference(track.level_db))
        if len(bits) < self.frames:
            silence = np.float16(np.log(self._config.floor) if self._config.compression == "log" else 0.0)
            rest = np.full((self.frames - len(bits), track.bins), silence.view(np.uint16))
            bits = np.concatenate([bits, rest])
        # Look up first, row by row as the crop lies on disk, then turn it over.
        out[:] = table[bits].T

    def _bits(self, track: Track) -> npt.NDArray[np.uint16]:
        found = self._arrays.get(track.key)
        if found is None:
            found = self._arrays[track.key] = track.array()[0].view(np.uint16)
        return found

    def _table(self, gain: float) -> npt.NDArray[np.float32]:
        found = self._tables.pop(gain, None)
        if found is None:
            found = scaling_table(gain, self._config)
            if len(self._tables) >= _TABLES:
                self._tables.popitem(last=False)
        self._tables[gain] = found
        return found
