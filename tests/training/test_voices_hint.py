"""The hint that names the recipe for voices: shown where both styles are speech, and only there.

Of styleshift.training.voices.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from typer.testing import CliRunner

from styleshift.cli.app import app
from styleshift.corpus import Corpus, precompute
from styleshift.recipes import Recipe, load_recipe
from styleshift.testing.material import TINY
from styleshift.training.run import start_run
from styleshift.training.voices import voices_hint
from styleshift.workspace import Workspace
from tests.helpers.reporters import Told
from tests.helpers.spoken import RATE, notes, speaker

TINY_NETWORKS = [setting for setting in TINY if not setting.startswith("spectrogram")]
RECIPE = load_recipe("small", [*TINY_NETWORKS, "schedule.steps=1"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two who speak, and two instruments, with the spectrograms of ``small``; two recordings of each."""
    root = tmp_path_factory.mktemp("speech")
    for domain, make, hertz in (
        ("man", speaker, 110),
        ("woman", speaker, 210),
        ("violin", notes, 294),
        ("cello", notes, 98),
    ):
        (root / "audio" / domain).mkdir(parents=True)
        for number in range(2):
            soundfile.write(root / "audio" / domain / f"{number}.wav", make(hertz, number), RATE)
    workspace = Workspace(root / "workspace")
    precompute(root / "audio", workspace, RECIPE.spectrogram, jobs=1)
    return workspace


def hint(place: Workspace, x: str, y: str, recipe: Recipe = RECIPE) -> str:
    return voices_hint((Corpus.open(place.spectrograms / x), Corpus.open(place.spectrograms / y)), recipe)


def test_two_who_speak_are_told_of_the_recipe_for_voices(place: Workspace) -> None:
    assert hint(place, "man", "woman").startswith(
        "hint: man and woman both sound like voices; `recipe=voice`"
    )


@pytest.mark.parametrize(("x", "y"), [("violin", "cello"), ("man", "violin"), ("cello", "woman")])
def test_where_one_style_is_music_nothing_is_said(place: Workspace, x: str, y: str) -> None:
    assert hint(place, x, y) == ""


def test_a_recipe_that_moves_voices_is_not_told(place: Workspace) -> None:
    assert hint(place, "man", "woman", load_recipe("voice", [])) == ""
    assert hint(place, "man", "woman", load_recipe("small", ["pitch.shift=true"])) == ""


def test_spectrograms_too_coarse_for_pitch_are_let_be(place: Workspace) -> None:
    assert hint(place, "man", "woman", load_recipe("classic", [])) == ""


def test_a_run_on_music_says_nothing_of_voices(place: Workspace, tmp_path: Path) -> None:
    (tmp_path / "spectrograms").symlink_to(place.spectrograms)
    told = Told()
    start_run(Workspace(tmp_path), ("cello", "violin"), RECIPE, reporter=told)
    assert told.infos
    assert not any("voice" in line for line in told.infos + told.warnings)


def test_the_command_names_its_flags(place: Workspace, tmp_path: Path) -> None:
    (tmp_path / "spectrograms").symlink_to(place.spectrograms)
    changes = [word for setting in (*TINY_NETWORKS, "schedule.steps=1") for word in ("--set", setting)]
    command = ["train", "--domains", "man", "woman", "--workspace", str(tmp_path), *changes]
    shown = CliRunner().invoke(app, command, catch_exceptions=False).stderr
    assert (
        "hint: man and woman both sound like voices; --recipe voice moves their pitch first "
        "(styleshift precompute --recipe voice comes before it)" in shown
    )
