"""Opens a recording by what it holds, not by what it is called.

libsndfile (through soundfile) reads WAV, FLAC, OGG (Vorbis, Opus, FLAC), MP3, AIFF and more; PyAV, where it
is installed, reads M4A and what else FFmpeg knows. A decoder is a stranger's C code on a stranger's file:
whoever reads a library does it in worker processes, so that a crash costs one file.
"""

from __future__ import annotations

import importlib.util
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from styleshift.audio.container import SoundChunk, demuxer, has_mp3_length, sound_chunk
from styleshift.audio.formats import format_of
from styleshift.audio.stream import AudioInfo, DecodedStream, check_header, shown
from styleshift.errors import AudioError

if TYPE_CHECKING:
    import numpy.typing as npt

    Float32Array = npt.NDArray[np.float32]

# libsndfile's "unknown", SF_COUNT_MAX, and anything near it.
_NO_LENGTH = 1 << 60
# An MP3 may end in so much of what is no frame: half a frame, tags, padding.
_TRAILER_BYTES = 1 << 16
_WITH_SOUND_CHUNK = frozenset({"WAV", "WAVEX", "RF64", "AIFF"})

# libsndfile's words, where they mislead.
_CLEARER = {
    "File does not exist or is not a regular file (possibly a pipe?)": "no audio frame in it",
    "Internal error : SF_INFO struct incomplete": "the sample rate in its header is no sample rate",
    "Too many channels specified": "too many channels in its header",
    "Channel count is zero": "no channels in its header",
    "unknown error in flac decoder": "its FLAC header is damaged",
    "Unspecified internal error": "its decoder gave up",
    "File contains data in an unimplemented format": "an encoding that libsndfile does not know",
    "Internal psf_fseek() failed": "its decoder gave up",
}
_ABSURD = frozenset(
    _CLEARER[words]
    for words in (
        "Internal error : SF_INFO struct incomplete",
        "Too many channels specified",
        "Channel count is zero",
    )
)

PYAV_HINT = "pip install 'styleshift[m4a]' lets styleshift read it"


def open_audio(path: Path, *, allow_cut: bool = False) -> DecodedStream:
    """Open a recording for one pass.

    Args:
        path: any name that the file system holds.
        allow_cut: take what is there of a file that ends before its header says, with a warning in
            ``stream.warnings``, instead of an error at its end.

    Returns:
        The stream; close it, or use it in a ``with`` statement.

    Raises:
        AudioError: ``unreadable``, ``unsupported``, ``absurd header`` or ``damaged``. Damage further on is
            found, and raised, by ``blocks``.
    """
    file = _open_regular(path)
    try:
        return SoundFileStream(path, file, allow_cut=allow_cut)
    except AudioError:
        os.close(file)
        raise
    except soundfile.LibsndfileError as error:
        os.close(file)
        return _open_otherwise(path, _plain(error), allow_cut)


def probe(path: Path) -> AudioInfo:
    """What a recording's header says; raises as :func:`open_audio` does."""
    with open_audio(path) as stream:
        return stream.info


class _ForwardOnly(soundfile.SoundFile):  # type: ignore[misc]
    """A file that is never sought in.

    soundfile seeks to where it is after every read. In an MP3 that loses the bit reservoir, and with it
    samples; in a FLAC with a forged length it fails; everywhere it costs time.
    """

    def seekable(self) -> bool:
        return False


