"""Lets the tests run from a checkout in which this package is not installed, on one thread."""

import importlib.util
import sys
from pathlib import Path

import torch

if importlib.util.find_spec("styleshift_unet") is None:
    sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

torch.set_num_threads(1)
