"""What a page asks to be done, checked, as the job that does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from styleshift.bundle.limits import STRENGTH
from styleshift.errors import NothingToDoError, UsageError
from styleshift.models.shelf import find_named
from styleshift.recipes import list_recipes, load_recipe
from styleshift.studio.folders import path_at, whole_path
from styleshift.studio.runs import describe_run
from styleshift.studio.web import Studio, flag, number, text, texts
from styleshift.words import did_you_mean
from styleshift.workspace import setting

Values = dict[str, Any]
_MOST_MINUTES, _MOST_STEPS = 60 * 24 * 30, 10**8


def start_job(parts: Studio, kind: str, values: Values) -> str:
    """Start what was asked for; returns the job's name.

    Raises:
        StyleshiftError: it makes no sense, or leads out of the folders that were named.
    """
    if kind not in _ASKED:
        raise NothingToDoError(f"there is no job {kind!r}", "reload the page")
    title, arguments = _ASKED[kind](parts, values)
    return parts.jobs.start(kind, title, {"workspace": str(parts.place.root), **arguments})


def _prepare(parts: Studio, values: Values) -> tuple[str, Values]:
    names, changes = texts(values, "styles"), texts(values, "changes")
    if not names:
        raise UsageError("no style is named", "choose one or more")
    parts.styles.ready_to_prepare(names)
    recipe = _recipe(values)
    load_recipe(recipe, changes)  # what is wrong in it is said now
    arguments = {"audio": str(parts.styles.audio), "recipe": recipe, "changes": changes, "styles": names}
    return f"Read {' and '.join(names)}", arguments


def misfits(parts: Studio, values: Values) -> list[dict[str, str]]:
    """The styles that must be read anew before the training that a page describes; raises StyleshiftError."""
    recipe = load_recipe(_recipe(values), texts(values, "changes"))
    return parts.styles.misfits(texts(values, "styles"), recipe.spectrogram)


def _train(parts: Studio, values: Values) -> tuple[str, Values]:
    names = texts(values, "styles")
    if len(names) != 2 or names[0] == names[1]:
        raise UsageError("a training needs two styles", "choose two that differ")
    recipe = _recipe(values)
    if unfit := misfits(parts, values):
        raise UsageError(
            f"{' and '.join(each['style'] for each in unfit)} must be read anew for recipe {recipe}",
            f"read again for {recipe}, then start",
        )
    arguments = {
        "styles": names,
        "recipe": recipe,
        "changes": texts(values, "changes"),
        "name": text(values, "name", ""),
    }
    return f"Train {names[0]} and {names[1]}", {**arguments, **_sitting(values)}


def _resume(parts: Studio, values: Values) -> tuple[str, Values]:
    run = describe_run(parts.place, text(values, "run"))["name"]
    return f"Continue {run}", {"run": run, **_sitting(values)}


def _sitting(values: Values) -> Values:
    return {
        "device": setting("device"),
        "steps": int(number(values, "steps", 0, _MOST_STEPS) or 0) or None,
        "minutes": number(values, "minutes", 0, _MOST_MINUTES) or None,
    }


def _export(parts: Studio, values: Values) -> tuple[str, Values]:
    run = describe_run(parts.place, text(values, "run"))["name"]
    checkpoint, overwrite = text(values, "checkpoint", "best"), flag(values, "overwrite")
    return f"Make models of {run}", {"run": run, "checkpoint": checkpoint, "overwrite": overwrite}


def _plan(parts: Studio, values: Values) -> tuple[str, Values]:
    source, _, arguments = _library(parts, values)
    if (output := Path(arguments["settings"]["output"])).is_dir():  # a plan makes none
        parts.folders.add(str(output))  # what was converted before is heard
    return f"Look at {source.name}", arguments


def _convert(parts: Studio, values: Values) -> tuple[str, Values]:
    source, model, arguments = _library(parts, values)
    parts.folders.make(Path(arguments["settings"]["output"]))
    return f"Convert {source.name} with {model.stem}", arguments


def _library(parts: Studio, values: Values) -> tuple[Path, Path, Values]:
    source = parts.folders.inside(_path(values, "source"))
    if not source.is_dir():
        raise UsageError(f"{source} is no folder", "choose the folder that the recording is in")
    model = find_named(parts.place, text(values, "model"))
    output = source.with_name(f"{source.name}-{model.metadata.target}")
    if given := text(values, "output", ""):
        output = whole_path(given)
    parts.folders.check_makeable(output)
    strength = number(values, "strength", *STRENGTH)
    settings = {"output": str(output), "strength": strength, "salvage": flag(values, "salvage")}
    return source, model.path, {"source": str(source), "model": str(model.path), "settings": settings}


def _song(parts: Studio, values: Values) -> tuple[str, Values]:
    """One recording, converted into the workspace: the same song, model and strength are one file."""
    source = parts.folders.recording(_path(values, "source"))
    model = find_named(parts.place, text(values, "model"))
    strength = number(values, "strength", *STRENGTH)
    strength = model.metadata.strength if strength is None else round(strength, 2)
    status, made = source.stat(), model.path.stat().st_mtime_ns
    key = _key(str(source), status.st_size, status.st_mtime_ns, str(model.path), made, strength)
    folder = parts.place.root / "studio" / "conversions" / key
    folder.mkdir(parents=True, exist_ok=True)
    stem = source.stem.encode("utf-8", "replace")[:150].decode("utf-8", "ignore")
    output = folder / f"{stem}-{model.metadata.target}-{strength:g}.flac"
    # What is there was made of the same, and is whole: it is heard again at once.
    fixed = {"salvage": True, "audio_format": "flac", "jobs": 1, "overwrite": "never"}
    settings = {"output": str(output), "strength": strength, **fixed}
    title = f"Convert {source.name} with {model.name}"
    return title, {"source": str(source), "model": str(model.path), "settings": settings}


def _key(*told: str | float | None) -> str:
    """A folder's name for what is made from these."""
    return hashlib.sha256(json.dumps(told).encode("ascii")).hexdigest()[:12]


