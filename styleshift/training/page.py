"""The page of a run, ``index.html`` in its folder: curves, pictures, players, settings, versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from styleshift.hooks.records import Excerpt
from styleshift.pages import Player, Shot, legend, render, shot
from styleshift.pages.picture import log_axes
from styleshift.system.files import write_text
from styleshift.training.curves import diagrams, read_log
from styleshift.training.excerpts import STAGES
from styleshift.training.find import PAGE_FILE, RUN_FILE


def write_run_page(
    folder: Path, excerpts: Sequence[Excerpt], facts: Mapping[str, str], *, held_out: bool = False
) -> None:
    """Write ``index.html`` from ``run.json`` and ``log.jsonl``; whole or not at all.

    Args:
        folder: ``runs/<name>``.
        excerpts: to look at and to listen to, three stages a direction; may be empty.
        facts: shown at the top, in this order.
        held_out: the excerpts are of music that is kept from training.

    Raises:
        OSError: it cannot be written.
    """
    run = json.loads((folder / RUN_FILE).read_text("utf-8"))
    x, y = run["domains"]
    players = [
        Player(direction, shots, seconds=max(len(each.audio) / each.sample_rate for each in group))
        for direction, group in _by_direction(excerpts)
        if (shots := [_shot(each) for each in group])
    ]
    text = render(
        "run.html",
        title=f"{folder.name}: {x} and {y}",
        heard=_heard(bool(players), held_out, run["recipe"]),
        names=STAGES,
        facts=facts,
        players=players,
        diagrams=diagrams(read_log(folder), (x, y)),
        settings=_settings(run["recipe"]),
        versions=json.dumps(run["provenance"], indent=1).splitlines(),
        **legend(),
    )
    write_text(folder / PAGE_FILE, text)


def _heard(played: bool, held_out: bool, recipe: Mapping[str, Any]) -> str:
    """What the excerpts are, or why there are none."""
    if played:
        source = "This audio was held out of training." if held_out else "This audio was also trained on."
        return f"{source} All three are made from spectrograms, even the source. They play in step:"
    if not recipe.get("schedule", {}).get("validation_seconds"):
        return (
            "There are no excerpts to listen to, because this run is not validated "
            "(schedule.validation_seconds is 0). "
            "To hear what it has learned, use styleshift export, then styleshift convert."
        )
    return "No excerpts could be made."


def _by_direction(excerpts: Sequence[Excerpt]) -> list[tuple[str, list[Excerpt]]]:
    return [(name, list(group)) for name, group in groupby(excerpts, key=lambda one: one.direction)]


def _shot(excerpt: Excerpt) -> Shot:
    # Numbers sort ten times as fast as rows of three.
    packed = excerpt.picture.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    levels, places = np.unique(packed, return_inverse=True)
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(levels)] = levels[:, None] >> np.array([16, 8, 0], np.uint32) & 255
    indices = places.reshape(excerpt.picture.shape[:2]).astype(np.uint8)
    axes = log_axes(len(excerpt.audio), excerpt.sample_rate)
    return shot(excerpt.stage, excerpt.audio, excerpt.sample_rate, axes, indices, colours=colours)


def _settings(recipe: Mapping[str, Any]) -> list[str]:
    """The recipe as the lines of a TOML-like text."""
    made = []
    for table, values in recipe.items():
        if isinstance(values, Mapping):
            made += ["", f"[{table}]"]
            made += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        else:
            made.append(f"{table} = {json.dumps(values)}")
    return made
