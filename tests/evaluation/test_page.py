"""The listening page: whole, self-contained, harmless, and its pictures right."""

import base64
import io
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from styleshift.errors import UsageError
from styleshift.evaluation.page import MOST_PAIRS, Pair, write_page
from styleshift.evaluation.picture import LOWEST_HZ, log_frequency, palette, png


class Reader(HTMLParser):
    """Collects tags with their attributes, and the text outside scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text.append(data)


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text("utf-8"))
    return reader


def tone(path: Path, hertz: float, seconds: float = 1.0, rate: int = 16000, channels: int = 1) -> Path:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, np.repeat(wave[:, None], channels, axis=1), rate, format="WAV", subtype="FLOAT")
    return path


def pixels(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """A second, independent reading of the PNG: indices and palette; every checksum is held to zlib's."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour) == (8, 3)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:], np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)


def test_png_gives_back_its_pixels() -> None:
    indices = np.random.default_rng(0).integers(0, 256, (13, 31), dtype=np.uint8)
    found, colours = pixels(png(indices))
    np.testing.assert_array_equal(found, indices)
    np.testing.assert_array_equal(colours, palette())


def test_colours_are_magma() -> None:
    # matplotlib's own table at 0, 64, 128, 192, 255; the polynomial is within 2 % of it.
    expected = {
        0: (0.001462, 0.000466, 0.013866),
        64: (0.316654, 0.071690, 0.485380),
        128: (0.716387, 0.214982, 0.475290),
        192: (0.986700, 0.535582, 0.382210),
        255: (0.987053, 0.991438, 0.749504),
    }
    for index, colour in expected.items():
        np.testing.assert_allclose(palette()[index] / 255, colour, atol=0.025)
    lightness = palette() @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) >= -0.3).all(), "darker must never mean louder"


@pytest.mark.parametrize("hertz", [150.0, 440.0, 3000.0])
def test_a_tone_is_a_line_at_its_frequency_and_level(hertz: float) -> None:
    time = np.arange(2 * 22050) / 22050
    spectrum = log_frequency((0.1 * np.sin(2 * np.pi * hertz * time)).astype(np.float32), 22050)
    middle = spectrum.decibels[:, 100:-100].mean(axis=1)
    row = int(middle.argmax())
    found = spectrum.high_hz * (LOWEST_HZ / spectrum.high_hz) ** (row / (len(middle) - 1))
    assert found == pytest.approx(hertz, rel=0.04)
    assert spectrum.height_of(hertz) == pytest.approx(row / (len(middle) - 1), abs=0.01)
    assert middle[row] == pytest.approx(-20, abs=1.5)
    assert spectrum.seconds == pytest.approx(2)


def test_a_clip_shorter_than_the_picture_is_wide(tmp_path: Path) -> None:
    assert log_frequency(np.zeros(300, np.float32), 22050).decibels.shape == (256, 720)


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
