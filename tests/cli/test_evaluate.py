"""``styleshift evaluate`` as a person runs it."""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from installed import styleshift

RATE = 22050
EAR = """
import numpy as np
print("printed by an embedding")
def embed(samples, rate):
    parts = np.array_split(np.abs(samples), 2 * len(samples) // rate)
    return [[part.mean(), part.max()] for part in parts]
flat = lambda samples, rate: np.ones(4)
"""


def _note(hertz: float, plucked: bool) -> np.ndarray:
    time = np.arange(RATE) / RATE
    shape = np.exp(-5 * time) if plucked else np.minimum(1, 20 * time)
    return 0.2 * shape * sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, 6 if plucked else 3))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("evaluate")
    for name, plucked, first in (("target", True, 0), ("source", False, 3), ("truth", True, 3)):
        (root / name).mkdir()
        for index in range(2):
            notes = [_note(220 * 2 ** ((first + 5 * index + step) / 12), plucked) for step in (0, 4, 7)]
            soundfile.write(root / name / f"{index}.wav", np.concatenate(notes), RATE)
    return root


def run(*words: object, **how: object) -> subprocess.CompletedProcess[str]:
    return styleshift("evaluate", *words, **how)


def test_json_lines_with_everything_given(folders: Path, tmp_path: Path) -> None:
    done = run(
        folders / "truth",
        *("--target", folders / "target", "--source", folders / "source", "--truth", folders / "truth"),
        *("--page", tmp_path / "page.html", "--json"),
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [line for line in lines if line["event"] != "tags"]  # where a tagger is installed
    assert [line["event"] for line in lines] == ["file", "file", "mean", "interval", "verdict", "page"]
    assert [line["name"] for line in lines[:2]] == ["0.wav", "1.wav"]
    assert lines[2]["lsd"] == pytest.approx(0, abs=1e-3)
    assert lines[2]["chr"] == pytest.approx(1)
    assert lines[2]["fd"] < lines[2]["fd_source"]
    assert lines[2]["chr_kept"] < 1
    assert (tmp_path / "page.html").stat().st_size > 10_000


def test_a_copy_is_said_to_be_one_in_the_table(folders: Path, tmp_path: Path) -> None:
    (tmp_path / "ear.py").write_text(EAR)
    sides = ("--target", folders / "target", "--source", folders / "source")
    done = run(folders / "source", *sides, "--embedding", "ear:embed", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "only copies its input" in done.stdout
    assert "harmony" in done.stdout
    assert "of the sources:" in done.stdout
    words = " ".join(done.stdout.split())
    found = re.search(r"style, by the embedding: ([\d.e-]+) \(of the sources: ([\d.e-]+)\)", words)
    assert found is not None
    assert found[1] == found[2] != "0"
    assert "\x1b" not in done.stdout


def test_an_embedding_of_a_file_here_gives_its_distance(folders: Path, tmp_path: Path) -> None:
    (tmp_path / "ear.py").write_text(EAR)
    sides = ("--target", folders / "target", "--source", folders / "source")
    done = run(folders / "truth", *sides, "--embedding", "ear:embed", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (mean,) = [line for line in map(json.loads, done.stdout.splitlines()) if line["event"] == "mean"]
    assert 0 < mean["fad"] < mean["fad_source"]
    assert "printed by an embedding" in done.stderr


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            "nowhere:embed",
            "--embedding is 'nowhere:embed', and nowhere cannot be imported: ModuleNotFoundError",
        ),
        ("ear:emved", "did you mean --embedding ear:embed?"),
        ("ear:flat", "--embedding gave an array of shape [4]; it must give [n, d]"),
    ],
)
def test_an_embedding_that_is_none_is_told(folders: Path, tmp_path: Path, where: str, said: str) -> None:
    (tmp_path / "ear.py").write_text(EAR)
    done = run(folders / "truth", "--target", folders / "target", "--embedding", where, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_file_that_cannot_be_read_is_named_and_costs_exit_code_3(folders: Path, tmp_path: Path) -> None:
    (tmp_path / "[red]bad.wav").write_bytes(b"RIFF....")
    (tmp_path / "0.wav").write_bytes((folders / "truth" / "0.wav").read_bytes())
    done = run(tmp_path, "--target", folders / "target", "--truth", folders / "truth")
    assert done.returncode == 3
    assert "[red]bad.wav" in done.stderr
    assert "0.wav" in done.stdout
    assert "1 measured, 1 damaged or unreadable" in done.stdout


def test_a_file_that_is_too_short_is_named_and_is_no_failure(folders: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "jingle.wav", np.ones(5000) / 9, RATE)
    (tmp_path / "0.wav").write_bytes((folders / "truth" / "0.wav").read_bytes())
    words = (tmp_path, "--target", folders / "target", "--truth", folders / "truth")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert f"left out: {tmp_path / 'jingle.wav'}: 0.226 s long; to measure it, at least 0.5 s" in done.stderr
    assert "1 measured, 1 left out" in done.stdout
    (tmp_path / "bad.wav").write_bytes(b"RIFF....")
    done = run(*words, "--json")
    assert done.returncode == 3
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    names = {line["event"]: line["name"] for line in lines if "message" in line}
    assert names == {"left_out": "jingle.wav", "failed": "bad.wav"}


SIDES = ("--source", "source", "--truth", "truth")


@pytest.mark.parametrize("more", [(), SIDES, (*SIDES, "--align")])
def test_heads_take_one_line_on_a_narrow_screen_and_each_has_its_words(
    folders: Path, more: tuple[str, ...]
) -> None:
    done = run("truth", "--target", "target", *more, cwd=folders, env={**os.environ, "COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    heads, rows = ([line for line in done.stdout.splitlines() if line.startswith(edge)] for edge in "┃│")
    assert len(heads) == done.stdout.count("┏")
    assert max(map(len, (*heads, *rows))) <= 80
    assert more or done.stdout.count("distance") == 1, "it is all of the verdict"
    *of_files, of_means = [[cell.strip() for cell in head.strip("┃").split("┃")] for head in heads]
    assert of_means == ["figure", "in words", "mean", "95 %"]
    last = done.stdout.rpartition("┏")[2]
    named = {row.split("│")[1].strip(): row.split("│")[3] for row in last.splitlines() if row[0] == "│"}
    of_each = [name for head in of_files for name in head[1:]]
    assert of_each == [name for name in named if name not in ("", "percussive_target")]
    assert {"lsd", "mcd"} <= set(of_each) or not more
    assert all(re.fullmatch(r" -?\d+\.\d\d +", named[name]) for name in of_each)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere", "--target", "target"), 10, "the conversions: there is no folder"),
        (("source", "--target", "nowhere"), 10, "the target style: there is no folder"),
        (("source", "--target", "target", "--truth", "other"), 2, "has the name of a conversion"),
        (("source", "--target", "target", "--truth", "other"), 2, "give the target's own recordings"),
        (("source", "--target", "target", "--source", "other"), 2, "that the conversions were made from"),
        (("truth/0.wav", "--target", "target"), 10, "0.wav' is a file try: name the folder that it is in"),
        (("source",), 2, "--target"),
    ],
)
def test_what_a_person_gets_wrong(folders: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (folders / "other").mkdir(exist_ok=True)
    (folders / "other" / "unlike.wav").write_bytes((folders / "truth" / "0.wav").read_bytes())
    done = run(*(word if word.startswith("--") else folders / word for word in words))
    assert done.returncode == code, done.stderr
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_page_without_sources_says_what_is_missing(folders: Path, tmp_path: Path) -> None:
    done = run(folders / "truth", "--target", folders / "target", "--page", tmp_path / "p.html")
    assert done.returncode == 2
    assert "--source" in done.stderr
