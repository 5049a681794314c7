"""Writes a new package from the templates that lie beside this file, a folder for each kind."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from styleshift import __version__
from styleshift.errors import UsageError
from styleshift.hooks.registry import load_registry
from styleshift.words import did_you_mean

TEMPLATES = Path(__file__).parent / "templates"

# What each kind is, as the summary of the new package.
KINDS = {
    "domain-source": "raw samples in .pcm files as recordings of a style",
    "generator": "a generator that learns an equaliser",
    "discriminator": "a discriminator of three convolutions",
    "loss": "a loss that keeps how loud each frame is",
    "augmentation": "crops without their highest frequencies",
    "metric": "whether loudness rises and falls as in the source",
    "recipe": "a recipe that begins as a copy of small",
    "models": "models for a music library",
    "vocoder": "a vocoder that takes the phase of the source",
    "runtime": "ONNX Runtime, layer by layer, for comparison",
    "tracker": "a table of the figures of a run",
    "engine": "one recording after the other in the process of the command",
}
_NAME = re.compile(r"[a-z][a-z0-9]*([-_.][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class NewPackage:
    """What was written.

    Attributes:
        folder: of the package.
        name: of the package, as pip knows it.
        module: what its entry point names.
        record: what it brings, by name.
        usage: commands that use it.
    """

    folder: Path
    name: str
    module: str
    record: str
    usage: tuple[str, ...]


def new_package(kind: str, name: str, folder: Path | None = None, models: Path | None = None) -> NewPackage:
    """Write a package.

    Args:
        kind: one of ``KINDS``.
        name: of what it will bring; the package is called ``styleshift-NAME``.
        folder: a new or empty folder; None: ``./styleshift-NAME``.
        models: for the kind ``models``, a folder of exported ones, which are copied.

    Raises:
        UsageError: there is no such kind; the name cannot be one, or is taken; the folder holds something
            or cannot be written to; there are no models to copy.
    """
    if kind not in KINDS:
        raise UsageError(
            f"there is no kind of plugin {kind!r}; there are: {', '.join(KINDS)}",
            did_you_mean(kind, KINDS, f"styleshift plugins new {{}} {name}"),
        )
    record = name.lower().removeprefix("styleshift-")
    if not _NAME.fullmatch(record):
        raise UsageError(
            f"{name!r} cannot be a name", "take lower-case letters, digits and dashes, as my-plugin"
        )
    for shelf in load_registry().shelves():
        if shelf.kind.replace(" ", "-") == kind and record in shelf.entries():
            package = shelf.entries()[record].package
            raise UsageError(
                f"there is a {shelf.kind} {record!r} already, from {package}", "take another name"
            )
    package = f"styleshift-{re.sub('[_.]', '-', record)}"
    words = {
        "kind": kind,
        "name": record,
        "package": package,
        "module": package.replace("-", "_"),
        "summary": KINDS[kind],
        "version": ".".join(__version__.split(".")[:2]),
    }
    target = folder or Path(package)
    files = _files(kind, words)
    copied = _copied(kind, models)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(
            f"{target} exists already", "name an empty folder, or one that is not there, with `directory`"
        )
    source = Path("src") / words["module"]
    try:
        for path, text in files.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_text(text, "utf-8")
        for path in copied:
            (target / source / "models").mkdir(exist_ok=True)
            shutil.copyfile(path, target / source / "models" / path.name)
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror or error}") from error
    usage = tuple(_render(f"{kind}/usage.txt.j2", words).splitlines())
    return NewPackage(target, package, words["module"], record, usage)


def module_text(kind: str, name: str) -> str:
    """The code of a new package, for the documentation."""
    return _render(f"{kind}/module.py.j2", {"name": name})


def _files(kind: str, words: dict[str, str]) -> dict[Path, str]:
    """The text of every file, by its path in the package."""
    source = Path("src") / words["module"]
    usage = _render(f"{kind}/usage.txt.j2", words)
    files = {
        Path("pyproject.toml"): _render("pyproject.toml.j2", words),
        Path("README.md"): _render("README.md.j2", {**words, "usage": usage}),
        source / "__init__.py": _render(f"{kind}/module.py.j2", words),
        # A name of its own, so that one pytest can run the tests of several packages.
        Path(f"tests/test_{words['module']}.py"): _render(f"{kind}/test.py.j2", words),
    }
    if kind == "recipe":
        small = load_registry().recipes.get("small").path.read_text("utf-8")
        own = {"name": words["name"], "summary": "recipe small, to be changed"}
        for key, value in own.items():
            small = re.sub(rf'^{key} = ".*"$', f'{key} = "{value}"', small, count=1, flags=re.MULTILINE)
        files[source / f"{words['name']}.toml"] = small
    return files


def _copied(kind: str, models: Path | None) -> list[Path]:
    if kind != "models":
        return []
    found = sorted(models.glob("*.onnx")) if models is not None else []
    if not found:
        raise UsageError(
            f"there are no models in {models} to put into the package",
            "`styleshift train` and `styleshift export` make one",
        )
    return found


def _render(template: str, words: dict[str, str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(template).render(words)
