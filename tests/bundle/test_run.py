"""Which run is exported, under which names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from corpora import CONFIG
from reporters import Told

from styleshift.bundle import origin as origin_module
from styleshift.bundle import run as run_module
from styleshift.bundle.card import ModelCard
from styleshift.bundle.origin import provenance_of
from styleshift.bundle.postfilter import Postfilter
from styleshift.bundle.run import export_run, file_name
from styleshift.bundle.settings import ExportSettings
from styleshift.corpus import precompute
from styleshift.errors import ConfigError, CorpusError, NothingToDoError, UsageError
from styleshift.recipes import load_recipe
from styleshift.training.checkpoint import blank_statistics
from styleshift.training.files import CheckpointFolder
from styleshift.training.model import CycleGAN
from styleshift.workspace import Workspace


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="no trained run"):
        export_run(Workspace(tmp_path))


@pytest.mark.parametrize("checkpoint", ["newest", "-3", "1.5", "", "2000+", "best+last"])
def test_a_checkpoint_is_best_last_or_a_step(tmp_path: Path, checkpoint: str) -> None:
    with pytest.raises(ConfigError, match="checkpoint"):
        export_run(Workspace(tmp_path), checkpoint=checkpoint)


def test_options_replace_those_of_settings(place: Workspace) -> None:
    with pytest.raises(NothingToDoError, match="there is no run 'third'"):
        export_run(place, ExportSettings(run="second", checkpoint="last"), run="third")
    with pytest.raises(ConfigError, match="smooth_frame"):
        export_run(place, smooth_frame=0.1)


def test_domains_become_safe_file_names() -> None:
    assert file_name("a/b:c") == "a_b_c"
    assert file_name("音 楽") == "音 楽"
    assert file_name("..") == "_"
    assert file_name("a\0b\nc\x7f\x85\u202ed\ud800") == "a_b_c___d_"
    assert file_name("音" * 100) == "音" * 26


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    """A workspace with the run ``first``, at steps 0 and 100."""
    return make_run(tmp_path)


def make_run(folder: Path, *settings: str) -> Workspace:
    place = Workspace(folder)
    recipe = load_recipe("small", ["generator.channels=4", "data.crop_frames=64", *settings])
    checkpoints = CheckpointFolder(place.runs / "first" / "checkpoints")
    tensors = {
        f"model.{name}": value.contiguous()
        for name, value in CycleGAN(recipe, *blank_statistics(recipe)).state_dict().items()
    }
    for step, score in ((0, 0.5), (100, 0.4)):
        checkpoints.save(
            tensors, {"step": step, "seconds": 1.0, "scalars": {}}, {"x2y": score, "y2x": 0.9 - score}
        )
    about = {"domains": ["violin", "piano"], "recipe": recipe.to_dict(), "seed": 0, "provenance": {}}
    (place.runs / "first" / "run.json").write_text(json.dumps(about))
    return place


def test_a_spectrum_is_matched_on_the_workspace(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no spectrograms of 'violin'"):
        export_run(make_run(tmp_path / "plain"), match_spectrum=True)


def test_a_spectrum_is_matched_on_spectrograms_of_the_runs_own_settings(
    tmp_path: Path, save: Any, tone: Any
) -> None:
    for domain in ("violin", "piano"):
        save(tmp_path / "audio" / domain / "a.wav", tone(1.0, 8000), 8000)
    place = make_run(tmp_path)
    precompute(tmp_path / "audio", place, CONFIG, jobs=1)
    with pytest.raises(CorpusError, match=r"of violin do not fit run first \(sample_rate is 8000,") as error:
        export_run(place, match_spectrum=True, match_variance=True)
    assert "leave out `match_spectrum` and `match_variance`" in error.value.hint


def test_what_is_in_the_way_is_told_before_a_spectrum_is_measured(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.models.mkdir()
    (place.models / "violin-to-piano.onnx").write_text("mine")
    monkeypatch.setattr(run_module, "_filters", lambda *given: pytest.fail("it was measured"))
    with pytest.raises(UsageError, match="could not be exported again"):
        export_run(place, match_spectrum=True)


def told_of_an_export(place: Workspace, monkeypatch: pytest.MonkeyPatch, checkpoint: str = "best") -> Told:
    def left_out(trained: object, direction: str, path: Path, **about: object) -> SimpleNamespace:
        return SimpleNamespace(path=path, parity=0.0, replaced=False)

    monkeypatch.setattr(run_module, "export_bundle", left_out)
    reporter = Told()
    export_run(place, checkpoint=checkpoint, reporter=reporter)
    return reporter


def test_a_run_whose_start_was_its_best_says_so(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = told_of_an_export(place, monkeypatch).warnings  # of one direction: the other learned
    assert "run first never scored better than at its start for violin-to-piano" in text
    assert "`resume` `name=first`" in text
    assert told_of_an_export(place, monkeypatch, "last").warnings == []
    (place.runs / "first" / "checkpoints" / "scores.json").write_text(
        '{"0": {"x2y": 0.4}, "100": {"x2y": 0.5}}'
    )
    assert told_of_an_export(place, monkeypatch).warnings == []


def test_a_plugin_in_another_version_is_a_warning(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    file = place.runs / "first" / "run.json"
    about = {**json.loads(file.read_text()), "requires": [{"package": "pytest", "version": "0.0.1"}]}
    file.write_text(json.dumps(about))
    (text,) = told_of_an_export(place, monkeypatch, "last").warnings
    assert text.startswith("run first was made with pytest 0.0.1; ")


@pytest.mark.parametrize(
    ("checkpoint", "said"),
    [
        ("best", "violin-to-piano: step 0, score 0.50 of 1 (the best of 2 checkpoints)"),
        (
            "best",
            "piano-to-violin: step 100, score 0.50 of 1 (the best of 2 checkpoints; the start had 0.40)",
        ),
        ("100", "violin-to-piano: step 100, score 0.40 of 1 (the best is step 0 with 0.50)"),
    ],
)
def test_what_is_exported_says_how_it_was_judged(
    place: Workspace, monkeypatch: pytest.MonkeyPatch, checkpoint: str, said: str
) -> None:
    assert any(said in text for text in told_of_an_export(place, monkeypatch, checkpoint).infos)


@pytest.mark.parametrize(("later", "unmoved"), [(0.1649, True), (0.17, False)])
def test_a_score_that_reads_as_the_starts_is_told_as_such(later: float, unmoved: bool) -> None:
    said = run_module._describe_choice(100, "a", {0: {"a": 0.16}, 100: {"a": later}})
    assert said.endswith("; the start had 0.16: the training has not moved it yet)") is unmoved


def test_further_runs_go_into_the_same_model(place: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def exported(trained: Any, direction: str, path: Path, **about: Any) -> SimpleNamespace:
        made.append((trained, about["others"], about["behind"]))
        return SimpleNamespace(path=path, parity=0.0)

    made: list[tuple[Any, list[Any], Any]] = []
    monkeypatch.setattr(run_module, "export_bundle", exported)
    for name in ("second", "third"):
        shutil.copytree(place.runs / "first", place.runs / name)
        begun(place, name, name)
    told = Told()
    export_run(place, run="first", ensemble=["third", "second"], smooth_frames=0.1, reporter=told)
    for trained, others, behind in made:
        assert [one.provenance["started"] for one in others] == ["third", "second"]
        assert [one.provenance["run"] for one in (trained, *others)] == ["first", "third", "second"]
        filtered = behind(trained.translators["x2y"])
        assert isinstance(filtered, Postfilter)
        assert filtered.smoothing is not None
        assert (filtered.variance, filtered.quiet) == (None, None)
    for name in ("first", "second", "third"):
        assert any(text.startswith(f"run {name}, violin-to-piano: step 0") for text in told.infos)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"domains": ["piano", "violin"]}, "domains"),
        ({"crop_frames": 128}, "length of a window"),
        ({"hop_length": 128}, "spectrogram"),
    ],
)
def test_runs_that_cannot_be_averaged_are_told_apart(
    place: Workspace, change: dict[str, Any], what: str
) -> None:
    shutil.copytree(place.runs / "first", place.runs / "second")
    file = place.runs / "second" / "run.json"
    about = json.loads(file.read_text())
    for part in (about, about["recipe"]["data"], about["recipe"]["spectrogram"]):
        part.update((key, value) for key, value in change.items() if key in part)
    file.write_text(json.dumps(about))
    with pytest.raises(UsageError, match=f"runs first and second differ in their {what}\n"):
        export_run(place, run="first", ensemble=["second"])
    assert not place.models.exists()


def test_a_run_is_named_once_for_an_ensemble(place: Workspace) -> None:
    with pytest.raises(UsageError, match="run first is named twice"):
        export_run(place, ensemble=["first"])


def begun(place: Workspace, name: str, started: str) -> None:
    about = place.runs / name / "run.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "provenance": {"started": started}}))


def test_a_model_is_replaced_only_where_it_could_be_made_again(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exported(trained: Any, direction: str, path: Path, **about: Any) -> SimpleNamespace:
        provenance = provenance_of((trained, *about["others"]), direction, about["settings"])
        metadata[path.name] = SimpleNamespace(
            provenance=provenance, strength=1.0, licence="", card=ModelCard()
        )
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return SimpleNamespace(path=path, parity=0.0)

    metadata: dict[str, SimpleNamespace] = {}
    monkeypatch.setattr(run_module, "export_bundle", exported)
    monkeypatch.setattr(origin_module, "read_metadata", lambda path: metadata[path.name])
    shutil.copytree(place.runs / "first", place.runs / "second")
    begun(place, "first", "2026-01-01")
    begun(place, "second", "2026-02-02")
    export_run(place, run="first", checkpoint="100")
    told = Told()
    export_run(place, run="first", checkpoint="0", reporter=told)  # another state of the same run
    assert "violin-to-piano.onnx replaces the one that was there, of run first, step 100" in told.infos
    export_run(place, run="second", reporter=told)
    replaced = "violin-to-piano.onnx replaces the one that was there, of run first, step 0; "
    assert replaced + "`styleshift export` `run=first` `checkpoint=0` brings it back" in told.infos
    metadata["violin-to-piano.onnx"].strength = 0.8
    metadata["violin-to-piano.onnx"].card = ModelCard(summary="It sings.")
    del metadata["violin-to-piano.onnx"].provenance["export"]  # as models of before
    metadata["violin-to-piano.onnx"].provenance |= {
        "match_spectrum": True,
        "match_variance": True,
        "smooth_frames": 0.1,
        "keep_quiet": 20.0,
        "ensemble": ["first", "my run"],
        "checkpoint": "best",
    }
    gone = "the mean of runs second, first and my run, of which my run is not in this workspace"
    with pytest.raises(UsageError, match=gone):
        export_run(place, run="first", checkpoint="100")
    shutil.copytree(place.runs / "first", place.runs / "my run")
    export_run(place, run="first", checkpoint="100", reporter=told)
    options = (
        "`run=second` `ensemble=first` `ensemble='my run'` `strength=0.8` `match_spectrum` "
        "`smooth_frames=0.1` `keep_quiet=20.0`"
    )
    again = f"; `styleshift export` {options} brings it back, but for `match_variance` and its card"
    assert any(text.endswith(again) for text in told.infos)
    metadata["violin-to-piano.onnx"].provenance["mean_of"] = [0, 100]
    export_run(place, run="second", reporter=told)
    again = "of run first, step 0+100; `styleshift export` `run=first` `checkpoint=0+100` brings it back"
    assert any(text.endswith(again) for text in told.infos)
    metadata["violin-to-piano.onnx"].provenance |= {
        "mean_of": 7,
        "smooth_bins": "a little",
        "ensemble": 3,
    }  # by a stranger
    export_run(place, run="second", reporter=told)
    (place.runs / "second").rename(place.runs / "moved")
    with pytest.raises(UsageError, match="of run second, step 0, which is not in this workspace") as caught:
        export_run(place, run="first")
    assert "`overwrite`" in caught.value.hint
    assert metadata["violin-to-piano.onnx"].provenance["run"] == "second"
    export_run(place, run="first", output=place.root / "elsewhere")
    export_run(place, run="first", overwrite=True)
    assert metadata["violin-to-piano.onnx"].provenance["run"] == "first"
    begun(place, "first", "2026-03-03")  # the name is the same, the run is not
    with pytest.raises(UsageError, match="of run first, step 0, which is not in this workspace"):
        export_run(place, run="first")
    del metadata["violin-to-piano.onnx"].provenance["run"]  # as the first versions wrote it
    metadata["violin-to-piano.onnx"].provenance["started"] = "2026-02-02"
    metadata["piano-to-violin.onnx"].provenance["started"] = "2026-03-03"
    export_run(place, run="first", reporter=told)
    assert any(
        text.endswith("`styleshift export` `run=moved` `checkpoint=0` brings it back") for text in told.infos
    )


def test_a_file_that_is_no_model_is_in_the_way(place: Workspace) -> None:
    place.models.mkdir()
    (place.models / "violin-to-piano.onnx").write_text("mine")
    with pytest.raises(UsageError, match=r"violin-to-piano\.onnx, which is no model that can be read"):
        export_run(place)
    assert (place.models / "violin-to-piano.onnx").read_text() == "mine"
