"""What every opened recording has in common: checks of the header and of each block of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.audio.containers.extent import Extent
from styleshift.audio.formats import is_lossless
from styleshift.audio.things import Thing
from styleshift.errors import AudioError
from styleshift.words import Remark

LOWEST_RATE, HIGHEST_RATE = 1000, 768_000
MOST_CHANNELS = 64
# 120 dB over full scale: no recording, but bytes that were never samples. Kept well inside float32, so
# that sums of squares further on stay finite.
LARGEST_SAMPLE = 1e6
# Encoders add samples at both ends, and not every format says how many to take off.
_CODEC_SECONDS = 0.2
# Containers that tell lengths in units of their own.
_UNIT_SECONDS = {"MATROSKA": 0.002, "ASF": 0.02}
# Their headers count the whole sound, and decoders repeat that, however much of it is there.
_COUNTED = frozenset({"MP3", "FLAC"})


# Decoders' words of what no recording has, and others, where they mislead.
_ABSURD = {
    "Internal error : SF_INFO struct incomplete": "the sample rate in its header is no sample rate",
    "Too many channels specified": "too many channels in its header",
    "Channel count is zero": "no channels in its header",
}
ABSURD = frozenset(_ABSURD.values())
_CLEARER = _ABSURD | {
    "File does not exist or is not a regular file (possibly a pipe?)": "no audio frame in it",
    "unknown error in flac decoder": "its FLAC header is damaged",
    "Unspecified internal error": "its decoder gave up",
    "File contains data in an unimplemented format": "an encoding that libsndfile does not know",
    "Internal psf_fseek() failed": "its decoder gave up",
}


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a file's header says.

    Attributes:
        format: libsndfile's name of the container (``WAV``, ``FLAC``, ``OGG``, ``MP3``, ``AIFF``, ...) or
            FFmpeg's, in capitals (``MOV``).
        subtype: libsndfile's name of the encoding (``PCM_16``, ``VORBIS``, ...) or FFmpeg's codec name.
        sample_rate: Hz.
        channels: 1 or more.
        frames: sample frames, None where the header leaves it open; never trust it for an allocation.
        reader: ``soundfile`` or ``pyav``.
        bits: of a sample, where the encoding's name does not say, or fewer count than it says; 0: neither.
    """

    format: str
    subtype: str
    sample_rate: int
    channels: int
    frames: int | None
    reader: str
    bits: int = 0

    @property
    def seconds(self) -> float | None:
        """Length by the header."""
        return None if self.frames is None else self.frames / self.sample_rate


def shown(path: Path) -> str:
    """A file's name for a message."""
    return path.name.encode("utf-8", "backslashreplace").decode("utf-8")


def plain_words(error: Exception) -> str:
    """What a library says, without the object that it says it of, its prefix and full stop."""
    words = getattr(error, "error_string", "") or getattr(error, "strerror", "") or str(error)
    text = str(words).strip().rstrip(".").removeprefix("Error : ").removeprefix("Error: ")
    if not text or text.startswith("Error number"):
        return "its decoder gave up"
    return _CLEARER.get(text, text[:1].lower() + text[1:])


def refusal(path: Path, said: str, hint: str = "", *, reason: str = "unreadable") -> AudioError:
    """What to raise of one recording, by its name."""
    return AudioError(f"{shown(path)}: {said}", hint, reason=reason)


def not_read(path: Path, said: str, *, reason: str = "unreadable") -> AudioError:
    """What to raise of a file that no decoder here makes sound of, whatever its name says."""
    hint = "play it elsewhere: if it plays, save it as WAV or FLAC; if not, it is damaged or no recording"
    return refusal(path, said, hint, reason=reason)


def damage(path: Path, said: str) -> AudioError:
    """What to raise of a recording whose bytes are not those that were written."""
    return refusal(path, said, "fetch the file again, or repair it", reason="damaged")


def cannot_be_read(path: Path, error: OSError) -> AudioError:
    """What to raise where the disk, or the network, does not give a recording's bytes."""
    return refusal(path, f"cannot be read: {error.strerror or error}")


def check_header(path: Path, sample_rate: int, channels: int) -> None:
    """Refuse what no recording has.

    Raises:
        AudioError: reason ``absurd header``.
    """
    if not LOWEST_RATE <= sample_rate <= HIGHEST_RATE:
        raise refusal(
            path,
            f"its header claims a sample rate of {sample_rate} Hz; "
            f"{LOWEST_RATE} to {HIGHEST_RATE} are possible",
            reason="absurd header",
        )
    if not 1 <= channels <= MOST_CHANNELS:
        raise refusal(
            path,
            f"its header claims {channels} channels; 1 to {MOST_CHANNELS} are possible",
            reason="absurd header",
        )


