"""A sound font plays parts: FluidSynth, called as a program."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import mido
import numpy as np
import soundfile

from material.room import RATE, Wave
from material.scores import DRUM_CHANNEL, Part

FLUID = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
MUSESCORE = Path("/usr/share/sounds/sf3/MuseScore_General_Full.sf3")
_TICKS = 960  # a second, at the 60 beats a minute that is written below
_TOGETHER = 0.03  # seconds; what begins closer is one stroke


@dataclass(frozen=True, slots=True)
class Voice:
    """A part for a sound font.

    Attributes:
        part: its notes.
        program: General MIDI number, from 0; of the drums, the kit.
        gain: channel volume, 0 to 127.
        vibrato: modulation wheel, 0 to 127.
        pedal: whether the sustaining pedal is held, changed every second.
        drums: whether the pitches name percussion.
    """

    part: Part
    program: int
    gain: int = 100
    vibrato: int = 0
    pedal: bool = False
    drums: bool = False


def play(voices: list[Voice], font: Path, *, reverb: tuple[float, float] | None = None) -> Wave:
    """Play voices together: ``[samples]`` float32, mono, 22.05 kHz.

    Args:
        voices: at most 15 that are not drums.
        font: an ``.sf2`` or ``.sf3`` file.
        reverb: FluidSynth's own, as room size and level; none where it is left out.
    """
    room = ["-R", "0"]
    if reverb is not None:
        size, level = reverb
        room = [
            "-R",
            "1",
            "-o",
            f"synth.reverb.room-size={size:.3f}",
            "-o",
            f"synth.reverb.level={level:.3f}",
        ]
    with tempfile.TemporaryDirectory() as folder:
        midi, rendered = Path(folder) / "score.mid", Path(folder) / "score.wav"
        _write_midi(voices, midi)
        command = [
            "fluidsynth",
            "-niq",
            "-f",
            "/dev/null",
            "-o",
            "synth.dynamic-sample-loading=1",
            *room,
            "-C",
            "0",
        ]
        command += ["-g", "0.4", "-r", str(RATE), "-T", "wav", "-O", "float", "-F", str(rendered)]
        subprocess.run([*command, str(font), str(midi)], check=True, capture_output=True)
        wave, rate = soundfile.read(rendered, dtype="float32", always_2d=True)
    assert rate == RATE
    return np.asarray(wave.mean(axis=1), dtype=np.float32)


def strike_again(part: Part) -> Part:
    """The part as keys play it: letting go of one note silences every other of its pitch.

    A note ends just before its pitch begins anew, and the later one sounds until both would have ended.
    Notes of one pitch that begin within 0.03 s become one, as loud as the louder.

    Returns:
        Notes sorted by start, none of which overlaps another of its pitch.
    """
    played: Part = []
    latest: dict[int, int] = {}
    for note in sorted(part, key=lambda note: note.start):
        index = latest.get(note.pitch)
        if index is not None and played[index].end > note.start:
            held = played[index]
            end = max(held.end, note.end)
            if note.start - held.start < _TOGETHER:
                louder = max(held.velocity, note.velocity)
                played[index] = replace(held, seconds=end - held.start, velocity=louder)
                continue
            played[index] = replace(held, seconds=note.start - held.start - 1 / _TICKS)
            note = replace(note, seconds=end - note.start)
        latest[note.pitch] = len(played)
        played.append(note)
    return played


def _write_midi(voices: list[Voice], path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=_TICKS)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)]))
    channels = iter(channel for channel in range(16) if channel != DRUM_CHANNEL)
    for voice in voices:
        channel = DRUM_CHANNEL if voice.drums else next(channels)
        events: list[tuple[float, int, mido.Message]] = [
            (0.0, 0, mido.Message("program_change", channel=channel, program=voice.program)),
            (0.0, 0, mido.Message("control_change", channel=channel, control=7, value=voice.gain)),
            (0.0, 0, mido.Message("control_change", channel=channel, control=1, value=voice.vibrato)),
        ]
        for note in strike_again(voice.part):
            on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
            off = mido.Message("note_off", channel=channel, note=note.pitch)
            events += [(note.start, 2, on), (note.end, 1, off)]
        last = max((note.end for note in voice.part), default=0.0)
        if voice.pedal:
            for second in np.arange(0.02, last, 1.0):
                events.append(
                    (float(second), 3, mido.Message("control_change", channel=channel, control=64, value=127))
                )
                events.append(
                    (float(second) + 0.9, 3, mido.Message("control_change", channel=channel, control=64))
                )
        track, now = mido.MidiTrack(), 0
        for seconds, _, message in sorted(events, key=lambda event: (round(event[0] * _TICKS), event[1])):
            tick = round(seconds * _TICKS)
            track.append(message.copy(time=tick - now))
            now = tick
        track.append(mido.MetaMessage("end_of_track", time=2 * _TICKS))
        file.tracks.append(track)
    file.save(path)
