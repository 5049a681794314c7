"""``styleshift plugins``: what there is to choose from, and which package brought it."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from styleshift.cli.help import add_command, group
from styleshift.cli.options import LOCAL_WORKSPACE, argument, option

if TYPE_CHECKING:
    from styleshift.cli.console import TerminalReporter
    from styleshift.hooks.registry import Registered, Registry

EXAMPLES = """\
styleshift plugins list
styleshift plugins show seed
styleshift plugins new generator my-generator
STYLESHIFT_DISABLE_PLUGINS=1 styleshift plugins list
"""


def list_plugins(reporter: TerminalReporter) -> None:
    """List everything you can name in a recipe or on the command line, and the package it comes from."""
    from styleshift.hooks.registry import load_registry

    registry = load_registry()
    empty = []
    for shelf in registry.shelves():
        entries = shelf.entries().values()
        if not entries:
            empty.append(shelf.kind)
        for entry in entries:
            reporter.event("plugin", **_fields(shelf.kind, entry))
        rows = [[one.spec.name, one.spec.summary, f"{one.package} {one.version}"] for one in entries]
        if rows:
            columns = [shelf.kind, "what it is", "package"]
            reporter.table("", columns, rows, whole=(shelf.kind, "package"))
    if empty:
        new = f"styleshift plugins new {empty[0].replace(' ', '-')} NAME"
        reporter.info(f"none yet: {', '.join(empty)}; `{new}` writes one")
    if registry.left_out:
        failed = [[f"{one.package} {one.version}", one.reason] for one in registry.left_out]
        reporter.table("", ["left out", "why"], failed, whole=("left out",))
    _warn(registry, reporter)


def show(
    reporter: TerminalReporter, name: str = argument("NAME", "A name from `styleshift plugins list`.")
) -> None:
    """Show one of them with its options, their types, defaults and ranges, and the package it comes from."""
    from styleshift.errors import PluginError
    from styleshift.hooks.registry import how_to_install, load_registry
    from styleshift.validation import describe
    from styleshift.words import did_you_mean

    registry = load_registry()
    found = [(shelf.kind, shelf.entries()[name]) for shelf in registry.shelves() if name in shelf.entries()]
    _warn(registry, reporter)
    if not found:
        for shelf in registry.shelves():
            if name in shelf.clashes():
                shelf.entry(name)  # raises, and says which packages bring it
        known = [other for shelf in registry.shelves() for other in shelf.entries()]
        raise PluginError(
            f"nothing is called {name!r}",
            how_to_install(name)
            or did_you_mean(name, known, "styleshift plugins show {}")
            or "`styleshift plugins list` shows all names",
        )
    for kind, entry in found:
        config = getattr(entry.spec, "config", None)
        options = [] if config is None else describe(config)
        told = {
            row.key: {"type": row.type, "default": _plain(row.default), "range": row.limits, "help": row.help}
            for row in options
        }
        reporter.event("plugin", **_fields(kind, entry), options=told)
        reporter.result(f"{kind} {name}: {entry.spec.summary}")
        reporter.result(f"  from {entry.package} {entry.version}")
        for row in options:
            wanted = ", ".join(filter(None, (row.type, row.limits)))
            reporter.result(f"  option {row.key} = {_in_words(row.default)} ({wanted})")
            if row.help:
                reporter.result(f"      {row.help}")


def new(
    reporter: TerminalReporter,
    kind: str = argument(
        "KIND",
        "domain-source, generator, discriminator, loss, augmentation, metric, recipe, models, "
        "vocoder, runtime, tracker or engine.",
    ),
    name: str = argument("NAME", "What it will be called; the package becomes styleshift-NAME."),
    directory: Path | None = option(
        "--directory FOLDER", "Write it into this new or empty folder (default: ./styleshift-NAME)."
    ),
    workspace: str | None = LOCAL_WORKSPACE,
) -> None:
    """Write a plugin package that works as it is, for you to change: code, test, README and pyproject.toml.

    A package of the kind models takes the models of the workspace.
    """
    from styleshift.scaffold.package import new_package
    from styleshift.workspace import workspace as workspace_at

    made = new_package(kind, name, directory, workspace_at(workspace).models)
    reporter.event("package", name=made.name, folder=str(made.folder), module=made.module, record=made.record)
    reporter.result(f"wrote the package {made.name} into {made.folder}{os.sep}")
    reporter.info(f"next: pip install -e {shlex.quote(f'{made.folder}[test]')}")
    for line in made.usage:
        reporter.info(f"then: {line}")


def _fields(kind: str, entry: Registered[Any]) -> dict[str, str]:
    return {
        "kind": kind,
        "name": entry.spec.name,
        "summary": entry.spec.summary,
        "package": entry.package,
        "version": entry.version,
    }


def _plain(default: Any) -> Any:
    """A default as JSON has it."""
    return default if isinstance(default, str | int | float | list | None) else str(default)


def _in_words(default: Any) -> str:
    if default is None or isinstance(default, bool):
        return str(default).lower()
    return ",".join(map(str, default)) if isinstance(default, list | tuple) else str(default)


def _warn(registry: Registry, reporter: TerminalReporter) -> None:
    from styleshift.hooks.registry import DISABLE_VARIABLE

    for plugin in registry.left_out:
        reporter.event("left out", package=plugin.package, version=plugin.version, reason=plugin.reason)
    for warning in registry.warnings:
        reporter.event("warning", message=warning)
        reporter.warn(warning)
    if registry.disabled:
        reporter.info(f"plugins are turned off ({DISABLE_VARIABLE}); this is what is built in")
    elif registry.switched_off.names:
        names = ", ".join(sorted(registry.switched_off.names))
        reporter.info(f"switched off ({DISABLE_VARIABLE}): {names}")


app = group(
    "plugins",
    "List what plugins and styleshift bring, show the options of one, or begin a plugin of your own.",
    EXAMPLES,
)
add_command(app, "plugins list", list_plugins, EXAMPLES)
add_command(app, "plugins show", show, EXAMPLES)
add_command(app, "plugins new", new, EXAMPLES)
