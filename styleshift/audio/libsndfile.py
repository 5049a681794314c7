"""Reads one recording through libsndfile: a whole file, or one of several that a file holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import numpy as np
import soundfile

from styleshift.arrays import Float32Array
from styleshift.audio.containers.extent import Bytes, Extent, Link, Part, id3_length
from styleshift.audio.containers.flac import with_total
from styleshift.audio.containers.mpeg import LAST_FRAME_CUT
from styleshift.audio.stream import AudioInfo, DecodedStream, check_header, damage, plain_words, refusal
from styleshift.audio.wave_header import true_frames, valid_bits

# libsndfile's "unknown", SF_COUNT_MAX, and anything near it.
_NO_LENGTH = 1 << 60
# libsndfile's code for what the operating system refused.
_SYSTEM_ERROR = 2
# An MP3 may end in so much of what is no frame: half a frame, tags, padding.
_TRAILER_BYTES = 1 << 16


class _ForwardOnly(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is never sought in.

    soundfile seeks to where it is after every read. In an MP3 that loses the bit reservoir, and with it
    samples; in a FLAC with a forged length it fails; everywhere it costs time.
    """

    def seekable(self) -> bool:
        return False


class SoundFileStream(DecodedStream):
    """A recording that libsndfile reads.

    A descriptor and not a name: libsndfile wants names in UTF-8, which a name need not be, and a descriptor
    is read without calling back into Python.

    Args:
        path: for messages.
        file: its descriptor; closed with the stream if it ``owns`` it, once the stream is made.
        allow_cut: see :class:`DecodedStream`.
        extent: what the container says.
        link: the part of the file that is read; None: the one that the extent names, or all of it.
        owns: whether the descriptor is closed with the stream.
    """

    def __init__(
        self,
        path: Path,
        file: int,
        *,
        allow_cut: bool,
        extent: Extent,
        link: Link | None = None,
        owns: bool = True,
    ) -> None:
        view = Bytes(file)
        link = link or next(iter(extent.links), Link(0, view.size, guessed=True))
        source: int | Part = file
        if extent.unread and link.frames is not None:
            source = Part(file, link, with_total(view, link.frames))
        elif link.start not in (0, id3_length(view)) or link.end != view.size:
            source = Part(file, link)
        sound = _ForwardOnly(source, closefd=False)
        check_header(path, sound.samplerate, sound.channels)
        # A length that libsndfile guessed counts for nothing.
        guessed = sound.format == "MP3" and link.guessed
        frames = sound.frames if 0 <= sound.frames < _NO_LENGTH and not guessed else None
        bits, whole = 0, frames
        if sound.format in ("WAV", "WAVEX", "RF64", "W64"):
            header = Bytes(file, link.start, link.end)
            bits = valid_bits(header) if sound.format in ("WAVEX", "RF64") else 0
            frames = frames and true_frames(header, sound.subtype, frames)
        info = AudioInfo(
            sound.format, sound.subtype, sound.samplerate, sound.channels, frames, "soundfile", bits
        )
        if extent.unfinished:
            raise refusal(
                path,
                f"an unfinished recording, its header says 0 samples and {extent.unfinished} bytes follow",
                "an audio editor can import it as raw data and save it whole",
                reason="damaged",
            )
        super().__init__(path, info, allow_cut=allow_cut, extent=extent)
        self._file = file
        self._owns = owns
        self._sound = sound
        self._link = link
        self._guessed = guessed
        # Nothing is read beyond these: the rest of a last block of ADPCM is no sound, and libFLAC takes
        # zeros behind a last frame that is known for damage.
        self._known = link.frames if info.format == "FLAC" else frames if frames != whole else None
        self._pipe: int | None = None
        self._failed: list[OSError] = []  # why the pipe ended before the file

    def _decode(self, frames: int) -> Iterator[Float32Array]:
        if self._guessed:
            self._read_to_the_end()
        position = 0
        while True:
            if self._known is not None:
                frames = min(frames, self._known - position)
            block = np.empty((frames, self.channels), np.float32)
            filled = self._pipe is not None or self.info.format == "FLAC"
            if filled:
                block.fill(np.nan)  # tells, after an error, how much was decoded before it
            try:
                block = self._sound.read(frames, dtype="float32", always_2d=True, out=block)
            except soundfile.LibsndfileError as error:
                if self._failed:
                    raise self._failed[0] from error
                if error.code == _SYSTEM_ERROR:
                    raise OSError(plain_words(error)) from error
                block = block[: len(block) - int(np.isnan(block[:, 0]).sum())] if filled else block[:0]
                position += len(block)
                if len(block):
                    yield block
                if self._pipe is None or _more_than(_TRAILER_BYTES, self._pipe):
                    where = f"{position / self.sample_rate:.2f} s ({plain_words(error)})"
                    raise damage(self.path, f"damaged somewhere after {where}") from error
                # The error is the end: a last frame that is not whole, or padding after it.
                if LAST_FRAME_CUT not in self.warnings:
                    self.warnings.append(LAST_FRAME_CUT)
                return
            if self._failed:
                raise self._failed[0]
            if not len(block):
                return
            position += len(block)
            yield block

    @property
    def promised(self) -> int | None:
        """Frames that it surely should have."""
        # What an MP3's frames hold, counted one by one, where no header says what encoders added.
        return self._link.frames if self._guessed else super().promised

    def _read_to_the_end(self) -> None:
        """Read through a pipe from now on.

        libsndfile believes a length that was guessed from the first frame's bit rate, and stops there, be it
        in mid-music. In a pipe it cannot guess.
        """
        reading, writing = os.pipe()
        arguments = (self._file, self._link, writing, self._failed)
        Thread(target=_pump, args=arguments, daemon=True).start()
        try:
            sound = _ForwardOnly(reading, closefd=False)
        except soundfile.LibsndfileError:
            os.close(reading)
            return  # rather the guess than nothing
        self._sound.close()
        self._sound, self._pipe = sound, reading

    def close(self) -> None:
        """Let go of the file."""
        if not self._sound.closed:
            self._sound.close()
            if self._pipe is not None:
                os.close(self._pipe)  # the pump then ends
            if self._owns:
                os.close(self._file)


def _more_than(limit: int, pipe: int) -> bool:
    """Whether more bytes than that are still to come; takes them."""
    while limit >= 0:
        data = os.read(pipe, limit + 1)
        if not data:
            return False
        limit -= len(data)
    return True


def _pump(source: int, link: Link, target: int, failed: list[OSError]) -> None:
    """Copy part of a file into a pipe, until its end or until nobody reads."""
    position = link.start
    try:
        while data := _next(source, link.end, position, failed):
            position += len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(target, view) :]
    except OSError:  # the reader has gone
        pass
    finally:
        os.close(target)


def _next(source: int, end: int, position: int, failed: list[OSError]) -> bytes:
    try:
        return os.pread(source, min(1 << 16, end - position), position)
    except OSError as error:  # also where the source has gone with the reader, who then asks no more
        failed.append(error)
        return b""
