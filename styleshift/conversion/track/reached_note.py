"""What is said of a conversion that is not as loud as its source."""

from __future__ import annotations

from styleshift.conversion.track.dynamics import Reached

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
        return [f"{-softer:.1f} dB louder than the source"]
    if softer < TOLD_LU:
        return []
    # What is no peak's doing is that of the bound on gains: the rest is made as loud as the source.
    peaks = reached.turned_down_db() >= softer / 2
    why = (
        "peaks were turned down, as they went beyond full scale"
        if peaks
        else "the model left too little of it to be raised that far"
    )
    return [f"{softer:.1f} dB softer than the source: {why}"]
