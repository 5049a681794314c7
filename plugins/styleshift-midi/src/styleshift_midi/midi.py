"""As much of the Standard MIDI File format as it takes to let one instrument play everything."""

from __future__ import annotations

HEADER = b"MThd"
TRACK = b"MTrk"
DRUMS = 9
BANK_CONTROLLERS = (0, 32)
# Data bytes that follow a channel message's status, by its upper four bits.
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


class MidiDamageError(ValueError):
    """The bytes are no whole Standard MIDI File."""


def play_with(data: bytes, program: int) -> bytes:
    """The same music, with every channel but the drums on one program.

    Every program change is set to ``program`` and every bank to 0, and the first track begins with program
    changes for the channels that name none.

    Args:
        data: a Standard MIDI File.
        program: 0 to 127.

    Raises:
        MidiDamageError: it ends early, or an event is none.
    """
    if data[:4] != HEADER or len(data) < 14:
        raise MidiDamageError("it has no header")
    made = bytearray(data)
    first_track = -1
    at = 8 + int.from_bytes(data[4:8], "big")
    while at < len(data):
        if at + 8 > len(data):
            raise MidiDamageError("a chunk's header is cut")
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        if at + 8 + length > len(data):
            raise MidiDamageError("a track is cut")
        if data[at : at + 4] == TRACK:
            first_track = at if first_track < 0 else first_track
            _set_programs(made, at + 8, at + 8 + length, program)
        at += 8 + length
    if first_track < 0:
        raise MidiDamageError("it has no track")
    starts = b"".join(bytes([0, 0xC0 | channel, program]) for channel in range(16) if channel != DRUMS)
    length = int.from_bytes(made[first_track + 4 : first_track + 8], "big") + len(starts)
    made[first_track + 4 : first_track + 8] = length.to_bytes(4, "big")
    made[first_track + 8 : first_track + 8] = starts
    return bytes(made)


def _set_programs(made: bytearray, at: int, end: int, program: int) -> None:
    """Change the events of the track ``made[at:end]`` in place."""
    status = 0
    try:
        while at < end:
            _, at = _variable(made, at)
            if made[at] & 0x80:
                status, at = made[at], at + 1
            if status in (0xF0, 0xF7):
                length, at = _variable(made, at)
                at += length
                status = 0
            elif status == 0xFF:
                length, at = _variable(made, at + 1)
                at += length
                status = 0
            elif status >> 4 in _DATA_BYTES:
                if status & 0x0F != DRUMS:
                    if status >> 4 == 0xC:
                        made[at] = program
                    elif status >> 4 == 0xB and made[at] in BANK_CONTROLLERS:
                        made[at + 1] = 0
                at += _DATA_BYTES[status >> 4]
            else:
                raise MidiDamageError(f"there is no event of status 0x{status:02x}")
    except IndexError:
        raise MidiDamageError("an event is cut") from None
    if at != end:
        raise MidiDamageError("an event is cut by the end of its track")


def _variable(data: bytearray, at: int) -> tuple[int, int]:
    """A variable-length number (at most four bytes of seven bits), and where it ends."""
    value = 0
    for _ in range(4):
        byte = data[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
    raise MidiDamageError("a number has more than four bytes")
