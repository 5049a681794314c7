"""What a model says about itself survives the file, and nothing else gets through."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

from styleshift.bundle.metadata import BundleMetadata, fit_name
from styleshift.errors import BundleError
from styleshift.hooks import NoOptions
from styleshift.recipes import load_recipe
from styleshift.voice.equaliser import SPOKEN, VoiceMeans
from styleshift.voice.pitch import PitchTarget


def test_metadata_come_back_as_they_were(models: ModuleType) -> None:
    made = BundleMetadata(
        "man's voice",
        "音",
        models.SMALL,
        -20.0,
        256,
        16,
        recipe={"generator": {"name": "seed", "channels": 32}},
        provenance={"step": 7, "run": "a-b"},
        licence="CC BY 4.0",
        requires=({"package": "styleshift-unet", "version": "1.0"},),
    )
    assert BundleMetadata.from_props({**made.to_props(), "somebody.else": "not JSON"}) == made


def test_a_model_says_how_voices_are_moved_and_older_ones_stretch(models: ModuleType) -> None:
    made = BundleMetadata("a", "b", models.SMALL, -20.0, 256, 16, pitch=PitchTarget(210.0, 0.2, "draw"))
    props = made.to_props()
    assert BundleMetadata.from_props(props) == made
    older = BundleMetadata.from_props(
        {**props, "styleshift.pitch": '{"target_hz": 210.0, "formants": 0.15}'}
    ).pitch
    assert older == PitchTarget(210.0, 0.15, "stretch")


def test_a_model_says_how_its_voices_sound(models: ModuleType) -> None:
    speech = load_recipe("voice").spectrogram
    rows = tuple((round(0.1 * row, 3), *(0.0,) * 24) for row in range(SPOKEN))
    means = VoiceMeans(rows, (1.5,) * SPOKEN)
    made = BundleMetadata("a", "b", speech, -20.0, 256, 16, pitch=PitchTarget(210.0), source_voice=means)
    props = made.to_props()
    assert BundleMetadata.from_props(props) == made
    with pytest.raises(BundleError, match="cepstra"):
        BundleMetadata.from_props({**props, "styleshift.source_voice": '{"cepstra": [[1.0]]}'})
    few = json.dumps({"cepstra": [[1.0]] * SPOKEN, "frames": [1] * SPOKEN})
    with pytest.raises(BundleError, match="envelopes of these spectrograms"):
        BundleMetadata.from_props({**props, "styleshift.source_voice": few})
    with pytest.raises(BundleError, match="no pitch"):
        BundleMetadata.from_props({**props, "styleshift.pitch": "null"})
    far = props["styleshift.source_voice"].replace("0.1", "1e300", 1)
    with pytest.raises(BundleError, match="source_voice"):
        BundleMetadata.from_props({**props, "styleshift.source_voice": far})
    slow = json.dumps({**models.SMALL.to_dict(), "sample_rate": 8000})
    with pytest.raises(BundleError, match="8000 Hz"):
        BundleMetadata.from_props({**props, "styleshift.spectrogram": slow})


@pytest.mark.parametrize(
    ("key", "text", "what"),
    [
        ("format_version", None, "no styleshift metadata"),
        ("format_version", "2", "format version 2"),
        ("format_version", '"1"', "format_version"),
        ("format_version", "true", "format_version"),
        ("source", None, "source"),
        ("target", '""', "domains"),
        ("target", '"a\\u001b[2Jb"', "control characters"),
        ("source", '"a\\nb"', "control characters"),
        ("target", '"a\\u2028b"', "control characters"),
        ("target", '"' + "x" * 101 + '"', "up to 100 characters"),
        ("spectrogram", None, "spectrogram"),
        ("spectrogram", "[]", "spectrogram"),
        ("spectrogram", '{"sample_rate": 0}', "sample_rate"),
        ("spectrogram", '{"colour": 1}', "colour"),
        ("window_frames", "0", "window_frames"),
        ("window_frames", "1e9", "window_frames"),
        ("window_frames", "130", "multiple"),
        ("time_multiple", "null", "time_multiple"),
        ("reference_level_db", '"loud"', "reference_level_db"),
        ("reference_level_db", "NaN", "reference_level_db"),
        ("recipe", "3", "recipe"),
        ("provenance", "{", "JSON"),
        ("licence", "5", "licence"),
        ("provenance", "[" * 100_000, "JSON"),
    ],
)
def test_what_is_wrong_is_named(models: ModuleType, key: str, text: str | None, what: str) -> None:
    props = models.metadata().to_props()
    if text is None:
        del props[f"styleshift.{key}"]
    else:
        props[f"styleshift.{key}"] = text
    with pytest.raises(BundleError, match=what):
        BundleMetadata.from_props(props)


def test_a_name_that_is_no_utf8_survives_the_file(models: ModuleType, tmp_path: Path) -> None:
    import onnxruntime

    from styleshift.bundle.load import load_bundle
    from styleshift.runtimes.plugin import load_onnxruntime

    path = models.make_model(tmp_path / "caf\udce9.onnx", target="caf\udce9")
    assert load_bundle(path).metadata.target == "caf\udce9"
    assert load_onnxruntime(NoOptions(), path, "cpu", 1).description.startswith(
        f"ONNX Runtime {onnxruntime.__version__}"
    )


def test_a_folders_name_is_made_fit_for_a_model(models: ModuleType) -> None:
    for name in ("a\nb\x1b[2J", "x" * 300, "音 \udce9"):
        assert models.metadata(target=fit_name(name)).target == fit_name(name)
    assert fit_name("a\nb") == "a_b"
    assert fit_name("音 \udce9") == "音 \udce9"


def test_values_are_readable_by_other_programs(models: ModuleType) -> None:
    props = models.metadata().to_props()
    assert json.loads(props["styleshift.spectrogram"])["sample_rate"] == 16000
    assert json.loads(props["styleshift.target"]) == "classical"
