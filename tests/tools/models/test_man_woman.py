"""The script that makes the models of voices, and ``voices.csv``, the table of what it learns from."""

from __future__ import annotations

import csv
import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE, TARGET = ("source of {}-to-{}", "target of {}-to-{}")
FOLDERS = {"LibriSpeech": "voices_librispeech/train", "VCC2016": "man2woman_vcc2016/train"}
# Whose pitch is not what their sex in LibriSpeech's list says.
LEFT_OUT = {"445", "3374", "8226", "8629", "1355", "5561", "2691", "1263", "6415"}


@pytest.fixture
def rows(repository: Path) -> list[dict[str, str]]:
    with (repository / "tools/material/sources/voices.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_hears_the_recordings_of_the_table(
    repository: Path, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    for row in rows:
        file = tmp_path / row["corpus"] / row["file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    for name in ("styleshift", "python"):
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.write_text("#!/bin/sh\n")
        command.chmod(0o755)
    script = repository / "tools" / "models" / "man_woman.sh"
    subprocess.run(
        ["bash", script, tmp_path / "made", tmp_path / "LibriSpeech", tmp_path / "VCC2016"],
        env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"},
        check=True,
    )
    for source, target in (("man", "woman"), ("woman", "man")):
        audio = tmp_path / "made" / f"{source}-to-{target}" / "audio"
        for side, said in ((source, SOURCE), (target, TARGET)):
            wanted = [row for row in rows if said.format(source, target) in row["used_as"].split("; ")]
            there = sorted(path.resolve() for path in (audio / side).iterdir())
            assert there == sorted(tmp_path / row["corpus"] / row["file"] for row in wanted)


def test_the_table_says_whose_recordings_they_are(rows: list[dict[str, str]]) -> None:
    readers = {(row["sex"], row["reader"]) for row in rows if row["corpus"] == "LibriSpeech"}
    assert Counter(sex for sex, _ in readers) == {"man": 75, "woman": 73}
    assert not LEFT_OUT & {reader for _, reader in readers}
    for row in rows:
        assert row["licence"] == "CC BY 4.0"
        assert row["file"].startswith(f"{row['sex']}/")
        if row["corpus"] == "LibriSpeech":  # the utterance's name begins with its reader's number
            assert Path(row["file"]).name.split("-")[0] == row["reader"]
            assert row["name"]
            assert row["source"].endswith(Path(row["file"]).name)


def test_the_recordings_beside_the_checkout_are_those_of_the_table(
    shared_data: Path, rows: list[dict[str, str]]
) -> None:
    for corpus, folder in FOLDERS.items():
        there = sorted(_files(shared_data / folder))
        assert there == sorted(row["file"] for row in rows if row["corpus"] == corpus)


def _files(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in folder.glob("*/*.flac"))
