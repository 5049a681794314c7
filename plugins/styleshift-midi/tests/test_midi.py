from __future__ import annotations

import pytest
from midi_scores import melody, note, number, score, track
from styleshift_midi.midi import MidiDamageError, play_with


def programs(data: bytes) -> list[tuple[int, int]]:
    """Every (channel, program) of the program changes at full status, wherever they are."""
    return [(data[at] & 15, data[at + 1]) for at in range(len(data) - 1) if data[at] >> 4 == 0xC]


def test_every_channel_but_the_drums_starts_on_the_program():
    made = play_with(melody(60), 40)
    assert sorted(programs(made)) == [(channel, 40) for channel in range(16) if channel != 9]


def test_program_changes_are_set_and_those_of_the_drums_are_left():
    drums = track((0, b"\xc9\x08"), (0, b"\xc1\x21"), (5, b"\x22"))  # the last with running status
    made = play_with(score(track(*note(60)), drums), 40)
    body = made[made.index(b"MTrk", 20) + 8 :]
    assert body.startswith(b"\x00\xc9\x08\x00\xc1\x28\x05\x28")


def test_banks_are_set_to_the_first():
    made = play_with(score(track((0, b"\xb0\x00\x05"), (0, b"\x20\x06"), (0, b"\x07\x64"))), 1)
    assert made.endswith(b"\x00\xb0\x00\x00\x00\x20\x00\x00\x07\x64\x00\xff\x2f\x00")


def test_notes_that_look_like_program_changes_inside_text_are_left():
    text = b"\xff\x01" + number(3) + b"\xc0\x05\x06"
    exclusive = b"\xf0" + number(4) + b"\xc0\x05\x06\xf7"
    made = play_with(score(track((0, text), (0, exclusive), *note(60))), 1)
    assert text in made
    assert exclusive in made


def test_the_length_of_the_first_track_grows_with_what_is_put_in():
    before = melody(60)
    made = play_with(before, 1)
    assert int.from_bytes(made[18:22], "big") == len(made) - 22
    assert len(made) == len(before) + 15 * 3


def test_chunks_of_other_kinds_are_passed_over():
    odd = b"XFIH" + (3).to_bytes(4, "big") + b"\xc0\xc0\xc0"
    whole = melody(60)
    assert odd in play_with(whole[:14] + odd + whole[14:], 7)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"RIFF", "no header"),
        (melody(60)[:-5], "a track is cut"),
        (melody(60)[:18], "header is cut"),
        (melody(60)[:14], "no track"),
        (score(track((0, b"\x90\x40"))), "an event is cut"),
        (score(track((0, b"\xf4"))), "no event of status 0xf4"),
        (score(track((0, b"\x40\x40"))), "no event of status 0x00"),
        (score(track((0, b"\xff\x01\xff\xff\xff\xff\x7f"))), "more than four bytes"),
    ],
)
def test_damage_is_named(data, said):
    with pytest.raises(MidiDamageError, match=said):
        play_with(data, 0)
