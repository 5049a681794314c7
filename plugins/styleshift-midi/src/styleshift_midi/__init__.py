"""Folders of MIDI files as domains, rendered with FluidSynth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from styleshift.hooks import AudioStream, DomainSpec, Recording, hookimpl

EXTENSIONS = frozenset({".mid", ".midi", ".kar"})


def find_midi(root: Path) -> Mapping[str, Iterable[Recording]]:
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
            versions[domain] = _settings_of(root / domain)
        render, version = versions[domain]
        domains.setdefault(domain, []).append(Recording(name, file, partial(render, file), version))
    return domains


def _settings_of(folder: Path) -> tuple[partial[AudioStream], str]:
    """How a domain is rendered, and all that decides the sound beside the MIDI file, as one string."""
    from styleshift_midi.settings import read_settings

    settings = read_settings(folder)
    return partial(_open, settings=settings), settings.version()


def _open(path: Path, *, settings: object) -> AudioStream:
    from styleshift_midi.render import open_midi
    from styleshift_midi.settings import Settings

    assert isinstance(settings, Settings)
    return open_midi(path, settings)


@hookimpl
def styleshift_domains() -> list[DomainSpec]:
    """The domain source ``midi``."""
    return [DomainSpec("midi", "MIDI files in the sub-folders, rendered with FluidSynth", find_midi)]
