"""What is only read: APEv2 (APE, WavPack, Musepack, on MP3), ASF (WMA), and what FFmpeg tells of the rest."""

from __future__ import annotations

from typing import Any

from styleshift.audio.formats import has_pyav
from styleshift.audio.tags.model import Tags, picture
from styleshift.audio.tags.table import field_name, is_stale

# What a WMA says about itself, not about the music.
_OF_THE_FILE = ("wm/mediaclass", "isvbr", "devicecon", "wmfsdk", "wm/encodingtime")
_TEXT, _ADDRESS = 0, 2
# What programs for Matroska note of a track.
_OF_THE_TRACK = ("duration", "bps", "number_of_", "_statistics_")


def read_ape(tags: Any) -> Tags:
    """The fields of an APEv2 tag."""
    found = Tags()
    for key, value in tags.items():
        if is_stale(key):
            found.stale.append(key)
        elif value.kind == _TEXT:
            found.add_named(key, *map(str, value))
        elif value.kind == _ADDRESS:
            found.add_named(key, str(value))
        elif key.lower().startswith("cover art"):
            name, _, data = bytes(value.value).partition(b"\0")
            kind = 4 if "back" in key.lower() else 3
            found.pictures.append(picture(data, _mime(data, name), kind))
        else:
            found.foreign.append(key)
    return found


def _mime(data: bytes, name: bytes) -> str:
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    ending = name.rpartition(b".")[2].decode("ascii", "replace").lower()
    return f"image/{ending}" if ending else "application/octet-stream"


def read_asf(tags: Any) -> Tags:
    """The fields of a WMA file."""
    found = Tags()
    for key, value in tags:
        plain = key.lower()
        if is_stale(key) or plain.startswith(_OF_THE_FILE):
            found.stale.append(key)
        elif plain == "wm/picture":
            found.pictures.append(_asf_picture(bytes(value.value)))
        elif plain == "description":
            found.add_named("comment", str(value))
        elif isinstance(value.value, bytes):
            found.foreign.append(key)
        else:
            found.add_named(key, str(value))
    return found


def _asf_picture(data: bytes) -> Any:
    length = int.from_bytes(data[1:5], "little")
    texts = data[5 : len(data) - length].decode("utf-16-le", "replace").split("\0")
    body = data[len(data) - length :] if length else b""
    return picture(body, texts[0], data[0] if data else 3, texts[1] if len(texts) > 1 else "")


def read_by_ffmpeg(file: Any, kind: str) -> Tags:
    """What FFmpeg tells of a container that mutagen does not know, such as Matroska; chapters of any."""
    found = Tags()
    if not has_pyav():
        return found
    import av
    from av.stream import Disposition

    with av.open(file, format=kind, metadata_errors="replace") as box:
        tables = [box.metadata, *(track.metadata for track in box.streams.audio[:1])]
        for table in tables:
            for key, value in table.items():
                if is_stale(key) or key.lower().startswith(_OF_THE_TRACK):
                    found.stale.append(key)
                elif field_name(key) not in found.fields:
                    found.add_named(key, value)
        for track in box.streams.video:
            if track.disposition & Disposition.attached_pic:
                data = next((bytes(packet) for packet in box.demux(track)), b"")
                found.pictures.append(picture(data, track.metadata.get("mimetype", "")))
        for track in box.streams.attachments:
            found.foreign.append(f"attachment {track.metadata.get('filename', track.index)}")
        for chapter in box.chapters():
            unit = float(chapter["time_base"] or 1)
            title = str(chapter.get("metadata", {}).get("title", ""))
            found.add_chapter(chapter["start"] * unit, chapter["end"] * unit, title)
    return found
