"""Of styleshift.studio.runs, in a real browser: a training is started, watched, stopped, continued, used."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("playwright")
pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]


def begin(page: Page, name: str, steps: int, settings: str) -> None:
    page.get_by_label("One style").select_option("low")
    page.get_by_label("The other style").select_option("high")
    page.get_by_label("Minutes", exact=True).fill("")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Steps").fill(str(steps))
    page.get_by_label("Name").fill(name)
    page.get_by_label("Settings of the recipe").fill(settings)
    page.get_by_role("button", name="Start training").click()


def points(page: Page) -> int:
    """Of the first curve that is drawn of a loss."""
    lines = page.locator("section[data-run] .curves polyline")
    texts = lines.evaluate_all("(lines) => lines.map((line) => line.getAttribute('points'))")
    return max((len(text.split()) for text in texts), default=0)


def test_a_training_is_watched_and_its_checkpoint_used(
    open_page: Open, tiny_lines: Callable[..., str], walk: Callable[[Any, str], None], served: Any
) -> None:
    from playwright.sync_api import expect

    page = open_page("train")
    begin(page, "judged", 4, tiny_lines("schedule.save_every=2", "schedule.validation_seconds=1"))
    other = page.context.new_page()  # a second tab sees the same
    other.goto(f"{served.base}#train")
    expect(other.locator(".job").first).to_contain_text("Train low and high")
    other.close()
    expect(page.locator(".job .badge").first).to_have_text(re.compile("done|failed|died"))
    assert page.locator(".job .badge").first.inner_text() == "done", page.locator(".job").first.inner_text()
    run = page.locator('section[data-run="judged"]')
    expect(run.get_by_role("heading", name="judged: step 4")).to_be_visible()
    expect(run.locator(".verdicts")).to_contain_text("low to high:")
    expect(run.locator(".curves")).to_contain_text("score, 0 to 1")
    for _ in range(100):  # the job is done a moment before its last step is drawn
        if points(page) == 4:
            break
        page.wait_for_timeout(100)
    assert points(page) == 4
    excerpt = run.locator(".pair.ready").first
    expect(excerpt.get_by_role("radio")).to_have_count(3)
    excerpt.get_by_role("radio", name="converted").click()
    excerpt.get_by_role("button", name="Play").click()
    expect(excerpt.locator("figure.heard")).to_contain_text("converted")
    run.locator("summary", has_text="checkpoints").click()
    page.get_by_role("button", name="Use the checkpoint of step 4").click()
    expect(page.get_by_text("Made low to high and high to low")).to_be_visible(timeout=120_000)
    page.get_by_label("Compare judged").check()
    expect(page.locator(".room > .curves")).to_contain_text("judged")
    walk(page, "models")
    expect(page.locator('[data-model="low-to-high"]')).to_contain_text("made in this workspace")
    page.get_by_label("Training").select_option("judged")
    page.get_by_role("button", name="Export its best checkpoints").click()
    expect(page.get_by_text("Made low to high and high to low")).to_be_visible(timeout=120_000)


def test_a_training_is_stopped_and_continued(open_page: Open, tiny_lines: Callable[..., str]) -> None:
    from playwright.sync_api import expect

    page = open_page("train")
    begin(page, "long", 1_000_000, tiny_lines("schedule.save_every=100000", "schedule.validation_seconds=0"))
    run = page.locator('section[data-run="long"]')
    run.locator(".curves polyline").first.wait_for()
    before = points(page)
    expect(run.locator("h2")).not_to_contain_text("step 1,")
    running = page.locator(".job", has_text="Train low and high")
    running.get_by_role("button", name="Stop").click()
    expect(running.locator(".badge")).to_have_text("stopped")
    assert before > 0

    def step() -> int:
        return int(run.locator("h2").inner_text().split("step ")[1].split(",")[0])

    stopped = step()
    run.get_by_role("button", name="Continue").click()
    running = page.locator(".job", has_text="Continue long")
    running.wait_for()
    page.reload()  # a page that was closed finds it again
    expect(running.locator("progress").first).to_be_visible()
    expect(running).to_contain_text("training")
    expect(run.locator("h2")).not_to_contain_text(re.compile(f"step ({stopped}|{stopped + 1}),"))
    assert step() > stopped + 1
    running.get_by_role("button", name="Stop").click()
    expect(running.locator(".badge")).to_have_text("stopped")


def test_styles_read_for_another_recipe_are_told_before_the_start_and_read_again(
    open_page: Open, tiny_lines: Callable[..., str]
) -> None:
    from playwright.sync_api import expect

    page = open_page("train")
    notice = page.locator(".notice")
    begin(page, "wrong", 1, "")
    expect(notice).to_contain_text("low and high were read for another recipe than small")
    expect(page.get_by_role("alert")).to_contain_text("low and high must be read anew for recipe small")
    settings = page.get_by_label("Settings of the recipe")
    for gain in ("5.0", "1000.0"):  # and back again, for other tests
        settings.fill(tiny_lines(f"spectrogram.gain={gain}"))
        settings.blur()
        notice.get_by_text("What differs").click()
        expect(notice).to_contain_text(f", not {gain}")
        notice.get_by_role("button", name="Read low and high again for small").click()
        expect(notice).to_have_count(0)
