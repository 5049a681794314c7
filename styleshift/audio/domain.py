"""The built-in source of domains: each sub-folder of the given folder is one style."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from styleshift.audio.find import Found, find_audio
from styleshift.hooks.records import AudioStream, DomainSpec, NoOptions, Recording
from styleshift.hooks.specs import hookimpl


def find_folders(options: NoOptions, root: Path) -> Mapping[str, Iterable[Recording]]:
    """The recordings of every direct sub-folder of ``root`` that holds any, at whatever depth."""
    return recordings(find_audio(root))


def recordings(found: Found) -> dict[str, list[Recording]]:
    """What was found below a folder of domains, by domain; files beside the sub-folders belong to none."""
    domains: dict[str, list[Recording]] = {}
    for file in found.files:
        parts = file.relative_to(found.root).parts
        if len(parts) > 1:
            name = "/".join(parts[1:])
            domains.setdefault(parts[0], []).append(Recording(name, file, partial(open_recording, file)))
    return domains


def open_recording(path: Path) -> AudioStream:
    """For one pass. What is there of a recording that was cut short is still good to learn from."""
    # Imported late, so that listing plugins stays cheap.
    from styleshift.audio.read import open_audio

    return open_audio(path, allow_cut=True)


@hookimpl
def styleshift_domains() -> Iterable[DomainSpec]:
    """The domain source ``folders``."""
    return [DomainSpec("folders", "each sub-folder of the audio folder is a style", find_folders)]
