"""Which plugin packages a run or a model needs, written down and looked for again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from styleshift.errors import PluginError
from styleshift.hooks.registry import DISABLE_VARIABLE, Registered, Registry
from styleshift.hooks.shelf import BUILT_IN


def requirements_of(entries: Iterable[Registered[Any]]) -> list[dict[str, str]]:
    """What a checkpoint writes down of these: ``{"package", "version"}`` of each that is not built in."""
    found = {entry.package: entry.version for entry in entries if entry.package != BUILT_IN}
    return [{"package": package, "version": found[package]} for package in sorted(found)]


def check_requirements(required: Iterable[Mapping[str, str]], owner: str, registry: Registry) -> list[str]:
    """Look for the packages that :func:`requirements_of` wrote down.

    Args:
        required: as written down.
        owner: what needs them, as ``run violin-piano``.
        registry: of this process.

    Returns:
        A sentence for each that is there in another version.

    Raises:
        PluginError: one is not installed, is broken, or plugins are turned off.
    """
    sentences = []
    for item in required:
        package, wanted = item["package"], item["version"]
        if registry.switched_off.covers(package):
            raise PluginError(
                f"{owner} needs the plugin {package} {wanted}, which is switched off",
                f"change or unset {DISABLE_VARIABLE}",
            )
        try:
            there = version(package)
        except PackageNotFoundError:
            raise PluginError(
                f"{owner} needs the plugin {package} {wanted}, which is not installed",
                f"a plugin is code; if you trust this one: pip install {package}=={wanted}",
            ) from None
        if there != wanted:
            sentences.append(f"{owner} was made with {package} {wanted}; {there} is installed")
    return sentences
