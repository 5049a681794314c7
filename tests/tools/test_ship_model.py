"""What ships has its card, and nothing of the machine that made it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

from ship_model import ship

from styleshift.models.shelf import ShelvedModel, models_in
from styleshift.models.verify import read_checksums, verify_model


def test_a_model_is_shipped_whole(models: ModuleType, tmp_path: Path) -> None:
    made = replace(
        models.metadata(),
        provenance={
            "step": 300,
            "corpora": {"country": {"digest": "abc", "path": "/home/ada/music"}},
            "members": [{"run": "a", "device": "/home/ada/gpu"}],
        },
    )
    source = models.make_model(tmp_path / "mine.onnx", props=made.to_props())
    (tmp_path / "card.toml").write_text('summary = "a test"\n["country to classical"]\nbad_at = ["trills"]\n')
    shipped = ship(source, tmp_path / "card.toml", "CC0", strength=0.8, folder=_folder(tmp_path))
    (found,) = models_in(shipped.parent, "shipped")
    assert found.name == "country-to-classical"
    assert found.metadata.card.bad_at == ("trills",)
    assert (found.metadata.licence, found.metadata.strength) == ("CC0", 0.8)
    assert found.metadata.provenance == {
        "step": 300,
        "corpora": {"country": {"digest": "abc"}},
        "members": [{"run": "a"}],
    }
    assert b"/home/ada" not in shipped.read_bytes()
    digest = verify_model(ShelvedModel(shipped, "user", found.metadata))
    assert read_checksums(shipped.parent) == {"country-to-classical.onnx": digest}


def _folder(place: Path) -> Path:
    folder = place / "shipped"
    folder.mkdir()
    return folder
