"""How a run of recipe `voice` is judged: by whether the words stay, at whatever pitch.

Of styleshift.training.validator.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import Tensor, nn

from styleshift.corpus import Corpus, CropSampler, precompute
from styleshift.errors import ConfigError
from styleshift.recipes import Recipe, load_recipe
from styleshift.training.pitch import PitchFront, shifter_of
from styleshift.training.run import start_run
from styleshift.training.validator import ValidationResult, Validator
from styleshift.workspace import Workspace
from tests.helpers.voices import SETTINGS
from tests.helpers.vowels import utterance

# At the recipe's own 16 kHz.
SHORT = [one for one in SETTINGS if not one.startswith("spectrogram.")]
VOICES = {"man": (105, 1.0), "woman": (210, 1.17)}


def recipe(*overrides: str) -> Recipe:
    return load_recipe("voice", [*SHORT, *overrides])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two speakers, four recordings of 3 s each, and no sentence twice."""
    root = tmp_path_factory.mktemp("speech")
    random = np.random.default_rng(0)
    for name, (hertz, stretch) in VOICES.items():
        (root / "audio" / name).mkdir(parents=True)
        for number in range(4):
            said = utterance("".join(random.choice(list("IAUES"), 12)), hertz + 3 * number, stretch=stretch)
            soundfile.write(root / "audio" / name / f"{number}.wav", said, 16000)
    workspace = Workspace(root / "workspace")
    precompute(root / "audio", workspace, recipe().spectrogram, jobs=1)
    return workspace


class Each(nn.Module):
    """A generator, and a model of two such, that does with crops what it is told to."""

    def __init__(self, what: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))
        self.what = what

    def forward(self, crops: Tensor) -> Tensor:
        return self.what(crops)

    def best(self) -> dict[str, nn.Module]:
        return {"x2y": self, "y2x": self}


def test_a_moved_pitch_keeps_the_words_and_beats_a_copy_and_other_words(place: Workspace) -> None:
    settings = recipe()
    x, y = (CropSampler(Corpus.open(place.spectrograms / who), 64, seed=0) for who in VOICES)
    content = settings.schedule.content
    validator = Validator(x, y, settings.spectrogram, known=12, excerpts=8, content=content)
    front = PitchFront(shifter_of(settings), VOICES["woman"][0])
    noise = torch.randn(8, 1, 513, 64, generator=torch.Generator().manual_seed(0)).abs()

    def judged(what: Callable[[Tensor], Tensor]) -> ValidationResult:
        return validator.validate(Each(what))  # type: ignore[arg-type]

    copy, moved, others, hiss = (
        judged(what).directions["x2y"]
        for what in (
            lambda crops: crops,
            lambda crops: front(crops, front.ratio(crops)),
            lambda crops: front(crops.roll(1, 0), front.ratio(crops.roll(1, 0))),
            lambda crops: noise[: len(crops)],
        )
    )
    assert copy.score.kept["phones"] == pytest.approx(1)
    assert moved.score.kept["phones"] > 0.75 > 0.3 > others.score.kept["phones"]
    assert hiss.score.kept["phones"] < 0.1
    assert moved.score.value > copy.score.value
    assert moved.score.value > max(others.score.value, hiss.score.value)
    assert copy.judgement.kind == "copies"
    assert others.judgement.kind == hiss.judgement.kind == "words lost"
    assert "what is said stayed" in moved.judgement.verdict
    assert "part of what is said" not in moved.judgement.verdict
    assert moved.to_dict()["phones"] == moved.score.kept["phones"]
    assert "harmony" not in moved.judgement.verdict


def test_a_run_of_voices_tells_of_words_and_not_of_harmony(place: Workspace) -> None:
    settings = recipe("schedule.validation_seconds=2", "schedule.steps=2")
    folder = start_run(place, ("man", "woman"), settings, name="judged").folder
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text("utf-8").splitlines()]
    judged = [line for line in lines if line["event"] == "validated"]
    assert [line["step"] for line in judged] == [0, 2]
    for line in judged:
        for direction in ("x2y", "y2x"):
            assert {"phones", "rhythm"} <= set(line[direction])
            assert not {"harmony", "chroma", "onsets"} & set(line[direction])
            assert line[direction]["phones"] > 0.4


def test_where_phones_cannot_be_heard_the_run_does_not_begin(place: Workspace, tmp_path: Path) -> None:
    deaf = ("spectrogram.sample_rate=8000", "schedule.validation_seconds=2")
    with pytest.raises(ConfigError, match="at 8000 Hz nothing is above 4 kHz") as raised:
        start_run(place, ("man", "woman"), recipe(*deaf))
    assert "schedule.content" in str(raised.value.hint)
    # Otherwise the run would get as far as the spectrograms, which are others.
    from styleshift.errors import CorpusError

    with pytest.raises(CorpusError):
        start_run(place, ("man", "woman"), recipe(*deaf, 'schedule.content=["rhythm"]'))
