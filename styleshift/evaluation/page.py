"""The page to listen to: one HTML file, nothing fetched, that plays source and conversion in step.

Two waveforms run sample for sample together and a key switches between them; above each runs its spectrogram,
both in the same colours for the same level.
"""

from __future__ import annotations

import base64
import html
import io
import os
import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np

from styleshift.audio.read import open_audio
from styleshift.audio.resample import resample
from styleshift.errors import AudioError, UsageError
from styleshift.evaluation.features import Array
from styleshift.evaluation.picture import DYNAMIC_DB, HIGHEST_HZ, Bytes2, Spectrum, log_frequency, png

EXCERPT_SECONDS = 15.0
MOST_PAIRS = 12
_HIGHEST_RATE = 48000
_LONG_FACT = 60
_LEFT, _TOP, _WIDTH, _HEIGHT, _BOTTOM = 66, 8, 720, 256, 44


@dataclass(frozen=True, slots=True)
class Pair:
    """One recording before and after.

    Attributes:
        label: what it is called on the page; any text.
        source: the file that was converted.
        converted: the file that came out.
        figures: measures to show below it.
    """

    label: str
    source: Path
    converted: Path
    figures: Mapping[str, float] = field(default_factory=dict)


def write_page(
    path: Path,
    *,
    title: str,
    pairs: Sequence[Pair],
    facts: Mapping[str, str] | None = None,
    source_name: str = "Source",
    converted_name: str = "Conversion",
    seconds: float = EXCERPT_SECONDS,
) -> list[str]:
    """Write the page; whole or not at all.

    Args:
        path: the HTML file; its folder must exist.
        title: heading of the page; any text, like every other text here.
        pairs: what to play; those after the twelfth are left out, so that the page can still be mailed.
        facts: what was trained and measured, name and value; shown at the top in this order.
        source_name: what the sources are, on the switch.
        converted_name: what the conversions are.
        seconds: of each recording at most, from a third of its length on, the same place in both.

    Returns:
        One plain sentence for each pair that was left out, and why.

    Raises:
        UsageError: no pair could be shown, or the file cannot be written.
    """
    cards, notes = [], []
    for number, pair in enumerate(pairs):
        if number >= MOST_PAIRS:
            notes.append(f"{len(pairs) - MOST_PAIRS} more pairs are not on the page, to keep it small")
            break
        try:
            cards.append(_card(pair, number, (source_name, converted_name), seconds))
        except AudioError as error:
            notes.append(f"not on the page: {error.message}")
    if not cards:
        raise UsageError(
            "there is nothing to play on the page", notes[0] if notes else "name at least one pair"
        )
    text = _page(title, (source_name, converted_name), cards, facts or {}, notes)
    _write(path, text.encode("utf-8"))
    return notes


def _page(
    title: str, names: tuple[str, str], cards: Sequence[str], facts: Mapping[str, str], notes: Sequence[str]
) -> str:
    rows = "".join(
        f'<div class="{"wide" if len(str(value)) > _LONG_FACT else "brief"}">'
        f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in facts.items()
    )
    return _filled(
        "page.html",
        title=_text(title),
        source=_text(names[0]),
        converted=_text(names[1]),
        style=_asset("page.css"),
        script=_asset("page.js"),
        facts=f'<dl class="facts">{rows}</dl>' if rows else "",
        quietest=f"{-DYNAMIC_DB:.0f}",
        colours=_data_uri(png(np.tile(np.arange(256, dtype=np.uint8), (4, 1))), "image/png"),
        cards="".join(cards),
        notes="".join(f'<p class="soft">{_text(note)}</p>' for note in notes),
    )


def _card(pair: Pair, number: int, names: tuple[str, str], seconds: float) -> str:
    paths = (pair.source, pair.converted)
    start = _start(pair.source, seconds)
    waves = [_excerpt(path, start, seconds) for path in paths]
    high = min(rate for _, rate in waves) * 0.45
    spectra = [
        log_frequency(wave.mean(axis=1), rate, width=_WIDTH, height=_HEIGHT, high_hz=min(high, HIGHEST_HZ))
        for wave, rate in waves
    ]
    peak = max(float(spectrum.decibels.max()) for spectrum in spectra)
    shots = [
        _figure(name, path, f"{name}: {pair.label}", spectrum.colour_indices(peak), spectrum, _flac(*wave))
        for name, path, spectrum, wave in zip(names, paths, spectra, waves, strict=True)
    ]
    return _filled(
        "pair.html",
        identity=f"pair-{number}",
        label=_text(pair.label),
        place=f" (from {start:.0f} s on)" if start >= 1 else "",
        seconds=f"{max(spectrum.seconds for spectrum in spectra):.4f}",
        source=_text(names[0]),
        converted=_text(names[1]),
        shots="".join(shots),
        figures="".join(
            f"<span>{_text(key)} <b>{value:.2f}</b></span>" for key, value in pair.figures.items()
        ),
    )


