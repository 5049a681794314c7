"""Writes a recording so that a whole file appears, or none.

Samples go to a temporary name in the same folder; at the end it is flushed to disk, opened again to see that
it holds what was written, and renamed.
"""

from __future__ import annotations

import contextlib
import io
import secrets
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from styleshift.arrays import Float32Array
from styleshift.audio.containers.ogg import set_serial
from styleshift.audio.formats import DEPTHS, OutputFormat
from styleshift.audio.mp3_scale import mp3_scale
from styleshift.audio.stream import plain_words, refusal
from styleshift.audio.tags.model import Chapter
from styleshift.audio.wave_header import set_frames
from styleshift.errors import AudioError
from styleshift.system.files import flush_to_disk

TEMPORARY_PREFIX = ".styleshift-"
# libsndfile crashes when a minute or more of Ogg Vorbis comes in one call.
_FRAMES_PER_CALL = 16384
# A WAV counts its bytes in 32 bits; beyond that, RF64, which the same programs read.
_WAV_LIMIT = 0xFFFFFFFF - (1 << 16)
# Lossy codecs pad to whole packets; what comes back may be longer or shorter by a few of them.
_LOSSY_SLACK = 8192


_ROUNDED = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24")  # a sample of 32 bits is finer than float32


# What an encoder raises that does not take a rate or number of channels.
_NOT_TAKEN = (soundfile.SoundFileError, ValueError, TypeError, OSError)
_FLAC_CHANNELS = 8


class Encoder(Protocol):
    """What takes samples and writes bytes to the file object that it was made with."""

    def write(self, block: Float32Array) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class RememberingFile(io.FileIO):
    """A file that remembers the first error of a write and lets the encoder go on.

    libsndfile calls back from C, where an exception has nowhere to go, and it does not tell of a disk that
    fills up while it closes.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of ``data``; after an error, nothing, and 0."""
        if self.error is not None:
            return 0
        view = memoryview(data).cast("B")
        done = 0
        try:
            while done < len(view):
                done += super().write(view[done:]) or 0
        except OSError as error:
            self.error = error
        return done


