"""Small MIDI files, written byte by byte."""

from __future__ import annotations

TICKS = 480  # a quarter note: half a second at MIDI's default tempo


def number(value: int) -> bytes:
    """A variable-length number."""
    made = [value & 0x7F]
    while value := value >> 7:
        made.insert(0, value & 0x7F | 0x80)
    return bytes(made)


def track(*events: tuple[int, bytes]) -> bytes:
    """A track of (ticks to wait, message) and its end."""
    body = b"".join(number(wait) + message for wait, message in events) + b"\x00\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def score(*tracks: bytes) -> bytes:
    """A file of these tracks."""
    head = (1 if len(tracks) > 1 else 0, len(tracks), TICKS)
    return b"MThd\x00\x00\x00\x06" + b"".join(part.to_bytes(2, "big") for part in head) + b"".join(tracks)


def note(key: int, *, beats: float = 1, channel: int = 0) -> list[tuple[int, bytes]]:
    """One note, loud."""
    return [
        (0, bytes([0x90 | channel, key, 110])),
        (int(beats * TICKS), bytes([0x80 | channel, key, 0])),
    ]


def melody(*keys: int, program: int | None = None, channel: int = 0) -> bytes:
    """Notes of a beat each, one after the other."""
    start = [] if program is None else [(0, bytes([0xC0 | channel, program]))]
    return score(track(*start, *[event for key in keys for event in note(key, channel=channel)]))
