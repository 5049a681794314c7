"""Which models there are, and what adding and removing one does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from styleshift.errors import BundleError, NothingToDoError, UsageError
from styleshift.models import shelf
from styleshift.models.shelf import add_model, find_named, list_models, remove_model
from styleshift.workspace import Workspace, user_models


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(shelf, "packaged_models", lambda: {"shipped": tmp_path / "shipped"})
    return Workspace(tmp_path / "workspace")


def test_the_nearest_place_comes_first(models: ModuleType, place: Workspace, tmp_path: Path) -> None:
    models.make_model(tmp_path / "shipped" / "a.onnx")
    models.make_model(user_models() / "a.onnx")
    models.make_model(place.models / "b.onnx")
    (place.models / ".hidden.onnx").touch()
    assert [(model.place, model.name) for model in list_models(place)] == [
        ("workspace", "b"),
        ("user", "a"),
        ("shipped", "a"),
    ]
    assert find_named(place, "a").place == "user"


def test_a_name_that_nobody_has(models: ModuleType, place: Workspace) -> None:
    models.make_model(place.models / "violin-to-piano.onnx")
    with pytest.raises(NothingToDoError) as caught:
        find_named(place, "violin-to-pian")
    assert caught.value.hint == "did you mean violin-to-piano?"


def test_capitals_of_a_name_do_not_count_but_where_a_file_is_deleted(
    models: ModuleType, place: Workspace
) -> None:
    path = models.make_model(user_models() / "u.onnx")
    assert find_named(place, "U").path == path
    with pytest.raises(NothingToDoError) as caught:
        remove_model(place, "U")
    assert caught.value.hint == "did you mean u?"
    assert path.is_file()
    models.make_model(place.models / "U.onnx")
    assert find_named(place, "u").path == path


def test_a_style_alone_is_taken_for_the_models_that_give_or_take_it(
    models: ModuleType, place: Workspace
) -> None:
    for source, target in (("piano", "violin"), ("violin", "piano")):
        models.make_model(place.models / f"{source}-to-{target}.onnx", source=source, target=target)
    for typed in ("piano", "Piano", "PIANO"):
        with pytest.raises(NothingToDoError) as caught:
            find_named(place, typed)
        assert caught.value.hint == "did you mean violin-to-piano or piano-to-violin?"


def test_an_added_model_is_the_same_file_in_the_persons_folder(
    models: ModuleType, place: Workspace, tmp_path: Path
) -> None:
    file = models.make_model(tmp_path / "new.onnx")
    added = add_model(file)
    assert added.path.parent == user_models()
    assert added.path.read_bytes() == file.read_bytes()
    add_model(file)  # the same again is no loss
    other = models.make_model(tmp_path / "elsewhere" / "new.onnx", target="jazz")
    with pytest.raises(UsageError, match="already"):
        add_model(other)
    assert add_model(other, overwrite=True).metadata.target == "jazz"
    assert find_named(place, "new").metadata.target == "jazz"


def test_what_is_no_model_is_not_added(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(BundleError):
        add_model(tmp_path / "x.onnx")
    assert not user_models().exists()


def test_what_to_try_where_the_persons_folder_is_not_to_be_written(
    models: ModuleType, place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = models.make_model(tmp_path / "new.onnx")
    add_model(file)

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("shutil.copyfile", refused)
    with pytest.raises(UsageError, match=r"cannot be written: Permission denied\n.*write there"):
        add_model(file)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(UsageError, match=r"cannot be deleted: Permission denied\n.*write to its folder"):
        remove_model(place, "new")


def test_only_added_models_are_removed(models: ModuleType, place: Workspace, tmp_path: Path) -> None:
    kept = [models.make_model(tmp_path / "shipped" / "s.onnx"), models.make_model(place.models / "w.onnx")]
    gone = add_model(models.make_model(tmp_path / "u.onnx")).path
    assert remove_model(place, "u") == gone
    assert not gone.exists()
    for name in ("s", "w"):
        with pytest.raises(UsageError, match="only models that were added"):
            remove_model(place, name)
    with pytest.raises(NothingToDoError):
        remove_model(place, "../../workspace/models/w")
    assert all(path.exists() for path in kept)
