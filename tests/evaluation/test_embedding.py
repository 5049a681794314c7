"""An embedding is found by its name, and what it gives is looked at."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from styleshift.errors import AudioError, ConfigError, UsageError
from styleshift.evaluation.embedding import Embedder, load_embedding, population

SECOND = np.zeros(22050, np.float32)
GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "evaluate.md"
OWN = """
import sys
print("loading")
WIDTH = 3
class Network:
    def embed(self, samples, rate):
        print("hearing")
        return [[len(samples) / rate] * WIDTH] * 2
embed_it = Network().embed
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current one, with modules of one's own in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    (tmp_path / "own_ear.py").write_text(OWN)
    (tmp_path / "broken_ear.py").write_text("import no_such_package_at_all\n")
    (tmp_path / "leaving_ear.py").write_text("raise SystemExit(0)\n")
    (tmp_path / "json.py").write_text("raise AssertionError('stands in for a module of Python')\n")
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.usefixtures("folder")
def test_a_function_of_a_file_here_is_found_and_may_print(capsys: pytest.CaptureFixture[str]) -> None:
    embed = Embedder(load_embedding("own_ear:embed_it"))
    assert embed(SECOND).tolist() == [[1.0] * 3] * 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "loading\nhearing\n"


@pytest.mark.usefixtures("folder")
def test_what_is_installed_comes_before_what_lies_here() -> None:
    assert "here" not in str(load_embedding("json:dumps"))
    assert load_embedding("numpy:linalg.norm")(SECOND, 2) == 0, "an attribute of an attribute"


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("where", "said", "hint"),
    [
        ("own_ear", "MODULE:FUNCTION", ""),
        (":embed_it", "MODULE:FUNCTION", ""),
        ("own_ear:", "MODULE:FUNCTION", ""),
        ("./own_ear.py:embed_it", "MODULE:FUNCTION", ""),
        ("owm_ear:embed_it", "No module named 'owm_ear'", "in the current folder"),
        ("broken_ear:embed_it", "No module named 'no_such_package_at_all'", ""),
        ("leaving_ear:embed_it", "cannot be imported: SystemExit", ""),
        ("..own_ear:embed_it", "cannot be imported", ""),
        ("own_ear:embed_out", "has no embed_out", "`embedding=own_ear:embed_it`"),
        ("own_ear:WIDTH", "which is no function but int", "MODULE:FUNCTION"),
    ],
)
def test_what_cannot_be_found_is_said(where: str, said: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_embedding(where)
    assert said in refused.value.message
    assert repr(where) in refused.value.message
    assert hint in refused.value.hint
    assert bool(hint) == bool(refused.value.hint)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "object"),
        ("text", "<U4"),
        (np.ones(5), r"shape \[5\]"),
        (np.ones((2, 3, 4)), r"shape \[2, 3, 4\]"),
        (np.ones((2, 0)), r"shape \[2, 0\]"),
        ([[1.0, 2.0], [3.0]], "failed on 1.0 s of sound: ValueError"),
        ([[1.0, np.nan]], "nan or infinity"),
        ([[1.0, np.inf]], "nan or infinity"),
        (np.ones((2, 2), np.complex64), "complex64"),
        (torch.ones(2, 2, requires_grad=True), "failed on 1.0 s of sound: RuntimeError: Can't call numpy"),
    ],
)
def test_what_is_no_vectors_is_refused(given: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Embedder(lambda mono, rate: given)(SECOND)  # type: ignore[arg-type, return-value]


def test_vectors_are_of_one_size_and_come_as_float64() -> None:
    sizes = iter((4, 4, 5))
    embed = Embedder(lambda mono, rate: torch.ones(3, next(sizes), dtype=torch.float16))  # type: ignore[arg-type, return-value]
    assert embed(SECOND).dtype == np.float64
    assert embed(SECOND).shape == (3, 4)
    with pytest.raises(ConfigError, match="5 numbers after some of 4"):
        embed(SECOND)


def raising(error: BaseException) -> Callable[[np.ndarray, int], np.ndarray]:
    def embed(mono: np.ndarray, rate: int) -> np.ndarray:
        raise error

    return embed


def test_what_it_raises_is_told_as_its_own_but_for_what_styleshift_knows() -> None:
    with pytest.raises(ConfigError, match=r"failed on 1\.0 s of sound: KeyError: 'layer'") as found:
        Embedder(raising(KeyError("layer")))(SECOND)
    assert isinstance(found.value.__cause__, KeyError)
    with pytest.raises(ConfigError, match="SystemExit"):
        Embedder(raising(SystemExit(0)))(SECOND)
    for error in (AudioError("too short"), MemoryError()):
        with pytest.raises(type(error)):
            Embedder(raising(error))(SECOND)


def test_recordings_too_short_for_a_vector_do_no_harm_among_others() -> None:
    vectors = np.random.default_rng(0).normal(size=(50, 3))
    found = population([np.zeros((0, 3)), vectors])
    assert np.allclose(found.mean, vectors.mean(axis=0))
    with pytest.raises(UsageError, match="less than two"):
        population([np.zeros((0, 3)), np.ones((1, 3))])


def shown(name: str) -> str:
    """The file of that name as the guide shows it."""
    (block,) = re.findall(rf"```python\n# {name}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    return block


def test_the_octaves_of_the_guide_are_levels_in_decibels(folder: Path) -> None:
    (folder / "hear.py").write_text(shown("hear.py"))
    embed = Embedder(load_embedding("hear:octaves"))
    seconds = np.arange(3 * 22050 + 100) / 22050
    quiet, loud = (
        embed((0.01 * by * np.sin(2 * np.pi * 500 * seconds)).astype(np.float32)) for by in (1, 10)
    )
    assert quiet.shape == (3, 8)
    assert (loud.argmax(axis=1) == 3).all(), "320 to 640 Hz"
    assert loud[:, 3] - quiet[:, 3] == pytest.approx(20, abs=1e-3)


def test_the_guide_asks_vggish_for_16_khz(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a package that stands in for frechet-audio-distance 0.3.4, called as its source is."""

    class FrechetAudioDistance:
        def __init__(self, model_name: str = "vggish", sample_rate: int = 16000) -> None:
            assert (model_name, sample_rate) == ("vggish", 16000)

        def get_embeddings(self, x: list[np.ndarray], sr: int) -> np.ndarray:
            vectors = [each[: len(each) // 15360 * 15360].reshape(-1, 120, 128).mean(axis=1) for each in x]
            assert sr == 16000
            return np.concatenate(vectors, axis=0)

    package = ModuleType("frechet_audio_distance")
    package.FrechetAudioDistance = FrechetAudioDistance  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "frechet_audio_distance", package)
    (folder / "fad.py").write_text(shown("fad.py"))
    assert Embedder(load_embedding("fad:vggish"))(np.tile(SECOND, 10)).shape == (10, 128)
