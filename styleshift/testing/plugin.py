"""The check of a whole plugin: it imports fast, and the registry takes what it brings."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

from styleshift.errors import PluginError
from styleshift.hooks.installed import HEAVY
from styleshift.hooks.registry import Registry
from styleshift.testing.contract import ContractError, require

_PROBE = """
import importlib, sys
from styleshift.hooks.registry import Registry
Registry().register(importlib.import_module(sys.argv[1]), "probe", "0")
print(*[name for name in sys.argv[2:] if name in sys.modules])
"""


def check_plugin(module: str) -> Registry:
    """Check a plugin's module, the one that its entry point names.

    Importing it and calling its hooks must succeed and load none of the heavy libraries (they belong inside
    ``build`` and ``open``), and the registry must take every record.

    Args:
        module: importable name, as in ``pyproject.toml``.

    Returns:
        A registry that holds what this plugin brings and nothing else.

    Raises:
        ContractError: in plain words.
    """
    registry = Registry(guard=False)  # the checks say more of what is wrong
    try:
        registry.register(importlib.import_module(module), module, "0")
    except PluginError as error:
        raise ContractError(error.message) from error
    except (Exception, SystemExit) as error:  # as the registry of a user would meet it
        raise ContractError(f"{module} cannot be loaded: {type(error).__name__}: {error}") from error
    require(
        any(shelf.specs() for shelf in registry.shelves()), f"{module} has hooks, but they bring no record"
    )
    heavy = _heavy_imports(module)
    require(
        not heavy,
        f"{module} imports {', '.join(heavy)} before anything is built: move the import into the functions",
    )
    return registry


def _heavy_imports(module: str) -> list[str]:
    """Which of ``HEAVY`` a fresh interpreter holds after it has asked ``module`` for its records."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    told = subprocess.run(
        [sys.executable, "-c", _PROBE, module, *HEAVY],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    last = (told.stderr.strip().splitlines() or [""])[-1]
    require(told.returncode == 0, f"{module} cannot be loaded in a fresh interpreter: {last}")
    return told.stdout.split()
