"""Lets the tests run from a checkout in which this package is not installed; makes MIDI files."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # midi_scores
if importlib.util.find_spec("styleshift_midi") is None:
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Tests marked ``synthesiser`` render for real; they are skipped where that cannot be."""
    if any(mark.name == "synthesiser" for mark in item.iter_markers()):
        from styleshift_midi.settings import INSTALL, Settings

        from styleshift.errors import AudioError

        try:
            Settings().font()
        except AudioError as error:
            pytest.skip(str(error))
        if shutil.which("fluidsynth") is None:
            pytest.skip(f"FluidSynth is not installed: {INSTALL}")


def pytest_configure(config: pytest.Config) -> None:
    """Name the mark."""
    config.addinivalue_line("markers", "synthesiser: renders with FluidSynth and a sound font")
