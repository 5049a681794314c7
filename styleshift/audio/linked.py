"""Several recordings one behind the other in one file: chained Ogg, MP3s and others that were joined.

Decoders stop at the end of the first and report success. Here each is opened by itself, and they are read as
one recording: at the highest of their sample rates, with as many channels as the one that has most.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from styleshift.arrays import Float32Array
from styleshift.audio.containers.extent import Bytes, Extent, Link, Part
from styleshift.audio.formats import has_pyav
from styleshift.audio.identify import demuxer
from styleshift.audio.libsndfile import SoundFileStream
from styleshift.audio.resample import resample
from styleshift.audio.stream import DecodedStream, damage, plain_words, refusal
from styleshift.audio.things import Thing, ThingKind, counted, kind_of_thing
from styleshift.errors import AudioError
from styleshift.words import Remark, kind_of_remark


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
        counts = sorted({info.channels for info, _ in infos})
        if len(counts) > 2 or (len(counts) > 1 and counts[0] > 1):
            raise refusal(
                path,
                f"holds recordings of {' and '.join(map(str, counts))} channels, one behind "
                "the other, which cannot become one",
                "an audio editor can save them one by one",
                reason="unsupported",
            )
        self._links = extent.links[: len(infos)]
        rate = max(info.sample_rate for info, _ in infos)
        lengths = [None if told is None else told * rate // info.sample_rate for info, told in infos]
        info = replace(
            infos[0][0],
            sample_rate=rate,
            channels=max(info.channels for info, _ in infos),
            frames=None if None in lengths else sum(length for length in lengths if length is not None),
        )
        kinds = sorted({(info.sample_rate, info.channels) for info, _ in infos})
        super().__init__(path, info, allow_cut=allow_cut, extent=extent)
        several = "recordings one behind the other: read as one"
        self.warnings.append(Remark(f"{len(extent.links)} {several}", f"several {several}"))
        self.extras += _tags_left(path, file, extent.links)
        if len(kinds) > 1:
            words = [f"{rate} Hz with {count} channel{'s' * (count > 1)}" for rate, count in kinds]
            unlike = "they are of different kinds"
            self.warnings.append(Remark(f"{unlike}: {' and '.join(words)}", unlike))

    def _decode(self, frames: int) -> Iterator[Float32Array]:
        position = 0
        for link in self._links:
            with _open(self.path, self._file, link) as stream:
                mono_to_all = stream.channels == 1 < self.channels
                for block in resample(stream.blocks(frames), stream.sample_rate, self.sample_rate):
                    wide = np.repeat(block, self.channels, axis=1) if mono_to_all else block
                    for start in range(0, len(wide), frames):
                        yield wide[start : start + frames]
                    position += len(wide)
        if self._unread:
            raise damage(self.path, f"after {position / self.sample_rate:.1f} s, {self._unread}")

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _tags_left(path: Path, file: int, links: Sequence[Link]) -> list[Thing]:
    """The tags of each recording that those of the whole file, which an output gets, do not say as well."""
    from styleshift.audio.tags.compare import lost
    from styleshift.audio.tags.read import read_part_tags, read_tags

    view, whole = Bytes(file), read_tags(path)
    starts = [0]
    for before, link in itertools.pairwise(links):
        tag = view.find(b"ID3", before.end, link.start)  # in front of a recording, and of it
        starts.append(tag if tag >= 0 else link.start)
    found = []
    for number, ends in enumerate(itertools.pairwise([*starts, view.size]), 1):
        own = read_part_tags(file, Link(*ends))
        if number == 1:
            own.foreign = [name for name in own.foreign if name not in whole.foreign]
        else:
            if own.chapters:
                own.foreign.append(counted(len(own.chapters), "chapter", ThingKind.CHAPTERS))
            own.chapters = []
        where = f" of recording {number}"
        found += [
            Thing(f"{name}{where}", kind_of_thing(name), f"{kind_of_remark(name)}{where}")
            for name in dict.fromkeys(lost(own, whole))
        ]
    return found


def _open(path: Path, file: int, link: Link) -> DecodedStream:
    # Each has been found whole, or not, with the others: this stream is to give what is there.
    try:
        return SoundFileStream(path, file, allow_cut=True, extent=Extent(), link=link, owns=False)
    except soundfile.LibsndfileError:
        part = Part(file, link)
        kind = demuxer(part.view())
        if kind is None or not has_pyav():
            raise
        from styleshift.audio.pyav import PyAVStream

        return PyAVStream(path, part, kind, allow_cut=True, extent=Extent())
