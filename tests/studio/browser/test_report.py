"""The report of a library in a file, opened as a person opens it: what has a player is played.

Of styleshift.conversion.library.heard and of the column ``browsers`` of styleshift.audio.formats.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from audio_files import BY_FFMPEG, encode, write

from styleshift.audio.formats import TABLE, plays_in_browsers
from styleshift.audio.read import glance
from styleshift.bundle.load import load_bundle
from styleshift.conversion.library.journal import LibraryJournal
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.report import write_reports
from styleshift.conversion.library.result import LibraryResult
from styleshift.conversion.library.tracks import Track, TrackOutcome, Tracks
from styleshift.progress import Reporter

pytest.importorskip("playwright")

if TYPE_CHECKING:
    from playwright.sync_api import Page

RATE = 48_000
# libsndfile's names, but for Ogg, which crashes it in one block.
CONTAINERS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "MP3")
BY_PYAV = {
    **BY_FFMPEG,
    "flac.mp4": ("mp4", "flac"),
    "opus.mp4": ("mp4", "libopus"),
    "mp3.mp4": ("mp4", "libmp3lame"),
}
LOAD = """(audio) => new Promise((done) => {
  audio.addEventListener("canplaythrough", () => done(true), { once: true });
  audio.addEventListener("error", () => done(false), { once: true });
  audio.preload = "auto";
  audio.load();
})"""


def every_kind(folder: Path) -> list[Path]:
    """A file of each container and encoding that can be made here."""
    wave = (0.1 * np.sin(np.arange(RATE) / 20)).astype(np.float32)[:, None]
    found = []
    for container in CONTAINERS:
        for subtype in soundfile.available_subtypes(container):
            path = folder / f"{container} {subtype}.{container.lower()}"
            try:
                soundfile.write(path, wave, RATE, subtype, format=container)
            except soundfile.LibsndfileError:  # it says that it can, and cannot
                path.unlink(missing_ok=True)
                continue
            found.append(path)
    found += [write(folder / f"a.{ending}", wave) for ending in ("ogg", "opus")]
    for ending, (form, codec) in BY_PYAV.items():
        path = folder / f"b.{ending}"
        try:
            found.append(encode(path, form, codec, wave))
        except Exception:  # an encoder that this FFmpeg lacks
            path.unlink(missing_ok=True)
    return found


def report_of(folder: Path, names: list[str], models: Any) -> Path:
    """Of files that lie in ``l`` and, under the same names, in ``out``."""
    journal = LibraryJournal(folder / "out")
    tracks = Tracks(journal.table)
    tracks.add("", (Track(number, name, name, (1, 2, 3, 4)) for number, name in enumerate(names)))
    for number, name in enumerate(names):
        tracks.end(number, TrackOutcome(name, "done"))
    result = LibraryResult(LibraryPlan(folder / "l", journal, tracks))
    report = write_reports(result, load_bundle(models.make_model(folder / "m.onnx")), "", Reporter())
    assert report is not None
    return report.with_suffix(".html")


def test_what_is_said_to_be_played_is_played(new_page: Callable[..., Page], tmp_path: Path) -> None:
    pytest.importorskip("av")
    paths = every_kind(tmp_path)
    said = [path for path in paths if plays_in_browsers((info := glance(path)).format, info.subtype)]
    assert {glance(path).format for path in said} >= {"WAV", "WAVEX", "FLAC", "MP3", "OGG", "MOV", "AAC"}
    assert sum(len(row.browsers) for row in TABLE) > 15
    html = tmp_path / "page.html"
    html.write_text("".join(f'<audio preload="none" src="{path.name}"></audio>' for path in paths))
    page = new_page()
    page.goto(html.as_uri())
    audios = page.locator("audio")
    played = [path for number, path in enumerate(paths) if audios.nth(number).evaluate(LOAD)]
    assert set(said) <= set(played)
    # Of the rest Chromium plays these few, but not Firefox.
    beyond = {glance(path).format for path in set(played) - set(said)}
    assert beyond <= {"RF64", "MATROSKA"}


def test_a_report_plays_all_that_has_a_player_and_names_the_rest(
    new_page: Callable[..., Page],
    play: Callable[[Page], None],
    violations: Callable[[Page], list[Any]],
    models: Any,
    tmp_path: Path,
) -> None:
    wave = (0.1 * np.sin(np.arange(2 * RATE) / 20)).astype(np.float32)
    kinds = {"a.wav": "GSM610", "b.wav": "PCM_24", "c.aiff": "PCM_16", "d.w64": "PCM_16", "e.flac": None}
    for name, subtype in kinds.items():
        for folder in ("l", "out"):
            (tmp_path / folder).mkdir(exist_ok=True)
            soundfile.write(tmp_path / folder / name, wave, RATE, subtype)
    soundfile.write(tmp_path / "out" / "c.aiff", wave, RATE, format="FLAC")
    html = report_of(tmp_path, list(kinds), models)
    for scheme in ("light", "dark"):
        page = new_page(color_scheme=scheme)
        page.goto(html.as_uri())
        page.locator(".pair.ready").first.wait_for()
        assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator(".pair h2").all_inner_texts() == ["b.wav", "c.aiff", "e.flac"]
    audios = page.locator("audio")
    assert audios.count() == 5
    assert [audios.nth(number).evaluate(LOAD) for number in range(5)] == [True] * 5
    play(page)
    alone = page.locator(".pair.ready").nth(1)
    alone.get_by_role("button", name="Play").click()
    alone.get_by_role("button", name="Pause").wait_for()
    page.get_by_text("before: ../l/c.aiff has no player: not every browser plays PCM_16 in AIFF.").wait_for()
    page.get_by_text("after: a.wav has no player: not every browser plays GSM610 in WAV.").wait_for()
    assert page.get_by_role("link", name="../l/d.w64").get_attribute("href") == "../l/d.w64"
