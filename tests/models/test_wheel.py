"""Of styleshift.models.plugin: the wheel brings the models, and what it installs finds them offline."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import numpy as np
import soundfile
from environments import Environment, build_wheels, run

import styleshift.frontend._native as native
from styleshift.models.verify import read_checksums
from styleshift.workspace import shipped_models

MODELS = "styleshift/models/shipped/"
# Whoever asks for another machine is ended there and then, so that nothing can catch it and go on.
OFFLINE = """
import os, sys

def ask(event, given):
    inet = event == "socket.connect" and isinstance(given[1], tuple)
    if inet or event in ("socket.getaddrinfo", "socket.gethostbyname"):
        sys.stderr.write(f"asked for a network: {event} {given}\\n")
        os._exit(97)

sys.addaudithook(ask)
"""


def test_the_wheel_brings_the_models_and_finds_them_offline(repository: Path, tmp_path: Path) -> None:
    # Without the C++, which is built already, and takes the most time.
    (wheel,) = build_wheels(tmp_path / "wheels", repository, options=("-C", "wheel.cmake=false"))
    with zipfile.ZipFile(wheel) as inside:
        brought = {name.removeprefix(MODELS) for name in inside.namelist() if name.startswith(MODELS)}
        assert brought == {path.name for path in shipped_models().iterdir()}
        wanted = read_checksums(shipped_models())
        assert len(wanted) == 6
        for name, digest in wanted.items():
            assert hashlib.sha256(inside.read(MODELS + name)).hexdigest() == digest, name

    environment = Environment(tmp_path / "env", editable=False)
    environment.install([wheel])
    shutil.copy(native.__file__, environment.site / "styleshift" / "frontend")
    (environment.site / "zz_offline.pth").write_text("import zz_offline\n")
    (environment.site / "zz_offline.py").write_text(OFFLINE)
    python, asks = environment.bin / "python", "import socket; socket.create_connection(('localhost', 9))"
    assert "asked for a network" in run(python, "-c", asks, folder=tmp_path, code=97).stderr

    listed = environment.styleshift(tmp_path, "models", "list")
    home = environment.site / MODELS
    assert {Path(each["path"]) for each in listed} == {home / name for name in wanted}
    (tmp_path / "library").mkdir()
    note = np.sin(2 * np.pi * 330 * np.arange(22050) / 22050)
    soundfile.write(tmp_path / "library" / "note.flac", 0.1 * note, 22050)
    command = environment.bin / "styleshift"
    said = run(command, "convert", "./library", "--to", "piano", folder=tmp_path).stderr
    assert f"by the model {home / 'violin-to-piano.onnx'}" in " ".join(said.split())
    made, rate = soundfile.read(tmp_path / "library-piano" / "note.flac")
    assert (rate, len(made)) == (22050, 22050)
    assert 0.001 < made.std() < 1
