"""Random crops of a corpus, at one level, for training."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from styleshift.arrays import Float32Array
from styleshift.audio.level import gain_to_reference
from styleshift.corpus.corpus import Corpus, Track
from styleshift.corpus.levels import scaling_table
from styleshift.corpus.shard import Shard
from styleshift.errors import CorpusError
from styleshift.frontend.compression import silence

# Look-up tables kept, 256 KiB each.
_TABLES = 256


class CropSampler:
    """Draws crops from a corpus.

    A track is drawn with a probability proportional to the number of crops it holds, and the crop anywhere
    in it, so that every moment of music counts the same however it is cut into files. Tracks that are
    shorter than a crop are joined end to end, in the corpus' order, and drawn from as one; where all of them
    together are shorter than a crop they end in silence.

    Args:
        corpus: at least one track.
        frames: length of a crop.
        seed: of the draws; the same seed and corpus give the same crops.

    Attributes:
        frames: length of a crop.
        joined: how many tracks are joined.
        padded: frames of silence after them.

    Raises:
        CorpusError: on drawing, where an array is missing or damaged.
    """

    def __init__(self, corpus: Corpus, frames: int, *, seed: int) -> None:
        if frames < 1:
            raise ValueError(f"frames is {frames}; it must be at least 1")
        self.frames = frames
        self._config = corpus.config
        if not corpus.tracks:
            raise CorpusError(f"the corpus of {corpus.domain!r} is empty")
        self._stretches: list[tuple[Track, ...]] = [
            (track,) for track in corpus.tracks if track.frames >= frames
        ]
        short = tuple(track for track in corpus.tracks if track.frames < frames)
        self.joined = len(short)
        self.padded = max(0, frames - sum(track.frames for track in short)) if short else 0
        if short:
            self._stretches.append(short)
        starts = [max(1, self.length(index) - frames + 1) for index in range(len(self._stretches))]
        self._ends = np.cumsum(starts)
        self._arrays: dict[str, npt.NDArray[np.uint16]] = {}
        self._tables: OrderedDict[float, Float32Array] = OrderedDict()
        self._random = np.random.Generator(np.random.PCG64(seed))

    def batch(self, count: int, shard: Shard = Shard()) -> Float32Array:
        """Draw crops.

        Args:
            count: how many.
            shard: whose.

        Returns:
            ``[count, 1, bins, frames]`` float32, compressed magnitudes as the corpus' settings say, scaled to
            ``REFERENCE_LEVEL_DB``; C-contiguous.
        """
        return self.cut(self.places(count, shard))

    def cut(self, places: Sequence[tuple[int, int]]) -> Float32Array:
        """The crops at places that :meth:`places` gave, as :meth:`batch` has them."""
        out = np.empty((len(places), 1, self._config.bins, self.frames), dtype=np.float32)
        for crop, (index, start) in zip(out, places, strict=True):
            self._take(index, start, crop[0])
        return out

    def places(self, count: int, shard: Shard = Shard()) -> list[tuple[int, int]]:
        """Draw as :meth:`batch` does, but only where: a stretch's number, the first frame in it."""
        # One draw a crop decides stretch and position together.
        drawn = self._random.integers(self._ends[-1], size=shard.total(count))[shard.own(count)]
        indices = np.searchsorted(self._ends, drawn, side="right")
        before = np.concatenate([[0], self._ends])[indices]
        return list(zip(indices.tolist(), (drawn - before).tolist(), strict=True))

    @property
    def stretches(self) -> int:
        """How many stretches of music are drawn from: tracks, and those that are joined."""
        return len(self._stretches)

    @property
    def bins(self) -> int:
        """Of every crop."""
        return self._config.bins

    def length(self, index: int) -> int:
        """Frames of a stretch, the silence after it counted; at least one crop."""
        return max(self.frames, sum(track.frames for track in self._stretches[index]))

    def whole(self, index: int) -> Float32Array:
        """A whole stretch ``[frames, bins]`` as its crops have it, but not turned over."""
        out = np.empty((self.length(index), self.bins), dtype=np.float32)
        self._take(index, 0, out.T)
        return out

    def state_dict(self) -> dict[str, Any]:
        """Where the draws are: plain values (JSON keeps them); see :meth:`load_state_dict`."""
        state: Mapping[str, Any] = self._random.bit_generator.state
        return copy.deepcopy(dict(state))

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the sampler that gave this state, bit for bit, on the same corpus."""
        self._random.bit_generator.state = copy.deepcopy(dict(state))

    def _take(self, index: int, start: int, out: Float32Array) -> None:
        """Fill ``out`` ``[bins, frames]`` from frame ``start`` of a stretch on."""
        at, wanted = 0, out.shape[1]  # of the output: frames done, and in all
        first = 0  # frame of the stretch at which the track begins
        for track in self._stretches[index]:
            begin = max(0, start + at - first)
            count = min(wanted - at, track.frames - begin)
            if count > 0:
                # Look up first, row by row as the crop lies on disk, then turn it over.
                bits = self._bits(track)[begin : begin + count]
                out[:, at : at + count] = self._table(gain_to_reference(track.level_db))[bits].T
                at += count
            first += track.frames
        out[:, at:] = silence(self._config)

    def _bits(self, track: Track) -> npt.NDArray[np.uint16]:
        found = self._arrays.get(track.key)
        if found is None:
            found = self._arrays[track.key] = track.array()[0].view(np.uint16)
        return found

    def _table(self, gain: float) -> Float32Array:
        found = self._tables.pop(gain, None)
        if found is None:
            found = scaling_table(gain, self._config)
            if len(self._tables) >= _TABLES:
                self._tables.popitem(last=False)
        self._tables[gain] = found
        return found
