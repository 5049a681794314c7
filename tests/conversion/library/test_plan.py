"""Where each output goes is decided once, for the whole tree, and no two are alike."""

from __future__ import annotations

import os
from dataclasses import astuple
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from styleshift.conversion.library.journal import JournalEntry, LibraryJournal
from styleshift.conversion.library.names import output_names
from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.planning import plan_library
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError, UsageError
from styleshift.system.hashing import FileStamp


def planned(source: Path, target_domain: str, **options: Any) -> LibraryPlan:
    return plan_library(source, target_domain, ConvertSettings(**options))


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return root


def targets(source: Path, **options: object) -> dict[str, str]:
    plan = planned(source, "classical", **options)
    return {job.name: job.target.relative_to(plan.output).as_posix() for job in plan.jobs}


def test_the_same_tree_beside_the_source(tmp_path: Path) -> None:
    source = tree(tmp_path / "library", "a.mp3", "b/c.flac", "b/d/e.ogg", "cover.jpg", ".hidden.wav")
    plan = planned(source, "classical")
    assert plan.output == tmp_path / "library-classical"
    assert [job.name for job in plan.jobs] == ["a.mp3", "b/c.flac", "b/d/e.ogg"]
    assert [job.target for job in plan.jobs] == [plan.output / job.name for job in plan.jobs]
    assert {skipped.name for skipped in plan.skipped} == {"cover.jpg", ".hidden.wav"}


def test_what_the_journal_knows_is_not_opened_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tree(tmp_path / "library", "a.flac", "b.flac", "c.wma", "d.flac")
    with LibraryJournal(tmp_path / "library-x") as journal:
        for name in ("a.flac", "c.m4a", "d.flac"):
            stamp = FileStamp.of(next(source.glob(f"{name[0]}.*")))
            journal.write(JournalEntry(name, "done", "k", stamp=stamp))
    (source / "d.flac").write_bytes(b"another")
    opened = []
    monkeypatch.setattr(
        "styleshift.conversion.library.planning.output_extension",
        lambda path: opened.append(path.name) or path.suffix,
    )
    assert [job.target.name for job in plan_library(source, "x", ConvertSettings(), "k").jobs] == [
        "a.flac",
        "b.flac",
        "c.m4a",
        "d.flac",
    ]
    assert opened == ["b.flac", "d.flac"]
    plan_library(source, "x", ConvertSettings(), "other settings")
    assert len(opened) == 6


