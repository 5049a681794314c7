"""An embedding that someone brings for the Frechet distance: found by its name, and held to its promise."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from styleshift.errors import ConfigError, StyleshiftError, UsageError
from styleshift.evaluation.features import SAMPLE_RATE, Array, Array64
from styleshift.evaluation.metrics import Population
from styleshift.words import did_you_mean

Embedding = Callable[[Array, int], Array64]
"""``[samples]`` float32 and their sample rate to finite vectors ``[n, d]``, some a second."""

_FORM = "it must be MODULE:FUNCTION, such as hear:embed for the function embed of hear.py"


def load_embedding(where: str) -> Embedding:
    """The function at ``MODULE:FUNCTION``; what it prints goes to stderr, for stdout is for results.

    The module is looked for where Python finds modules, then in the current folder.

    Raises:
        ConfigError: there is no such function, or its module cannot be imported.
    """
    module, _, name = where.partition(":")
    if not (module and name) or module.endswith(".py") or "/" in module:
        raise ConfigError(f"`embedding` is {where!r}; {_FORM}")
    here = str(Path.cwd())
    if not {here, ""} & set(sys.path):
        sys.path.append(here)
    with redirect_stdout(sys.stderr):
        try:
            imported = importlib.import_module(module)
        except (Exception, SystemExit) as error:  # a stranger's code may raise anything
            absent = isinstance(error, ModuleNotFoundError) and error.name == module
            raise ConfigError(
                f"`embedding` is {where!r}, and {module} cannot be imported: {_in_one_line(error)}",
                "name a module that is installed, or a file in the current folder" if absent else "",
            ) from error
    try:
        function: Any = reduce(getattr, name.split("."), imported)
    except AttributeError:
        known = [each for each, value in vars(imported).items() if callable(value) and each[0] != "_"]
        raise ConfigError(
            f"`embedding` is {where!r}, and {module} has no {name}",
            did_you_mean(name, known, f"`embedding={module}:{{}}`"),
        ) from None
    if not callable(function):
        raise ConfigError(f"`embedding` is {where!r}, which is no function but {_kind_of(function)}", _FORM)

    def embed(samples: Array, rate: int) -> Array64:
        with redirect_stdout(sys.stderr):
            vectors: Array64 = function(samples, rate)
        return vectors

    return embed


class Embedder:
    """An embedding whose vectors are looked at: numbers, finite, and all of one size.

    Args:
        embedding: whose they are.
    """

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding
        self._size: int | None = None

    def __call__(self, mono: Array) -> Array64:
        """``[samples]`` float32 at ``SAMPLE_RATE`` to ``[n, d]``.

        Raises:
            ConfigError: the embedding failed, or gave something else.
        """
        try:
            found = np.asarray(self._embedding(mono, SAMPLE_RATE))
        except (StyleshiftError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            seconds = len(mono) / SAMPLE_RATE
            raise ConfigError(
                f"`embedding` failed on {seconds:.1f} s of sound: {_in_one_line(error)}"
            ) from error
        if found.dtype.kind not in "iuf":
            raise _wrong(f"{found.dtype}", "numbers")
        if found.ndim != 2 or not found.shape[1]:
            raise _wrong(f"an array of shape {list(found.shape)}", "[n, d], n vectors of d numbers")
        if self._size not in (None, found.shape[1]):
            raise _wrong(
                f"vectors of {found.shape[1]} numbers after some of {self._size}", "vectors of one size"
            )
        if not np.isfinite(found).all():
            raise _wrong("nan or infinity", "finite numbers")
        self._size = found.shape[1]
        return found.astype(np.float64)


def population(embedded: list[Array64]) -> Population:
    """Of the vectors of all recordings of one side.

    Raises:
        UsageError: they are less than two.
    """
    vectors = np.concatenate(embedded)
    if len(vectors) < 2:
        raise UsageError(
            "the embedding gave less than two vectors for all recordings of one side, of which there is no "
            "Frechet distance",
            "give longer recordings or more of them, or leave `embedding` out",
        )
    return Population.of(vectors)


def _wrong(given: str, wanted: str) -> ConfigError:
    return ConfigError(f"`embedding` gave {given}; it must give {wanted}")


def _kind_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _in_one_line(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0][:300]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
