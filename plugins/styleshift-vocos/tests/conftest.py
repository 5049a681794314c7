"""Lets the tests run from a checkout in which this package is not installed, on one thread."""

import importlib.util
import sys
from pathlib import Path

import torch

if importlib.util.find_spec("styleshift_vocos") is None:
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from styleshift.testing.fixtures import tiny_audio, tiny_bundle, use_plugin  # noqa: F401

torch.set_num_threads(1)
