"""Conversion from Python, as the command does it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile

import styleshift
from styleshift.conversion import api
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import BundleError, ConfigError, PluginError, UsageError

RATE = 22050


@pytest.fixture
def file(models: ModuleType, tmp_path: Path) -> Path:
    """A model that makes high frequencies quieter."""
    made: Path = models.make_model(tmp_path / "m.onnx", change=np.linspace(0, -3, 257))
    return made


def noise(seconds: float = 2.0, channels: int = 2) -> np.ndarray:
    random = np.random.default_rng(0)
    return (0.1 * random.standard_normal((int(seconds * RATE), channels))).astype(np.float32)


def test_arrays_files_and_libraries_agree(file: Path, tmp_path: Path) -> None:
    model = styleshift.load_model(file, vocoder="source-phase", device="cpu", threads=1)
    assert model.metadata.target == "classical"
    assert "ONNX Runtime" in model.description
    samples = noise()
    converted = model.convert(samples, RATE)
    assert converted.shape == samples.shape
    assert np.abs(converted - samples).max() > 0.01
    source = tmp_path / "l" / "a.wav"
    source.parent.mkdir()
    soundfile.write(source, samples, RATE, "FLOAT")
    result = styleshift.convert_file(source, tmp_path / "new" / "b.wav", model)
    assert result.frames == len(samples)
    np.testing.assert_allclose(soundfile.read(tmp_path / "new" / "b.wav")[0], converted, atol=1e-6)
    styleshift.convert_file(str(source), str(tmp_path / "b.flac"), file)
    assert soundfile.info(tmp_path / "b.flac").format == "FLAC"


def test_a_library(file: Path, tmp_path: Path) -> None:
    for name in ("a.wav", "b <i>&#.wav", "bad.wav"):
        path = tmp_path / "l" / name
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, noise(0.3), RATE)
    (tmp_path / "l" / "bad.wav").write_bytes(b"<script>")
    result = styleshift.convert_library(tmp_path / "l", file, jobs=1)
    assert [outcome.status for outcome in result.outcomes.values()] == ["done", "done", "failed"]
    assert result.seconds == pytest.approx(0.6, abs=0.01)
    output = tmp_path / "l-classical"
    lines = [json.loads(line) for line in (output / "report.jsonl").open()]
    assert [line["status"] for line in lines] == ["done", "done", "failed"]
    page = (output / "report.html").read_text()
    assert "2 converted" in page
    assert "<i>" not in page
    assert "b &lt;i&gt;&amp;#.wav" in page
    assert 'src="../l/b%20%3Ci%3E%26%23.wav"' in page
    assert 'src="b%20%3Ci%3E%26%23.wav"' in page
    assert "bad.wav" in page


def test_a_librarys_settings_are_checked_before_it_begins(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "l").mkdir()
    soundfile.write(tmp_path / "l" / "a.wav", noise(0.3), RATE)
    wrong = [
        (PluginError, ConvertSettings(vocoder="vocos")),
        (PluginError, ConvertSettings(runtime="tensorflow")),
        (ConfigError, ConvertSettings(device="tpu")),
        (ConfigError, ConvertSettings(vocoder_options={"rounds": 3})),
        (UsageError, ConvertSettings(audio_format="midi")),
    ]
    for error, settings in wrong:
        with pytest.raises(error):
            styleshift.convert_library(tmp_path / "l", file, settings=settings)
    for options, words in (({"jobs": 0}, "jobs is 0"), ({"job": 1}, r"no option 'job'\n.*`jobs`")):
        with pytest.raises(ConfigError, match=words):
            styleshift.convert_library(tmp_path / "l", file, **options)
    assert not (tmp_path / "l-classical").exists()


def test_mistakes_are_named(file: Path, tmp_path: Path) -> None:
    model = styleshift.load_model(file, vocoder="source-phase")
    for wrong in (np.zeros((2, 2, 2), np.float32), np.zeros(10, np.int16), np.float32(1)):
        with pytest.raises(ConfigError, match="shape"):
            model.convert(wrong, RATE)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"NaN.*\n.*nan_to_num"):
        model.convert(np.full(1000, np.nan, np.float32), RATE)
    with pytest.raises(BundleError):
        styleshift.load_model(tmp_path / "absent.onnx")
    soundfile.write(tmp_path / "a.wav", noise(0.2), RATE)
    with pytest.raises(UsageError, match="format"):
        styleshift.convert_file(tmp_path / "a.wav", tmp_path / "b.docx", model)
    with pytest.raises(UsageError, match="do not agree"):
        styleshift.convert_file(tmp_path / "a.wav", tmp_path / "b.mp3", model, audio_format="flac")
    with pytest.raises(ConfigError, match="strength is 9"):
        styleshift.convert_file(tmp_path / "a.wav", tmp_path / "b.wav", model, strength=9)


def test_the_source_is_never_written_to(file: Path, tmp_path: Path) -> None:
    model = styleshift.load_model(file, vocoder="source-phase")
    source = tmp_path / "a.wav"
    soundfile.write(source, noise(0.2), RATE)
    before = source.read_bytes()
    (tmp_path / "hard.wav").hardlink_to(source)
    (tmp_path / "soft.wav").symlink_to(source)
    for name in ("a.wav", "hard.wav", "soft.wav"):
        with pytest.raises(UsageError, match="the source itself"):
            styleshift.convert_file(source, tmp_path / name, model)
        with pytest.raises(UsageError, match="the source itself"):
            model.convert_file(source, tmp_path / name)
        assert (tmp_path / name).read_bytes() == before


def test_the_package_stays_light_until_it_is_used() -> None:
    code = (
        "import styleshift, sys; assert 'numpy' not in sys.modules; "
        "styleshift.load_model; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError):
        styleshift.no_such_thing  # noqa: B018


def test_a_library_is_gone_on_with_by_the_runtime_that_began_it(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The choice by time may come out otherwise in another run; what is done stays."""
    told: list[dict[str, str]] = []

    def chosen(settings: ConvertSettings, *rest: object) -> ConvertSettings:
        assert settings.runtime == "auto"
        told.append(dict(rest[2]))  # type: ignore[call-overload]
        return replace(settings, runtime="onnxruntime", device="cpu")

    monkeypatch.setattr(api, "with_runtime", chosen)
    source = tmp_path / "l"
    source.mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(source / name, noise(0.3), RATE)
        result = styleshift.convert_library(source, file, jobs=1)
    assert [outcome.status for outcome in result.outcomes.values()] == ["unchanged", "done"]
    assert told == [{}, {"cpu": "onnxruntime"}]


def test_any_function_may_ask_a_library_to_stop(file: Path, tmp_path: Path) -> None:
    (tmp_path / "l").mkdir()
    soundfile.write(tmp_path / "l" / "a.wav", noise(60.0), RATE)
    result = styleshift.convert_library(tmp_path / "l", file, jobs=1, device="cpu", stop=lambda: True)
    assert result.stopped
    assert result.outcomes == {}
