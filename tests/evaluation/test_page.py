"""The listening page: whole, self-contained, harmless, and its pictures right."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from html_pages import pixels, read

from styleshift.errors import UsageError
from styleshift.evaluation.page import MOST_PAIRS, Pair, write_page


def tone(path: Path, hertz: float, seconds: float = 1.0, rate: int = 16000, channels: int = 1) -> Path:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate, format="WAV", subtype="FLOAT")
    return path


def test_the_page_holds_everything_it_plays(tmp_path: Path) -> None:
    source, converted = tone(tmp_path / "a.wav", 440, channels=2), tone(tmp_path / "b.wav", 880)
    notes = write_page(
        tmp_path / "page.html",
        title="Held to plucked",
        pairs=[Pair("a tune", source, converted, {"lsd": 3.21})],
        facts={"recipe": "small"},
        source_name="Held",
        converted_name="Plucked",
    )
    assert notes == []
    page = read(tmp_path / "page.html")
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "base")
        for name in ("src", "href", "action"):
            assert attributes.get(name, "data:").startswith("data:"), (tag, name)
    everything = (tmp_path / "page.html").read_text("utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org)|@import|url\(|fetch\(|XMLHttpRequest", everything)
    players = [attributes for tag, attributes in page.tags if tag == "audio"]
    expected = [soundfile.read(path, always_2d=True) for path in (source, converted)]
    for player, (wave, rate) in zip(players, expected, strict=True):
        data = base64.b64decode(player["src"].removeprefix("data:audio/flac;base64,"))
        heard, heard_rate = soundfile.read(io.BytesIO(data), always_2d=True)
        assert heard_rate == rate
        np.testing.assert_allclose(heard, wave, atol=2 / 32768)
    text = " ".join(page.text)
    for word in ("Held to plucked", "a tune", "small", "3.21", "Held", "Plucked", "Hz", "seconds"):
        assert word in text
    pictures = [attributes["href"] for tag, attributes in page.tags if tag == "image"]
    shapes = [pixels(base64.b64decode(uri.partition(",")[2]))[0].shape for uri in pictures]
    assert shapes == [(256, 720)] * 2


def test_what_a_tagger_hears_is_a_table(tmp_path: Path) -> None:
    pair = Pair("tune", tone(tmp_path / "a.wav", 440), tone(tmp_path / "b.wav", 550))
    heard = {"piano": {"source": 0.0, "conversion": 0.345}, "<i>": {"source": 1.0, "conversion": 0.5}}
    write_page(tmp_path / "page.html", title="t", pairs=[pair], tags=heard)
    text = re.sub(r"\s+", "", (tmp_path / "page.html").read_text("utf-8"))
    assert "<tr><th>tag</th><th>source</th><th>conversion</th></tr>" in text
    assert '<tr><thscope="row">piano</th><td>0.00</td><td>0.34</td></tr>' in text
    assert '<tr><thscope="row">&lt;i&gt;</th><td>1.00</td><td>0.50</td></tr>' in text


def test_buttons_and_pictures_have_names(tmp_path: Path) -> None:
    pair = Pair("tune", tone(tmp_path / "a.wav", 440), tone(tmp_path / "b.wav", 550))
    write_page(tmp_path / "page.html", title="t", pairs=[pair])
    page = read(tmp_path / "page.html")
    assert ("html", {"lang": "en"}) in page.tags
    for tag, attributes in page.tags:
        if tag in ("svg", "input", "audio") or attributes.get("role") == "radiogroup":
            assert attributes.get("aria-label"), tag
        if tag == "img":
            assert attributes.get("alt")


def test_no_name_becomes_markup(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>\"'&\u202e$title.wav"
    source = tone(tmp_path / evil, 440)
    converted = tone(tmp_path / "b.wav", 440)
    write_page(
        tmp_path / "page.html",
        title="</title><script>alert(1)</script>",
        pairs=[Pair('" onload="alert(1)', source, converted)],
        facts={"<b>": "</dd><script>alert(1)</script>"},
        source_name="<i>",
    )
    page = read(tmp_path / "page.html")
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any(tag == "i" for tag, _ in page.tags)
    for _, attributes in page.tags:
        assert not {"onerror", "onload"} & set(attributes)
    assert evil.replace("\u202e", "\\u202e") in " ".join(page.text)


def test_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.wav", 440)
    write_page(tmp_path / "page.html", title="t", pairs=[Pair("caf\udce9.wav", path, path)])
    assert "caf\\udce9.wav" in (tmp_path / "page.html").read_text("utf-8")


def test_long_recordings_are_heard_from_the_same_place(tmp_path: Path) -> None:
    source, converted = (tone(tmp_path / f"{n}.wav", 440 * n, seconds=10) for n in (1, 2))
    write_page(tmp_path / "page.html", title="t", pairs=[Pair("x", source, converted)], seconds=1.0)
    page = read(tmp_path / "page.html")
    assert "from 3 s on" in " ".join(page.text)
    for tag, attributes in page.tags:
        if tag == "audio":
            wave, rate = soundfile.read(io.BytesIO(base64.b64decode(attributes["src"].partition(",")[2])))
            assert len(wave) == rate


def test_too_many_pairs_and_broken_ones_are_named(tmp_path: Path) -> None:
    good = tone(tmp_path / "a.wav", 440, seconds=0.3)
    (tmp_path / "bad.wav").write_bytes(b"not audio")
    bad = Pair("bad", good, tmp_path / "bad.wav")
    notes = write_page(tmp_path / "page.html", title="t", pairs=[bad] + [Pair("x", good, good)] * MOST_PAIRS)
    assert len(notes) == 2
    assert "bad.wav" in notes[0]
    assert "1 more" in notes[1]
    with pytest.raises(UsageError, match="nothing to play"):
        write_page(tmp_path / "none.html", title="t", pairs=[bad])
    assert not (tmp_path / "none.html").exists()


def test_a_page_that_cannot_be_written_is_one_plain_line(tmp_path: Path) -> None:
    pair = Pair("x", tone(tmp_path / "a.wav", 440, seconds=0.3), tmp_path / "a.wav")
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        write_page(tmp_path / "nowhere" / "page.html", title="t", pairs=[pair])