def _figure(name: str, path: Path, described: str, indices: Bytes2, spectrum: Spectrum, audio: bytes) -> str:
    marks = []
    for hertz in (50, 100, 200, 500, 1000, 2000, 5000, 10000):
        if spectrum.low_hz <= hertz <= spectrum.high_hz:
            y = _TOP + spectrum.height_of(hertz) * _HEIGHT
            shown = f"{hertz // 1000} k" if hertz >= 1000 else f"{hertz}"
            marks.append(
                f'<line class="tick" x1="{_LEFT - 5}" x2="{_LEFT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text x="{_LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">{shown}</text>'
            )
    end = _TOP + _HEIGHT
    step = next((s for s in (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60) if spectrum.seconds / s <= 9), 120)
    for index in range(int(spectrum.seconds / step) + 1):
        x = _LEFT + index * step / spectrum.seconds * _WIDTH
        marks.append(
            f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="{end}" y2="{end + 5}"/>'
            f'<text x="{x:.1f}" y="{end + 21}" text-anchor="middle">{index * step:g}</text>'
        )
    return _filled(
        "figure.html",
        name=_text(name),
        file=_text(path.name),
        described=_text(described),
        picture=_data_uri(png(indices), "image/png"),
        audio=_data_uri(audio, "audio/flac"),
        marks="".join(marks),
        left=_LEFT,
        top=_TOP,
        picture_width=_WIDTH,
        picture_height=_HEIGHT,
        width=_LEFT + _WIDTH + 12,
        height=end + _BOTTOM,
        middle=_TOP + _HEIGHT // 2,
        right=_LEFT + _WIDTH,
        bottom=end + _BOTTOM - 4,
        end=end,
    )


def _asset(name: str) -> str:
    return resources.files("styleshift.evaluation").joinpath(name).read_text("utf-8")


def _filled(template: str, **values: object) -> str:
    """A template with every value put in; all values are HTML already."""
    return string.Template(_asset(template)).substitute(values)


def _start(path: Path, seconds: float) -> float:
    """A third into a long recording, past its introduction; the beginning of a short one."""
    with open_audio(path, allow_cut=True) as stream:
        length = stream.info.seconds or 0.0
    return float(max(0.0, (length - seconds) / 3)) if length > 2 * seconds else 0.0


def _excerpt(path: Path, start: float, seconds: float) -> tuple[Array, int]:
    """``[samples, 1 or 2]`` float32 and its sample rate, at most 48 kHz."""
    blocks = []
    with open_audio(path, allow_cut=True) as stream:
        rate = stream.sample_rate
        first, last, position = round(start * rate), round((start + seconds) * rate), 0
        for block in stream.blocks(1 << 16):
            blocks.append(block[max(0, first - position) : max(0, last - position)])
            position += len(block)
            if position >= last:
                break
    wave = np.concatenate(blocks)
    if len(wave) < 0.1 * rate:
        raise AudioError(f"{path.name}: nothing to play from {start:.0f} s on", reason="too short")
    wave = wave if wave.shape[1] <= 2 else wave.mean(axis=1, keepdims=True)
    if rate > _HIGHEST_RATE:
        wave = np.concatenate(list(resample([wave], rate, _HIGHEST_RATE)))
        rate = _HIGHEST_RATE
    return wave, rate


def _flac(wave: Array, rate: int) -> bytes:
    """FLAC, 16 bits: every current browser plays it, and nothing is added to what is compared."""
    import soundfile

    file = io.BytesIO()
    peak = float(np.abs(wave).max(initial=0.0))
    soundfile.write(file, wave / max(1.0, peak), rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _text(value: object) -> str:
    """Text made safe for HTML, in elements and in quoted attributes, whatever bytes a file name holds."""
    # Lone surrogates, which stand for bytes that are no UTF-8, are not printable either.
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in str(value))
    return html.escape(shown, quote=True)


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(
            f"the page {str(path)!r} cannot be written: {error.strerror or error}",
            "name a file in a folder that exists",
        ) from error