def test_names_never_collide_in_another_format(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.mp3", "a.ogg", "b.mp3", "c.flac", "c.mp3", "D.wav", "d.mp3", "x/a.mp3")
    assert targets(source, audio_format="flac") == {
        "a.mp3": "a.mp3.flac",
        "a.ogg": "a.ogg.flac",
        "b.mp3": "b.flac",
        "c.flac": "c.flac",
        "c.mp3": "c.mp3.flac",
        "D.wav": "D.wav.flac",
        "d.mp3": "d.mp3.flac",
        "x/a.mp3": "x/a.flac",
    }


NAMES = st.builds(
    lambda stem, ending: stem + ending,
    st.sampled_from(["a", "A", "a.mp3", "a.flac", "b"]),
    st.sampled_from([".mp3", ".flac", ".wav", ".FLAC", ".wma", ".mp3.flac"]),
)


@given(st.lists(NAMES, unique=True, max_size=25), st.sampled_from([None, ".flac", ".mp3"]))
def test_no_two_names_meet(names: list[str], extension: str | None) -> None:
    made = output_names(names, {name: extension or PurePosixPath(name).suffix for name in names})
    assert set(made) == set(names)
    assert len({target.casefold() for target in made.values()}) == len(names)


def test_of_names_that_differ_in_case_the_first_keeps_its_own(tmp_path: Path) -> None:
    """The output may lie on a disk where case does not count, such as exFAT."""
    names = ["A/x.wav", "Song.mp3", "a/X.wav", "sONG.mp3", "song.2.mp3", "song.mp3"]
    assert output_names(names, {name: PurePosixPath(name).suffix for name in names}) == {
        "A/x.wav": "A/x.wav",
        "Song.mp3": "Song.mp3",
        "a/X.wav": "a/X.2.wav",
        "sONG.mp3": "sONG.3.mp3",
        "song.2.mp3": "song.2.mp3",
        "song.mp3": "song.4.mp3",
    }
    made = output_names(
        ["Song.flac", "song.flac", "song.mp3"], dict.fromkeys(["Song.flac", "song.flac", "song.mp3"], ".flac")
    )
    assert made == {"Song.flac": "Song.flac", "song.flac": "song.2.flac", "song.mp3": "song.mp3.flac"}


def test_parts_of_a_library_fit_together(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.mp3", "a.ogg", "live/b.mp3", "live/c.wav", "e.flac")
    whole = targets(source, audio_format="flac")
    assert targets(source, audio_format="flac", include=["*.ogg"]) == {"a.ogg": whole["a.ogg"]}
    assert set(targets(source, exclude=["live/*"])) == {"a.mp3", "a.ogg", "e.flac"}
    assert len(targets(source, limit=2)) == 2
    shards = [targets(source, audio_format="flac", shard=(part, 2)) for part in (1, 2)]
    assert not set(shards[0]) & set(shards[1])
    assert shards[0] | shards[1] == whole


def test_a_pattern_that_matches_nothing_is_told(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.mp3", "old disk/b.mp3", "x/old disk/c.wav", "z.mp3")
    top = "; a folder at the top of the library has no `*/` before it"
    for chosen, told in (
        ({"exclude": ["old disk/*", "a.*", "*/old disk/*"]}, []),
        ({"include": ["*.mp3", "*.flac"]}, ["`include=*.flac`"]),
        ({"include": ["*.mp3"], "exclude": ["*.wav"], "limit": 1, "shard": (2, 2)}, []),
        ({"exclude": ["nonsense*", "*/new/*"]}, ["`exclude=nonsense*`", f"`exclude=*/new/*`{top}"]),
    ):
        plan = planned(source, "x", **chosen)
        assert list(plan.unmatched) == [f"no recording matches {each}" for each in told]


def test_formats_that_are_only_read_become_ones_that_are_written(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.ape", "b.wma", "c.m4a", "d.opus")
    plan = planned(source, "x")
    assert [job.target.name for job in plan.jobs] == ["a.flac", "b.m4a", "c.m4a", "d.opus"]
    assert {job.format for job in plan.jobs} == {"same"}


def test_the_output_is_never_the_source_nor_in_it_nor_around_it(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.mp3", "sub/b.mp3")
    (tmp_path / "link").symlink_to(source)
    for output in (
        source,
        source / "out",
        source / "sub",
        tmp_path,
        tmp_path / "link",
        tmp_path / "link" / "x",
    ):
        with pytest.raises(UsageError):
            planned(source, "x", output=output)
    with pytest.raises(UsageError, match="source itself"):
        planned(source / "a.mp3", "x", output=source / "a.mp3")
    with pytest.raises(UsageError, match="file"):
        planned(source, "x", output=tree(tmp_path / "other", "f") / "f")


def test_a_link_to_the_output_is_not_converted_again(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.mp3", "b/c.mp3")
    output = tree(tmp_path / "l-x", "a.mp3", "b/c.mp3")
    (source / "made").symlink_to(output)
    (source / "b" / "part").symlink_to(output / "b")
    assert [job.name for job in planned(source, "x").jobs] == ["a.mp3", "b/c.mp3"]
    other = [job.name for job in planned(source, "y").jobs]
    assert other == ["a.mp3", "b/c.mp3", "b/part/c.mp3", "made/a.mp3"]


def test_dot_and_trailing_slash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tree(tmp_path / "l", "a.mp3")
    monkeypatch.chdir(source)
    assert planned(Path(), "x").output.resolve() == tmp_path / "l-x"
    monkeypatch.chdir(tmp_path)
    assert planned(Path("l/"), "x").output == Path("l-x")
    assert planned(Path("l"), "a/b").output == Path("l-a_b")


@pytest.mark.parametrize(
    ("output", "audio_format", "target", "written"),
    [
        (None, "same", "song-x.mp3", "same"),
        (None, "flac", "song-x.flac", "flac"),
        ("out", "same", "out/song-x.mp3", "same"),
        ("out/new.mp3", "same", "out/new.mp3", "same"),
        ("new.flac", "same", "new.flac", "flac"),
        ("new.dat", "wav", "new.dat", "wav"),
    ],
)
def test_one_recording(
    tmp_path: Path, output: str | None, audio_format: str, target: str, written: str
) -> None:
    source = tree(tmp_path, "song.mp3") / "song.mp3"
    plan = planned(source, "x", output=tmp_path / output if output else None, audio_format=audio_format)
    assert plan.single
    assert plan.jobs[0].target == tmp_path / target
    assert plan.jobs[0].format == written


def test_a_strangers_domain_names_a_folder_that_can_be_made(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "a.mp3")
    for domain in ("a\0b", "a\nb", "x" * 5000, "\ud800", "../../up", "a\x1b[31m"):
        plan = planned(source, domain)
        assert plan.output.parent == tmp_path
        assert plan.output.name.isprintable()
        plan.output.mkdir(exist_ok=True)
        planned(source / "a.mp3", domain).jobs[0].target.touch()


@pytest.mark.parametrize(
    ("name", "audio_format", "written"),
    [
        ("out.mp3", "flac", None),
        ("out.opus", "ogg", None),
        ("out.ape", "flac", None),
        ("out.FLAC", "flac", "flac"),
        ("out.aif", "aiff", "aiff"),
        ("out.aif", "same", "aiff"),
        ("out.oga", "ogg", "ogg"),
        ("out.m4b", "m4a", "m4a"),
    ],
)
def test_format_and_extension_agree(
    tmp_path: Path, name: str, audio_format: str, written: str | None
) -> None:
    source = tree(tmp_path, "song.mp3") / "song.mp3"
    if written is None:
        with pytest.raises(UsageError, match="do not agree"):
            planned(source, "x", output=tmp_path / name, audio_format=audio_format)
    else:
        plan = planned(source, "x", output=tmp_path / name, audio_format=audio_format)
        assert plan.jobs[0].format == written


def test_one_recording_to_a_name_of_no_known_format(tmp_path: Path) -> None:
    source = tree(tmp_path, "song.mp3") / "song.mp3"
    with pytest.raises(UsageError, match="format"):
        planned(source, "x", output=tmp_path / "new.docx")


def test_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError, match="does not exist"):
        planned(tmp_path / "absent", "x")
    source = tree(tmp_path / "l", "cover.jpg")
    with pytest.raises(NothingToDoError, match="no recording"):
        planned(source, "x")
    tree(source, "a.mp3")
    with pytest.raises(NothingToDoError, match="none of the 1"):
        planned(source, "x", include=["*.ogg"])
    with pytest.raises(UsageError, match="format"):
        planned(source, "x", audio_format="midi")


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    source = tmp_path / "l"
    source.mkdir()
    name = os.fsdecode(b"caf\xe9.wav")
    try:
        (source / name).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system wants UTF-8 names")
    assert planned(source, "x").jobs[0].target.name == name


def test_names_of_255_bytes_fit_in_another_format(tmp_path: Path) -> None:
    long = "n" * 251
    source = tree(tmp_path / "l", f"{long}.mp3", f"{long}.ogg", f"{long}.wav")
    found = targets(source, audio_format="flac")
    assert len(set(found.values())) == 3
    for target in found.values():
        assert len(target) <= 255
        assert target.endswith(".flac")
        (tmp_path / target).touch()
    assert targets(source)[f"{long}.mp3"] == f"{long}.mp3"
    (target,) = targets(source / f"{long}.mp3").values()
    assert len(target) <= 255


def test_folders_that_differ_in_case_share_their_names(tmp_path: Path) -> None:
    """The output may lie on a disk where they are one folder."""
    source = tree(tmp_path / "l", "A/B/x.mp3", "A/b/x.mp3", "a/B/X.mp3", "a/B/y.mp3", "a/c/x.mp3", "C/x.mp3")
    if len(list(source.iterdir())) == 2:
        pytest.skip("this file system does not tell them apart")
    assert targets(source) == {
        "A/B/x.mp3": "A/B/x.mp3",
        "A/b/x.mp3": "A/b/x.2.mp3",
        "C/x.mp3": "C/x.mp3",
        "a/B/X.mp3": "a/B/X.3.mp3",
        "a/B/y.mp3": "a/B/y.mp3",
        "a/c/x.mp3": "a/c/x.mp3",
    }


def test_a_link_to_a_folder_that_differs_in_case_changes_no_name(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "A/x.mp3", "Z/y.mp3")
    if (source / "a").exists():
        pytest.skip("this file system does not tell them apart")
    (source / "a").symlink_to("A")
    (source / "z").symlink_to("Z")
    assert targets(source, audio_format="flac") == {"A/x.mp3": "A/x.flac", "Z/y.mp3": "Z/y.flac"}


def test_no_output_has_the_name_of_a_folder_beside_it(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "s.mp3", "S.flac/y.mp3", "t.flac/s.mp3")
    assert targets(source, audio_format="flac") == {
        "s.mp3": "s.mp3.flac",
        "S.flac/y.mp3": "S.flac/y.flac",
        "t.flac/s.mp3": "t.flac/s.flac",
    }


def test_what_is_planned_is_known_by_number_and_by_name(tmp_path: Path) -> None:
    source = tree(tmp_path / "l", "b/\udce9\n.mp3", "a.mp3", "b/cover.jpg")
    plan = planned(source, "x")
    assert [(job.number, job.name) for job in plan.jobs] == [(0, "a.mp3"), (1, "b/\udce9\n.mp3")]
    assert plan.jobs[1].source.is_file()
    assert plan.tracks.number("b/\udce9\n.mp3") == 1
    assert plan.tracks.number("absent") is None
    with pytest.raises(IndexError):
        plan.jobs[2]
    assert list(plan.tracks.folders()) == ["", "b/"]


def test_a_time_centuries_ahead_is_no_reason_to_convert_again(tmp_path: Path) -> None:
    source, far = tmp_path / "library", 13_000_000_000 * 10**9
    source.mkdir()
    (source / "a.wav").write_bytes(b"RIFF")
    os.utime(source / "a.wav", ns=(far, far))
    if (source / "a.wav").stat().st_mtime_ns < 1 << 63:
        pytest.skip("this file system has no such times")
    plan = plan_library(source, "b", ConvertSettings())
    stamp = FileStamp.of(source / "a.wav")
    with LibraryJournal(plan.output) as journal:
        journal.write(JournalEntry("a.wav", "done", "k", stamp=stamp))
    again = plan_library(source, "b", ConvertSettings(), "k")
    ((track, known),) = next(again.tracks.known())
    assert known is not None
    assert known.stamp == track.stamp == astuple(stamp)