class AudioWriter:
    """Writes one file; a context manager: left in good order it finishes the file, by an error removes it.

    Args:
        path: the final name; its folder exists. A file of that name is replaced in one step.
        sample_rate: Hz.
        channels: of the blocks.
        format: see :mod:`styleshift.audio.formats`.
        frames: the length that is expected, if known; decides whether a WAV must become an RF64.
        on_written: called with the temporary file's path when its samples are complete, before it is
            renamed: the place to write tags.
        token: letters and digits that the temporary file's name begins with, so that whoever has to end this
            process by force can remove exactly its files.
        chapters: written where they stand beside the sound and not among the tags: in an M4A.

    Attributes:
        frames: that were written.
        held: frames that the finished file holds, by its own header; some formats have whole blocks only.

    Raises:
        AudioError: ``cannot write``: the format does not take this rate or number of channels, the folder
            cannot be written to, the disk is full.
    """

    def __init__(
        self,
        path: Path,
        *,
        sample_rate: int,
        channels: int,
        format: OutputFormat,
        frames: int | None = None,
        on_written: Callable[[Path], object] = lambda path: None,
        token: str = "",
        chapters: Sequence[Chapter] = (),
    ) -> None:
        self.path = path
        self.sample_rate = sample_rate
        self.channels = channels
        self.format = format
        self.frames = self.held = 0
        self._on_written = on_written
        # libsndfile rounds down where it clips, which makes -1 of what is just below 0.
        bits = DEPTHS[format.subtype] if format.subtype in _ROUNDED else 0
        self._steps = np.float32(2 ** (bits - 1)) if bits else None
        name = f"{TEMPORARY_PREFIX}{token}{secrets.token_hex(8)}{format.extension}"
        self._temporary = path.with_name(name)
        try:
            self._file = RememberingFile(self._temporary, "w+b")
        except OSError as error:
            raise self._failure(f"cannot be written: {error.strerror or error}") from error
        try:
            self._encoder = _encoder(self._file, format, sample_rate, channels, frames, chapters)
        except BaseException as error:
            self._discard()
            if isinstance(error, _NOT_TAKEN):
                raise not_taken(path, format, sample_rate, channels, error) from error
            raise
        self._scale = np.float32(mp3_scale(format, sample_rate, channels))

    def write(self, block: Float32Array) -> None:
        """Append samples ``[n, channels]`` float32, finite; beyond full scale, integer formats clip them.

        Raises:
            AudioError: the disk is full (``cannot write``), or a sample is NaN or infinite (``not finite``):
                encoders abort the whole process on these.
        """
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise ValueError(f"block has shape {block.shape}; it must be [n, {self.channels}]")
        if not np.isfinite(np.vdot(block, block)) and not np.isfinite(block).all():
            raise refusal(
                self.path,
                f"NaN or infinity would be written after {self.frames / self.sample_rate:.3f} s",
                reason="not finite",
            )
        block = np.ascontiguousarray(block, dtype=np.float32)
        if self._steps is not None:
            block = np.rint(block * self._steps) / self._steps
        if self._scale != 1:
            block = block / self._scale  # beyond full scale it does not clip before LAME makes it softer
        for start in range(0, len(block), _FRAMES_PER_CALL):
            self._guard(partial(self._encoder.write, block[start : start + _FRAMES_PER_CALL]))
        self.frames += len(block)

    def finish(self) -> None:
        """Complete, verify and rename the file.

        Raises:
            AudioError: ``cannot write``; nothing is left behind then.
        """
        try:
            self._guard(self._encoder.close)
            container, subtype = self.format.container, self.format.subtype
            self._guard(lambda: set_frames(self._file.fileno(), container, subtype, self.frames))
            if self.format.container == "OGG":
                self._guard(lambda: set_serial(self._file.fileno()))
            self._file.close()
            self._on_written(self._temporary)
            flush_to_disk(self._temporary)
            self._verify()
            self._temporary.replace(self.path)
        except BaseException as error:
            self._discard()
            if isinstance(error, OSError):
                raise self._failure(f"cannot be written: {error.strerror or error}") from error
            raise

    def abort(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(Exception):
            self._encoder.close()
        self._discard()

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abort()

    def _guard(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (soundfile.SoundFileError, OSError, ValueError, AssertionError) as error:
            if self._file.error is None:
                raise self._failure(
                    f"cannot be encoded as {self.format.name}: {plain_words(error)}"
                ) from error
        if (cause := self._file.error) is not None:
            raise self._failure(f"cannot be written: {cause.strerror or cause}") from cause

    def _verify(self) -> None:
        from styleshift.audio.read import probe

        try:
            info = probe(self._temporary)
        except AudioError as error:
            raise self._failure("cannot be read back after it was written") from error
        self.held = self.frames if info.frames is None else info.frames
        slack = _LOSSY_SLACK if self.format.lossy else 0
        if info.channels != self.channels or (
            info.frames is not None and abs(info.frames - self.frames) > slack
        ):
            raise self._failure(
                f"holds {info.frames} frames of {info.channels} channels, after {self.frames} of "
                f"{self.channels} were written"
            )

    def _discard(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _failure(self, what: str, hint: str = "") -> AudioError:
        return refusal(self.path, what, hint, reason="cannot write")


def check_taken(path: Path, format: OutputFormat, sample_rate: int, channels: int) -> None:
    """See that a format takes so many channels at a rate, by trying it in memory.

    Args:
        path: of the output, for the message.
        format: of the output.
        sample_rate: Hz.
        channels: 1 or more.

    Raises:
        AudioError: as :class:`AudioWriter` does (``cannot write``).
    """
    if (error := _refused(format, sample_rate, channels)) is not None:
        raise not_taken(path, format, sample_rate, channels, error) from error


@cache
def _refused(format: OutputFormat, sample_rate: int, channels: int) -> Exception | None:
    """What an encoder raises as it is made."""
    try:
        encoder = _encoder(io.BytesIO(), format, sample_rate, channels, None, ())
    except _NOT_TAKEN as error:
        return error.with_traceback(None)
    with contextlib.suppress(Exception):  # there is no sound in it
        encoder.close()
    return None


def not_taken(
    path: Path, format: OutputFormat, sample_rate: int, channels: int, error: Exception
) -> AudioError:
    """What to raise where an encoder cannot be made."""
    # libsndfile has one word for all of them, which sounds as if the source were meant.
    why = "" if isinstance(error, soundfile.SoundFileError) else f" ({plain_words(error)})"
    said = f"{format.name} does not take {channels} channels at {sample_rate} Hz{why}"
    other = "wav" if channels > _FLAC_CHANNELS or format.name == "flac" else "flac"
    return refusal(path, said, f"another `audio_format`, such as {other}", reason="cannot write")


def _encoder(
    file: RememberingFile | io.BytesIO,
    format: OutputFormat,
    sample_rate: int,
    channels: int,
    frames: int | None,
    chapters: Sequence[Chapter],
) -> Encoder:
    if format.container == "M4A":
        from styleshift.audio.pyav import PyAVEncoder

        return PyAVEncoder(file, format, sample_rate, channels, chapters)
    container = format.container
    size = (frames or 0) * channels * DEPTHS.get(format.subtype, 16) // 8
    if container in ("WAV", "WAVEX") and size > _WAV_LIMIT:
        container = "RF64"
    bits: Any = {"compression_level": format.compression_level, "bitrate_mode": format.bitrate_mode}
    encoder: Encoder = soundfile.SoundFile(
        file, "w", sample_rate, channels, format.subtype, format=container, **bits
    )
    return encoder


def remove_leftovers(folder: Path, token: str = "") -> int:
    """Remove the temporary files that killed writers (of this token) left directly in a folder; how many."""
    count = 0
    for path in folder.glob(f"{TEMPORARY_PREFIX}{token}*"):
        path.unlink(missing_ok=True)
        count += 1
    return count
