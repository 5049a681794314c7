"""A folder of conversions, with and without what it can be compared with."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from reporters import Told

from styleshift.errors import NothingToDoError, UsageError
from styleshift.evaluation import classifier, metrics
from styleshift.evaluation.figures import IN_WORDS, in_words
from styleshift.evaluation.folders import Evaluation, evaluate_folders
from tests.helpers.vowels import utterance

SIDES = {"target": "plucked", "source": "tunes-held", "source_style": "held"}


def evaluated(collections: Path, **more: Any) -> Evaluation:
    """Tunes that are held, and their truth, plucked, as conversions."""
    sides = {name: collections / folder for name, folder in SIDES.items()}
    return evaluate_folders(collections / "tunes-plucked", **sides, **more)


def test_the_truth_as_a_conversion_is_perfect(collections: Path) -> None:
    found = evaluated(collections, truth=collections / "tunes-plucked")
    assert [name for name, _ in found.files] == ["0.flac", "sub/1.flac"]
    assert found.mean["lsd"] == pytest.approx(0, abs=1e-4)
    assert found.mean["chr"] == pytest.approx(1)
    assert found.mean["p"] > 0.8
    assert found.mean["fd"] < found.mean["fd_source"]
    assert [source.parent.name for _, source, _ in found.pairs] == ["tunes-held", "sub"]
    assert found.judgement is not None
    assert found.verdict.startswith("the style moved")
    assert set(found.mean) <= set(IN_WORDS)
    assert len(in_words(found.mean)) == len(found.mean)


def test_the_verdict_leaves_out_a_classifier_that_guesses(
    collections: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "_accuracy", lambda *_: 0.5)
    found = evaluated(collections)
    assert "classifier" not in found.verdict
    assert found.verdict.startswith("the style moved")
    assert found.mean["p"] > 0.8  # is in the table, with a warning


def test_speech_is_warped_and_compared_in_pitch(collections: Path) -> None:
    found = evaluate_folders(
        collections / "tunes-held",
        target=collections / "plucked",
        truth=collections / "tunes-plucked",
        align=True,
    )
    assert set(found.mean) - {"likeness"} == {"lsd", "mcd", "f0", "lf0", "fd"}, (
        "nothing to learn p from, and no harmony across a warp"
    )
    assert 3 < found.mean["lsd"] < 20
    assert found.mean["f0"] < 12
    assert found.mean["lf0"] >= found.mean["f0"]
    assert "add `source`" in found.verdict


def test_speech_is_not_asked_for_harmony(collections: Path) -> None:
    found = evaluated(collections, align=True)
    assert not set(found.mean) & {"chr_kept", "ons_kept", "percussive"}
    assert "music" not in found.verdict
    # Two performances of a tune have no words in common that they could keep.
    assert "one can hardly make out what is said" in found.verdict


def test_speech_is_asked_for_its_words(collections: Path, tmp_path: Path) -> None:
    for folder, hertz, stretch in (("man", 110, 1.0), ("converted", 220, 1.17)):
        (tmp_path / folder).mkdir()
        soundfile.write(tmp_path / folder / "0.wav", utterance("ISAUEASU", hertz, stretch=stretch), 16000)
    found = evaluate_folders(
        tmp_path / "converted", target=collections / "plucked", source=tmp_path / "man", align=True
    )
    assert 0.6 < found.mean["phones_kept"] < 1
    assert "what is said stayed" in found.verdict
    assert set(found.mean) <= set(IN_WORDS)


def test_an_embedding_of_ones_own_gives_its_frechet_distance(collections: Path) -> None:
    heard = []

    def embedding(mono: np.ndarray, rate: int) -> np.ndarray:
        heard.append(rate)
        return np.array([[part.std(), np.abs(part).max()] for part in np.array_split(mono, 4)], np.float64)

    same, other = (
        evaluate_folders(collections / name, target=collections / "plucked", embedding=embedding).mean
        for name in ("plucked", "tunes-held")
    )
    assert same["fad"] == pytest.approx(0, abs=1e-9)
    assert other["fad"] > 1e-6
    assert "fad_source" not in other
    assert set(heard) == {22050}
    found = evaluated(collections, embedding=embedding).mean
    assert found["fad_source"] == pytest.approx(other["fad"]), "of the sources, as if they were conversions"
    assert found["fad"] != pytest.approx(other["fad"])


def test_the_embedding_s_distance_is_the_frechet_distance(collections: Path) -> None:
    """Of one number a recording: (m1 - m2)^2 + (s1 - s2)^2."""
    given: list[float] = []

    def embedding(mono: np.ndarray, rate: int) -> np.ndarray:
        given.extend(float(part.std()) for part in np.array_split(mono, 3))
        return np.array(given[-3:])[:, None]

    found = evaluate_folders(collections / "tunes-held", target=collections / "plucked", embedding=embedding)
    style, made = np.array(given[:15]), np.array(given[15:])
    wanted = (style.mean() - made.mean()) ** 2 + (style.std(ddof=1) - made.std(ddof=1)) ** 2
    assert found.mean["fad"] == pytest.approx(wanted)


def test_an_embedding_of_one_vector_is_refused(collections: Path, tmp_path: Path) -> None:
    shutil.copy(next((collections / "plucked").iterdir()), tmp_path)
    with pytest.raises(UsageError, match="less than two vectors"):
        evaluate_folders(tmp_path, target=tmp_path, embedding=lambda mono, rate: np.ones((1, 3)))


def test_the_distance_of_all_files_is_taken_once(collections: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    real = metrics.frechet_distance
    monkeypatch.setattr(metrics, "frechet_distance", lambda *sides: taken.append(sides) or real(*sides))
    found = evaluate_folders(collections / "tunes-held", target=collections / "plucked")
    assert len(found.files) == 2
    assert len(taken) == 1


def test_where_nothing_can_be_measured_it_is_said_what_to_try(collections: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", np.zeros(100), 8000)
    with pytest.raises(NothingToDoError, match="none of the 1 conversions") as caught:
        evaluate_folders(tmp_path, target=collections / "plucked")
    assert caught.value.hint == "measure recordings of 0.5 s or more"


def test_what_is_not_measured_is_named_by_its_path(
    collections: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the folder was typed: a conversion, its source and its truth have the same name."""
    for name in ("tunes-held", "tunes-plucked"):
        shutil.copytree(collections / name, tmp_path / name)
    broken = ["tunes-plucked/0.flac", "tunes-held/sub/1.flac"]
    for path in broken:
        (tmp_path / path).write_bytes(b"nothing")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NothingToDoError, match="none of the 2 conversions"):
        evaluate_folders(
            Path("tunes-plucked"),
            target=collections / "plucked",
            source=Path("tunes-held"),
            source_style=collections / "held",
            reporter=(told := Told()),
        )
    assert [text.split(": ")[1] for text in told.warnings if "not measured" in text] == broken


