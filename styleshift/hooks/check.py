"""What a record must look like before the registry takes it in."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from styleshift.hooks.options import config_problem

# What each function of a record is called with.
_CALLS = {
    ("DomainSpec", "find"): ("options", "folder"),
    ("GeneratorSpec", "build"): ("options", "spectrogram"),
    ("DiscriminatorSpec", "build"): ("options", "spectrogram", "frames"),
    ("LossSpec", "build"): ("options", "spectrogram", "device"),
    ("AugmentationSpec", "build"): ("options", "spectrogram", "device"),
    ("MetricSpec", "measure"): ("converted", "source"),
    ("VocoderSpec", "build"): ("options", "spectrogram", "device"),
    ("RuntimeSpec", "build"): ("options", "model", "device", "threads"),
    ("TrackerSpec", "build"): ("options", "folder", "run"),
    ("TrackerSpec", "check"): ("options",),
    ("EngineSpec", "build"): ("options",),
}
_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")


def record_problem(spec: Any) -> str:
    """What is wrong with a record, as the end of the sentence "the record X ..."; empty where nothing is.

    Types are looked at here, once and cheaply, so that a wrong record is blamed on the package that brought
    it and not on the command that meets it later. Nothing is built.
    """
    if not isinstance(spec.name, str) or not _NAME.fullmatch(spec.name):
        return "has a name that is not lower-case letters, digits, dots, dashes and underscores"
    if not isinstance(spec.summary, str) or not spec.summary.strip() or "\n" in spec.summary:
        return "has a summary that is not one line of text"
    for (kind, name), words in _CALLS.items():
        if kind == type(spec).__name__ and (wrong := _call_problem(getattr(spec, name), words)):
            return f"has a {name} that {wrong}"
    if hasattr(spec, "config") and (wrong := config_problem(spec.config)):
        return f"has a config that {wrong}"
    for name, low in (("time_multiple", 1), ("context_frames", 0), ("priority", None)):
        value = getattr(spec, name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or (low is not None and value < low):
            return f"has {name} {value!r}; it must be a whole number" + (
                "" if low is None else f" from {low}"
            )
    for name, there in (("path", Path.is_file), ("folder", Path.is_dir)):
        value = getattr(spec, name, None)
        if value is not None and not (isinstance(value, Path) and there(value)):
            return f"has a {name} that is not there: {value!s}"
    devices = getattr(spec, "devices", ("cpu",))
    if not isinstance(devices, tuple) or not devices or not all(isinstance(name, str) for name in devices):
        return f"has devices {devices!r}; it must be a tuple of device names"
    return ""


def _call_problem(function: Any, words: tuple[str, ...]) -> str:
    """What keeps ``function`` from being called with so many values, in their places."""
    if not callable(function):
        return "cannot be called"
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some that are written in C do not say
        return ""
    try:
        signature.bind(*words)
    except TypeError:
        return f"takes {signature}; it is called with ({', '.join(words)})"
    return ""
