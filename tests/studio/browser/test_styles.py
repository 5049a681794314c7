"""Of styleshift.studio.styles, in a real browser: a style is dropped, read, looked at and heard."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

pytest.importorskip("playwright")

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]

DROP = """(zone, files) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name));
  }
  for (const kind of ["dragover", "drop"]) {
    zone.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""
EVIL = "<img src=x onerror=alert(1)>\"'&amp;"


def test_files_are_dropped_read_looked_at_and_heard(open_page: Open, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    time = np.arange(3 * 22050) / 22050
    for number in range(2):
        soundfile.write(
            tmp_path / f"{number}.wav", 0.3 * np.sin(2 * np.pi * (300 + 50 * number) * time), 22050
        )
    soundfile.write(tmp_path / "silence.wav", np.zeros(44100), 22050)
    page = open_page("styles")
    page.get_by_label("Style", exact=True).fill("organ")
    files = [[path.name, base64.b64encode(path.read_bytes()).decode()] for path in sorted(tmp_path.iterdir())]
    page.locator(".drop").evaluate(DROP, [*files, ["cover.jpg", ""]])
    card = page.locator('[data-style="organ"]')
    expect(card).to_contain_text("2 recordings")
    expect(card).to_contain_text("1 left out")
    card.get_by_role("button", name="Recordings of organ").click()
    rows = page.get_by_role("listbox", name="Recordings of organ")
    expect(rows.get_by_role("option")).to_have_count(3)
    page.get_by_role("radio", name="Left out").click()
    expect(rows.get_by_role("option")).to_have_count(1)
    expect(rows).to_contain_text("silent")
    page.get_by_role("radio", name="All").click()
    rows.focus()
    page.keyboard.press("Enter")
    player = page.locator(".pair.ready")
    expect(player.get_by_role("img", name="Spectrogram and waveform of organ: 0.wav")).to_be_visible()
    player.get_by_role("button", name="Play").click()
    expect(player.locator(".clock")).not_to_contain_text("0:00.0 /")
    assert player.locator("audio").evaluate("(audio) => audio.currentTime") > 0


def test_a_name_that_is_a_script_is_a_name(open_page: Open, served: object) -> None:
    """In the list, in the player, in messages: text, whatever it holds."""
    from playwright.sync_api import expect

    root: Path = served.root  # type: ignore[attr-defined]
    folder = root / "strange" / "evil"
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{EVIL.replace('/', '')}.wav", np.full(22050, 0.1), 22050)
    page = open_page("styles")
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.get_by_label("Style", exact=True).fill("evil")
    page.get_by_label("Or a folder on this computer").fill(str(folder))
    page.get_by_role("button", name="Add the folder").click()
    expect(page.locator('[data-style="evil"]')).to_contain_text("1 recording")
    page.get_by_role("button", name="Recordings of evil").click()
    page.get_by_role("listbox", name="Recordings of evil").get_by_role("option").click()
    expect(page.locator(".pair.ready h2")).to_contain_text("onerror=alert(1)")
    assert page.locator("img[src=x]").count() == 0
    assert asked == []


def test_a_mistake_is_told_in_words(open_page: Open) -> None:
    from playwright.sync_api import expect

    page = open_page("styles")
    page.get_by_role("button", name="Add the folder").click()
    expect(page.get_by_role("alert")).to_contain_text("Give the style a name first")
    page.get_by_label("Style", exact=True).fill("new")
    page.get_by_label("Or a folder on this computer").fill("/nowhere/at/all")
    page.get_by_role("button", name="Add the folder").click()
    expect(page.get_by_role("alert")).to_contain_text("there is no folder /nowhere/at/all")


def test_folders_are_walked_through(open_page: Open, served: object) -> None:
    from playwright.sync_api import expect

    root: Path = served.root  # type: ignore[attr-defined]
    page = open_page("styles")
    field = page.get_by_label("Or a folder on this computer")
    field.fill(str(root / "audio"))
    page.get_by_role("button", name="Look inside").click()
    page.get_by_role("button", name="low", exact=True).click()
    expect(page.get_by_text("3 recordings and 0 folders here")).to_be_visible()
    expect(field).to_have_value(str(root / "audio" / "low"))
