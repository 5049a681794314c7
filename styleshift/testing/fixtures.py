"""Fixtures of pytest for plugins: something tiny of everything that the four commands take and make.

In ``conftest.py``, those that are wanted::

    from styleshift.testing.fixtures import tiny_bundle, tiny_library  # noqa: F401
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from styleshift.hooks.installed import ENTRY_POINT_GROUP
from styleshift.hooks.registry import Registry, load_registry
from styleshift.testing.material import TINY, make_model, notes

if TYPE_CHECKING:
    from styleshift.recipes import Recipe
    from styleshift.workspace import Workspace

_RATE = 8000


@pytest.fixture(scope="session")
def tiny_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two styles, ``plucked`` and ``held``: two recordings of three seconds, mono, 8 kHz."""
    import soundfile

    root = tmp_path_factory.mktemp("audio")
    for style, partials, decay in (("plucked", 3, 6.0), ("held", 8, 0.0)):
        (root / style).mkdir()
        for number in range(2):
            sound = notes(3, _RATE, 200 + 60 * number, partials=partials, decay=decay)
            soundfile.write(root / style / f"{number}.wav", sound, _RATE)
    return root


@pytest.fixture(scope="session")
def tiny_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A music library: ``An Album/stereo.flac`` at 44.1 kHz and ``mono.ogg`` at 22 kHz, two seconds each."""
    import soundfile

    root = tmp_path_factory.mktemp("library")
    (root / "An Album").mkdir()
    stereo = np.stack([notes(2, 44100, 220), notes(2, 44100, 330)], axis=1)
    soundfile.write(root / "An Album" / "stereo.flac", stereo, 44100)
    soundfile.write(root / "mono.ogg", notes(2, 22050, 260), 22050)
    return root


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported model, plucked to held: it makes high bins louder. 16 kHz, windows of 128 frames."""
    path = tmp_path_factory.mktemp("models") / "plucked-to-held.onnx"
    change = [0.01 * number for number in range(257)]
    return make_model(path, source="plucked", target="held", change=change)


@pytest.fixture(scope="session")
def tiny_recipe() -> Callable[..., Recipe]:
    """``tiny_recipe(*overrides)``: the recipe ``small`` with networks of a few hundred weights, six steps."""
    from styleshift.recipes import load_recipe

    return lambda *overrides: load_recipe("small", [*TINY, *overrides])


@pytest.fixture(scope="session")
def tiny_corpus(
    tmp_path_factory: pytest.TempPathFactory, tiny_audio: Path, tiny_recipe: Callable[..., Recipe]
) -> Workspace:
    """A workspace that holds the spectrograms of ``tiny_audio``, with the settings of ``tiny_recipe``."""
    from styleshift.corpus import precompute
    from styleshift.workspace import Workspace

    place = Workspace(tmp_path_factory.mktemp("workspace"))
    precompute(tiny_audio, place, tiny_recipe().spectrogram, jobs=1)
    return place


@pytest.fixture
def use_plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Registry]:
    """``use_plugin("my_package")``: what it brings can be named in this process, installed or not."""

    def use(module: str) -> Registry:
        brought, registry = Registry(), load_registry()
        brought.register(EntryPoint("used", module, ENTRY_POINT_GROUP).load(), module, "0")
        for new, there in zip(brought.shelves(), registry.shelves(), strict=True):
            monkeypatch.setattr(there, "_entries", {**there.entries(), **new.entries()})
        return registry

    return use
