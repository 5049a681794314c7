"""Sample rates, changed on the way: libsoxr at its HQ setting (20 bits, linear phase), block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import soxr

from styleshift.arrays import Float32Array

QUALITY = "HQ"


def resampled_length(frames: int, source_rate: int, target_rate: int) -> int:
    """Frames that ``frames`` become: ``frames * target_rate / source_rate``, rounded half up."""
    return (2 * frames * target_rate + source_rate) // (2 * source_rate)


def resample(blocks: Iterable[Float32Array], source_rate: int, target_rate: int) -> Iterator[Float32Array]:
    """Resample blocks ``[n, channels]`` float32; no memory of the whole, no seam between blocks.

    The output has exactly :func:`resampled_length` frames in all, aligned with the input (libsoxr removes its
    own delay), and does not depend on how the input was cut.
    """
    if source_rate == target_rate:
        yield from blocks
        return
    stream: soxr.ResampleStream | None = None
    taken = given = 0
    last: Float32Array | None = None
    for block in blocks:
        if stream is None:
            stream = soxr.ResampleStream(
                source_rate, target_rate, block.shape[1], dtype="float32", quality=QUALITY
            )
        taken += len(block)
        last = block
        out = stream.resample_chunk(np.ascontiguousarray(block))
        if len(out):
            given += len(out)
            yield out
    if stream is None or last is None:
        return
    rest = stream.resample_chunk(last[:0], last=True)
    missing = resampled_length(taken, source_rate, target_rate) - given
    assert missing >= 0, "libsoxr gave more before its end than the whole is long"
    if len(rest) < missing:
        rest = np.concatenate([rest, np.zeros((missing - len(rest), last.shape[1]), np.float32)])
    if missing:
        yield rest[:missing]
