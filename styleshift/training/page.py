"""The page of a run, ``index.html`` in its folder: curves, pictures, players, settings, versions."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from styleshift.evaluation.picture import DYNAMIC_DB, png
from styleshift.hooks.records import Excerpt
from styleshift.training.excerpts import curve_points
from styleshift.training.files import atomic_text
from styleshift.training.log import loss_in_words

WIDTH, HEIGHT, LEFT, BOTTOM = 380, 150, 52, 22
COLOURS = ("#7b2d84", "#e07b00", "#0077b6", "#2a9d5c")

STYLE = """
.curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 14px;
  margin: 0 0 26px; }
.curves figure { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 10px 12px; }
.curves svg { display: block; width: 100%; height: auto; }
.curves text { fill: var(--soft); font: 11px system-ui, sans-serif; }
.curves .axis { stroke: var(--line); }
.three { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 14px; }
.three img { display: block; width: 100%; height: 192px; border-radius: 4px; }
pre { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 12px; }
"""


def write_run_page(
    folder: Path, excerpts: Sequence[Excerpt], facts: Mapping[str, str], *, unheard: bool = False
) -> None:
    """Write ``index.html`` from ``run.json`` and ``log.jsonl``; whole or not at all.

    Args:
        folder: ``runs/<name>``.
        excerpts: to look at and to listen to, three stages a direction; may be empty.
        facts: shown at the top, in this order.
        unheard: the excerpts are of music that is kept from training.

    Raises:
        OSError: it cannot be written.
    """
    run = json.loads((folder / "run.json").read_text("utf-8"))
    x, y = run["domains"]
    title = f"{folder.name}: {x} and {y}"
    cards = []
    for name, group in groupby(excerpts, key=lambda excerpt: excerpt.direction):
        shots = "".join(_shot(excerpt) for excerpt in group)
        cards.append(
            f'<section class="pair"><h2>{_text(name)}</h2><div class="three">{shots}</div></section>'
        )
    if cards:
        music = "Music that is kept from training." if unheard else "Music that is trained on as well."
        heard = (
            f"{music} Frequencies are logarithmic, colours span {DYNAMIC_DB:.0f} dB. The phase of all three "
            "is made from magnitudes alone."
        )
    elif not run["recipe"].get("schedule", {}).get("judge"):
        heard = (
            "There are no excerpts to listen to, since this run is not judged (schedule.judge is 0). What it "
            "has learned is to be heard after styleshift export and styleshift convert."
        )
    else:
        heard = "No excerpt could be made."
    body = (
        f"<h1>{_text(title)}</h1>"
        + '<dl class="facts">'
        + "".join(f"<div><dt>{_text(key)}</dt><dd>{_text(value)}</dd></div>" for key, value in facts.items())
        + "</dl>"
        + f'<p class="soft">{_text(heard)}</p>{"".join(cards)}'
        + f"<h2>Curves</h2><div class='curves'>{_curves(_lines(folder), (x, y))}</div>"
        + f"<h2>Settings</h2><pre>{_text(_settings(run['recipe']))}</pre>"
        + f"<h2>Versions</h2><pre>{_text(json.dumps(run['provenance'], indent=1))}</pre>"
    )
    style = resources.files("styleshift.evaluation").joinpath("page.css").read_text("utf-8") + STYLE
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{style}</style></head><body><main>{body}</main></body></html>\n"
    )
    atomic_text(folder / "index.html", text)


def _lines(folder: Path) -> list[dict[str, Any]]:
    """The log, less lines that a kill has cut, and less steps that were done again after it."""
    kept: dict[tuple[str, int], dict[str, Any]] = {}
    for text in (folder / "log.jsonl").read_text("utf-8").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if line.get("event") in ("step", "judged"):
            kept[line["event"], line["step"]] = line
    return [kept[key] for key in sorted(kept, key=lambda key: key[1])]


def _curves(lines: Sequence[Mapping[str, Any]], domains: tuple[str, str]) -> str:
    """One small diagram a kind of loss, its sides in one; and the judges' scores."""
    diagrams: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for line in lines:
        if line["event"] == "judged":
            diagrams.setdefault("score, 0 to 1", {}).setdefault("mean", []).append(
                (line["step"], line["score"])
            )
            continue
        for name, value in line["losses"].items():
            kind, side = loss_in_words(name, domains)
            diagrams.setdefault(kind, {}).setdefault(side, []).append((line["step"], value))
    return "".join(_diagram(kind, sides) for kind, sides in diagrams.items())


def _diagram(kind: str, sides: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    curves = {side: curve_points(points) for side, points in sides.items()}
    every = [point for points in curves.values() for point in points]
    if not every:
        return ""
    last = max(x for x, _ in every) or 1
    low, high = min(0.0, *(y for _, y in every)), max(y for _, y in every)
    high = high if high > low else low + 1

    def at(x: float, y: float) -> str:
        across = LEFT + (WIDTH - LEFT - 8) * x / last
        return f"{across:.1f},{8 + (HEIGHT - BOTTOM - 8) * (high - y) / (high - low):.1f}"

    lines, legend = "", ""
    for colour, (side, points) in zip(COLOURS, curves.items(), strict=False):
        path = " ".join(at(x, y) for x, y in points)
        if len(points) == 1:  # a line of one point shows nothing
            x, y = at(*points[0]).split(",")
            lines += f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>'
        lines += f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        legend += f' <span style="color:{colour}">{_text(side)}</span>'
    end = HEIGHT - BOTTOM
    return (
        f"<figure><figcaption><b>{_text(kind)}</b>{legend}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{_text(kind)} by step">'
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - 8}" y1="{end}" y2="{end}"/>'
        f'<text x="{LEFT - 6}" y="16" text-anchor="end">{high:.3g}</text>'
        f'<text x="{LEFT - 6}" y="{end}" text-anchor="end">{low:.3g}</text>'
        f'<text x="{WIDTH - 8}" y="{HEIGHT - 6}" text-anchor="end">step {last:.0f}</text>'
        f"{lines}</svg></figure>"
    )


def _shot(excerpt: Excerpt) -> str:
    file = io.BytesIO()
    wave = excerpt.audio / max(1.0, float(np.abs(excerpt.audio).max(initial=0.0)))
    soundfile.write(file, wave, excerpt.sample_rate, format="FLAC", subtype="PCM_16")
    levels, places = np.unique(excerpt.picture.reshape(-1, 3), axis=0, return_inverse=True)
    colours = np.zeros((256, 3), np.uint8)
    colours[: len(levels)] = levels
    picture = png(places.reshape(excerpt.picture.shape[:2]).astype(np.uint8), colours)
    described = _text(f"{excerpt.stage}, {excerpt.direction}")
    audio = _data(file.getvalue(), "audio/flac")
    return (
        f"<figure><figcaption><b>{_text(excerpt.stage)}</b></figcaption>"
        f'<img alt="Spectrogram: {described}" src="{_data(picture, "image/png")}">'
        f'<audio controls aria-label="{described}" src="{audio}"></audio></figure>'
    )


def _settings(recipe: Mapping[str, Any]) -> str:
    """The recipe as a TOML-like text."""
    made = []
    for table, values in recipe.items():
        if isinstance(values, Mapping):
            made.append(f"\n[{table}]")
            made += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        else:
            made.append(f"{table} = {json.dumps(values)}")
    return "\n".join(made)


def _data(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _text(value: object) -> str:
    shown = str(value).encode("utf-8", "backslashreplace").decode("utf-8")
    return html.escape(shown, quote=True)
