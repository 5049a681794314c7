"""Several recordings one behind the other in one file: chained Ogg, MP3s and others that were joined.

Decoders stop at the end of the first and report success. Here each is opened by itself, and they are read as
one recording: at the highest of their sample rates, with as many channels as the one that has most.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from styleshift.audio.containers.extent import Extent, Link
from styleshift.audio.libsndfile import SoundFileStream, plain_words
from styleshift.audio.resample import resample
from styleshift.audio.stream import DecodedStream, shown
from styleshift.errors import AudioError

if TYPE_CHECKING:
    import numpy.typing as npt

    Float32Array = npt.NDArray[np.float32]


class LinkedStream(DecodedStream):
    """All recordings of a file, as one.

    Args:
        path: for messages.
        file: its descriptor, closed with the stream.
        allow_cut: see :class:`DecodedStream`.
        extent: what the container says; has two links or more.

    Raises:
        AudioError: the first cannot be read. What is wrong with those behind it shows in ``blocks``.
    """

    def __init__(self, path: Path, file: int, *, allow_cut: bool, extent: Extent) -> None:
        self._file = file
        self._unread = ""
        infos = []
        for number, link in enumerate(extent.links):
            try:
                with _open(path, file, link) as stream:
                    infos.append((stream.info, stream.promised))
            except (AudioError, soundfile.LibsndfileError) as error:
                if not number:
                    raise
                words = plain_words(error) if isinstance(error, soundfile.LibsndfileError) else error.message
                self._unread = f"what lies behind recording {number} in it cannot be read ({words})"
                break
        self._links = extent.links[: len(infos)]
        rate = max(info.sample_rate for info, _ in infos)
        counts = [None if told is None else told * rate // info.sample_rate for info, told in infos]
        info = replace(
            infos[0][0],
            sample_rate=rate,
            channels=max(info.channels for info, _ in infos),
            frames=None if None in counts else sum(count for count in counts if count is not None),
        )
        self.kinds = sorted({(info.sample_rate, info.channels) for info, _ in infos})
        super().__init__(path, info, allow_cut=allow_cut, extent=extent)
        self.warnings.append(f"{len(extent.links)} recordings one behind the other: read as one")
        self.extras.append("the tags of the recordings behind the first")
        if len(self.kinds) > 1:
            kinds = " and ".join(
                f"{rate} Hz with {channels} channel{'s' * (channels > 1)}" for rate, channels in self.kinds
            )
            self.warnings.append(f"they are of different kinds: {kinds}")

    def _decode(self, frames: int) -> Iterator[Float32Array]:
        position = 0
        for link in self._links:
            with _open(self.path, self._file, link) as stream:
                mono_to_all = stream.channels == 1 < self.channels
                if stream.channels != self.channels and not mono_to_all:
                    raise AudioError(
                        f"{shown(self.path)}: changes from {self.channels} channels to {stream.channels}, or "
                        f"the other way, at {position / self.sample_rate:.1f} s",
                        "an audio editor can save it whole",
                        reason="damaged",
                    )
                for block in resample(stream.blocks(frames), stream.sample_rate, self.sample_rate):
                    wide = np.repeat(block, self.channels, axis=1) if mono_to_all else block
                    for start in range(0, len(wide), frames):
                        yield wide[start : start + frames]
                    position += len(wide)
        if self._unread:
            raise AudioError(
                f"{shown(self.path)}: after {position / self.sample_rate:.1f} s, {self._unread}",
                "fetch the file again, or repair it",
                reason="damaged",
            )

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _open(path: Path, file: int, link: Link) -> SoundFileStream:
    # Each has been found whole, or not, with the others: this stream is to give what is there.
    return SoundFileStream(path, file, allow_cut=True, extent=Extent(), link=link, owns=False)
