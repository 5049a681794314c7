"""What one player on a page holds: recordings that run in step, and a spectrogram of each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from styleshift.arrays import Float32Array
from styleshift.pages.picture import DYNAMIC_DB, Axes, Bytes2, png
from styleshift.pages.render import data_uri


@dataclass(frozen=True, slots=True)
class Shot:
    """One recording of a player.

    Attributes:
        name: of its button, such as ``Source``.
        audio: address of the recording: a data URI, or a path relative to the page.
        file: what stands beside the name; may be empty.
        picture: address of its spectrogram; empty for none.
        axes: of the picture.
        wave: its waveform, path data as :func:`wave_path` makes them; empty for none.
        gain: from 0 to 1, makes it as loud as the quietest of its player; see ``Player.matched``.
    """

    name: str
    audio: str
    file: str = ""
    picture: str = ""
    axes: Axes | None = None
    wave: str = ""
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Unplayed:
    """A recording that has no player, because a browser may have none for it.

    Attributes:
        name: as a button's, such as ``Source``.
        address: of the recording, a path relative to the page.
        place: the same to read.
        why: in words.
    """

    name: str
    address: str
    place: str
    why: str


@dataclass(frozen=True, slots=True)
class Player:
    """Recordings of the same music that play in step.

    Attributes:
        label: heading.
        shots: one or more; the first is heard first.
        seconds: length; 0 where only the browser will know.
        place: where in the recording the excerpt begins, in words.
        figures: name and value of what was measured.
        beside: pictures that are looked at with them, without sound.
        matched: offer to play all at one loudness, by ``Shot.gain``; of recordings beside the page.
        unplayed: recordings of the same music that have no player.
    """

    label: str
    shots: Sequence[Shot]
    seconds: float = 0.0
    place: str = ""
    figures: Sequence[tuple[str, str]] = field(default_factory=tuple)
    beside: Sequence[Shot] = ()
    matched: bool = False
    unplayed: Sequence[Unplayed] = ()


def shot(
    name: str,
    wave: Float32Array,
    sample_rate: int,
    axes: Axes,
    indices: Bytes2,
    *,
    colours: Bytes2 | None = None,
    file: str = "",
) -> Shot:
    """A recording with its spectrogram, both inside the page.

    Args:
        name: of its button.
        wave: ``[samples]`` or ``[samples, channels]``; turned down where it goes beyond full scale.
        sample_rate: Hz.
        axes: of the picture.
        indices: ``[height, width]`` uint8, the picture.
        colours: ``[256, 3]`` uint8; magma where None.
        file: what stands beside the name.
    """
    audio = data_uri(_flac(wave, sample_rate), "audio/flac")
    return Shot(name, audio, file, data_uri(png(indices, colours), "image/png"), axes)


def legend() -> dict[str, str]:
    """What the macro ``legend`` shows: a strip of all colours, and the level of the darkest one, in dB."""
    strip = png(np.tile(np.arange(256, dtype=np.uint8), (4, 1)))
    return {"colours": data_uri(strip, "image/png"), "quietest": f"{-DYNAMIC_DB:.0f}"}


def wave_path(low: Float32Array, high: Float32Array, width: float = 720.0, height: float = 64.0) -> str:
    """A waveform as SVG path data, centred on 0 from top to bottom.

    Args:
        low: ``[columns]``, the least sample of each, full scale at -1.
        high: ``[columns]``, the greatest.
        width: of the whole.
        height: of full scale, from -1 to 1.
    """
    step = width / len(low)
    scaled = [np.clip(-values.astype(float), -1, 1) * height / 2 for values in (high, low)]
    top = "".join(f"L{index * step:.1f} {y - 0.5:.1f}" for index, y in enumerate(scaled[0]))
    bottom = "".join(
        f"L{index * step:.1f} {y + 0.5:.1f}" for index, y in reversed(list(enumerate(scaled[1])))
    )
    return f"M{top[1:]}{bottom}Z"


def _flac(wave: Float32Array, rate: int) -> bytes:
    """FLAC, 16 bits: every current browser plays it, and nothing is added to what is compared."""
    import soundfile

    file = io.BytesIO()
    peak = float(np.abs(wave).max(initial=0.0))
    soundfile.write(file, wave / max(1.0, peak), rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()
