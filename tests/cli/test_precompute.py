from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from installed import events, styleshift


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    """A good and a silent recording of two styles each."""
    time = np.arange(16000) / 16000
    for style in ("piano", "violin"):
        folder = tmp_path / "audio" / style
        folder.mkdir(parents=True)
        hertz = 300 if style == "piano" else 500
        soundfile.write(folder / "tone.wav", 0.3 * np.sin(2 * np.pi * hertz * time), 16000)
        soundfile.write(folder / "[red]silent.wav", np.zeros(16000), 16000)
    return tmp_path / "audio"


def _run(audio: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return styleshift("precompute", audio, *options, cwd=audio.parent)


def test_the_table_and_what_was_left_out_go_to_stdout(audio: Path) -> None:
    done = _run(audio)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for text in ("piano", "violin", "left out: piano/[red]silent.wav: silent: ", "of audio read in"):
        assert text in done.stdout
    assert "next: styleshift train --domains piano violin" in done.stdout
    assert (audio.parent / "styleshift-workspace/spectrograms/piano/manifest.json").exists()
    again = _run(audio)
    assert again.returncode == 0
    assert "everything is up to date" in again.stdout
    assert "left out: piano/[red]silent.wav" in again.stdout
    assert "next: styleshift train --domains piano violin\n" in again.stdout
    other = _run(audio, "--recipe", "voice")
    assert "next: styleshift train --domains piano violin --recipe voice\n" in other.stdout


def test_json_lines_are_all_that_stdout_gets(audio: Path) -> None:
    done = _run(audio, "--json", "--workspace", "elsewhere", "-j", "1")
    assert done.returncode == 0, done.stderr
    piano, violin, whole = events(done)
    assert (piano["event"], piano["name"], piano["tracks"], piano["added"]) == ("domain", "piano", 1, 1)
    assert piano["rejected"][0]["reason"] == "silent"
    assert violin["name"] == "violin"
    assert (whole["event"], whole["tracks"], whole["found"], whole["failed"]) == ("precompute", 2, 4, False)
    assert (audio.parent / "elsewhere/spectrograms/violin").is_dir()


def test_a_damaged_file_makes_exit_code_3(audio: Path) -> None:
    (audio / "piano/text.wav").write_text("no music")
    done = _run(audio)
    assert done.returncode == 3
    assert "left out: piano/text.wav: unreadable" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_reason_is_not_said_twice(audio: Path) -> None:
    tone = audio / "piano/tone.wav"
    soundfile.write(audio / "piano/cut.flac", *soundfile.read(tone))
    whole = (audio / "piano/cut.flac").read_bytes()
    (audio / "piano/cut.flac").write_bytes(whole[: len(whole) // 2])
    done = _run(audio)
    assert "left out: piano/cut.flac: damaged somewhere after" in done.stdout


def test_what_to_try_is_said_once_for_all_that_ask_for_the_same(audio: Path) -> None:
    for number in range(6):
        (audio / f"piano/text {number}.wav").write_text(f"no sound {number}")
    soundfile.write(audio / "violin/short.wav", np.ones(800) / 2, 16000)
    done = _run(audio)
    left_out = [line for line in done.stdout.splitlines() if line.startswith("left out: piano/text")]
    assert [line.split(":")[1] for line in left_out] == [f" piano/text {number}.wav" for number in range(3)]
    assert "left out: 3 more: unreadable; -v names them\n6 unreadable: play it elsewhere" in done.stdout
    assert done.stdout.count("play it elsewhere") == 1
    # One alone has it beside it.
    assert "violin/short.wav: too short: 0.050 s long; at least 0.5 s are needed\n" in done.stdout
    every = _run(audio, "-v").stdout
    assert all(f"left out: piano/text {number}.wav: unreadable" in every for number in range(6))
    assert "names them" not in every
    assert every.count("play it elsewhere") == 1
    (told, *_) = events(_run(audio, "--json"))
    unreadable = [item for item in told["rejected"] if item["reason"] == "unreadable"]
    assert len({item["hint"] for item in unreadable}) == 1
    assert "play it elsewhere" not in unreadable[0]["message"]


def test_nothing_usable_makes_exit_code_10(audio: Path) -> None:
    for style in ("piano", "violin"):
        (audio / style / "tone.wav").unlink()
    done = _run(audio)
    assert done.returncode == 10
    assert "none of the 2 recordings" in done.stderr
    missing = _run(audio / "nowhere")
    assert missing.returncode == 10
    assert "does not exist" in missing.stderr
    assert "sub-folder" in missing.stderr


@pytest.mark.parametrize("words", [["--domains", "piano"], ["--domains", "piano", "violin"]])
def test_domains_are_given_as_words(audio: Path, words: list[str]) -> None:
    done = _run(audio, "--json", *words)
    assert [event["name"] for event in events(done)[:-1]] == words[1:]


def test_a_word_too_many_is_a_usage_error(audio: Path) -> None:
    done = _run(audio, "piano")
    assert done.returncode == 2
    assert "--domains piano" in done.stderr


def test_the_front_end_is_the_recipes(audio: Path) -> None:
    assert _run(audio, "--set", "spectrogram.hop_length=100").returncode == 0
    manifest = audio.parent / "styleshift-workspace/spectrograms/piano/manifest.json"
    assert json.loads(manifest.read_text())["spectrogram"]["hop_length"] == 100
    wrong = _run(audio, "--set", "spectrogram.hop=100")
    assert wrong.returncode == 2
    assert "hop" in wrong.stderr


def test_a_dry_run_writes_nothing(audio: Path) -> None:
    done = _run(audio, "--dry-run")
    assert done.returncode == 0
    assert "4 recordings found" in done.stdout
    assert not (audio.parent / "styleshift-workspace").exists()


def test_one_style_alone_is_remarked_upon(audio: Path) -> None:
    sentence = "training needs two"
    assert sentence not in _run(audio).stderr
    assert sentence not in _run(audio, "--domains", "piano").stderr
    (audio / "violin" / "tone.wav").unlink()
    alone = _run(audio)
    assert alone.returncode == 0
    assert sentence in alone.stderr


def test_a_workspace_at_an_address_is_the_same_on_every_machine(
    audio: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("fsspec")
    address = f"file://{tmp_path / 'store'}"
    for machine, said in (("one", "of audio read in"), ("two", "everything is up to date")):
        monkeypatch.setenv("STYLESHIFT_CACHE", str(tmp_path / machine))
        done = _run(audio, "--workspace", address)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
        assert f"stored in {address}" in done.stderr
        assert list((tmp_path / machine).glob("workspaces/*/spectrograms/piano/*.npy"))
    assert (tmp_path / "store" / "spectrograms" / "violin" / "manifest.json").exists()
    assert not (tmp_path / "styleshift-workspace").exists()
