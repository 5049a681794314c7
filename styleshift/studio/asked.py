"""What a page asks to be done, checked, as the job that does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from styleshift.conversion.settings import MOST_STRENGTH
from styleshift.errors import NothingToDoError, UsageError
from styleshift.recipes import list_recipes, load_recipe
from styleshift.studio.cards import model_named
from styleshift.studio.runs import describe_run
from styleshift.studio.web import Studio, flag, number, text, texts
from styleshift.workspace import setting

Values = dict[str, Any]
_MOST_MINUTES, _MOST_STEPS = 60 * 24 * 30, 10**8


def start_job(parts: Studio, kind: str, values: Values) -> str:
    """Start what was asked for; returns the job's name.

    Raises:
        StyleshiftError: it makes no sense, or leads out of the folders that were named.
    """
    if kind not in _ASKED:
        raise NothingToDoError(f"there is no job {kind!r}")
    task, title, arguments = _ASKED[kind](parts, values)
    return parts.jobs.start(task, title, arguments)


def _prepare(parts: Studio, values: Values) -> tuple[str, str, Values]:
    names, changes = texts(values, "styles"), texts(values, "changes")
    if not names:
        raise UsageError("no style is named")
    parts.styles.ready_to_prepare(names)
    recipe = _recipe(values)
    load_recipe(recipe, changes)  # what is wrong in it is said now
    return (
        "prepare",
        f"Read {' and '.join(names)}",
        {
            "audio": str(parts.styles.audio),
            "workspace": str(parts.place.root),
            "recipe": recipe,
            "changes": changes,
            "styles": names,
        },
    )


def misfits(parts: Studio, values: Values) -> list[dict[str, str]]:
    """The styles that must be read anew before the training that a page describes; raises StyleshiftError."""
    recipe = load_recipe(_recipe(values), texts(values, "changes"))
    return parts.styles.misfits(texts(values, "styles"), recipe.spectrogram)


def _train(parts: Studio, values: Values) -> tuple[str, str, Values]:
    names = texts(values, "styles")
    if len(names) != 2 or names[0] == names[1]:
        raise UsageError("a training needs two styles")
    recipe = _recipe(values)
    if unfit := misfits(parts, values):
        raise UsageError(
            f"{' and '.join(each['style'] for each in unfit)} must be read anew for recipe {recipe}",
            f"read again for {recipe}, then start",
        )
    return (
        "train",
        f"Train {names[0]} and {names[1]}",
        {
            "workspace": str(parts.place.root),
            "styles": names,
            "recipe": recipe,
            "changes": texts(values, "changes"),
            "name": text(values, "name", ""),
            **_budget(values),
            "device": setting("device"),
        },
    )


def _resume(parts: Studio, values: Values) -> tuple[str, str, Values]:
    run = describe_run(parts.place, text(values, "run"))["name"]
    arguments = {
        "workspace": str(parts.place.root),
        "run": run,
        **_budget(values),
        "device": setting("device"),
    }
    return "resume", f"Continue {run}", arguments


def _budget(values: Values) -> Values:
    return {
        "steps": int(number(values, "steps", 0, _MOST_STEPS) or 0),
        "minutes": number(values, "minutes", 0, _MOST_MINUTES) or 0,
    }


def _export(parts: Studio, values: Values) -> tuple[str, str, Values]:
    run = describe_run(parts.place, text(values, "run"))["name"]
    checkpoint = text(values, "checkpoint", "best")
    return (
        "export",
        f"Make models of {run}",
        {
            "workspace": str(parts.place.root),
            "run": run,
            "checkpoint": checkpoint,
            "overwrite": flag(values, "overwrite"),
        },
    )


def _plan(parts: Studio, values: Values) -> tuple[str, str, Values]:
    source, model, settings = _library(parts, values)
    title = f"Look at {source.name}"
    return "plan", title, {"source": str(source), "model": str(model), "settings": settings}


def _convert(parts: Studio, values: Values) -> tuple[str, str, Values]:
    source, model, settings = _library(parts, values)
    title = f"Convert {source.name} with {model.stem}"
    return "convert", title, {"source": str(source), "model": str(model), "settings": settings}


def _library(parts: Studio, values: Values) -> tuple[Path, Path, Values]:
    source = parts.folders.inside(_path(values, "source"))
    if not source.is_dir():
        raise UsageError(f"{source} is no folder")
    model = model_named(parts.place, text(values, "model"))
    output = source.with_name(f"{source.name}-{model.metadata.target}")
    if given := text(values, "output", ""):
        output = Path(given).expanduser()
        if not output.is_absolute():
            raise UsageError(f"{given!r} is not the whole path of a folder", "it begins with /")
    if not parts.folders.holds(output.resolve()):
        output.mkdir(parents=True, exist_ok=True)
        parts.folders.add(str(output))  # what is made is heard here, too
    strength = number(values, "strength", 0, MOST_STRENGTH)
    return (
        source,
        model.path,
        {"output": str(output), "strength": strength, "salvage": flag(values, "salvage")},
    )


def _song(parts: Studio, values: Values) -> tuple[str, str, Values]:
    """One recording, converted into the workspace: the same song, model and strength are one file."""
    source = parts.folders.recording(_path(values, "source"))
    model = model_named(parts.place, text(values, "model"))
    strength = number(values, "strength", 0, MOST_STRENGTH)
    strength = model.metadata.strength if strength is None else round(strength, 2)
    status = source.stat()
    told = [
        str(source),
        status.st_size,
        status.st_mtime_ns,
        str(model.path),
        model.path.stat().st_mtime_ns,
        strength,
    ]
    key = hashlib.sha256(json.dumps(told).encode("ascii")).hexdigest()[:12]
    folder = parts.place.root / "studio" / "conversions" / key
    folder.mkdir(parents=True, exist_ok=True)
    stem = source.stem.encode("utf-8", "replace")[:150].decode("utf-8", "ignore")
    output = folder / f"{stem}-{model.metadata.target}-{strength:g}.flac"
    settings = {
        "output": str(output),
        "strength": strength,
        "salvage": True,
        "audio_format": "flac",
        "jobs": 1,
    }
    title = f"Convert {source.name} with {model.name}"
    return "song", title, {"source": str(source), "model": str(model.path), "settings": settings}


def _evaluate(parts: Studio, values: Values) -> tuple[str, str, Values]:
    model, strength = "", number(values, "strength", 0, MOST_STRENGTH)
    folders = {
        key: str(parts.folders.inside(_path(values, key))) if values.get(key) else ""
        for key in ("converted", "source", "target", "truth")
    }
    if not folders["target"]:
        raise UsageError("no folder of the target style is named")
    if name := text(values, "model", ""):
        found = model_named(parts.place, name)
        model = str(found.path)
        if not folders["source"]:
            raise UsageError("no folder is named for the model to convert")
        told = json.dumps([model, found.path.stat().st_mtime_ns, folders["source"], strength])
        key = hashlib.sha256(told.encode("ascii")).hexdigest()[:12]
        folders["converted"] = str(parts.place.root / "studio" / "evaluations" / key)
    elif not folders["converted"]:
        raise UsageError("neither a model nor a folder of conversions is named")
    arguments = {**folders, "model": model, "strength": strength, "align": flag(values, "align")}
    return "evaluate", f"Evaluate {name or Path(folders['converted']).name}", arguments


def _verify(parts: Studio, values: Values) -> tuple[str, str, Values]:
    model = model_named(parts.place, text(values, "model"))
    return "verify", f"Check {model.name}", {"workspace": str(parts.place.root), "model": model.name}


def _recipe(values: Values) -> str:
    name = text(values, "recipe", "") or str(setting("recipe"))
    if name not in list_recipes():
        raise UsageError(f"there is no recipe {name!r}; {', '.join(list_recipes())} are")
    return name


def _path(values: Values, key: str) -> Path:
    """A path as the page has it: an address, by bytes."""
    import os

    path = Path(os.fsdecode(unquote_to_bytes(text(values, key))))
    if not path.is_absolute():
        raise UsageError(f"{key} is no whole path")
    return path


_ASKED: dict[str, Callable[[Studio, Values], tuple[str, str, Values]]] = {
    "prepare": _prepare,
    "train": _train,
    "resume": _resume,
    "export": _export,
    "plan": _plan,
    "convert": _convert,
    "song": _song,
    "evaluate": _evaluate,
    "verify": _verify,
}
