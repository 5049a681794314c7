"""What is said of a conversion that is not as loud, or as long, as its source, or lacks something of it."""

from __future__ import annotations

from collections.abc import Sequence

from styleshift.audio.formats import OutputFormat
from styleshift.audio.things import ThingKind, kind_of_thing
from styleshift.conversion.track.dynamics import Reached
from styleshift.words import Remark, listed

TOLD_LU = 1.0
"""From this difference of integrated loudness on, a conversion is named."""


def loudness_note(before: float | None, reached: Reached) -> list[str]:
    """One sentence where a conversion is 1 LU softer or louder than its source; none where it is not.

    Args:
        before: integrated loudness of the source, LUFS; None: below what has one, and nothing is said.
        reached: how loud the conversion became.
    """
    after = reached.loudness()
    if before is None:
        return []
    if after is None:
        return ["next to silent: the model left nothing of it that is loud enough to be heard"]
    softer = round(before - after, 1)
    if softer <= -TOLD_LU:
        louder = "dB louder than the source"
        return [Remark(f"{-softer:.1f} {louder}", f"1 {louder}, or more")]
    if softer < TOLD_LU:
        return []
    # What is no peak's doing is that of the bound on gains: the rest is made as loud as the source.
    peaks = reached.turned_down_db() >= softer / 2
    why = (
        "peaks were turned down, as they went beyond full scale"
        if peaks
        else "the model left too little of it to be raised that far"
    )
    said = "dB softer than the source"
    return [Remark(f"{softer:.1f} {said}: {why}", f"1 {said}, or more: {why}")]


def length_note(more: int, format: OutputFormat) -> list[str]:
    """One sentence where an output holds more frames than were written, or less; none where it does not.

    Args:
        more: frames.
        format: of the output, which has no place for its true length, or counts whole blocks.
    """
    if not more:
        return []
    count, word = abs(more), "longer" if more > 0 else "shorter"
    why = f"than the source: {format.container} with {format.subtype} does not keep lengths to the sample"
    return [Remark(f"{count} sample{'s' * (count > 1)} {word} {why}", f"{word} {why}")]


def lost_note(lost: Sequence[str]) -> list[str]:
    """One sentence with all that an output does not have of its source; none where it has all.

    Files are counted together that lack the same kinds of things.

    Args:
        lost: names, see :func:`styleshift.audio.things.kind_of_thing`.
    """
    if not lost:
        return []
    kinds = set(map(kind_of_thing, lost))
    said = "not carried"
    return [
        Remark(
            f"{said}: {', '.join(lost)}",
            f"{said}: {listed([kind.value for kind in ThingKind if kind in kinds])}",
        )
    ]
