"""What the outputs of a library are called, decided folder by folder, and which files are chosen."""

from __future__ import annotations

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from styleshift.audio.find import Folder
from styleshift.audio.formats import output_format, readable, same_extension
from styleshift.audio.naming import fitting
from styleshift.conversion.library.plan import TrackJob
from styleshift.conversion.settings import ConvertSettings
from styleshift.errors import NothingToDoError

Extensions = Callable[[Folder], Mapping[str, str]]
"""By name, the extension of the output of each file of a folder."""


def names_in(folder: Folder, extensions: Extensions) -> Mapping[str, str]:
    """By name, the name of the output of each file of a folder.

    No two outputs of a library are alike, also where case does not count. Only what lies in one folder, or in
    folders that differ in case, can meet.
    """
    if not folder.twins:
        return output_names(list(folder.files), extensions(folder), folder.folders)
    ends: dict[str, str] = {}
    for each in folder.twins:
        ends.update(extensions(each))
    targets = output_names(list(ends), ends, [name for each in folder.twins for name in each.folders])
    return {name: targets[name] for name in folder.files}


def output_names(
    names: Sequence[str], ends: Mapping[str, str], folders: Iterable[str] = ()
) -> Mapping[str, str]:
    """An output name for each name, no two alike, also where case does not count.

    ``a.mp3`` becomes ``a.flac``, unless another file would as well: then ``a.mp3.flac``. Of ``Song.mp3`` and
    ``song.mp3`` the second becomes ``song.2.mp3``, on every file system, so that a library may be moved.

    Args:
        names: POSIX paths below the source.
        ends: by name, the extension of its output.
        folders: what lies beside them, names with a slash at the end, which are names of outputs, too.
    """
    simple = {}
    for name in names:
        end = ends[name]
        kept = name.endswith(end) and not f"/{name}".endswith(f"/{end}")
        simple[name] = name if kept else fitting(str(PurePosixPath(name).with_suffix(end)))
    count = Counter(map(str.casefold, simple.values()))
    taken = {name[:-1].casefold() for name in folders}
    if len(count) == len(names) and taken.isdisjoint(count):
        return simple
    targets: dict[str, str] = {}
    # Of those that would keep their names, by what is left where case does not count.
    first: dict[str, str] = {}
    for name in names:
        if simple[name] == name:
            first.setdefault(name.casefold(), name)
    keepers = set(first.values())
    # The last number with which a whole name was given, by what it was given to but for case, and by its
    # bytes, as by them it is shortened: no lower number is free, as what was taken stays so.
    last: dict[tuple[str, str, int], int] = {}
    # What keeps its name comes first: the source's file system could hold it, so the output's can. Then those
    # that are alone with theirs.
    for name in sorted(names, key=lambda name: (name not in keepers, count[simple[name].casefold()] > 1)):
        ending = ends[name]
        choice = simple[name]
        if name not in keepers and (count[choice.casefold()] > 1 or choice.casefold() in taken):
            stem = name.removesuffix(ending) if choice == name else name
            choice = fitting(stem + ending)
            if choice.casefold() in taken:
                alike = stem.casefold(), ending.casefold(), len(os.fsencode(stem.rpartition("/")[2]))
                number = last.get(alike, 2)
                while (choice := fitting(whole := f"{stem}.{number}{ending}")).casefold() in taken:
                    number += 1
                if choice == whole:
                    last[alike] = number
        targets[name] = choice
        taken.add(choice.casefold())
    return targets


def renamed(job: TrackJob) -> str:
    """What of an output's name is otherwise than a person would expect, and why; empty: nothing.

    Many files may have the same: it names endings and no files.
    """
    before, after = PurePosixPath(job.name), job.target.name
    if job.format != "same":
        usual = output_format(job.format).extension
    else:
        usual = same_extension(before.name) if before.suffix else ""
    if after in (before.name, before.with_suffix(usual).name):
        return ""
    ending = job.target.suffix
    if after == before.with_suffix(ending).name:
        return f"name: {ending} instead of {before.suffix}" if before.suffix else f"name: {ending} added"
    # Without an extension of its own it got one, and the number because that was taken: see below.
    numbered = re.escape(before.stem) + r"(\.\d+)" + re.escape(ending)
    if before.suffix and (found := re.fullmatch(numbered, after)):
        return f"name: {found[1]} added, as another differs in case only"
    if after.startswith(before.name) and re.fullmatch(
        r"(\.\d+)?" + re.escape(ending), added := after.removeprefix(before.name)
    ):
        return f"name: {added} added, as another output would have the same"
    return "name: shortened, as it would be too long"


class Chosen:
    """The names that are to be converted, of a library that comes in parts.

    Args:
        settings: ``include``, ``exclude``, ``shard`` and ``limit``.
    """

    def __init__(self, settings: ConvertSettings) -> None:
        self._include, self._exclude = settings.include, settings.exclude
        self._index, self._parts = settings.shard or (1, 1)
        self._limit = settings.limit
        self._seen = self._fitting = self._taken = 0
        # Patterns that have matched nothing yet, by option.
        self._idle = [("include", each) for each in dict.fromkeys(settings.include)]
        self._idle += [("exclude", each) for each in dict.fromkeys(settings.exclude)]

    def of(self, names: Iterable[str]) -> Iterator[str]:
        """Those of the next names."""
        for name in names:
            self._seen += 1
            if self._idle:
                self._idle = [each for each in self._idle if not _fits(name, each[1:])]
            if not _chosen(name, self._include, self._exclude):
                continue
            self._fitting += 1
            if (self._fitting - self._index) % self._parts or self._taken == self._limit:
                continue
            self._taken += 1
            yield name

    @property
    def unmatched(self) -> tuple[str, ...]:
        """A sentence for each pattern that matched nothing."""
        top = "; a folder at the top of the library has no `*/` before it"
        return tuple(
            f"no recording matches `{option}={pattern}`{top if pattern.startswith('*/') else ''}"
            for option, pattern in self._idle
        )

    def check(self, source: object) -> None:
        """See that there were some.

        Raises:
            NothingToDoError: there were none.
        """
        if not self._taken:
            raise NothingToDoError(
                f"none of the {self._seen} recordings match" if self._seen else f"no recording in {source}",
                "check `include`, `exclude` and `shard`" if self._seen else readable(),
            )


def _chosen(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    return (not include or _fits(name, include)) and not _fits(name, exclude)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    forms = (name, name.rpartition("/")[2])
    return any(fnmatch.fnmatchcase(form, pattern) for pattern in patterns for form in forms)
