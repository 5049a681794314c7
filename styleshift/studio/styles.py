"""The collections of the workspace: which recordings each style has, and what became of them.

A style that the studio makes is a folder ``audio/<style>/`` of the workspace, so that ``styleshift
precompute`` takes it, too: files that were sent lie in it, folders that were named are linked from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from styleshift.audio.find import find_audio
from styleshift.corpus.corpus import stored_domains
from styleshift.corpus.manifest import ManifestEntry, read_journal, read_manifest
from styleshift.errors import CorpusError, NothingToDoError, UsageError
from styleshift.frontend.config import SpectrogramConfig
from styleshift.studio.folders import Folders, address
from styleshift.words import printable
from styleshift.workspace import Workspace


class Styles:
    """All styles of a workspace.

    Args:
        place: the workspace.
        folders: where recordings may lie.
    """

    def __init__(self, place: Workspace, folders: Folders) -> None:
        self._place = place
        self._folders = folders

    @property
    def audio(self) -> Path:
        """The folder of styles that the studio makes."""
        return self._place.root / "audio"

    def all(self) -> list[dict[str, Any]]:
        """Each style in figures, by name."""
        made = [path.name for path in self.audio.iterdir() if path.is_dir()] if self.audio.is_dir() else []
        names = sorted({*stored_domains(self._place.spectrograms), *made} - {""})
        return [self._summary(name) for name in names if not name.startswith(".")]

    def _summary(self, name: str) -> dict[str, Any]:
        rows = self.recordings(name)
        ready = [row for row in rows if row["status"] == "ready"]
        return {
            "name": name,
            "tracks": len(ready),
            "minutes": sum(row["seconds"] for row in ready) / 60,
            "left_out": sum(row["status"] == "left out" for row in rows),
            "new": sum(row["status"] == "new" for row in rows),
            "here": (self.audio / name).is_dir() or self._home(name) is not None,
        }

    def recordings(self, name: str) -> list[dict[str, Any]]:
        """Every recording of a style, by name; raises NothingToDoError for a style that is not there."""
        checked_style(name)
        folder, own = self._place.spectrograms / name, self.audio / name
        known = self._entries(folder)
        if not known and not own.is_dir():
            raise NothingToDoError(f"there is no style {name!r}", "reload the page")
        there = (
            {path.relative_to(own).as_posix(): path for path in find_audio(own).files} if own.is_dir() else {}
        )
        home = None if own.is_dir() else self._home(name)
        rows = []
        for each in sorted({*known, *there}):
            entry = known.get(each)
            path = there.get(each) or (home / each if home is not None else None)
            status = "new" if entry is None else "left out" if entry.reason else "ready"
            if entry is not None and own.is_dir() and each not in there:
                status = "gone"
            rows.append(
                {
                    "name": printable(each),
                    "at": address(path) if path is not None and status != "gone" else "",
                    "status": status,
                    "seconds": entry.seconds if entry is not None else 0.0,
                    "reason": entry.reason if entry is not None else "",
                    "message": entry.why if entry is not None else "",
                    "warnings": list(entry.warnings) if entry is not None else [],
                }
            )
        return rows

    def _entries(self, folder: Path) -> dict[str, ManifestEntry]:
        try:
            manifest = read_manifest(folder)
        except CorpusError:
            manifest = None  # what computes it says so, and makes it anew
        entries = [*(manifest.entries.values() if manifest else ()), *read_journal(folder)]
        return {entry.name: entry for entry in entries}

    def _home(self, name: str) -> Path | None:
        """The folder of a style that a command has made, where it was named here."""
        return next((root / name for root in self._folders.named[1:] if (root / name).is_dir()), None)

    def misfits(self, names: list[str], wanted: SpectrogramConfig) -> list[dict[str, str]]:
        """Those styles that were read for other settings than a training wants, each with what differs."""
        read = {name: read_manifest(self._place.spectrograms / checked_style(name)) for name in names}
        return [
            {"style": name, "differs": differs}
            for name, manifest in read.items()
            if manifest is not None and (differs := manifest.config.difference(wanted))
        ]

    def own_folder(self, name: str) -> Path:
        """The folder that files of a style are sent to; made where it is not there.

        Raises:
            UsageError: the name cannot be one, or the style's recordings lie where the studio does not see
                them.
        """
        checked_style(name)
        own = self.audio / name
        if own.is_dir() and not own.is_symlink():
            return own
        home = own.resolve() if own.is_symlink() else self._home(name)
        if home is None and self._entries(self._place.spectrograms / name):
            raise UsageError(
                f"the recordings of {name} lie in a folder that was not named here",
                "name the folder above it first, then add more",
            )
        own.unlink(missing_ok=True)
        own.mkdir(parents=True)
        if home is not None:
            self._link(own, home)
        return own

    def add_folder(self, name: str, folder: Path) -> None:
        """Make a named folder's recordings part of a style; raises as :meth:`own_folder` does."""
        own = self.own_folder(name)
        if folder == self._place.root.resolve() or self._place.root.resolve() in folder.parents:
            raise UsageError(
                f"{folder} lies in the workspace itself", "name a folder of recordings elsewhere"
            )
        if not find_audio(folder).files:
            raise NothingToDoError(f"there are no recordings in {folder}", "choose a folder with audio files")
        self._link(own, folder)

    def _link(self, own: Path, folder: Path) -> None:
        name, number = folder.name, 1
        while (link := own / name).exists() or link.is_symlink():
            if link.resolve() == folder:
                return
            number += 1
            name = f"{folder.name}-{number}"
        link.symlink_to(folder, target_is_directory=True)

    def ready_to_prepare(self, names: list[str]) -> None:
        """See that ``styleshift precompute`` finds these styles below :attr:`audio`.

        Raises:
            NothingToDoError: the recordings of one are not to be found.
        """
        for name in names:
            checked_style(name)
            own = self.audio / name
            if own.is_dir():
                continue
            home = self._home(name)
            if home is None:
                raise NothingToDoError(
                    f"the recordings of {name} lie in no folder that was named here",
                    f"name the folder that holds {name}, or use `styleshift precompute`",
                )
            self.audio.mkdir(parents=True, exist_ok=True)
            own.symlink_to(home, target_is_directory=True)


def checked_style(name: str) -> str:
    """A name that can be that of a style; raises UsageError."""
    if (
        not name.strip()
        or name.startswith(".")
        or name != printable(name)
        or any(letter in name for letter in "/\\")
        or len(name.encode()) > 100
    ):
        raise UsageError(f"{name!r} cannot be the name of a style", "use letters and digits")
    return name
