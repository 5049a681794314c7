"""A studio as a person starts it, and a real Chromium that has its page open."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from styleshift.corpus import precompute
from styleshift.recipes import load_recipe
from styleshift.studio.jobs import Jobs
from styleshift.testing import material
from styleshift.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PATIENCE = 300_000
"""Milliseconds that a step may take, on a machine that has much other work."""

# Not how long it trains, how often it saves, or whether it is judged: each test says that.
TINY = tuple(
    setting
    for setting in material.TINY
    if not setting.startswith(("schedule.steps", "schedule.save_every", "schedule.validation_seconds"))
)
SPECTROGRAM = tuple(setting for setting in TINY if setting.startswith("spectrogram."))


@dataclass(frozen=True)
class Served:
    """A studio that runs.

    Attributes:
        address: with the token.
        root: holds ``workspace``, ``audio`` (named to the studio), ``library`` and ``songs``.
    """

    address: str
    root: Path

    @property
    def base(self) -> str:
        return self.address.partition("?")[0]


def tune(hertz: float, seconds: float, rate: int = 22050, seed: int = 0) -> np.ndarray:
    """Decaying tones with a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(seed).standard_normal(len(time))
    wave = 0.3 * np.sin(2 * np.pi * hertz * time) * np.exp(-4 * (time % 0.5)) + 0.003 * noise
    return wave.astype(np.float32)


def put(path: Path, wave: np.ndarray, rate: int = 22050) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate)
    return path


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``styleshift studio`` over two styles that are read, a library with a broken file, and songs."""
    root = tmp_path_factory.mktemp("studio")
    for style, hertz in (("low", 200.0), ("high", 900.0)):
        for number in range(3):
            put(
                root / "audio" / style / f"{number}.wav",
                tune(hertz * (1 + number / 10), 2, 8000, number),
                8000,
            )
    config = load_recipe("small", list(SPECTROGRAM)).spectrogram
    precompute(root / "audio", Workspace(root / "workspace"), config, jobs=1)
    put(root / "songs" / "song.wav", tune(440, 3))
    put(root / "library" / "Album" / "one.flac", tune(330, 2))
    whole = put(root / "library" / "Album" / "two.flac", tune(392, 2)).read_bytes()
    (root / "library" / "Album" / "broken.flac").write_bytes(whole[: len(whole) // 2])
    environment = {key: value for key, value in os.environ.items() if not key.startswith("STYLESHIFT_")}
    environment |= {
        "XDG_CONFIG_HOME": str(root / "config"),
        "XDG_DATA_HOME": str(root / "data"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "styleshift", "studio", "--port", "0", "--no-browser", "--json"]
    with (root / "server.txt").open("wb") as errors:
        server = subprocess.Popen(
            [*command, "--workspace", str(root / "workspace"), str(root / "audio")],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            cwd=root,
        )
    assert server.stdout is not None
    line = server.stdout.readline()
    assert line, (root / "server.txt").read_text()
    yield Served(json.loads(line)["address"], root)
    server.terminate()
    assert server.wait(PATIENCE / 1000) == 0
    jobs = Jobs(root / "workspace" / "studio" / "jobs")
    for job in jobs.all():  # what a test that failed has left
        if job["status"] == "running":
            jobs.stop(job["id"], at_once=True)
    assert "Traceback" not in (root / "server.txt").read_text()


# Not for the session: Playwright keeps an event loop in this thread, where other tests begin loops of theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the distribution has it."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)

    with sync_playwright() as driver:
        yield driver.chromium.launch(
            executable_path=chromium, args=["--autoplay-policy=no-user-gesture-required"], timeout=PATIENCE
        )


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """``new_page(**context)``: an empty page; complaints of its console, or of its policy, fail the test."""
    complaints: list[str] = []
    contexts = []

    def listen(message: Any) -> None:
        refused = message.text.startswith("Failed to load resource")  # which the page tells in words
        if message.type in ("error", "warning") and not refused:
            complaints.append(message.text)

    def new(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(PATIENCE)
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield new
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def open_page(served: Served, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """``open_page(place, **context)``: the studio's page, let in, at a place."""

    def open(place: str = "styles", **options: Any) -> Page:
        page = new_page(**options)
        page.goto(served.address)
        page.wait_for_url(served.base)
        go(page, place)
        return page

    return open


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[Any]]:
    """``violations(page)``: what axe-core finds against names, roles, contrast and landmarks."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def find(page: Page) -> list[Any]:
        # Half way between two schemes a colour is neither's, and has no contrast of its own.
        page.evaluate("Promise.all(document.getAnimations().map((one) => one.finished.catch(() => null)))")
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        return [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found]

    return find


@pytest.fixture(scope="session")
def play() -> Callable[[Page], None]:
    """``play(page)``: plays the first recording until its clock has moved, and switches to the last one."""

    def listen(page: Page) -> None:
        from playwright.sync_api import expect

        player = page.locator(".pair.ready").first
        player.get_by_role("button", name="Play").click()
        expect(player.locator(".clock")).not_to_contain_text("0:00.0 /")
        player.get_by_role("radio").last.click()
        expect(player.locator("figure.heard")).to_have_count(1)

    return listen


def go(page: Page, place: str) -> None:
    """Walk to a place as its link does, and wait until it is there."""
    page.get_by_role("navigation").get_by_role("link", name=place.capitalize(), exact=True).click()
    page.locator(f'main[data-ready="{place}"]').wait_for()


@pytest.fixture(scope="session")
def walk() -> Callable[[Page, str], None]:
    return go


@pytest.fixture(scope="session")
def tiny_lines() -> Callable[..., str]:
    """Settings that make `small` tiny, a line each, as the page takes them."""
    return lambda *more: "\n".join((*TINY, *more))
