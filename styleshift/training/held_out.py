"""What is kept from training, so that a model is judged on music that it has never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from styleshift.corpus import Corpus
from styleshift.corpus.corpus import Track


def hold_out(corpus: Corpus, share: float, frames: int) -> tuple[Corpus, Corpus | None]:
    """Part a corpus into what is trained on and what is judged by.

    Whole recordings are held out, those whose hashes are lowest, so that adding others changes little. Where
    there are fewer than three, or one would be too much, the end of the longest is held out.

    Args:
        corpus: a domain.
        share: of the music, about so much; 0 holds out nothing.
        frames: of a crop; what is held out, and the rest, hold at least one, joined where they are short.

    Returns:
        The rest, and what is held out: at least one crop. None where there is too little music for that.
    """
    tracks = corpus.tracks
    if not share or not tracks:
        return corpus, None
    wanted = max(frames, share * _total(tracks))
    chosen = _recordings(tracks, wanted) if len(tracks) >= 3 else set()
    held = tuple(track for track in tracks if track.digest in chosen)
    rest = tuple(track for track in tracks if track.digest not in chosen)
    if min(_total(held), _total(rest)) >= frames:
        return replace(corpus, tracks=rest), replace(corpus, tracks=held)
    longest = max(tracks, key=lambda track: track.frames)
    length = max(frames, min(round(wanted), longest.frames // 3))
    if longest.frames < length + 2 * frames:
        return corpus, None
    beginning = longest.part(0, longest.frames - length)
    # The same recording under another name would bring back what is held out.
    others = tuple(track for track in corpus.tracks if track.digest != longest.digest)
    kept = tuple(sorted((*others, beginning), key=lambda track: track.name))
    end = longest.part(longest.frames - length, length)
    return replace(corpus, tracks=kept), replace(corpus, tracks=(end,))


def held_out_segments(held: Corpus) -> list[dict[str, Any]]:
    """What is held out, fit for JSON: ``name``, ``digest``, ``first`` and ``frames`` of each segment."""
    return [
        {"name": track.name, "digest": track.digest, "first": track.first, "frames": track.frames}
        for track in held.tracks
    ]


def restore_held_out(
    corpus: Corpus, held: Sequence[Mapping[str, Any]], frames: int
) -> tuple[Corpus, Corpus | None]:
    """Part a corpus as it was parted before, whatever recordings have come or gone since.

    Args:
        corpus: a domain.
        held: as :func:`held_out_segments` gives it.
        frames: of a crop.

    Returns:
        The rest, with at least one crop, and what is held out and still there; None where nothing is, or
        where nothing else is left.
    """
    known = {str(segment.get("digest") or segment["sha256"]): segment for segment in held}
    rest: list[Track] = []
    kept: list[Track] = []
    parted: set[str] = set()
    for track in corpus.tracks:
        segment = known.get(track.digest)
        if segment is None:
            rest.append(track)
            continue
        first = min(int(segment["first"]), track.frames)
        length = min(int(segment["frames"]), track.frames - first)
        # Of one recording under two names one alone is cut, or the other would bring back the end.
        if first and track.digest not in parted:
            rest.append(track.part(0, first))
        if length and (not first or track.digest not in parted):
            kept.append(track.part(first, length) if first else track)
        parted.add(track.digest)
    if min(_total(kept), _total(rest)) < frames:
        return corpus, None
    return replace(corpus, tracks=tuple(rest)), replace(corpus, tracks=tuple(kept))


def _total(tracks: Sequence[Track]) -> int:
    return sum(track.frames for track in tracks)


def _recordings(tracks: Sequence[Track], wanted: float) -> set[str]:
    """Hashes of the recordings to hold out; none where every one is more than a third of all there is."""
    sizes: dict[str, int] = {}
    for track in tracks:  # the same recording under two names counts as one
        sizes[track.digest] = sizes.get(track.digest, 0) + track.frames
    chosen: set[str] = set()
    taken = 0
    for digest, size in sorted(sizes.items()):
        if taken < wanted and taken + size <= 1.5 * wanted:
            chosen.add(digest)
            taken += size
    if not chosen:
        size, digest = min((size, digest) for digest, size in sizes.items())
        if size <= sum(sizes.values()) / 3:
            chosen.add(digest)
    return chosen
