"""Which field has which name in which family of tags: one row a field.

The names on the left are those of Vorbis comments, in small letters, which stand for the field everywhere.
What is in no row is carried under its own name: ``TXXX`` in ID3, ``----:com.apple.iTunes`` in MP4.
The names are those that MusicBrainz Picard documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One row.

    Attributes:
        name: in Vorbis comments, small letters.
        id3: frame, or ``TXXX:description``; empty: under its own name.
        mp4: atom, or ``:`` and a free-form name; empty: under its own name.
        ape: other names of it in APEv2 and ASF, small letters.
        info: chunk in a RIFF INFO list, or of an AIFF.
    """

    name: str
    id3: str = ""
    mp4: str = ""
    ape: tuple[str, ...] = ()
    info: tuple[str, ...] = ()


def _musicbrainz(name: str, text: str) -> Field:
    long = f"MusicBrainz {text}"
    return Field(f"musicbrainz_{name}", f"TXXX:{long}", f":{long}", (f"musicbrainz/{text}".lower(),))


FIELDS: tuple[Field, ...] = (
    Field("title", "TIT2", "©nam", ("title",), ("INAM", "NAME")),
    Field("artist", "TPE1", "©ART", ("author", "wm/author"), ("IART", "AUTH")),
    Field("album", "TALB", "©alb", ("wm/albumtitle",), ("IPRD",)),
    Field("albumartist", "TPE2", "aART", ("album artist", "wm/albumartist")),
    Field("composer", "TCOM", "©wrt", ("wm/composer",), ("IMUS",)),
    Field("lyricist", "TEXT", ":LYRICIST", ("writer", "wm/writer"), ("IWRI",)),
    Field("conductor", "TPE3", ":CONDUCTOR", ("wm/conductor",)),
    Field("remixer", "TPE4", ":REMIXER", ("mixartist", "wm/modifiedby")),
    Field("genre", "TCON", "©gen", ("wm/genre",), ("IGNR",)),
    Field("date", "TDRC", "©day", ("year", "wm/year"), ("ICRD",)),
    Field("originaldate", "TDOR", ":originaldate", ("original year", "wm/originalreleasetime")),
    Field("originalyear", "TXXX:originalyear", ":originalyear", ("wm/originalreleaseyear",)),
    Field("engineer", info=("IENG",)),
    Field("releasedate", "TDRL"),
    Field("bpm", "TBPM", "tmpo", ("wm/beatsperminute",)),
    Field("initialkey", "TKEY", ":initialkey", ("wm/initialkey",)),
    Field("mood", "TMOO", ":MOOD", ("wm/mood",)),
    Field("grouping", "TIT1", "©grp", ("wm/contentgroupdescription",)),
    Field("subtitle", "TIT3", ":SUBTITLE", ("wm/subtitle",)),
    Field("discsubtitle", "TSST", ":DISCSUBTITLE", ("wm/setsubtitle",)),
    Field("work", "TXXX:WORK", "©wrk", ("wm/work",)),
    Field("movementname", "MVNM", "©mvn"),
    Field("isrc", "TSRC", ":ISRC", ("wm/isrc",)),
    Field("copyright", "TCOP", "cprt", ("wm/copyright",), ("ICOP", "(c) ")),
    Field("label", "TPUB", ":LABEL", ("publisher", "wm/publisher")),
    Field("media", "TMED", ":MEDIA", ("wm/media",), ("IMED",)),
    Field("language", "TLAN", ":LANGUAGE", ("wm/language",), ("ILNG",)),
    Field("compilation", "TCMP", "cpil", ("wm/iscompilation",)),
    Field("gapless", "TXXX:gapless", "pgap"),
    Field("originalartist", "TOPE", ":ORIGINALARTIST", ("wm/originalartist",)),
    Field("originalalbum", "TOAL", ":ORIGINALALBUM", ("wm/originalalbumtitle",)),
    Field("originallyricist", "TOLY", ":ORIGINALLYRICIST"),
    Field("originalfilename", "TOFN", ":ORIGINALFILENAME", ("wm/originalfilename",)),
    Field("comment", "COMM", mp4="©cmt", info=("ICMT", "ANNO")),
    Field("lyrics", "USLT", mp4="©lyr"),
    Field("tracknumber", info=("ITRK", "IPRT")),
    Field("movement", mp4="©mvi"),
    Field("movementtotal", mp4="©mvc"),
    Field("fileowner", "TOWN"),
    Field("radiostation", "TRSN"),
    Field("radioowner", "TRSO"),
    Field("producednotice", "TPRO"),
    Field("taggingdate", "TDTG"),
    Field("artistsort", "TSOP", "soar", ("wm/artistsortorder",)),
    Field("albumsort", "TSOA", "soal", ("wm/albumsortorder",)),
    Field("titlesort", "TSOT", "sonm", ("wm/titlesortorder",)),
    Field("albumartistsort", "TSO2", "soaa", ("wm/albumartistsortorder",)),
    Field("composersort", "TSOC", "soco", ("wm/composersortorder",)),
    Field("website", "WOAR", ":WEBSITE", ("weblink", "wm/authorurl")),
    Field("license", "WCOP", ":LICENSE"),
    Field("podcasturl", "WFED", "purl"),
    Field("description", "TXXX:DESCRIPTION", "desc"),
    Field("longdescription", "TXXX:LONGDESCRIPTION", "ldes"),
    Field("encodingtime", "TDEN"),
    # Of MusicBrainz; the recording's identifier is a UFID frame in ID3.
    _musicbrainz("artistid", "Artist Id"),
    _musicbrainz("albumid", "Album Id"),
    _musicbrainz("albumartistid", "Album Artist Id"),
    _musicbrainz("releasegroupid", "Release Group Id"),
    _musicbrainz("releasetrackid", "Release Track Id"),
    _musicbrainz("workid", "Work Id"),
    _musicbrainz("discid", "Disc Id"),
    Field("musicbrainz_trackid", "UFID:http://musicbrainz.org", ":MusicBrainz Track Id"),
    Field("releasestatus", "TXXX:MusicBrainz Album Status", ":MusicBrainz Album Status"),
    Field("releasetype", "TXXX:MusicBrainz Album Type", ":MusicBrainz Album Type"),
    Field("releasecountry", "TXXX:MusicBrainz Album Release Country", ":MusicBrainz Album Release Country"),
)