def _evaluate(parts: Studio, values: Values) -> tuple[str, Values]:
    model, strength = "", number(values, "strength", *STRENGTH)
    folders = {
        key: str(parts.folders.inside(_path(values, key))) if values.get(key) else ""
        for key in ("converted", "source", "target", "truth")
    }
    if not folders["target"]:
        raise UsageError("no folder of the target style is named", "choose one with recordings of it")
    if name := text(values, "model", ""):
        found = find_named(parts.place, name)
        model = str(found.path)
        if not folders["source"]:
            raise UsageError("no folder is named for the model to convert", "choose one as the source")
        key = _key(model, found.path.stat().st_mtime_ns, folders["source"], strength)
        folders["converted"] = str(parts.place.root / "studio" / "evaluations" / key)
    elif not folders["converted"]:
        raise UsageError("neither a model nor a folder of conversions is named", "choose one of the two")
    arguments = {**folders, "model": model, "strength": strength, "align": flag(values, "align")}
    return f"Evaluate {name or Path(folders['converted']).name}", arguments


def _verify(parts: Studio, values: Values) -> tuple[str, Values]:
    model = find_named(parts.place, text(values, "model"))
    return f"Check {model.name}", {"model": model.name}


def _recipe(values: Values) -> str:
    name = text(values, "recipe", "") or str(setting("recipe"))
    if name not in list_recipes():
        raise UsageError(
            f"there is no recipe {name!r}; available: {', '.join(list_recipes())}",
            did_you_mean(name, list_recipes()) or "choose one of them",
        )
    return name


def _path(values: Values, key: str) -> Path:
    """A path as the page has it: an address, by bytes."""
    path = path_at(text(values, key))
    if not path.is_absolute():
        raise UsageError(f"{key} is no whole path", "it begins with /")
    return path


_ASKED: dict[str, Callable[[Studio, Values], tuple[str, Values]]] = {
    ask.__name__[1:]: ask
    for ask in (_prepare, _train, _resume, _export, _plan, _convert, _song, _evaluate, _verify)
}
