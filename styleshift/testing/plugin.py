"""The check of a whole plugin: it imports fast, and the registry takes what it brings."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import EntryPoint, distribution, packages_distributions

from styleshift import __version__
from styleshift.errors import PluginError
from styleshift.hooks.installed import ENTRY_POINT_GROUP, HEAVY, plugin_packages
from styleshift.hooks.registry import BUILT_IN_MODULES, Registry, built_in
from styleshift.testing.contract import ContractError, contract, require

_PROBE = """
import sys
from contextlib import redirect_stdout
from importlib.metadata import EntryPoint
from styleshift.hooks.registry import Registry
with redirect_stdout(sys.stderr):
    Registry().register(EntryPoint("probe", sys.argv[1], "styleshift").load(), "probe", "0")
print(*[name for name in sys.argv[2:] if name in sys.modules])
"""


@contract("the check came upon an error")
def check_plugin(module: str) -> Registry:
    """Check a plugin's module, the one that its entry point names.

    Importing it and calling its hooks must succeed and load none of the heavy libraries (they belong inside
    ``build`` and ``open``), and the registry must take every record beside what is built in. Where its
    package is installed, an entry point of the group ``styleshift`` must name it.

    Args:
        module: importable name, or ``module:object``, as in ``pyproject.toml``.

    Returns:
        A registry that holds what this plugin brings and nothing else.

    Raises:
        ContractError: in plain words.
    """
    registry = Registry(guard=False)  # the checks say more of what is wrong
    try:
        plugin = EntryPoint("checked", module, ENTRY_POINT_GROUP).load()
        registry.register(plugin, module, "0")
        if module not in BUILT_IN_MODULES:
            built_in().register(plugin, module, "0")  # which refuses a name that is taken
    except PluginError as error:
        raise ContractError("; ".join(filter(None, (error.message, error.hint)))) from error
    except (Exception, SystemExit) as error:  # as the registry of a user would meet it
        raise ContractError(f"{module} cannot be loaded: {type(error).__name__}: {error}") from error
    require(
        any(shelf.specs() for shelf in registry.shelves()), f"{module} has hooks, but they bring no record"
    )
    if module not in BUILT_IN_MODULES:
        _check_entry_point(module)
    heavy = _heavy_imports(module)
    require(
        not heavy,
        f"{module} imports {', '.join(heavy)} before anything is built: move the import into the functions",
    )
    return registry


def _check_entry_point(module: str) -> None:
    """An installed package says to styleshift where its plugin is."""
    package = module.partition(":")[0].partition(".")[0]
    for name in packages_distributions().get(package, []):
        for installed in plugin_packages([distribution(name)]):
            refused = installed.needs and installed.refuses(__version__)
            require(not refused, f"{name} needs styleshift {installed.needs}; this is {__version__}")
        points = distribution(name).entry_points
        right = [point.value for point in points if point.group == ENTRY_POINT_GROUP]
        if module in right:
            return
        others = {point.group for point in points if point.value == module} - {ENTRY_POINT_GROUP}
        where = (
            f"it is in the group {', '.join(sorted(others))!r}" if others else f"there is {right or 'none'}"
        )
        raise ContractError(
            f"the package {name} is installed, but no entry point of the group {ENTRY_POINT_GROUP!r} names "
            f"{module!r}: {where}"
        )


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
