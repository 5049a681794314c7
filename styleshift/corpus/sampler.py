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
from styleshift.frontend.compression import silence

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

    def batch(self, count: int, part: int = 0, parts: int = 1) -> npt.NDArray[np.float32]:
        """Draw crops.

        Args:
            count: how many.
            part: which, counted from 0, of ``parts`` equal parts of a draw of ``count * parts`` crops; the
                others are passed over, so that several trainings with one state share one sequence.
            parts: see there.

        Returns:
            ``[count, 1, bins, frames]`` float32, compressed magnitudes as the corpus' settings say, scaled to
            ``REFERENCE_LEVEL_DB``; C-contiguous.
        """
        out = np.empty((count, 1, self._config.bins, self.frames), dtype=np.float32)
        for crop, (index, start) in zip(out, self.places(count, part, parts), strict=True):
            self._take(self._tracks[index], start, crop[0])
        return out

    def places(self, count: int, part: int = 0, parts: int = 1) -> list[tuple[int, int]]:
        """Draw as :meth:`batch` does, but only where: the number of the track and the crop's first frame."""
        # One draw a crop decides track and position together.
        drawn = self._random.integers(self._ends[-1], size=count * parts)[part * count : (part + 1) * count]
        indices = np.searchsorted(self._ends, drawn, side="right")
        before = np.concatenate([[0], self._ends])[indices]
        return list(zip(indices.tolist(), (drawn - before).tolist(), strict=True))

    @property
    def tracks(self) -> int:
        """How many tracks are drawn from."""
        return len(self._tracks)

    @property
    def bins(self) -> int:
        """Of every crop."""
        return self._config.bins

    def length(self, index: int) -> int:
        """Frames of a track."""
        return self._tracks[index].frames

    def whole(self, index: int) -> npt.NDArray[np.float32]:
        """A whole track ``[frames, bins]`` as its crops have it, but not turned over."""
        track = self._tracks[index]
        return self._table(gain_to_reference(track.level_db))[self._bits(track)]

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
            quiet = np.float16(silence(self._config)).view(np.uint16)
            rest = np.full((self.frames - len(bits), track.bins), quiet)
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
