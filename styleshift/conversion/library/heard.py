"""Which recordings the report of a library plays, and why others have no player."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from styleshift.audio.formats import TABLE, format_held, format_of, plays_in_browsers
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.tracks import IS_MADE, Track
from styleshift.errors import AudioError
from styleshift.pages import Player, Shot, Unplayed


class Heard(NamedTuple):
    """What the page has of recordings, spread over the library and in its order.

    Attributes:
        players: those of which something is played.
        unplayed: name of each of the others, and where it is before and after.
    """

    players: list[Player]
    unplayed: list[tuple[str, list[Unplayed]]]


def heard(plan: LibraryPlan, most: int) -> Heard:
    """Choose recordings to listen to: where there are any, such as browsers play before and after.

    Args:
        plan: whose files and outputs are on this machine.
        most: of them.
    """
    first = {track.number: _player(plan, track) for track in plan.tracks.some(most, IS_MADE)}
    found = {number: player for number, player in first.items() if not player.unplayed}
    if len(found) < len(first):
        for which in _promising():
            for track in plan.tracks.some(most, f"{IS_MADE} AND {which}"):
                if track.number not in first and not (player := _player(plan, track)).unplayed:
                    found[track.number] = player
        numbers = sorted(found)
        if len(numbers) > most:
            numbers = [numbers[place * len(numbers) // most] for place in range(most)]
        found = {number: found[number] for number in numbers}
        rest = sorted(first.keys() - found.keys(), key=lambda number: (not first[number].shots, number))
        found |= {number: first[number] for number in rest[: most - len(found)]}
    chosen = [found[number] for number in sorted(found)]
    return Heard(
        [player for player in chosen if player.shots],
        [(player.label, list(player.unplayed)) for player in chosen if not player.shots],
    )


def _promising() -> list[str]:
    """In SQL, the files of each format that browsers may play, whose outputs they may play as well.

    Apart, so that many of a format whose encoding they do not play, such as ADPCM, do not hide few others.
    """
    rows = [row.extensions for row in TABLE if row.browsers]
    outputs = _ends("below", chain.from_iterable(rows))
    return [f"{_ends('name', extensions)} AND {outputs}" for extensions in rows]


def _ends(column: str, extensions: Iterable[str]) -> str:
    """Whether a name has one of these, in any case; names in the table are bytes."""
    each = [f"CAST({column} AS TEXT) LIKE '%{end}'" for end in extensions]
    return f"({' OR '.join(each)})"


def _player(plan: LibraryPlan, track: Track) -> Player:
    job = plan.job(track)
    shots, unplayed = [], []
    for name, path in (("before", job.source), ("after", job.target)):
        address = quote(os.fsencode(place := _place(plan, path)))
        if why := _why_not(path):
            unplayed.append(Unplayed(name, address, place, why))
        else:
            shots.append(Shot(name, address))
    return Player(job.name, shots, unplayed=unplayed)


def _place(plan: LibraryPlan, path: Path) -> str:
    # Relative, so that the two folders can be moved together; quoted by its bytes, so that any name works.
    return os.path.relpath(path.absolute(), plan.output.absolute())


def _why_not(path: Path) -> str:
    """Why a recording has no player; empty: browsers play it."""
    from styleshift.audio.read import glance

    try:
        info = glance(path)
    except AudioError:  # it may be back when the page is opened: its name tells what it is likely to be
        row = format_of(path)
        return "" if row is not None and row.browsers else "not every browser plays its format"
    if plays_in_browsers(info.format, info.subtype):
        return ""
    row = format_held(info.format)
    return f"not every browser plays {info.subtype} in {row.name.upper() if row else info.format}"
