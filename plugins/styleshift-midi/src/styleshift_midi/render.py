"""A MIDI file as a stream of audio: FluidSynth renders ahead of the reader, a pipe's length at most."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

from styleshift.errors import AudioError
from styleshift_midi.midi import HEADER, MidiDamageError, play_with
from styleshift_midi.settings import INSTALL, Settings

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SAMPLE_RATE = 44100
CHANNELS = 2
FRAME_BYTES = CHANNELS * 4
# A file of a few bytes can ask for years of silence.
LONGEST_SECONDS = 3 * 3600
LARGEST_BYTES = 64 << 20


class MidiStream:
    """A rendering in progress; see :class:`styleshift.hooks.AudioStream`."""

    sample_rate: int = SAMPLE_RATE
    channels: int = CHANNELS
    frames: int | None = None

    def __init__(self, path: Path, settings: Settings, command: str) -> None:
        self._path = path
        self._open = ExitStack()
        try:
            played = self._to_play(path, settings)
            # A pipe for its complaints could fill up and block it; a file cannot.
            self._complaints: IO[bytes] = self._open.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            self._process = subprocess.Popen(
                _command_line(command, settings, played),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
            )
        except BaseException:
            self._open.close()
            raise
        assert self._process.stdout is not None
        self._audio = self._open.enter_context(self._process.stdout)

    def blocks(self, frames: int) -> Iterator[npt.NDArray[np.float32]]:
        """Blocks ``[at most frames, 2]`` float32, full scale at 1.0.

        Raises:
            AudioError: FluidSynth refuses the file, or the music is longer than three hours.
        """
        import numpy as np

        total = 0
        while data := self._audio.read(frames * FRAME_BYTES):
            # Less than was asked for comes at the end only; a torn last frame would be FluidSynth's death.
            block = np.frombuffer(data[: len(data) // FRAME_BYTES * FRAME_BYTES], "<f4")
            if block.size:
                yield block.reshape(-1, CHANNELS).astype(np.float32)
            total += frames
            if total > LONGEST_SECONDS * SAMPLE_RATE:
                raise AudioError(
                    f"{self._path} renders to more than {LONGEST_SECONDS // 3600} hours of audio",
                    "cut it into pieces",
                    reason="absurd header",
                )
        status = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read(4096).decode("utf-8", "replace")
        errors = [line for line in said.splitlines() if "error:" in line]
        if status != 0 or errors:
            reason = errors[0].split("error:", 1)[1].strip() if errors else f"it ended with status {status}"
            raise AudioError(f"FluidSynth cannot render {self._path}: {reason}", reason="damaged")

    def close(self) -> None:
        """End FluidSynth, wherever it is, and remove what was made for it."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._open.close()

    def _to_play(self, path: Path, settings: Settings) -> Path:
        if settings.instrument is None:
            return path.absolute()
        try:
            data = play_with(path.read_bytes(), settings.instrument)
        except MidiDamageError as error:
            raise AudioError(f"{path} is damaged: {error}", reason="damaged") from error
        file = self._open.enter_context(tempfile.NamedTemporaryFile(suffix=".mid"))  # noqa: SIM115
        file.write(data)
        file.flush()
        return Path(file.name)


def open_midi(path: Path, settings: Settings) -> MidiStream:
    """Begin to render a MIDI file.

    Raises:
        AudioError: it is no MIDI file, or FluidSynth or a sound font is missing.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(len(HEADER))
    except OSError as error:
        raise AudioError(f"{path} cannot be read: {error.strerror}") from error
    if head != HEADER:
        raise AudioError(f"{path} is no MIDI file", "remove it, or give it the name of what it is")
    if size > LARGEST_BYTES:
        raise AudioError(
            f"{path} has {size >> 20} MiB; a MIDI file has {LARGEST_BYTES >> 20} at most",
            reason="absurd header",
        )
    command = shutil.which("fluidsynth")
    if command is None:
        raise AudioError(
            f"{path} is a MIDI file, and FluidSynth, which renders them, is not installed",
            INSTALL,
            reason="unsupported",
        )
    return MidiStream(path, settings, command)


def _command_line(command: str, settings: Settings, played: Path) -> list[str | Path]:
    def switch(on: bool) -> str:
        return "1" if on else "0"

    return [
        command,
        "-niq",  # no MIDI input, no shell, no banner
        *("-f", "/dev/null"),  # a person's own FluidSynth settings would change the sound
        *("-o", "synth.dynamic-sample-loading=1"),  # only the samples of the notes played: 45 MB, not 170
        *("-R", switch(settings.reverb)),
        *("-C", switch(settings.chorus)),
        *("-g", f"{settings.gain:g}"),
        *("-r", str(SAMPLE_RATE)),
        *("-T", "raw", "-O", "float", "-E", "little", "-F", "-"),
        settings.font().absolute(),
        played,
    ]
