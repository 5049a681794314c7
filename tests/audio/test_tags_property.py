"""Whatever tag mutagen can write is in the output, or its name is in the report.

Of styleshift.audio.tags: what came out is judged by mutagen itself, not by our reading of it.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
from audio_files import silence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen.apev2 import APEv2
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.id3 import ID3, TXXX
from mutagen.mp4 import MP4, MP4FreeForm

from styleshift.audio.tags.copy import Carried, copy_tags
from styleshift.audio.tags.read import read_tags
from styleshift.audio.tags.table import FIELDS, FLAGS_IN_MP4, INVOLVED, NUMBERS_IN_MP4, PAIRS

TARGETS = ["mp3", "flac", "ogg", "opus", "m4a", "wav", "aiff"]
NUMBERS = {"bpm", "compilation", "gapless", *PAIRS, *(total for total, _, _ in PAIRS.values())}
NAMES = [field.name for field in FIELDS] + [*NUMBERS, *INVOLVED, "performer", "comment", "lyrics", "rating"]


def _value(name: str, number: int) -> str:
    if name in ("compilation", "gapless"):
        return "1"
    if name in NUMBERS:
        return str(40 + number % 150)
    return f"2001-02-{number % 28 + 1:02}" if "date" in name else f"value {number} of {name}"


def _written(path: Path) -> str:
    """All that mutagen finds in a file, as one text."""
    file: Any = mutagen.File(path)
    found = []
    for key, value in (file.tags or {}).items() if not isinstance(file, FLAC) else file.tags:
        people = getattr(value, "people", [])
        texts = [each.decode("utf-8") for each in value if isinstance(each, bytes)] if _many(value) else []
        found += [str(key), str(value), getattr(value, "url", ""), *map(str, people), *texts]
    with contextlib.suppress(mutagen.MutagenError):  # behind an MP3
        ape: Any = APEv2(path)  # type: ignore[no-untyped-call]
        found += [str(value) for value in ape.values()]
    return "\n".join(found)


def _many(value: Any) -> bool:
    return isinstance(value, list)


def _missing(source: Path, target: Path, values: dict[str, list[str]]) -> list[str]:
    """Tags that are neither in the target nor in the report."""
    carried: Carried = copy_tags(source, target, "converted with styleshift")
    written, told = _written(target), {*carried.lost, *carried.dropped}
    fields = read_tags(source).fields
    gone = []
    for key, texts in values.items():
        for text in texts:
            names = {key.lower(), *(name for name, found in fields.items() if text in found)}
            if text not in written and not names & {name.lower() for name in told}:
                gone.append(f"{key}={text}")
    return gone


def _vorbis(path: Path) -> dict[str, list[str]]:
    file: Any = mutagen.File(silence(path))
    values = {name: [_value(name, number)] for number, name in enumerate([*NAMES, "my own key", "URL"])}
    for name in ("artist", "composer", "genre", "performer", "my own key", "comment"):
        values[name].append(f"second {name}")
    for name, texts in values.items():
        file[name] = texts
    file.save()
    return values


def _mp4(path: Path) -> dict[str, list[str]]:
    file: Any = MP4(silence(path))
    values: dict[str, list[str]] = {}
    atoms = {field.mp4 for field in FIELDS if field.mp4} | {"©cmt", "©lyr", "©xyz", "catg", "keyw", "tvsh"}
    for number, atom in enumerate(sorted(atoms)):
        text = f"value {number} of {atom}"
        if atom.startswith(":"):
            atom = f"----:com.apple.iTunes{atom}"
            file[atom] = [MP4FreeForm(text.encode()), MP4FreeForm(b"second " + text.encode())]
        elif atom in FLAGS_IN_MP4:
            file[atom] = True
            continue
        elif atom in NUMBERS_IN_MP4:
            file[atom], text = [40 + number], str(40 + number)
        else:
            file[atom] = [text]
        values[atom] = [text]
    file["----:com.other:thing"] = [MP4FreeForm(b"of another")]
    values["----:com.other:thing"] = ["of another"]
    file.save()
    return values


def _ape(path: Path) -> dict[str, list[str]]:
    silence(path)
    names = [name for field in FIELDS for name in (field.name, *field.ape) if "/" not in name]
    values = {
        name: [_value(field_name, number)]
        for number, (name, field_name) in enumerate(zip(names, names, strict=True))
    }
    values["Artist"] = ["one", "two"]
    values.pop("artist", None)
    tags: Any = APEv2()  # type: ignore[no-untyped-call]
    for name, texts in values.items():
        tags[name] = texts
    tags.save(path)
    return values


def _asf(path: Path) -> dict[str, list[str]]:
    av: Any = pytest.importorskip("av")
    with av.open(str(path), "w", format="asf") as box:
        track = box.add_stream("wmav2", rate=48000, layout="mono")
        track.bit_rate = 96_000
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.float32), format="flt", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 48000, Fraction(1, 48000), 0
        box.mux(track.encode(frame))
        box.mux(track.encode(None))
    file: Any = ASF(path)
    names = [name for field in FIELDS for name in field.ape if "/" in name] + ["Title", "Author", "My/Own"]
    values = {name: [_value(name, number)] for number, name in enumerate(names)}
    values["WM/Composer"] = ["one", "two"]
    values.pop("wm/composer", None)
    for name, texts in values.items():
        file[name] = texts
    file.save()
    return values


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize(
    ("name", "fill"),
    [
        ("old.flac", _vorbis),
        ("old.ogg", _vorbis),
        ("old.opus", _vorbis),
        ("old.m4a", _mp4),
        ("old.mp3", _ape),
        ("old.wma", _asf),
    ],
)
def test_every_tag_is_there_or_named(tmp_path: Path, name: str, fill: Any, kind: str) -> None:
    values = fill(tmp_path / name)
    assert len(values) > 30
    assert _missing(tmp_path / name, silence(tmp_path / f"new.{kind}"), values) == []


_KEYS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7D, exclude_characters="=:/"), min_size=1)
_TEXTS = st.lists(st.text(st.characters(exclude_categories=("C",)), min_size=1), min_size=1, max_size=3)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(tags=st.dictionaries(_KEYS, _TEXTS, max_size=4), to=st.sampled_from(["mp3", "flac", "m4a"]))
def test_keys_of_ones_own_are_there_or_named(tmp_path: Path, tags: dict[str, list[str]], to: str) -> None:
    old, new = tmp_path / "own.mp3", tmp_path / f"own-new.{to}"
    silence(old)
    block: Any = ID3()
    for key, texts in tags.items():
        block.add(TXXX(encoding=3, desc=key, text=texts))  # type: ignore[no-untyped-call]
    block.save(old)
    carried = copy_tags(old, silence(new))
    before, after = read_tags(old), read_tags(new)
    for name, texts in before.fields.items():
        assert name in carried.lost or set(texts) <= set(after.fields.get(name, [])), name
