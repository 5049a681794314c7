"""Which model a domain's name means."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from styleshift.errors import BundleError, NothingToDoError
from styleshift.models.find import find_model, is_found
from styleshift.models.shelf import find_named
from styleshift.workspace import Workspace, user_models


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "workspace")


def test_the_one_that_fits(models: ModuleType, place: Workspace) -> None:
    there = models.make_model(place.models / "a.onnx")
    models.make_model(place.models / "b.onnx", source="classical", target="country")
    assert find_model(place, target="classical").path == there
    assert find_model(place, source="country").path == there


def test_the_workspace_comes_before_the_user(models: ModuleType, place: Workspace) -> None:
    own = models.make_model(user_models() / "u.onnx")
    assert find_model(place, target="classical").path == own
    nearer = models.make_model(place.models / "w.onnx", source="jazz")
    assert find_model(place, target="classical").path == nearer
    assert find_model(place, target="classical", source="country").path == own


def test_whether_its_styles_mean_a_model(models: ModuleType, place: Workspace) -> None:
    models.make_model(user_models() / "u.onnx")
    user = find_named(place, "u")
    assert is_found(place, user)
    # Of these styles another is nearer, and then there are two: only a file says which.
    for name in ("w.onnx", "v.onnx"):
        models.make_model(place.models / name)
        assert not is_found(place, user)
        assert is_found(place, find_named(place, "w")) == (name == "w.onnx")


def test_several_are_listed_with_a_command_each(models: ModuleType, place: Workspace) -> None:
    for name in ("one two.onnx", "b.onnx"):
        models.make_model(place.models / name)
    with pytest.raises(NothingToDoError) as caught:
        find_model(place, target="classical", command=lambda path: ["convert", "--model", str(path)])
    assert caught.value.exit_code == 10
    lines = caught.value.hint.splitlines()[1:]
    assert [line.split("#")[0].strip() for line in lines] == [
        f"convert --model {place.models / 'b.onnx'}",
        f"convert --model '{place.models / 'one two.onnx'}'",
    ]


def test_none_says_which_there_are(
    models: ModuleType, place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("styleshift.models.shelf.packaged_models", dict)
    with pytest.raises(NothingToDoError, match="none yet"):
        find_model(place, target="classical")
    models.make_model(place.models / "a.onnx")
    with pytest.raises(NothingToDoError, match="country to classical"):
        find_model(place, target="jazz")


def test_a_broken_file_is_told_and_passed_over(models: ModuleType, place: Workspace) -> None:
    there = models.make_model(place.models / "a.onnx")
    (place.models / "b.onnx").write_bytes(b"nothing")
    told: list[str] = []
    assert find_model(place, target="classical", warn=told.append).path == there
    assert len(told) == 1
    assert "b.onnx" in told[0]


def test_the_one_that_fits_is_checked(models: ModuleType, place: Workspace) -> None:
    path = models.make_model(place.models / "a.onnx")
    data = path.read_bytes().replace(b"Greater", b"Grester")
    path.write_bytes(data)
    with pytest.raises(BundleError):
        find_model(place, target="classical")


def test_a_mistyped_source_is_one_that_leads_to_the_target(models: ModuleType, place: Workspace) -> None:
    models.make_model(place.models / "a.onnx", source="violin", target="piano")
    models.make_model(place.models / "b.onnx", source="piano", target="violin")
    for target, typed, meant in (
        ("piano", "voilin", "did you mean `source=violin`?"),
        ("pinao", "VIOLIN", "did you mean `target=piano` `source=violin`?"),
        # A command that would fail as well is no hint.
        ("piano", "pano", ""),
        ("Piano", "PIANO", ""),
        ("accordion", "VIOLIN", ""),
    ):
        with pytest.raises(NothingToDoError) as caught:
            find_model(place, target=target, source=typed)
        assert ("did you mean" in caught.value.hint) == bool(meant)
        assert meant in caught.value.hint


def test_capitals_do_not_count_where_nothing_is_called_exactly_so(
    models: ModuleType, place: Workspace
) -> None:
    there = models.make_model(place.models / "a.onnx", source="Flute", target="organ")
    for target, source in (("Organ", "flute"), ("organ", "FLUTE"), ("ORGAN", None), (None, "flute")):
        assert find_model(place, target=target, source=source).path == there
    # A name that is exactly so is meant, however far away it lies.
    further = models.make_model(user_models() / "b.onnx", source="flute", target="Organ")
    assert find_model(place, target="Organ").path == further
    assert find_model(place, target="organ").path == there
    for typed in ("ORGAN", "organs"):
        with pytest.raises(NothingToDoError, match=f"no model converts anything to {typed}"):
            find_model(place, target=typed)


def test_target_and_source_are_found_as_a_pair(models: ModuleType, place: Workspace) -> None:
    there = {
        (source, target): models.make_model(
            place.models / f"{source}-{target}.onnx", source=source, target=target
        )
        for source, target in (("flute", "organ"), ("harp", "Organ"), ("Harp", "lute"))
    }
    for target, source, meant in (
        ("ORGAN", "harp", ("harp", "Organ")),
        ("organ", "HARP", ("harp", "Organ")),
        ("ORGAN", "FLUTE", ("flute", "organ")),
    ):
        assert find_model(place, target=target, source=source).path == there[meant]
    with pytest.raises(NothingToDoError) as caught:
        find_model(place, target="ORGAN", source="hrap")
    assert caught.value.hint == "did you mean `target=Organ` `source=harp`?"
    # As near to the one as to the other.
    models.make_model(place.models / "b.onnx", source="Flute", target="Organ")
    with pytest.raises(NothingToDoError, match="no model converts FLUTE to ORGAN"):
        find_model(place, target="ORGAN", source="FLUTE")
