"""The pages in files, opened as a person opens them: the listening page and the page of a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import soundfile

from styleshift.evaluation.page import Pair, write_page
from styleshift.hooks.records import Excerpt
from styleshift.pages.picture import log_frequency, palette
from styleshift.testing import material
from styleshift.training.excerpts import STAGES
from styleshift.training.page import write_run_page

pytest.importorskip("playwright")

if TYPE_CHECKING:
    from playwright.sync_api import Page

RATE = 22050


def listening_page(folder: Path) -> Path:
    paths = [folder / "source.wav", folder / "converted.wav"]
    for path, hertz in zip(paths, (300, 500), strict=True):
        soundfile.write(path, material.notes(2, RATE, hertz), RATE)
    page = folder / "listen.html"
    write_page(page, title="A tune", pairs=[Pair("tune", *paths, {"harmony kept": 0.9})])
    return page


def run_page(folder: Path) -> Path:
    """As a training writes it after its second validation."""
    provenance = {"versions": {"styleshift": "0"}}
    run = {"domains": ["low", "high"], "recipe": {"name": "small", "schedule": {}}, "provenance": provenance}
    (folder / "run.json").write_text(json.dumps(run))
    lines = [
        {
            "event": event,
            "step": step,
            "score": step / 9,
            "losses": {"cycle_x": 1 / step, "cycle_y": 2 / step},
        }
        for step in (1, 2)
        for event in ("step", "validated")
    ]
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    excerpts = []
    for stage, hertz in zip(STAGES, (300, 500, 310), strict=True):
        wave = material.notes(2, RATE, hertz)
        picture = palette()[log_frequency(wave, RATE).colour_indices(0.0)]
        excerpts.append(Excerpt("low to high", stage, picture, wave, RATE))
    write_run_page(folder, excerpts, {"step": "2", "judge": "the style moved"}, held_out=True)
    return folder / "index.html"


@pytest.mark.parametrize("write", [listening_page, run_page])
def test_a_page_in_a_file_is_heard_and_seen_by_all(
    new_page: Callable[..., Page],
    play: Callable[[Page], None],
    violations: Callable[[Page], list[Any]],
    tmp_path: Path,
    write: Callable[[Path], Path],
) -> None:
    path = write(tmp_path)
    for scheme in ("light", "dark"):
        page = new_page(color_scheme=scheme)
        page.goto(path.as_uri())
        page.locator(".pair.ready").first.wait_for()
        assert violations(page) == []
        page.get_by_role("button", name="Switch between light and dark").click()
        other = {"light": "dark", "dark": "light"}[scheme]
        assert page.evaluate("document.documentElement.dataset.theme") == other
        assert violations(page) == []
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    play(page)
    assert page.locator("svg.shot").count() >= 2
