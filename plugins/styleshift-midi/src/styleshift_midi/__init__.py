"""Folders of MIDI files as domains, rendered with FluidSynth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from pydantic import Field

from styleshift.hooks import AudioStream, DomainSpec, Recording, hookimpl, settings

EXTENSIONS = frozenset({".mid", ".midi", ".kar"})


@settings
class Options:
    """Options of the domain source ``midi``, for folders whose ``midi.toml`` does not say otherwise."""

    soundfont: Path | None = None
    """An .sf2 or .sf3 file; none is that of the system."""
    gain: float = Field(default=0.4, gt=0, le=10)
    """FluidSynth's master gain."""
    reverb: bool = True
    """FluidSynth's reverb."""
    chorus: bool = False
    """FluidSynth's chorus."""


def find_midi(options: Options, root: Path) -> Mapping[str, Iterable[Recording]]:
    """The MIDI files of every direct sub-folder of ``root`` that holds any, at whatever depth.

    They join the audio files of the same sub-folder, which are one domain with them.

    Raises:
        ConfigError: a sub-folder's ``midi.toml`` cannot be read, or says what it must not.
    """
    from styleshift.audio.find import find_audio

    domains: dict[str, list[Recording]] = {}
    versions: dict[str, tuple[partial[AudioStream], str]] = {}
    for file in find_audio(root, extensions=EXTENSIONS).files:
        parts = file.relative_to(root).parts
        if len(parts) < 2:
            continue
        domain, name = parts[0], "/".join(parts[1:])
        if domain not in versions:
            versions[domain] = _settings_of(options, root / domain)
        render, version = versions[domain]
        domains.setdefault(domain, []).append(Recording(name, file, partial(render, file), version))
    return domains


def _settings_of(options: Options, folder: Path) -> tuple[partial[AudioStream], str]:
    """How a domain is rendered, and all that decides the sound beside the MIDI file, as one string."""
    from styleshift_midi.settings import Settings, read_settings

    font = options.soundfont.expanduser() if options.soundfont else None
    defaults = Settings(font, None, options.gain, options.reverb, options.chorus)
    settings = read_settings(folder, defaults)
    return partial(_open, settings=settings), settings.version()


def _open(path: Path, *, settings: object) -> AudioStream:
    from styleshift_midi.render import open_midi
    from styleshift_midi.settings import Settings

    assert isinstance(settings, Settings)
    return open_midi(path, settings)


@hookimpl
def styleshift_domains() -> list[DomainSpec]:
    """The domain source ``midi``."""
    return [DomainSpec("midi", "MIDI files in the sub-folders, rendered with FluidSynth", find_midi, Options)]
