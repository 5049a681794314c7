"""Of styleshift.studio.asked, in a real browser: a song and a library are converted, and heard."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("playwright")
pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]

PEAKS = """async (audios) => {
  const context = new OfflineAudioContext(1, 1, 22050);
  return Promise.all(audios.map(async (audio) => {
    const data = await (await fetch(audio.src)).arrayBuffer();
    const samples = (await context.decodeAudioData(data)).getChannelData(0);
    const peaks = Array.from({ length: 20 }, (_, i) =>
      samples.slice(i * samples.length / 20, (i + 1) * samples.length / 20)
        .reduce((most, value) => Math.max(most, Math.abs(value)), 0));
    return [samples.length, ...peaks];
  }));
}"""
SCROLL = """async (list) => {
  const steps = [];
  for (let step = 1; step <= 30; step += 1) {
    const begun = performance.now();
    list.scrollTop = step * list.scrollHeight / 30;
    list.dispatchEvent(new Event("scroll"));
    list.getBoundingClientRect();  // lays it out now
    steps.push(performance.now() - begun);
    await new Promise(requestAnimationFrame);
  }
  return steps;
}"""
TIMES = "(audios) => audios.map((audio) => [audio.currentTime, audio.muted])"


def test_a_song_is_heard_beside_its_source_at_two_strengths(open_page: Open, served: Any) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_role("radio", name="One song").click()
    page.get_by_label("Model").select_option("violin-to-piano")
    page.locator("input[type=file]").first.set_input_files(str(served.root / "songs" / "song.wav"))
    player = page.locator(".pair.ready")
    expect(player).to_be_visible()
    audios = player.locator("audio")
    source, converted = audios.evaluate_all(PEAKS)
    assert source[0] == converted[0], "as long as its source"
    assert max(abs(a - b) for a, b in zip(source[1:], converted[1:], strict=True)) > 0.01
    player.get_by_role("button", name="Play").click()
    expect(player.locator(".clock")).not_to_contain_text("0:00.0 /")
    (a, a_muted), (b, b_muted) = audios.evaluate_all(TIMES)
    assert a > 0
    assert abs(a - b) < 0.2, "in step"
    assert (a_muted, b_muted) == (False, True)
    page.keyboard.press("b")
    assert [muted for _, muted in audios.evaluate_all(TIMES)] == [True, False]
    page.keyboard.press("x")
    assert [muted for _, muted in audios.evaluate_all(TIMES)] == [False, True]
    volumes = "(audios) => audios.map((audio) => audio.volume)"
    matched = audios.evaluate_all(volumes)
    assert 0.98 < min(matched) <= max(matched) == 1, "a conversion is as loud as its source"
    audios.first.evaluate("(audio) => { audio.dataset.gain = '0.5'; }")
    same = player.get_by_label("same loudness")
    same.uncheck()
    assert audios.evaluate_all(volumes) == [1, 1]
    same.check()
    assert audios.evaluate_all(volumes) == [0.5, matched[1]]
    for name in ("Source (violin)", "Converted (piano)", "Difference"):
        expect(player.get_by_role("img", name=name)).to_be_visible()
    first = audios.last.get_attribute("src")
    strength = page.get_by_label("Strength")
    strength.focus()
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("output").first).to_have_text("0.50 of the change (1 is all of it)")
    expect(page.locator(".pair.ready audio").last).not_to_have_attribute("src", first or "")
    weaker = page.locator(".pair.ready audio").evaluate_all(PEAKS)[1]
    assert weaker[1:] != converted[1:]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the conversion").click()
    assert download.value.suggested_filename == "song-piano-0.5.flac"


def test_a_song_is_found_again_while_it_is_converted_and_after(
    open_page: Open, walk: Callable[[Page, str], None], served: Any, violations: Any
) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_role("radio", name="One song").click()
    page.get_by_label("Model").select_option(label="woman to man")
    strength = page.get_by_label("Strength")
    strength.fill("0.7")
    song = served.root / "songs" / "a long #1 & söng.wav"
    soundfile.write(song, 0.3 * np.sin(2 * np.pi * 550 * np.arange(60 * 22050) / 22050), 22050)
    page.locator("input[type=file]").first.set_input_files(str(song))
    card = page.locator(".room .job")
    expect(card).to_contain_text(f"Convert {song.name} with")
    walk(page, "models")
    walk(page, "convert")
    expect(page.get_by_label("Model").locator("option:checked")).to_have_text("woman to man")
    expect(strength).to_have_value("0.7")
    expect(card.or_(page.locator(".pair.ready")).first).to_be_visible()
    for again in (False, True):
        if again:
            page.reload()
        player = page.locator(".pair.ready")
        expect(player.get_by_role("heading", name=song.name)).to_be_visible()
        expect(player.get_by_role("img", name="Source (woman)")).to_be_visible()
        expect(player.get_by_role("img", name="Converted (man)")).to_be_visible()
        source, converted = player.locator("audio").evaluate_all(PEAKS)
        assert source[0] == converted[0], "the song that was sent, and what was made of it"
        expect(page.get_by_role("button", name="Blind test")).to_be_visible()
        expect(page.get_by_label("Model").locator("option:checked")).to_have_text("woman to man")
        expect(strength).to_have_value("0.7")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download the conversion").click()
        assert download.value.suggested_filename == f"{song.stem}-man-0.7.flac"
    page.get_by_role("radio", name="A library").click()
    expect(player).to_have_count(0)  # keys are not for what is out of sight
    page.get_by_role("radio", name="One song").click()
    expect(player).to_be_visible()
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    first = player.locator("audio").last.get_attribute("src")
    strength.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".pair.ready audio").last).not_to_have_attribute("src", first or "")
    page.goto(f"{served.base}#convert/violin-to-piano")
    page.reload()
    expect(page.locator(".pair.ready").get_by_role("img", name="Converted (man")).to_be_visible()
    expect(page.get_by_label("Model")).to_have_value("violin-to-piano")


def test_what_is_no_recording_is_named(open_page: Open, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_role("radio", name="One song").click()
    names = ["notes.txt", "a.txt", "b.pdf", "c.jpg", "d.doc"]
    for name in names:
        (tmp_path / name).write_text("no music")
    page.locator("input[type=file]").first.set_input_files(str(tmp_path / names[0]))
    expect(page.get_by_role("alert")).to_contain_text("notes.txt is no recording that is known here")
    page = open_page("styles")
    page.get_by_label("Style", exact=True).fill("none")
    page.locator("input[type=file]").first.set_input_files([str(tmp_path / name) for name in names])
    expect(page.get_by_role("alert")).to_contain_text(
        "notes.txt, a.txt, b.pdf and 2 more are no recordings that are known here"
    )


def test_a_library_is_planned_converted_and_its_failure_explained(
    open_page: Open, new_page: Open, served: Any, play: Callable[[Page], None], violations: Any
) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_label("Model").select_option("violin-to-piano")
    page.get_by_role("radio", name="A library").click()
    page.get_by_label("Folder of recordings").fill(str(served.root / "library"))
    page.get_by_role("button", name="Plan", exact=True).click()
    files = page.get_by_role("listbox", name="Files")
    expect(files.get_by_role("option")).to_have_count(3)
    expect(page.locator(".facts-line")).to_contain_text("1 to fail, 2 to convert; 4 seconds of audio")
    page.get_by_role("button", name="Convert", exact=True).click()
    expect(page.locator(".facts-line")).to_contain_text("of audio in")
    expect(page.locator(".facts-line")).to_contain_text("2 converted")
    page.get_by_role("radio", name="Failed").click()
    expect(files.get_by_role("option")).to_have_count(1)
    files.get_by_role("option").click()
    expect(page.locator(".below .problem")).to_contain_text("broken.flac: damaged")
    page.get_by_role("radio", name="Converted").click()
    files.get_by_role("option").first.click()
    expect(page.locator(".pair.ready")).to_be_visible()
    page.reload()
    page.get_by_role("radio", name="A library").click()
    expect(page.get_by_role("listbox", name="Files").get_by_role("option")).to_have_count(3)
    for scheme in ("light", "dark"):
        report = new_page(color_scheme=scheme)
        report.goto((served.root / "library-piano" / "report.html").as_uri())
        assert violations(report) == []
    play(report)
    assert report.locator(".pair.ready audio").first.evaluate("(audio) => audio.currentTime") > 0


def test_the_files_of_a_former_plan_do_not_stand_below_the_error_of_the_next(
    open_page: Open, served: Any
) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_label("Model").select_option("violin-to-piano")
    page.get_by_role("radio", name="A library").click()
    folder, plan = (
        page.get_by_label("Folder of recordings"),
        page.get_by_role("button", name="Plan", exact=True),
    )
    files = page.get_by_role("listbox", name="Files")
    (served.root / "nothing in it").mkdir()
    refused, failed = page.locator(".room .card .problem"), page.locator(".room .job .problem")
    for name, told in (("nowhere", refused), ("nothing in it", failed)):
        folder.fill(str(served.root / "library"))
        plan.click()
        expect(files.get_by_role("option")).to_have_count(3)
        expect(page.locator(".facts-line")).to_contain_text("of audio")
        folder.fill(str(served.root / name))
        plan.click()
        expect(told).to_contain_text(name)
        expect(files).to_be_hidden()
        expect(page.locator(".facts-line")).to_be_hidden()
    # Nor does it come back below the next one, which has none yet.
    page.route("**/tracks?from=0", lambda route: None)
    folder.fill(str(served.root / "library"))
    plan.click()
    expect(page.locator(".room .job .badge")).to_have_text("done")
    expect(files).to_be_hidden()


def test_a_blind_test_is_answered_from_the_keyboard_and_kept(open_page: Open, served: Any) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_role("radio", name="One song").click()
    page.get_by_label("Model").select_option("violin-to-piano")
    page.locator("input[type=file]").first.set_input_files(str(served.root / "songs" / "song.wav"))
    page.get_by_role("button", name="Blind test").click()
    page.get_by_label("Who listens").fill("ear")
    page.get_by_label("Trials").fill("2")
    page.get_by_role("button", name="Begin").click()
    test = page.get_by_role("region", name="ABX test")
    for trial in (1, 2):
        expect(test).to_contain_text(f"Trial {trial} of 2")
        for key in (" ", "a", "b", "x", "1"):
            page.keyboard.press(key)
    expect(page.get_by_text("The test is over")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="The answers as CSV").click()
    rows = list(csv.DictReader(download.value.path().open(encoding="utf-8")))
    assert [(row["listener"], row["trial"], row["answer"], row["plays"]) for row in rows] == [
        ("ear", "1", "a", "1"),
        ("ear", "2", "a", "1"),
    ]
    assert all(row["correct"] == str(int(row["x"] == "a")) for row in rows)


def test_a_library_is_found_again_as_it_was_asked_for(
    open_page: Open, walk: Callable[[Page, str], None], served: Any
) -> None:
    from playwright.sync_api import expect

    page = open_page("convert")
    page.get_by_role("radio", name="A library").click()
    model, strength = page.get_by_label("Model"), page.get_by_label("Strength")
    folder, output = page.get_by_label("Folder of recordings"), page.get_by_label("Output")
    salvage = page.get_by_label("Convert damaged files")
    files = page.get_by_role("listbox", name="Files")

    def plan(to: str) -> None:
        model.select_option("violin-to-piano")
        strength.fill("0.6")
        folder.fill(str(served.root / "library"))
        output.fill(to)
        salvage.check()
        with page.expect_response("**/api/jobs/plan"):
            page.get_by_role("button", name="Plan", exact=True).click()
        expect(page.locator(".facts-line")).to_contain_text("of audio")

    def found(name: str, to: str) -> None:
        expect(page.get_by_role("radio", name="A library")).to_be_checked()
        expect(files.get_by_role("option")).to_have_count(3)
        expect(folder).to_have_value(str(served.root / "library"))
        expect(output).to_have_value(to)
        expect(model).to_have_value(name)
        expect(salvage).to_be_checked()

    made = str(served.root / "made")
    plan(made)
    walk(page, "models")
    walk(page, "convert")
    found("violin-to-piano", made)
    expect(strength).to_have_value("0.6")
    page.reload()
    found("violin-to-piano", made)
    expect(strength).to_have_value("0.6")
    plan("")
    page.reload()
    found("violin-to-piano", str(served.root / "library-piano"))
    model.select_option(label="woman to man")
    found(model.input_value(), "")  # what is made in another style does not go there
    page.goto(f"{served.base}#convert/{model.input_value()}")
    page.reload()
    expect(model.locator("option:checked")).to_have_text("woman to man")
    found(model.input_value(), "")


LATE = """
const add = EventSource.prototype.addEventListener;
EventSource.prototype.addEventListener = function (kind, listener, options) {
  add.call(this, kind, kind === "message" ? (event) => setTimeout(listener, 1000, event) : listener, options);
};
"""
"""What the studio does is told a second late."""


def test_ten_thousand_files_scroll_as_ten_do(open_page: Open, served: Any) -> None:
    folder = served.root / "workspace" / "studio" / "jobs" / "29990101-000000-0123abcd"
    folder.mkdir(parents=True)
    names = [f"Album/{number:05}.flac" for number in range(10_000)]
    fields = [{"name": name, "status": "to convert", "seconds": 200.0} for name in names]
    lines = [
        {"line": "begin", "pid": 1},
        *({"line": "event", "kind": "track", "fields": each} for each in fields),
        {"line": "end", "exit_code": 0},
    ]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    job = {"kind": "plan", "title": "Plan", "started": 4e9, "arguments": {"source": "/music"}}
    (folder / "job.json").write_text(json.dumps(job))
    try:
        page = open_page("convert")
        page.add_init_script(LATE)
        page.reload()
        page.get_by_role("radio", name="A library").click()
        files = page.get_by_role("listbox", name="Files")
        files.get_by_role("option").first.wait_for()
        # The quickest step: what the page needs, not what else the machine does.
        assert min(files.evaluate(SCROLL)) < 100
        assert files.get_by_role("option").last.get_attribute("aria-posinset") == "10000"
        assert "09999.flac" in files.get_by_role("option").last.inner_text()
        assert files.get_by_role("option").count() < 50
    finally:
        shutil.rmtree(folder)