class SoundFileStream(DecodedStream):
    """A recording that libsndfile reads. Takes the file descriptor over once it is made.

    A descriptor and not a name: libsndfile wants names in UTF-8, which a name need not be, and a descriptor
    is read without calling back into Python.
    """

    def __init__(self, path: Path, file: int, *, allow_cut: bool) -> None:
        chunk, known_length = _promises(file)
        sound = _ForwardOnly(file, closefd=False)
        try:
            check_header(path, sound.samplerate, sound.channels)
            frames = sound.frames if 0 <= sound.frames < _NO_LENGTH else None
            guessed = sound.format == "MP3" and not known_length
            if guessed:
                frames = None
            info = AudioInfo(
                sound.format, sound.subtype, sound.samplerate, sound.channels, frames, "soundfile"
            )
            if chunk and chunk.declared == 0 and chunk.available > 0:
                raise AudioError(
                    f"{shown(path)}: an unfinished recording, its header says 0 samples "
                    f"and {chunk.available} bytes follow",
                    "an audio editor can import it as raw data and save it whole",
                    reason="damaged",
                )
        except AudioError:
            sound.close()
            raise
        super().__init__(path, info, allow_cut=allow_cut)
        self._file = file
        self._sound = sound
        self._guessed = guessed
        self._pipe: int | None = None
        self._share = 1.0
        if info.format in _WITH_SOUND_CHUNK and chunk and chunk.declared:
            self._share = min(1.0, chunk.available / chunk.declared)

    def _decode(self, frames: int) -> Iterator[Float32Array]:
        if self._guessed:
            self._read_to_the_end()
        position = 0
        while True:
            block = np.empty((frames, self.channels), np.float32)
            if self._pipe is not None:
                block.fill(np.nan)  # tells, after an error, how much was decoded before it
            try:
                block = self._sound.read(frames, dtype="float32", always_2d=True, out=block)
            except soundfile.LibsndfileError as error:
                if self._pipe is None or _more_than(_TRAILER_BYTES, self._pipe):
                    raise AudioError(
                        f"{shown(self.path)}: damaged somewhere after {position / self.sample_rate:.1f} s "
                        f"({_plain(error)})",
                        "fetch the file again, or repair it",
                        reason="damaged",
                    ) from error
                # The error is the end: a last frame that is not whole, or padding after it.
                self.warnings.append("its last MP3 frame is incomplete")
                block = block[: len(block) - int(np.isnan(block[:, 0]).sum())]
                if len(block):
                    yield block
                return
            if not len(block):
                return
            position += len(block)
            yield block

    def _read_to_the_end(self) -> None:
        """Read through a pipe from now on.

        libsndfile believes a length that was guessed from the first frame's bit rate, and stops there, be it
        in mid-music. In a pipe it cannot guess.
        """
        reading, writing = os.pipe()
        Thread(target=_pump, args=(self._file, writing), daemon=True).start()
        try:
            sound = _ForwardOnly(reading, closefd=False)
        except soundfile.LibsndfileError:
            os.close(reading)
            return  # rather the guess than nothing
        self._sound.close()
        self._sound, self._pipe = sound, reading

    def check_promise(self) -> None:
        """See :meth:`DecodedStream.check_promise`; WAV and AIFF say how many bytes they have."""
        if self.frames is not None:
            self._check_length(self.frames)

    def _promised(self) -> int | None:
        if self.frames is None:
            return None
        # libsndfile counts a WAV's frames by the bytes that are there; undo that.
        return round(self.frames / self._share) if self._share > 0 else self.frames

    def close(self) -> None:
        """Let go of the file."""
        if not self._sound.closed:
            self._sound.close()
            if self._pipe is not None:
                os.close(self._pipe)  # the pump then ends
            os.close(self._file)


def _more_than(limit: int, pipe: int) -> bool:
    """Whether more bytes than that are still to come; takes them."""
    while limit >= 0:
        data = os.read(pipe, limit + 1)
        if not data:
            return False
        limit -= len(data)
    return True


def _pump(source: int, target: int) -> None:
    """Copy a file into a pipe, until its end or until nobody reads."""
    position = 0
    try:
        while data := os.pread(source, 1 << 16, position):
            position += len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(target, view) :]
    except OSError:  # the reader has gone, and the source with it
        pass
    finally:
        os.close(target)


def _open_regular(path: Path) -> int:
    try:
        # A pipe would block for ever; look before opening.
        if not stat.S_ISREG(path.stat().st_mode):
            kind = "a folder" if path.is_dir() else "no regular file"
            raise AudioError(f"{shown(path)}: is {kind}", reason="unreadable")
        file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        if os.fstat(file).st_size == 0:
            os.close(file)
            raise AudioError(f"{shown(path)}: is empty (0 bytes)", reason="unreadable")
        return file
    except OSError as error:
        raise AudioError(
            f"{shown(path)}: cannot be opened: {error.strerror or error}", reason="unreadable"
        ) from error


def _promises(file: int) -> tuple[SoundChunk | None, bool]:
    with os.fdopen(os.dup(file), "rb") as view:
        chunk = sound_chunk(view)
        known = has_mp3_length(view)
        view.seek(0)
    return chunk, known


def _open_otherwise(path: Path, why: str, allow_cut: bool) -> DecodedStream:
    with path.open("rb") as view:
        kind = demuxer(view)
    if kind is not None and importlib.util.find_spec("av") is not None:
        from styleshift.audio.pyav import PyAVStream

        return PyAVStream(path, kind, allow_cut=allow_cut)
    row = format_of(path)
    if kind is not None or (row is not None and row.reader == "pyav"):
        if importlib.util.find_spec("av") is not None:
            raise AudioError(f"{shown(path)}: is not what its name says ({why})", reason="unreadable")
        raise AudioError(
            f"{shown(path)}: a format that needs the PyAV package, which is not installed",
            PYAV_HINT,
            reason="unsupported",
        )
    reason = "absurd header" if why in _ABSURD else "unreadable"
    raise AudioError(f"{shown(path)}: is no recording that can be read ({why})", reason=reason)


def _plain(error: soundfile.LibsndfileError) -> str:
    """The library's own words, without its prefix and full stop."""
    text = str(error.error_string).strip().rstrip(".")
    for prefix in ("Error : ", "Error: "):
        text = text.removeprefix(prefix)
    return _CLEARER.get(text, text[:1].lower() + text[1:])
