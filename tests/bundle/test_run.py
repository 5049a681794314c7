"""Which run is exported, under which names."""

from __future__ import annotations

from pathlib import Path

import pytest

from styleshift.bundle.run import export_run, file_name
from styleshift.errors import NothingToDoError, UsageError
from styleshift.workspace import Workspace


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="no trained run"):
        export_run(Workspace(tmp_path))


@pytest.mark.parametrize("checkpoint", ["newest", "-3", "1.5", ""])
def test_a_checkpoint_is_best_last_or_a_step(tmp_path: Path, checkpoint: str) -> None:
    with pytest.raises(UsageError, match="checkpoint"):
        export_run(Workspace(tmp_path), checkpoint=checkpoint)


def test_domains_become_safe_file_names() -> None:
    assert file_name("a/b:c") == "a_b_c"
    assert file_name("音 楽") == "音 楽"
    assert file_name("..") == "_"
    assert file_name("a\0b\nc\x7f\x85\u202ed\ud800") == "a_b_c___d_"
    assert file_name("音" * 100) == "音" * 26
