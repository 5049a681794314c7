"""Precompute on a folder of a test's own, and what it then has stored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from styleshift.audio.domain import styleshift_domains
from styleshift.audio.read import open_audio
from styleshift.corpus import Corpus, PrecomputeResult, precompute
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import DomainSpec, Recording, Registry
from styleshift.workspace import Workspace

CONFIG = SpectrogramConfig(sample_rate=8000, frame_length=256, hop_length=128, fft_length=256)


def make_registry(*specs: DomainSpec) -> Registry:
    """A registry with the built-in domain sources, or with those given."""
    registry = Registry()
    for spec in specs or tuple(styleshift_domains()):
        registry.domains.add(spec, "test", "1")
    return registry


def run(folder: Path, config: SpectrogramConfig = CONFIG, **options: Any) -> PrecomputeResult:
    """Precompute ``folder/audio`` into the workspace ``folder/ws``."""
    options.setdefault("registry", make_registry())
    return precompute(folder / "audio", Workspace(folder / "ws"), config, jobs=2, **options)


def counts(result: PrecomputeResult) -> tuple[int, int, int, int]:
    """New, kept, removed and left out of the one domain."""
    (domain,) = result.domains
    return domain.added, domain.kept, domain.removed, len(domain.rejected)


def stored(folder: Path, domain: str = "piano") -> Corpus:
    """What is stored of a domain."""
    return Corpus.open(folder / "ws" / "spectrograms" / domain)


def one_domain(*recordings: Recording) -> DomainSpec:
    """A domain source that finds these, in the domain ``piano``."""
    return DomainSpec("test", "for tests", lambda options, root: {"piano": list(recordings)})


def recording(path: Path, name: str, open: Callable[[], Any] | None = None, version: str = "") -> Recording:
    """A recording of a file."""
    return Recording(name, path, open or partial(open_audio, path), version)
