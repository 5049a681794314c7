"""Templates show every value as text, and what they draw lies where it should."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
from html_pages import read

from styleshift.conversion.library.groups import Group, Groups
from styleshift.pages import Player, Shot, Unplayed, diagram, render

EVIL = "<img src=x onerror=alert(1)>\"'&\u202e\udce9"


def library(tmp_path: Path, **values: object) -> Path:
    path = tmp_path / "page.html"
    absent = {"summary": "", "failed": [], "hints": [], "players": [], "unplayed": [], "unheard": 0}
    absent |= {"more_failed": 0, "report": "report.jsonl"}
    absent |= {name: Groups([]) for name in ("warnings", "skipped", "changed", "lost")}
    path.write_bytes(render("library.html", **{**absent, **values}).encode())
    return path


def test_every_value_is_text(tmp_path: Path) -> None:
    without = Unplayed(EVIL, "../a", EVIL, EVIL)
    shots = [Shot(EVIL, EVIL, EVIL), Shot("b", "b")]
    player = Player(EVIL, shots, place=EVIL, figures=[(EVIL, EVIL)], unplayed=[without])
    failed = {"failed": [(EVIL, EVIL, EVIL, EVIL)], "hints": [EVIL]}
    various = Group(EVIL, EVIL, 5, [EVIL] * 4, [EVIL] * 4, various=True)
    told = {"warnings": Groups([various]), "lost": Groups([Group("x", EVIL, 1, [EVIL], [""])])}
    heard = {"players": [player], "unplayed": [(EVIL, [without])]}
    page = read(library(tmp_path, title=EVIL, summary=EVIL, **heard, **failed, **told))
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in page.tags)
    shown = "<img src=x onerror=alert(1)>\"'&\\u202e\\udce9"
    assert " ".join(page.text).count(shown) == 34  # twice each: title, figures


def test_a_value_that_is_missing_is_no_empty_place(tmp_path: Path) -> None:
    with pytest.raises(jinja2.UndefinedError):
        library(tmp_path)


def test_a_player_without_a_picture_has_a_button_for_each_recording(tmp_path: Path) -> None:
    player = Player("a song", [Shot("before", "../a.mp3"), Shot("after", "a.mp3")])
    page = read(library(tmp_path, title="t", players=[player]))
    radios = [attributes for _, attributes in page.tags if attributes.get("role") == "radio"]
    assert [radio["aria-checked"] for radio in radios] == ["true", "false"]
    assert [a["src"] for tag, a in page.tags if tag == "audio"] == ["../a.mp3", "a.mp3"]
    assert not any(tag in ("svg", "image") for tag, _ in page.tags)


def test_a_diagram_begins_at_zero_or_below() -> None:
    made = diagram("loss", {"a": [(0, 1.0), (10, 4.0)], "b": [(5, 2.0)]})
    assert made is not None
    assert (made.low, made.high, made.last) == (0.0, 4.0, 10)
    assert [curve.points for curve in made.curves] == [[(0.0, 0.75), (1.0, 0.0)], [(0.5, 0.5)]]
    below = diagram("loss", {"a": [(1, -1.0), (2, 1.0)]})
    assert below is not None
    assert below.low == -1.0
    assert diagram("loss", {"a": []}) is None
