"""What a user can get wrong before and during a training, each a sentence that names it.

Of styleshift.training.run and styleshift.training.sources.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from styleshift.corpus import precompute
from styleshift.errors import CorpusError, StyleshiftError, TrainingError
from styleshift.recipes import Recipe
from styleshift.training import step as step_module
from styleshift.training.run import resume_run, start_run
from styleshift.workspace import Workspace

Tiny = Callable[..., Recipe]
PAIR = ("low", "high")


def copied(place: Workspace, folder: Path, domain: str, old: str, new: str) -> None:
    """The spectrograms of a domain under a manifest in which something else stands."""
    made = folder / "spectrograms" / domain
    made.mkdir(parents=True)
    for path in (place.spectrograms / domain).iterdir():
        if path.suffix == ".json":
            text = path.read_text("utf-8")
            assert old in text
            (made / path.name).write_text(text.replace(old, new), "utf-8")
        else:
            (made / path.name).symlink_to(path)


def test_an_empty_domain(place: Workspace, tmp_path: Path, tiny_recipe: Tiny) -> None:
    (tmp_path / "spectrograms" / "high").mkdir(parents=True)
    (tmp_path / "spectrograms" / "low").symlink_to(place.spectrograms / "low")
    with pytest.raises(StyleshiftError, match="no spectrograms of 'high'"):
        start_run(Workspace(tmp_path), PAIR, tiny_recipe())


def test_a_domain_without_one_recording_that_could_be_used(tmp_path: Path, tiny_recipe: Tiny) -> None:
    for domain in PAIR:
        (tmp_path / "audio" / domain).mkdir(parents=True)
        (tmp_path / "audio" / domain / "broken.wav").write_bytes(b"RIFF and nothing else")
    workspace = Workspace(tmp_path / "workspace")
    precompute(tmp_path / "audio", workspace, tiny_recipe().spectrogram, jobs=1)
    with pytest.raises(CorpusError, match=r"none of the 1 recordings of 'low' could be used"):
        start_run(workspace, PAIR, tiny_recipe())


def test_settings_that_differ_between_domains(place: Workspace, tmp_path: Path, tiny_recipe: Tiny) -> None:
    copied(place, tmp_path, "high", '"gain": 1000.0', '"gain": 10.0')
    (tmp_path / "spectrograms" / "low").symlink_to(place.spectrograms / "low")
    with pytest.raises(CorpusError, match=r"of high do not fit recipe.*gain is 10\.0, not 1000\.0"):
        start_run(Workspace(tmp_path), PAIR, tiny_recipe())


def test_settings_that_differ_from_the_checkpoint(
    place: Workspace, fresh: Workspace, tmp_path: Path, tiny_recipe: Tiny
) -> None:
    start_run(fresh, PAIR, tiny_recipe(), name="before")
    (fresh.root / "spectrograms").unlink()
    for domain in PAIR:
        copied(place, fresh.root, domain, '"gain": 1000.0', '"gain": 10.0')
    with pytest.raises(CorpusError, match=r"of low do not fit recipe.*gain is 10\.0, not 1000\.0"):
        resume_run(fresh, "before", steps=20)


@pytest.mark.parametrize(
    ("settings", "name", "broken"),
    [
        ((), "g_loss_x2y", "generator_adversarial_loss"),
        ((), "d_loss_y", "discriminator_adversarial_loss"),
        (("loss.spectral_flux=1",), "spectral_flux_x2y", "spectral_flux_loss"),
        (("warm_start.share=1", "warm_start.weight=1", "warm_start.crops=4"), "match_x2y", "l1_loss"),
        # Step 3 is the last of the warm start, and the lines are written at 2 and 4.
        (("warm_start.share=0.5", "warm_start.weight=1", "warm_start.crops=4"), "match_x2y", "l1_loss"),
    ],
)
def test_a_loss_that_is_no_number_is_named_with_its_step(
    fresh: Workspace,
    tiny_recipe: Tiny,
    monkeypatch: pytest.MonkeyPatch,
    settings: tuple[str, ...],
    name: str,
    broken: str,
) -> None:
    """The first of its kind in step 3 becomes infinite; the log is written at every second step only."""
    calls = 0
    real = getattr(step_module.losses, broken)

    def loss(*given: object) -> torch.Tensor:
        nonlocal calls
        calls += 1
        value: torch.Tensor = real(*given)
        return value * (float("inf") if calls == 2 * 2 + 1 else 1.0)  # each loss is there twice a step

    monkeypatch.setattr(step_module.losses, broken, loss)
    with pytest.raises(TrainingError, match=rf"loss {name} \(.*\) became inf at step 3"):
        start_run(fresh, PAIR, tiny_recipe(*settings, "schedule.log_every=2"))
    log = (fresh.runs / "low-high" / "log.jsonl").read_text("utf-8").splitlines()
    (failed,) = [line for line in map(json.loads, log) if line["event"] == "failed"]
    assert name in failed["message"]
