from __future__ import annotations

from pathlib import Path

import pytest
from midi_scores import melody
from styleshift_midi import Options, find_midi
from styleshift_midi.settings import Settings, instrument_names, read_settings

from styleshift.errors import AudioError, ConfigError
from styleshift.testing import check_plugin


@pytest.fixture
def font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that begins as a sound font does."""
    file = tmp_path / "small.sf2"
    file.write_bytes(b"RIFF\x04\x00\x00\x00sfbk")
    monkeypatch.setenv("STYLESHIFT_SOUNDFONT", str(file))
    return file


def settings(folder: Path, text: str) -> Settings:
    (folder / "midi.toml").write_text(text)
    return read_settings(folder)


def test_the_names_are_those_of_general_midi():
    names = instrument_names()
    assert (len(names), len(set(names))) == (128, 128)
    # Numbers of the General MIDI 1 specification, counted from 1.
    for number, name in [
        (1, "Acoustic Grand Piano"),
        (25, "Acoustic Guitar (nylon)"),
        (41, "Violin"),
        (128, "Gunshot"),
    ]:
        assert names[number - 1] == name


def test_defaults_where_there_is_no_file(tmp_path):
    assert read_settings(tmp_path) == Settings()


def test_a_whole_file(tmp_path):
    made = settings(
        tmp_path, 'soundfont = "my.sf2"\ninstrument = "violin"\ngain = 1\nreverb = false\nchorus = true\n'
    )
    assert made == Settings(tmp_path / "my.sf2", 40, 1.0, False, True)
    assert settings(tmp_path, "instrument = 41").instrument == 40


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("instrument = 0", "no instrument 0"),
        ("instrument = 129", "no instrument 129"),
        ('instrument = "guitar"', "Acoustic Guitar"),
        ('instrument = "kazoo"', "by name, such as Violin"),
        ("instrument = true", "instrument is True"),
        ("gain = 0", "gain is 0"),
        ("gain = 11", "gain is 11"),
        ('reverb = "yes"', "reverb is 'yes'"),
        ("soundfont = 3", "soundfont is 3"),
        ("program = 3", "unknown key 'program'"),
        ("gain =", "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named_with_the_file(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text)
    assert said in str(caught.value)
    assert "midi.toml" in caught.value.message


def test_the_version_changes_with_whatever_changes_the_sound(tmp_path, font):
    versions = [
        settings(tmp_path, text).version()
        for text in ("", "instrument = 1", "gain = 1", "reverb = false", "chorus = true")
    ]
    font.write_bytes(font.read_bytes() + b"more")
    versions.append(Settings().version())
    assert len(set(versions)) == 6


def test_the_version_does_not_depend_on_where_the_font_is(tmp_path, font, monkeypatch):
    before = Settings().version()
    moved = font.rename(tmp_path / "moved.sf2")
    monkeypatch.setenv("STYLESHIFT_SOUNDFONT", str(moved))
    assert Settings().version() == before


def test_what_is_no_sound_font_is_refused(tmp_path, font):
    font.write_bytes(b"RIFF\x04\x00\x00\x00WAVE")
    with pytest.raises(AudioError, match="is no sound font"):
        Settings().font()
    font.unlink()
    with pytest.raises(AudioError, match="cannot be read: No such file") as caught:
        Settings().font()
    assert "apt install fluidsynth fluid-soundfont-gm" in caught.value.hint


def test_midi_files_of_sub_folders_are_found_and_other_files_are_not(tmp_path, font):
    for name in (
        "violin/b.mid",
        "violin/old/a.MIDI",
        "piano/c.kar",
        "violin/x.wav",
        "loose.mid",
        "violin/._b.mid",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(melody(60))
    found = {
        name: sorted(item.name for item in items) for name, items in find_midi(Options(), tmp_path).items()
    }
    assert found == {"piano": ["c.kar"], "violin": ["b.mid", "old/a.MIDI"]}


def test_finding_needs_no_synthesiser(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("STYLESHIFT_SOUNDFONT", str(tmp_path / "none.sf2"))
    (tmp_path / "violin").mkdir()
    (tmp_path / "violin" / "a.mid").write_bytes(melody(60))
    (recording,) = find_midi(Options(), tmp_path)["violin"]
    with pytest.raises(AudioError, match="FluidSynth, which renders them, is not installed") as caught:
        recording.open()
    assert caught.value.hint == "apt install fluidsynth fluid-soundfont-gm"


def test_the_plugin_imports_nothing_heavy_and_the_registry_takes_it():
    assert list(check_plugin("styleshift_midi").domains.entries()) == ["midi"]