def test_a_short_file_is_no_fault_unless_its_source_is_long(collections: Path, tmp_path: Path) -> None:
    for name in ("tunes-held", "tunes-plucked"):
        shutil.copytree(collections / name, tmp_path / name)
        soundfile.write(tmp_path / name / "jingle.flac", 0.1 * np.ones(5512), 22050)
    soundfile.write(tmp_path / "tunes-plucked" / "0.flac", 0.1 * np.ones(11024), 22050)  # 0.49995 s
    made, sides = tmp_path / "tunes-plucked", {"target": collections / "plucked"}
    needed = "to measure it, at least 0.5 s are needed"
    alone = evaluate_folders(made, **sides)
    assert alone.failed == []
    assert alone.left_out == [
        ("0.flac", f"{made / '0.flac'}: 0.499 s long; {needed}"),
        ("jingle.flac", f"{made / 'jingle.flac'}: 0.249 s long; {needed}"),
    ]
    beside = evaluate_folders(made, source=tmp_path / "tunes-held", **sides, reporter=(told := Told()))
    lost = f"{made / '0.flac'}: 0.499 s long; {needed}, but its source is 3 s long"
    jingle = f"{made / 'jingle.flac'}: 0.249 s long; {needed}"
    assert beside.failed == [("0.flac", lost)]
    assert beside.left_out == [("jingle.flac", jingle)]
    assert f"not measured: {lost}" in told.warnings
    assert f"left out: {jingle}" in told.warnings


@pytest.mark.parametrize(
    ("samples", "of_source", "said"),
    [
        (11024, 11025, ""),
        (11024, 12126, ""),  # 50 ms longer, but for a little
        (11024, 12128, "0.499 s long; {needed}, but its source is 0.55 s long"),
        (8820, 19845, "0.4 s long; {needed}, but its source is 0.9 s long"),
        (8820, 10000, "0.4 s long; {needed}, but its source is 0.45 s long"),  # which cannot be measured
        (0, 19845, "holds no sound (0 samples), but its source is 0.9 s long"),
        (0, 2000, "holds no sound (0 samples), but its source is 0.09 s long"),
        (0, None, "holds no sound (0 samples)"),
    ],
)
def test_a_short_conversion_is_a_fault_where_it_lost_its_end(
    collections: Path, tmp_path: Path, samples: int, of_source: int | None, said: str
) -> None:
    shutil.copytree(collections / "tunes-held", tmp_path / "source")
    shutil.copytree(collections / "tunes-plucked", tmp_path / "made")
    soundfile.write(tmp_path / "made" / "x.wav", 0.1 * np.ones(samples), 22050)
    if of_source is not None:
        soundfile.write(tmp_path / "source" / "x.wav", 0.1 * np.ones(of_source), 22050)
    found = evaluate_folders(
        tmp_path / "made",
        target=collections / "plucked",
        source=None if of_source is None else tmp_path / "source",
        source_style=collections / "held",
    )
    told = said.format(needed="to measure it, at least 0.5 s are needed")
    assert found.failed == ([("x.wav", f"{tmp_path / 'made' / 'x.wav'}: {told}")] if said else [])
    assert [name for name, _ in found.left_out] == ([] if said else ["x.wav"])


def test_silence_is_left_out_and_said(collections: Path, tmp_path: Path) -> None:
    for name in ("tunes-held", "tunes-plucked"):
        shutil.copytree(collections / name, tmp_path / name)
        soundfile.write(tmp_path / name / "silence.flac", np.zeros(22050 * 3), 22050)
    collected = {"target": collections / "plucked", "source_style": collections / "held"}
    found = evaluate_folders(tmp_path / "tunes-plucked", source=tmp_path / "tunes-held", **collected)
    without = evaluated(collections)
    quiet = tmp_path / "tunes-held" / "silence.flac"
    assert found.left_out == [("silence.flac", f"{quiet}: a source that is silent has no style")]
    assert found.failed == []
    assert found.mean == without.mean
    # A model that makes silence of music is measured all the same.
    soundfile.write(tmp_path / "tunes-plucked" / "0.flac", np.zeros(22050 * 3), 22050)
    worse = evaluate_folders(tmp_path / "tunes-plucked", source=tmp_path / "tunes-held", **collected)
    assert len(worse.files) == len(found.files)