PAIRS = {
    "tracknumber": ("tracktotal", "TRCK", "trkn"),
    "discnumber": ("disctotal", "TPOS", "disk"),
    "movement": ("movementtotal", "MVIN", ""),
}
"""Number, its total, and where one frame or atom holds both."""

ALIASES = {
    "album artist": "albumartist",
    "totaltracks": "tracktotal",
    "totaldiscs": "disctotal",
    "track": "tracknumber",
    "disc": "discnumber",
    "disk": "discnumber",
    "unsyncedlyrics": "lyrics",
    "wm/lyrics": "lyrics",
    "wm/tracknumber": "tracknumber",
    "wm/partofset": "discnumber",
}
"""Other names in Vorbis comments, APEv2 and ASF."""

INVOLVED = ("engineer", "producer", "mixer", "arranger", "djmixer")
"""Roles that ID3 keeps in a list of involved people; all others are performers."""

NUMBERS_IN_MP4 = frozenset({"tmpo", "©mvi", "©mvc"})
FLAGS_IN_MP4 = frozenset({"cpil", "pgap"})

BY_NAME = {field.name: field for field in FIELDS}
BY_ID3 = {field.id3.upper(): field.name for field in FIELDS if field.id3}
BY_MP4 = {field.mp4: field.name for field in FIELDS if field.mp4 and not field.mp4.startswith(":")}
BY_FREE = {field.mp4[1:].lower(): field.name for field in FIELDS if field.mp4.startswith(":")}
BY_INFO = {name: field.name for field in FIELDS for name in field.info}
_BY_APE = {name: field.name for field in FIELDS for name in field.ape} | ALIASES

# What the sound's change makes untrue: gains, fingerprints, settings of the encoder, positions in the file.
_STALE = re.compile(
    r"replaygain|^r128_|^rg_|acoustid|mp3gain|iTunNORM|iTunSMPB|^RVA[2D]|^RGAD|^XRVA|^TSSE|^TENC|^TLEN|^TSIZ"
    r"|^encoder$|^encoder options$|^encodedby$|^encoded-by$|^©too|^MLLT|^ASPI|^SEEK|^PEAK|^WM/EncodingSet"
    r"|^major_brand$|^minor_version$|^compatible_brands$|^creation_time$|^handler_name$|^vendor_id$",
    re.IGNORECASE,
)


def is_stale(name: str) -> bool:
    """Whether a tag of this name is no longer true of a recording whose sound was changed."""
    return bool(_STALE.search(name))


def field_name(name: str) -> str:
    """The field that a name in Vorbis comments, APEv2, ASF or Matroska stands for."""
    plain = name.lower()
    if plain in BY_NAME:
        return plain
    return _BY_APE.get(plain, plain)
