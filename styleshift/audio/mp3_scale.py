"""How much softer LAME makes what it encodes, which no function of libsndfile tells or sets.

At constant rates up to 224 kbit/s LAME multiplies by a factor of its presets (0.95 to 0.98;
``abr_switch_map`` in its ``presets.c``), so that decoders clip less. It may be another in another version
of LAME, so it is measured.
"""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import soundfile

from styleshift.audio.formats import OutputFormat

_SECONDS = 1.0
# One tone is what any rate keeps exactly, to a thousandth.
_HERTZ = 440.0
_AMPLITUDE = 0.25
# Whatever is measured beyond that is no factor of a preset.
_LOWEST, _HIGHEST = 0.8, 1.05


@cache
def mp3_scale(format: OutputFormat, sample_rate: int, channels: int) -> float:
    """The factor on the waveform that encoding and decoding is, rounded to a thousandth.

    1 for all but MP3 at a constant rate: LAME's variable rates have no such factor.

    Args:
        format: what is written, and how.
        sample_rate: Hz.
        channels: of the sound.
    """
    if format.subtype != "MPEG_LAYER_III" or format.bitrate_mode == "VARIABLE":
        return 1.0
    count = round(_SECONDS * sample_rate)
    turns = 2 * np.pi * _HERTZ / sample_rate * np.arange(count)
    tone = (_AMPLITUDE * np.sin(turns)).astype(np.float32)
    held = io.BytesIO()
    try:
        soundfile.write(
            held,
            np.repeat(tone[:, None], channels, axis=1),
            sample_rate,
            format.subtype,
            format="MP3",
            compression_level=format.compression_level,
            bitrate_mode=format.bitrate_mode,
        )
        held.seek(0)
        heard, _ = soundfile.read(held, always_2d=True)
    except soundfile.LibsndfileError:
        return 1.0  # the encoder of the file itself says what is wrong
    middle = slice(count // 4, min(3 * count // 4, len(heard)))
    probe = np.hanning(middle.stop - middle.start) * np.exp(-1j * turns[middle])
    scale = float(abs(probe @ heard[middle, 0]) / abs(probe @ tone[middle]))
    return round(scale, 3) if _LOWEST < scale < _HIGHEST else 1.0
