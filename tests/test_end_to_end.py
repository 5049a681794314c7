"""The four commands, one after the other, through the installed script, on a tiny library."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import mediafile
import numpy as np
import pytest
import soundfile
from installed import events, styleshift

RATE = 22050


def told(folder: Path, *words: str, code: int = 0) -> list[dict[str, Any]]:
    """Run one command there; what it printed as JSON lines."""
    done = styleshift(*words, "--json", cwd=folder)
    assert done.returncode == code, f"{words}: exit code {done.returncode}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return events(done)


def tone(seconds: float, hertz: float, partials: int, decay: float, rate: int = RATE) -> np.ndarray:
    """Notes of half a second, each with so many partials, dying away or not."""
    time = np.arange(int(seconds * rate)) / rate
    within = time % 0.5
    step = hertz * 2 ** (np.floor(time / 0.5) % 5 / 12)
    phase = 2 * np.pi * np.cumsum(step) / rate
    sound = sum(np.sin(n * phase) / n for n in range(1, partials + 1))
    return (0.2 * sound * np.exp(-decay * within) * np.minimum(1, within / 0.01)).astype(np.float32)


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``audio/country``, ``audio/classical`` and ``library``."""
    home = tmp_path_factory.mktemp("home")
    for domain, partials, decay in (("country", 3, 6.0), ("classical", 9, 0.0)):
        for number in range(2):
            path = home / "audio" / domain / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, tone(6, 200 + 60 * number, partials, decay), RATE)
    (home / "library" / "An Album").mkdir(parents=True)
    left, right = tone(4, 220, 3, 6, 44100), tone(4, 330, 3, 6, 44100)
    soundfile.write(
        home / "library" / "An Album" / "stereo.flac", np.stack([left, right], 1), 44100, "PCM_24"
    )
    soundfile.write(home / "library" / "mono [red].ogg", tone(5, 260, 3, 6, 32000), 32000)
    tags = mediafile.MediaFile(home / "library" / "An Album" / "stereo.flac")
    tags.title, tags.artist, tags.album = "Blue [/b] Ünïcode", "Someone", "An Album"
    tags.save()
    (home / "library" / "broken.wav").write_bytes(b"this is no sound at all")
    (home / "library" / "cover.txt").write_text("left alone")
    return home


@pytest.mark.slow
def test_the_four_commands(home: Path) -> None:
    before = digests(home / "audio") | digests(home / "library")

    told(home, "precompute", "./audio")
    stored = digests(home / "styleshift-workspace" / "spectrograms")
    assert len([name for name in stored if name.endswith(".npy")]) == 4
    told(home, "precompute", "./audio")
    assert digests(home / "styleshift-workspace" / "spectrograms") == stored

    changes = ("generator.channels=8", "generator.levels=1", "data.crop_frames=64", "schedule.batch=2")
    small = [word for change in changes for word in ("--set", change)]
    told(home, "train", "--domains", "country", "classical", "--steps", "4", *small)
    assert list((home / "styleshift-workspace" / "runs").iterdir())

    told(home, "export")
    assert len(list((home / "styleshift-workspace" / "models").glob("*.onnx"))) == 2

    # One file is broken: it is reported, the others are there, and the exit code says so.
    events = told(home, "convert", "./library", "--to", "classical", code=3)
    assert "broken.wav" in json.dumps(events)
    output = home / "library-classical"
    sounds = {
        p.relative_to(output).as_posix() for p in output.rglob("*") if p.suffix in (".flac", ".ogg", ".wav")
    }
    assert sounds == {"An Album/stereo.flac", "mono [red].ogg"}
    for name in sounds:
        source, made = soundfile.info(home / "library" / name), soundfile.info(output / name)
        assert (made.samplerate, made.channels, made.frames) == (
            source.samplerate,
            source.channels,
            source.frames,
        )
        assert (made.format, made.subtype) == (source.format, source.subtype)
        sound, _ = soundfile.read(output / name)
        assert np.isfinite(sound).all()
        assert 0.01 < np.sqrt(np.mean(sound**2)) < 0.5
    stereo, _ = soundfile.read(output / "An Album" / "stereo.flac")
    assert np.abs(stereo[:, 0] - stereo[:, 1]).max() > 0.05
    tags = mediafile.MediaFile(output / "An Album" / "stereo.flac")
    assert (tags.title, tags.artist, tags.album) == ("Blue [/b] Ünïcode", "Someone", "An Album")
    assert not [p for p in output.rglob("*") if "tmp" in p.name or "part" in p.suffix]

    # Nothing is done twice, and nothing of the originals was touched.
    times = {name: (output / name).stat().st_mtime_ns for name in sounds}
    told(home, "convert", "./library", "--to", "classical", code=3)
    assert {name: (output / name).stat().st_mtime_ns for name in sounds} == times
    assert digests(home / "audio") | digests(home / "library") == before
