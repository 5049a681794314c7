"""Reads M4A and other formats that libsndfile does not, through PyAV (FFmpeg's libraries in a wheel)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.stream import Disposition

from styleshift.arrays import Float32Array
from styleshift.audio.containers.extent import Extent, Part
from styleshift.audio.formats import OutputFormat
from styleshift.audio.stream import (
    AudioInfo,
    DecodedStream,
    check_header,
    damage,
    not_read,
    plain_words,
    refusal,
)
from styleshift.audio.tags.model import Chapter
from styleshift.audio.things import Thing, ThingKind, counted
from styleshift.errors import AudioError

# Raw frames: what FFmpeg tells as their length is a guess from the bit rate.
_WITHOUT_LENGTH = frozenset({"aac", "ac3", "eac3", "dts", "mp3"})


class PyAVStream(DecodedStream):
    """The first audio track of a file.

    Args:
        path: the file.
        file: its bytes, or those of a part of it; closed with the stream. A file object, so that no protocol
            of FFmpeg's is involved and any file name will do.
        kind: FFmpeg's name of the demuxer.
        allow_cut: see :func:`styleshift.audio.read.open_audio`.
        extent: what the container says.
    """

    def __init__(self, path: Path, file: Part, kind: str, *, allow_cut: bool, extent: Extent) -> None:
        self._file = file
        try:
            self._container: Any = av.open(self._file, mode="r", format=kind, metadata_errors="replace")
            if not self._container.streams.audio:
                raise refusal(path, "has no audio track", reason="unsupported")
            track = self._container.streams.audio[0]
            if track.codec_context is None:
                raise refusal(path, "its audio codec is unknown", reason="unsupported")
            self._track = track
            rate, channels = int(track.rate or 0), int(track.channels or 0)
            check_header(path, rate, channels)
        except AudioError:
            self._file.close()
            raise
        except (av.FFmpegError, ValueError, OSError, EOFError) as error:
            self._file.close()
            raise not_read(path, f"cannot be read as a recording ({plain_words(error)})") from error
        frames = None
        whole = self._container.duration  # of all tracks, in microseconds; Matroska says no other
        if kind == "matroska" and whole is not None and whole > 0:
            frames = round(whole * rate / 1_000_000)
        if kind not in _WITHOUT_LENGTH and track.duration is not None and track.time_base is not None:
            frames = max(0, round(float(track.duration * track.time_base) * rate))
        codec = track.codec_context
        info = AudioInfo(kind.upper(), str(codec.name), rate, channels, frames, "pyav", bits=_bits(codec))
        super().__init__(path, info, allow_cut=allow_cut, extent=extent)
        self.extras += _extras(self._container)
        # The last AAC packet goes on after the sound has ended; the edit list, and so the duration, does not.
        self._padded = info.format == "MOV" and info.subtype == "aac" and bool(frames)

    def _decode(self, frames: int) -> Iterator[Float32Array]:
        left = self.frames if self._padded else None
        for block in self._joined(frames):
            if left is not None:
                block = block[:left]
                left -= len(block)
                if not len(block):
                    return
            yield block

    def _joined(self, frames: int) -> Iterator[Float32Array]:
        waiting: list[Float32Array] = []
        count = 0
        for piece in self._pieces():
            waiting.append(piece)
            count += len(piece)
            if count >= frames:
                joined = np.concatenate(waiting)
                whole = count - count % frames
                for start in range(0, whole, frames):
                    yield joined[start : start + frames]
                waiting, count = [joined[whole:]], count - whole
        if count:
            yield np.concatenate(waiting)

    def _pieces(self) -> Iterator[Float32Array]:
        resampler: Any = av.AudioResampler(format="flt")  # packed float32; rate and layout as they are
        seconds = 0.0
        try:
            for frame in self._container.decode(self._track):
                if frame.sample_rate != self.sample_rate or frame.layout.nb_channels != self.channels:
                    raise refusal(
                        self.path,
                        f"changes its sample rate or channels after {seconds:.1f} s",
                        reason="unsupported",
                    )
                seconds += frame.samples / self.sample_rate
                for plain in resampler.resample(frame):
                    yield plain.to_ndarray().reshape(-1, self.channels)
            for plain in resampler.resample(None):
                yield plain.to_ndarray().reshape(-1, self.channels)
        except (av.FFmpegError, ValueError, EOFError) as error:
            if self._extent.cut and self._file.read(1) == b"":
                return  # the last packet is the one that the cut went through
            raise damage(
                self.path, f"damaged somewhere after {seconds:.1f} s ({plain_words(error)})"
            ) from error

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()
        self._file.close()


def _bits(codec: Any) -> int:
    """Of a sample, as the codec stores it; 0: it does not say."""
    if codec.name == "alac" and len(codec.extradata or b"") >= 36:
        return int(codec.extradata[17])
    return {"u8": 8, "s16": 16, "s32": 24}.get(codec.format.name.rstrip("p") if codec.format else "", 0)


def _extras(container: Any) -> list[Thing]:
    """What else is in a file beside the track that is read; covers are tags, and are carried as such."""
    pictures = [
        track for track in container.streams.video if not track.disposition & Disposition.attached_pic
    ]
    more = len(container.streams.audio) - 1
    found = [counted(more, "more audio track", ThingKind.TRACKS)] if more else []
    found += [Thing("a video", ThingKind.TRACKS)] if pictures else []
    found += [Thing("subtitles", ThingKind.TRACKS)] if container.streams.subtitles else []
    return found


def _told(number: int, chapter: Chapter) -> Any:
    """A chapter as PyAV wants it."""
    span = {"start": round(chapter.start * 1000), "end": round(chapter.end * 1000)}
    return {"id": number, **span, "time_base": Fraction(1, 1000), "metadata": {"title": chapter.title}}


class PyAVEncoder:
    """Writes AAC or ALAC in an M4A; see :class:`styleshift.audio.write.Encoder`."""

    # The native encoder of FFmpeg is transparent for most music from here on.
    BITS_PER_CHANNEL = 128_000

    def __init__(
        self,
        file: Any,
        format: OutputFormat,
        sample_rate: int,
        channels: int,
        chapters: Sequence[Chapter] = (),
    ) -> None:
        layouts = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
        if channels not in layouts:
            raise ValueError(f"an M4A has 1 to 6 or 8 channels, not {channels}")
        codec = format.subtype
        self._layout = layouts[channels]
        self._rate = sample_rate
        self._container: Any = av.open(
            file,
            mode="w",
            format="ipod",
            # The edit list, which says where the sound ends within its last packet, counts in this unit.
            container_options={"movie_timescale": str(sample_rate)},
        )
        track = cast(Any, self._container).add_stream(codec, rate=sample_rate, layout=self._layout)
        if codec == "aac":
            track.bit_rate = format.bits_per_second or self.BITS_PER_CHANNEL * channels
        elif format.bits:
            track.codec_context.format = "s16p" if format.bits <= 16 else "s32p"
        if chapters:
            self._container.set_chapters(list(map(_told, range(len(chapters)), chapters)))
        self._track = track
        self._position = 0

    def write(self, block: Float32Array) -> None:
        """Append samples ``[n, channels]``."""
        frame: Any = av.AudioFrame.from_ndarray(block.reshape(1, -1), format="flt", layout=self._layout)
        frame.sample_rate = self._rate
        frame.pts = self._position
        self._position += len(block)
        self._container.mux(self._track.encode(frame))

    def close(self) -> None:
        """Write what is left, and the index."""
        self._container.mux(self._track.encode(None))
        self._container.close()
