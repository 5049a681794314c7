"""Of styleshift.studio.rooms, in a real browser: models, evaluation, and what all places have in common."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from styleshift.evaluation.ears.ears import MOST_TAGS
from styleshift.workspace import shipped_models

pytest.importorskip("playwright")

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
Walk = Callable[[Any, str], None]
PLACES = ("styles", "train", "convert", "models", "evaluate")


def test_light_or_dark_is_switched_and_stays(open_page: Open) -> None:
    page = open_page("models")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    chosen = page.evaluate(ground)
    assert chosen != before
    page.reload()
    page.locator("[data-model]").first.wait_for()
    assert page.evaluate(ground) == chosen
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) == before


@pytest.mark.parametrize("place", ["convert", "convert/violin-to-piano", "models"])
def test_the_address_with_the_token_leads_to_the_place_that_it_names(
    served: Any, new_page: Open, place: str
) -> None:
    page = new_page()
    page.goto(f"{served.address}#{place}")
    page.locator(f'main[data-ready="{place.partition("/")[0]}"]').wait_for()
    assert page.url == f"{served.base}#{place}"
    if "/" in place:
        assert page.get_by_label("Model").input_value() == "violin-to-piano"


def test_without_scripts_the_address_with_the_token_leads_to_the_page(served: Any, new_page: Open) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(served.address)
    page.wait_for_url(served.base)
    assert page.title() == "styleshift studio"


def test_a_place_that_was_left_before_it_was_built_is_not_the_one_that_is_shown(
    served: Any, new_page: Open
) -> None:
    from playwright.sync_api import expect

    page = new_page()
    held: list[Any] = []
    page.route("**/api/styles", lambda route: held.append(route))
    page.goto(served.address)
    page.wait_for_url(served.base)
    content = page.locator("main")
    expect(content.get_by_role("heading", name="Styles")).to_be_visible()
    page.get_by_role("link", name="Convert", exact=True).click()
    expect(content).to_have_attribute("data-ready", "convert")
    with page.expect_response("**/api/styles"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # what the answer sets off
    expect(content).to_have_attribute("data-ready", "convert")
    expect(page.get_by_label("Model")).to_be_visible()


def test_a_place_that_was_left_before_it_was_built_does_not_take_the_focus(
    served: Any, new_page: Open
) -> None:
    from playwright.sync_api import expect

    page = new_page()
    page.goto(served.address)
    page.wait_for_url(served.base)
    content = page.locator("main")
    expect(content).to_have_attribute("data-ready", "styles")
    held: list[Any] = []
    page.route("**/api/styles", lambda route: held.append(route))
    page.get_by_role("link", name="Train", exact=True).click()
    expect(content.get_by_role("heading", name="Train")).to_be_visible()
    page.get_by_role("link", name="Convert", exact=True).click()
    expect(content).to_have_attribute("data-ready", "convert")
    expect(content.get_by_role("heading", name="Convert")).to_be_focused()
    page.get_by_label("Model").focus()
    with page.expect_response("**/api/styles"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done, 200))")  # what the answer sets off
    expect(page.get_by_label("Model")).to_be_focused()


def test_a_model_is_checked_added_and_removed(open_page: Open, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = open_page("models")
    card = page.locator('[data-model="violin-to-piano"]')
    expect(card).to_contain_text("CC BY 4.0")
    card.get_by_role("button", name="Check").click()
    expect(card.get_by_role("status")).to_contain_text("intact, and runs here")
    mine = tmp_path / "mine.onnx"
    mine.write_bytes((shipped_models() / "violin-to-piano.onnx").read_bytes())
    page.locator("input[type=file]").set_input_files(str(mine))
    added = page.locator('[data-model="mine"]')
    added.get_by_role("button", name="Remove").click()
    added.get_by_role("button", name="Delete it").click()
    expect(added).to_have_count(0)
    (tmp_path / "none.onnx").write_bytes(b"no model")
    page.locator("input[type=file]").set_input_files(str(tmp_path / "none.onnx"))
    expect(page.get_by_role("alert")).to_contain_text("none.onnx")


def test_two_folders_are_measured_and_rated_blind(open_page: Open, served: Any) -> None:
    from playwright.sync_api import expect

    page = open_page("evaluate")
    page.get_by_role("radio", name="A folder of conversions").click()
    page.get_by_label("Conversions", exact=True).fill(str(served.root / "audio" / "high"))
    page.get_by_label("Sources").fill(str(served.root / "audio" / "low"))
    page.get_by_label("Recordings in the target style").fill(str(served.root / "audio" / "high"))
    page.get_by_role("button", name="Evaluate", exact=True).click()
    figures = page.get_by_role("region", name="Figures")
    expect(figures).to_be_visible()
    harmony = figures.get_by_role("row", name="harmony kept (1 is all)")
    expect(harmony).to_contain_text("Agreement of harmony with the source; 1 means that all of it stayed.")
    if importlib.util.find_spec("musicnn"):
        heard = page.get_by_role("region", name="what MusiCNN hears")
        expect(heard.get_by_role("columnheader")).to_have_text(["Tag", "source", "conversion", "style"])
        expect(heard.get_by_role("row")).to_have_count(1 + MOST_TAGS)
    page.get_by_label("Conversions, ordered by").select_option("change")
    changes = page.get_by_role("listbox", name="Conversions").locator(".number").all_inner_texts()
    assert [float(text) for text in changes] == sorted(map(float, changes), reverse=True)
    page.get_by_role("listbox", name="Conversions").get_by_role("option").first.click()
    expect(page.locator(".pair.ready")).to_be_visible()
    expect(page.locator(".below .figures")).to_contain_text(f"changed (dB) {changes[0]}")
    page.get_by_role("button", name="Rating").click()
    page.get_by_label("Trials").fill("1")
    page.get_by_role("button", name="Begin").click()
    page.get_by_label("Rating of Stimulus 1").fill("80")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("The test is over")).to_be_visible()
    expect(page.get_by_role("link", name="mushra-").last).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: Open, walk: Walk, violations: Any, scheme: str) -> None:
    page = open_page(color_scheme=scheme)
    for place in PLACES:
        walk(page, place)
        assert violations(page) == [], f"in {place}"


def test_a_phone_shows_every_place_without_scrolling_sideways(open_page: Open, walk: Walk) -> None:
    page = open_page(viewport={"width": 360, "height": 740})
    for place in PLACES:
        walk(page, place)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, place


def test_the_keyboard_reaches_everything_and_shows_where_it_is(open_page: Open) -> None:
    page = open_page("styles")
    skip = page.locator(".skip")
    skip.focus()
    box = skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0, "it comes into sight"
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "[document.activeElement.tagName, document.activeElement.innerText || document.activeElement.id, "
            "getComputedStyle(document.activeElement).outlineStyle]"
        )
        if here[0] == "BODY":
            break
        seen.add(here[1].strip())
        assert here[2] != "none", here
    buttons = page.locator("button:visible:enabled").all_inner_texts()
    assert {text.strip() for text in buttons} <= seen


def test_light_and_dark_stay_as_chosen(open_page: Open) -> None:
    page = open_page("styles", color_scheme="light")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"


def test_nothing_moves_for_who_wants_no_motion(open_page: Open) -> None:
    page = open_page("styles", reduced_motion="reduce")
    times = "[...document.querySelectorAll('*')].map((each) => getComputedStyle(each).transitionDuration)"
    assert set(page.evaluate(times)) == {"0s"}
