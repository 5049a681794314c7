from __future__ import annotations

import math
import subprocess
from pathlib import Path

import numpy as np
import pytest
from midi_scores import TICKS, melody, score, track
from styleshift_midi import render
from styleshift_midi.render import open_midi
from styleshift_midi.settings import Settings

from styleshift.errors import AudioError
from styleshift.testing import check_domain, check_plugin

pytestmark = pytest.mark.synthesiser
PLAIN = Settings(reverb=False)


def rendered(file: Path, settings: Settings = PLAIN) -> np.ndarray:
    stream = open_midi(file, settings)
    try:
        return np.concatenate(list(stream.blocks(5000)))
    finally:
        stream.close()


def pitch(audio: np.ndarray) -> float:
    """The lowest strong partial of a piece of stereo audio, Hz."""
    mono = audio.mean(axis=1) * np.hanning(len(audio))
    spectrum = np.abs(np.fft.rfft(mono, 1 << 18))
    strong = np.flatnonzero(spectrum > 0.25 * spectrum.max())
    peak = strong[0] + spectrum[strong[0] : strong[0] + 40].argmax()
    return float(peak) * render.SAMPLE_RATE / (1 << 18)


@pytest.fixture
def written(tmp_path: Path):
    def write(data: bytes, name: str = "a.mid") -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write


def test_the_notes_come_at_their_pitch_and_time(written):
    audio = rendered(written(melody(69, 81, 57, program=73)))  # a flute: A4, A5, A3, half a second each
    for start, wanted in ((0.1, 440.0), (0.6, 880.0), (1.1, 220.0)):
        part = audio[int(start * 44100) : int((start + 0.35) * 44100)]
        assert abs(12 * math.log2(pitch(part) / wanted)) < 0.2


def test_an_instrument_takes_the_place_of_the_files_own(written):
    plain = rendered(written(melody(69, program=0)))
    as_violin = rendered(written(melody(69, program=0)), Settings(reverb=False, instrument=40))
    violin = rendered(written(melody(69, program=40)))
    length = 20000
    assert np.array_equal(as_violin[:length], violin[:length])
    assert not np.allclose(as_violin[:length], plain[:length], atol=1e-3)


def test_gain_is_linear(written):
    file = written(melody(69))
    one, two = (rendered(file, Settings(reverb=False, gain=gain)) for gain in (0.2, 0.4))
    np.testing.assert_allclose(2 * one, two, atol=1e-6)


def test_a_stream_can_be_left_early_and_its_process_ends(written):
    stream = open_midi(written(melody(*range(40, 100))), PLAIN)
    first = next(iter(stream.blocks(100)))
    assert first.shape == (100, 2)
    process = stream._process
    assert process.poll() is None  # it waits for its reader: nothing is rendered ahead beyond the pipe
    stream.close()
    assert process.poll() is not None
    stream.close()


@pytest.mark.parametrize("name", ["-dash.mid", "a b'c\"d$e.mid", "ä\u0301.mid", "x\udcff.mid"])
def test_any_file_name_will_do(written, name):
    assert len(rendered(written(melody(60), name))) > 10000


@pytest.mark.parametrize(
    ("data", "settings", "said"),
    [
        (b"", PLAIN, "is no MIDI file"),
        (b"RIFF....WAVE", PLAIN, "is no MIDI file"),
        (melody(60, 62, 64)[:-10], PLAIN, "FluidSynth cannot render"),
        (melody(60, 62, 64)[:-10], Settings(instrument=3), "is damaged: a track is cut"),
    ],
)
def test_damage_is_an_error_of_that_file(written, data, settings, said):
    with pytest.raises(AudioError, match=said) as caught:
        rendered(written(data), settings)
    assert "a.mid" in caught.value.message


def test_music_without_end_is_cut_off(written, monkeypatch):
    monkeypatch.setattr(render, "LONGEST_SECONDS", 20)
    day = score(track((0, b"\x90\x45\x60"), (170_000 * TICKS, b"\x80\x45\x00")))
    stream = open_midi(written(day), PLAIN)
    with pytest.raises(AudioError, match="more than"):
        for _ in stream.blocks(44100):
            pass
    stream.close()


def test_memory_stays_small_however_long_the_music(written):
    file = written(melody(*[60, 64, 67, 72] * 100))  # more than three minutes
    code = (
        "import resource, sys; from pathlib import Path; from styleshift_midi.render import *;"
        "from styleshift_midi.settings import Settings; import numpy;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "stream = open_midi(Path(sys.argv[1]), Settings());"
        "total = sum(len(block) for block in stream.blocks(44100)); stream.close();"
        "print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    import sys

    told = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}", str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    frames, grown = map(int, told.stdout.split())
    assert frames > 199 * 44100  # 70 MB of float32
    assert grown < 20_000  # KiB


def test_it_keeps_the_contract_of_domains(tmp_path):
    for domain, program in (("violin", 40), ("piano", 0)):
        (tmp_path / domain).mkdir()
        (tmp_path / domain / "tune.mid").write_bytes(melody(60, 64, 67, program=program))
    (tmp_path / "piano" / "midi.toml").write_text('instrument = "Harpsichord"\n')
    found = check_domain(check_plugin("styleshift_midi").domains.get("midi"), tmp_path)
    assert sorted(found) == ["piano", "violin"]
    assert "instrument 6" in found["piano"][0].version
