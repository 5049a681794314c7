"""How a domain's MIDI files are rendered: the ``midi.toml`` in its folder, and the sound font."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from styleshift.errors import AudioError, ConfigError

SETTINGS_FILE = "midi.toml"
FONT_VARIABLE = "STYLESHIFT_SOUNDFONT"
# Debian's and Ubuntu's fluid-soundfont-gm, then other systems' usual places and fonts.
USUAL_FONTS = (
    "/usr/share/sounds/sf2/FluidR3_GM.sf2",
    "/usr/share/soundfonts/FluidR3_GM.sf2",
    "/usr/share/sounds/sf2/default-GM.sf2",
    "/usr/share/sounds/sf3/default-GM.sf3",
    "/usr/share/soundfonts/default.sf2",
    "/opt/homebrew/share/soundfonts/default.sf2",
    "/usr/local/share/soundfonts/default.sf2",
)
INSTALL = "apt install fluidsynth fluid-soundfont-gm"


@dataclass(frozen=True, slots=True)
class Settings:
    """The keys of ``midi.toml``; everything has a default, and so has the file.

    Attributes:
        soundfont: an .sf2 or .sf3 file, relative to the domain's folder; None is the one of the system.
        instrument: General MIDI program 0 to 127 that plays all but the drums; None leaves it to the files.
        gain: FluidSynth's master gain, above 0, at most 10.
        reverb: of FluidSynth, on or off.
        chorus: of FluidSynth, on or off.
    """

    soundfont: Path | None = None
    instrument: int | None = None
    gain: float = 0.4
    reverb: bool = True
    chorus: bool = False

    def font(self) -> Path:
        """The sound font that is used.

        Raises:
            AudioError: there is none, or it is no sound font.
        """
        named = self.soundfont or (Path(value) if (value := os.environ.get(FONT_VARIABLE)) else None)
        if named is None:
            named = next((Path(name) for name in USUAL_FONTS if Path(name).is_file()), None)
        if named is None:
            raise AudioError(
                "there is no sound font to render MIDI with",
                f"{INSTALL}, or set {FONT_VARIABLE} to an .sf2 or .sf3 file",
                reason="unsupported",
            )
        try:
            with named.open("rb") as file:
                head = file.read(12)
        except OSError as error:
            raise AudioError(
                f"the sound font {named} cannot be read: {error.strerror}",
                f"{INSTALL}, or name another in {SETTINGS_FILE} or {FONT_VARIABLE}",
                reason="unsupported",
            ) from error
        # FluidSynth would fall back to another font, in silence.
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise AudioError(
                f"{named} is no sound font",
                f"name an .sf2 or .sf3 file in {SETTINGS_FILE}",
                reason="unsupported",
            )
        return named

    def version(self) -> str:
        """All that decides the sound beside the MIDI file; the same sound has the same version."""
        try:
            font = self.font()
            state = font.stat()
            sound = f"font {font_hash(font, state.st_size, state.st_mtime_ns)}"
        except (AudioError, OSError):
            sound = "no font"  # opening a recording says why
        return (
            f"FluidSynth {synthesiser_version()}, {sound}, instrument {self.instrument}, gain {self.gain:g}, "
            f"reverb {self.reverb}, chorus {self.chorus}"
        )


def read_settings(folder: Path, defaults: Settings | None = None) -> Settings:
    """The settings of a domain: those of ``folder/midi.toml``, and ``defaults`` where it says nothing.

    Raises:
        ConfigError: the file cannot be read, has an unknown key, or a value that does not fit.
    """
    defaults = defaults or Settings()
    file = folder / SETTINGS_FILE
    try:
        values = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return defaults
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}", "fix or remove it") from error
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key == "soundfont" and isinstance(value, str):
            made[key] = folder / Path(value).expanduser()
        elif key == "instrument" and isinstance(value, int | str) and not isinstance(value, bool):
            made[key] = program_number(value, file)
        elif (
            key == "gain"
            and isinstance(value, int | float)
            and not isinstance(value, bool)
            and 0 < value <= 10
        ):
            made[key] = float(value)
        elif key in ("reverb", "chorus") and isinstance(value, bool):
            made[key] = value
        elif key in Settings.__dataclass_fields__:
            raise ConfigError(f"{file}: {key} is {value!r}", f"it may be {_WANTED[key]}")
        else:
            raise ConfigError(f"{file} has an unknown key {key!r}", f"it may have {', '.join(_WANTED)}")
    return replace(defaults, **made)


_WANTED = {
    "soundfont": "the path of an .sf2 or .sf3 file",
    "instrument": "a General MIDI instrument by name, such as Violin, or by its number from 1 to 128",
    "gain": "a number above 0, at most 10",
    "reverb": "true or false",
    "chorus": "true or false",
}


def program_number(instrument: int | str, file: Path) -> int:
    """The program, 0 to 127, of a General MIDI instrument's name or of its number, 1 to 128."""
    names = [name.casefold() for name in instrument_names()]
    if isinstance(instrument, int) and 1 <= instrument <= len(names):
        return instrument - 1
    if isinstance(instrument, str) and instrument.strip().casefold() in names:
        return names.index(instrument.strip().casefold())
    word = str(instrument).strip().casefold()
    close = [name for name in instrument_names() if word and word in name.casefold()]
    raise ConfigError(
        f"{file}: there is no instrument {instrument!r}",
        f"one of these, perhaps: {', '.join(close)}" if close else f"it may be {_WANTED['instrument']}",
    )


@lru_cache(maxsize=1)
def instrument_names() -> tuple[str, ...]:
    """The 128 instruments of General MIDI level 1, in order."""
    return tuple(files("styleshift_midi").joinpath("instruments.txt").read_text("utf-8").split("\n")[:128])


@lru_cache(maxsize=16)
def font_hash(font: Path, size: int, modified: int) -> str:
    """The start of the SHA-256 of a sound font; size and time are there so that a change is noticed."""
    with font.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@lru_cache(maxsize=1)
def synthesiser_version() -> str:
    """Version of the ``fluidsynth`` command; ``none`` where it is absent."""
    command = shutil.which("fluidsynth")
    if command is None:
        return "none"
    told = subprocess.run(
        [command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    words = told.stdout.split()
    return words[words.index("version") + 1] if "version" in words[:-1] else "unknown"
