"""What a recording holds is of the kind that it is of, whatever its name says; where each is made."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import mutagen
import pytest
import soundfile
from mutagen import id3

from styleshift.audio.read import open_audio
from styleshift.audio.tags.compare import kept, lost
from styleshift.audio.tags.model import ID3, Chapter, Tags, picture
from styleshift.audio.tags.vorbis import read_vorbis
from styleshift.audio.things import Thing, ThingKind, counted, kind_of_thing
from styleshift.words import kind_of_remark


def test_a_thing_is_its_name_and_keeps_its_kind_on_the_way_between_processes() -> None:
    thing = Thing("3 videos", ThingKind.TRACKS, "videos")
    for same in (thing, pickle.loads(pickle.dumps(thing)), copy.deepcopy(thing)):
        assert same == "3 videos"
        assert kind_of_thing(same) is ThingKind.TRACKS
        assert kind_of_remark(same) == "videos"
    assert json.dumps([thing]) == '["3 videos"]'
    assert kind_of_remark(Thing("a video", ThingKind.TRACKS)) == "a video"
    assert kind_of_thing("a video") is ThingKind.TAGS


def test_things_of_which_there_may_be_several_are_counted_together() -> None:
    several = [counted(number, "more chunk", ThingKind.TRACKS, " of sound") for number in (1, 2)]
    assert several == ["1 more chunk of sound", "2 more chunks of sound"]
    assert [*map(kind_of_remark, several)] == ["more chunks of sound"] * 2


def test_what_tags_lack_is_counted_without_its_value() -> None:
    def kinds(title: str, chapters: int) -> list[tuple[str, str]]:
        own = Tags({"title": [title]}, chapters=[Chapter(0, 1, "One")] * chapters)
        before = Tags({"artist": ["x"]}, chapters=[Chapter(0, 1, "a")] * chapters, systems=[(ID3, own)])
        return [(str(name), kind_of_remark(name)) for name in lost(before, Tags())]

    assert kinds("Dance 1", 1) == [
        ("artist", "artist"),
        ("1 chapter", "chapters"),
        ("title of the ID3 tag: Dance 1", "title of the ID3 tag"),
        ("1 chapter of the ID3 tag", "chapters of the ID3 tag"),
    ]
    assert [kind for _, kind in kinds("Dance 2", 3)] == [kind for _, kind in kinds("Dance 1", 1)]
    assert kept(Tags(chapters=[Chapter(0, 1, "a")]), Tags(chapters=[Chapter(0, 1, "a")])) == ["1 chapter"]


def test_what_is_not_carried() -> None:
    """Two fields have names that look like other things."""
    own = Tags(
        {"12 chapters": ["x"]}, [picture(b"1", "image/png"), picture(b"2", "-->")], [Chapter(0, 1, "One")] * 3
    )
    before = Tags({"a picture (image/png)": ["x"]}, [picture(b"3", "")], [Chapter(0, 1, "a")] * 2)
    before.add_chapter(float("nan"), 1, "no time")
    before.systems = [(ID3, own)]
    kinds = {str(name): kind_of_thing(name) for name in lost(before, Tags())}
    assert kinds == {
        "a picture (image/png)": ThingKind.TAGS,
        "a picture (of no kind)": ThingKind.PICTURES,
        "2 chapters": ThingKind.CHAPTERS,
        "12 chapters of the ID3 tag: x": ThingKind.TAGS,
        "a picture (image/png) of the ID3 tag": ThingKind.PICTURES,
        "a picture that is only an address of the ID3 tag": ThingKind.PICTURES,
        "3 chapters of the ID3 tag": ThingKind.CHAPTERS,
        "a damaged chapter": ThingKind.CHAPTERS,
    }


def test_a_damaged_picture_is_a_picture(tmp_path: Path, tone: Any, save: Any) -> None:
    path = save(tmp_path / "a.ogg", tone(0.2, 22050), 22050)
    file = mutagen.File(path)
    file["metadata_block_picture"] = "no picture"
    file.save()
    (name,) = read_vorbis(mutagen.File(path)).foreign
    assert (name, kind_of_thing(name)) == ("a damaged picture", ThingKind.PICTURES)


@pytest.mark.parametrize("kind", ["ogg", "mp3"])
def test_what_later_recordings_hold(tmp_path: Path, tone: Any, kind: str) -> None:
    parts = []
    for number in range(2):
        path = tmp_path / f"{number}.{kind}"
        soundfile.write(path, tone(1.0, 22050), 22050)
        file: Any = mutagen.File(path)
        if file.tags is None:
            file.add_tags()
        if number and kind == "ogg":
            file["a picture book"] = "x"
            file["chapter001"], file["chapter002"] = "00:00:00.000", "00:00:00.500"
        elif number:
            file.tags.add(id3.APIC(mime="image/png", type=3, data=b"1"))
        file.save()
        parts.append(path.read_bytes())
    path = tmp_path / f"joined.{kind}"
    path.write_bytes(b"".join(parts))
    with open_audio(path) as stream:
        kinds = {str(thing): thing.what for thing in stream.extras}
        counted_by = [*map(kind_of_remark, stream.extras)]
    if kind == "ogg":
        assert kinds.pop("a picture book of recording 2") is ThingKind.TAGS
        assert "2 chapters of recording 2" in kinds
        assert "chapters of recording 2" in counted_by
        assert {*kinds.values()} == {ThingKind.CHAPTERS}
    else:
        assert kinds == {"a picture (image/png) of recording 2": ThingKind.PICTURES}