class DecodedStream:
    """An opened file, read once from its start to its end; see :class:`styleshift.hooks.AudioStream`.

    Args:
        path: for messages.
        info: what its header says.
        allow_cut: a file that ends before its header says gives a warning instead of an error.
        extent: what its container says.

    Attributes:
        extras: what else the file holds and is not read, such as ``a video``.
        warnings: plain sentences, complete once ``blocks`` has ended.
        cut: whether the file ended before its header says; known once ``blocks`` has ended.
    """

    def __init__(self, path: Path, info: AudioInfo, *, allow_cut: bool, extent: Extent) -> None:
        self.path = path
        self.info = info
        self.sample_rate = info.sample_rate
        self.channels = info.channels
        self.frames = info.frames
        self.warnings: list[str] = list(extent.notes)
        self.extras: list[Thing] = list(extent.extras)
        self.cut = False
        self._extent = extent
        self._allow_cut = allow_cut
        # Files of floats may hold anything, and what FFmpeg decodes is of many kinds. Integers cannot be NaN,
        # infinite or huge, and libsndfile's lossy decoders compute what is bounded.
        self._may_be_odd = info.subtype in ("FLOAT", "DOUBLE") or info.reader != "soundfile"

    def __enter__(self) -> DecodedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def blocks(self, frames: int) -> Iterator[Float32Array]:
        """Blocks ``[1 to frames, channels]`` float32, C-contiguous, full scale at 1.0; each is new.

        Files of floats are checked, sample by sample: what comes out is finite and of a size that sound has.

        Raises:
            AudioError: damaged from here on (``damaged``), NaN or infinity (``not finite``), no samples at
                all (``too short``), the disk does not give its bytes (``unreadable``).
        """
        position = 0
        for block in self._decoded(frames):
            if self._may_be_odd:
                # One pass over the data finds anything that is odd; only then look closer.
                power = float(np.einsum("ij,ij->", block, block))
                if not power < LARGEST_SAMPLE**2:
                    self._refuse_odd(block, position)
            position += len(block)
            yield block
        if not position:
            raise self._no_sound()
        self._check_length(position)

    def blocks_to_damage(
        self, frames: int, told: Callable[[AudioError], None] = lambda error: None
    ) -> Iterator[Float32Array]:
        """As :meth:`blocks`, but those up to the first damage.

        Args:
            frames: as there.
            told: is given what is damaged.

        Raises:
            AudioError: there is no sound before the damage, or it is no damage.
        """
        some = False
        try:
            for block in self.blocks(frames):
                some = True
                yield block
        except AudioError as error:
            if not some or error.reason != "damaged":
                raise
            told(error)

    def check_promise(self) -> None:
        """Look whether the file is whole by what its container says, without decoding it.

        Raises:
            AudioError: bytes are missing or damaged (``damaged``); there is no sound (``too short``).
        """
        self._check_length(self.frames)
        if self.frames == 0 and self.info.reader == "soundfile":  # FFmpeg's 0 may be a guess
            raise self._no_sound()

    def close(self) -> None:
        """Let go of the file."""

    def _decoded(self, frames: int) -> Iterator[Float32Array]:
        try:
            yield from self._decode(frames)
        except OSError as error:
            raise cannot_be_read(self.path, error) from error

    def _decode(self, frames: int) -> Iterator[Float32Array]:
        raise NotImplementedError

    @property
    def promised(self) -> int | None:
        """Frames that the file surely should have; None where the header only guesses."""
        missing = self._extent.missing
        if self.frames is None or not 0 < missing < 1 or self.info.format in _COUNTED:
            return self.frames
        return round(self.frames / (1 - missing))  # a decoder counts the bytes that are there; undo that

    def _no_sound(self) -> AudioError:
        return refusal(self.path, "holds no sound (0 samples)", reason="too short")

    def _refuse_odd(self, block: Float32Array, position: int) -> None:
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            first = (position + int(np.argmin(finite))) / self.sample_rate
            raise refusal(
                self.path,
                f"NaN or infinity instead of a sample at {first:.3f} s",
                "export the recording again from the program it was made with",
                reason="not finite",
            )
        largest = float(np.abs(block).max())
        if largest > LARGEST_SAMPLE:
            raise refusal(
                self.path, f"samples up to {largest:.3g} times full scale are not sound", reason="damaged"
            )

    def _check_length(self, position: int | None) -> None:
        """The one judge of completeness: what the container says against what was decoded."""
        if self._extent.damage:
            raise damage(self.path, f"damaged inside: {self._extent.damage}")
        text = self._extent.cut
        promised = self.promised
        lossless = is_lossless(self.info.subtype)
        seconds = _CODEC_SECONDS if not lossless else _UNIT_SECONDS.get(self.info.format, 0.0)
        slack = round(seconds * self.sample_rate)
        if promised is not None and position is not None and position < promised - slack:
            text = (
                f"its header promises {promised / self.sample_rate:.3g} s, "
                f"{position / self.sample_rate:.3g} s are there"
            )
        if not text:
            return
        if not self._allow_cut:
            raise refusal(self.path, f"cut short: {text}", "fetch the file again", reason="damaged")
        self.cut = True
        self.warnings.append(Remark(f"cut short: {text}", "cut short"))
