"""What there is to do: the recordings of every domain against what is stored of them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from styleshift.audio.find import Found, find_audio
from styleshift.corpus.growing import stored_bytes
from styleshift.corpus.manifest import Manifest, ManifestEntry, read_journal, read_manifest, track_key
from styleshift.corpus.stored import stamp_of, stored_recordings
from styleshift.errors import CorpusError, NothingToDoError, PluginError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import Recording
from styleshift.hooks.options import build_config
from styleshift.hooks.registry import Registry
from styleshift.progress import FirstFew, Reporter
from styleshift.words import nearest

AUDIO_FOLDER_HINT = "each style is a sub-folder of recordings, such as {root}/country and {root}/classical"


@dataclass(slots=True)
class DomainPlan:
    """One domain.

    Attributes:
        name: of the domain.
        folder: where its arrays are.
        stored: keys that have a whole array, with the entry that describes it; those left out too.
        decided: entries of recordings that need no look: the file is as it was.
        to_do: recordings to look at.
        before: keys of the tracks in the manifest that was found.
        gone: tracks in it whose recording is no longer there by that name.
        former: the settings that what is stored was made with, where they are others; else None.
    """

    name: str
    folder: Path
    stored: dict[str, ManifestEntry]
    decided: dict[str, ManifestEntry]
    to_do: list[Recording]
    before: frozenset[str]
    gone: int = 0
    sizes: dict[int, set[str]] = field(default_factory=dict)
    former: SpectrogramConfig | None = None

    def maybe(self, recording: Recording) -> frozenset[str]:
        """Keys that the recording may have, by its size: a renamed or touched file is not computed again."""
        return frozenset(self.sizes.get(stamp_of(recording).size, ()))


def find_recordings(
    root: Path | str,
    registry: Registry,
    wanted: Sequence[str] | None,
    reporter: Reporter,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> tuple[dict[str, list[Recording]], tuple[str, ...]]:
    """The recordings of every domain that any domain source finds below ``root``, by name.

    Args:
        root: folder of all of them, or its address; then only sub-folders are looked at, not what plugins
            find.
        registry: provides the domain sources.
        wanted: only these domains; None for all.
        reporter: told what is skipped.
        options: of domain sources, by their names.

    Returns:
        These, and the folders of domains that are wanted, or above them, that cannot be listed.

    Raises:
        ConfigError: a domain source has no such option.
        NothingToDoError: there is no such folder, no domain in it, or not the ones that are wanted.
        PluginError: there is no domain source that options are for, or two recordings of a domain have the
            same name.
    """
    if isinstance(root, str):
        stored, found = stored_recordings(root)
        domains = {name: {each.name: each for each in those} for name, those in stored.items()}
    else:
        domains, found = _found(root, registry, options or {}), find_audio(root)
    loose = _tell_of_skipped(found, root, reporter, alone=not domains)
    if not domains:
        raise _no_style(root, loose)
    missing = sorted(set(wanted or ()) - set(domains))
    if missing:
        meant = [name if name in domains else nearest(name, domains) for name in wanted or ()]
        raise NothingToDoError(
            f"there is no style {missing[0]!r} in {root}; available: {', '.join(sorted(domains))}",
            f"did you mean `domains={shlex.join(map(str, meant))}`?"
            if all(meant)
            else AUDIO_FOLDER_HINT.format(root=root),
        )
    unlisted = tuple(
        item.name
        for item in found.skipped
        if item.kind == "unreadable" and (not wanted or item.name.partition("/")[0] in (".", *wanted))
    )
    chosen = {
        name: [domains[name][key] for key in sorted(domains[name])]
        for name in sorted(domains)
        if not wanted or name in wanted
    }
    return chosen, unlisted


def _found(
    root: Path, registry: Registry, options: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Recording]]:
    """By domain and name, what domain sources find."""
    if not root.is_dir():
        what = "is a file, no folder" if root.exists() else "does not exist"
        folder = root.parent if root.exists() else root
        raise NothingToDoError(f"{root} {what}", AUDIO_FOLDER_HINT.format(root=folder))
    for source in options:
        registry.domains.get(source)
    domains: dict[str, dict[str, Recording]] = {}
    for spec in registry.domains.specs():
        config = build_config(spec.config, options.get(spec.name, {}), f"domain source {spec.name}")
        for name, recordings in spec.find(config, root).items():
            domain = domains.setdefault(name, {})
            for recording in recordings:
                if recording.name in domain:
                    raise PluginError(
                        f"domain source {spec.name!r} brings a second recording {recording.name!r} "
                        f"of domain {name!r}",
                        "rename one, or uninstall the plugin",
                    )
                domain[recording.name] = recording
    return {name: domain for name, domain in domains.items() if domain}


def _no_style(root: Path | str, loose: int) -> NothingToDoError:
    if not loose:
        return NothingToDoError(f"no style found in {root}", AUDIO_FOLDER_HINT.format(root=root))
    # Most likely this is the folder of one style.
    above = (
        root.rstrip("/").rpartition("/")[0] if isinstance(root, str) else Path(os.path.abspath(root)).parent  # noqa: PTH100 - a link's own parent, not its target's
    )
    return NothingToDoError(
        f"{root} has recordings ({loose}) but no sub-folders of them; each style needs its own sub-folder",
        f"if it is one style itself, use the one above it: styleshift precompute {shlex.quote(str(above))}",
    )


def _tell_of_skipped(found: Found, place: object, reporter: Reporter, *, alone: bool) -> int:
    """Name what is in no style; returns how many recordings lie in the root itself.

    Args:
        found: below the root of all styles.
        place: the root, in words.
        reporter: who is told.
        alone: there is no style at all, of which an error tells.
    """
    with FirstFew(reporter) as few:
        for item in found.skipped:
            if item.notable:
                few.warn(item.name or str(place), f"skipped: {item.message}")
            else:
                reporter.detail(f"{item.name or place}: skipped: {item.message}")
    loose = [file.name for file in found.files if file.parent == found.root]
    if loose and not alone:
        some = ", ".join(loose[:3]) + (", ..." if len(loose) > 3 else "")
        reporter.warn(
            f"{len(loose)} recordings directly in {place} belong to no style and are skipped ({some}); "
            + AUDIO_FOLDER_HINT.format(root=place)
        )
    return len(loose)


def plan_domain(
    name: str,
    folder: Path,
    recordings: Sequence[Recording],
    config: SpectrogramConfig,
    reporter: Reporter,
    unlisted: Iterable[str] = (),
) -> DomainPlan:
    """Compare a domain's recordings with what is stored in ``folder``; reads, and changes nothing.

    What is stored of recordings in ``unlisted`` folders (see :func:`find_recordings`) stays: nobody knows
    whether they are gone.
    """
    manifest = _manifest(folder, reporter)
    entries = [*(manifest.entries.values() if manifest else ()), *read_journal(folder)]
    by_name = {entry.name: entry for entry in entries}
    stored = {entry.key: entry for entry in entries if entry.reason or _is_whole(folder, entry, config)}
    before = frozenset(entry.key for entry in manifest.tracks) if manifest else frozenset()
    plan = DomainPlan(name, folder, stored, {}, [], before)
    names = {recording.name for recording in recordings}
    for entry in by_name.values():
        if entry.name not in names and entry.key in stored and _is_below(f"{name}/{entry.name}", unlisted):
            plan.decided[entry.name] = _renamed(stored[entry.key], entry)
    if plan.decided:
        reporter.warn(
            f"{name}: spectrograms of recordings in folders that cannot be listed stay ({len(plan.decided)})"
        )
    if manifest is not None:
        names.update(plan.decided)
        plan.gone = sum(entry.name not in names for entry in manifest.tracks)
    for entry in stored.values():
        plan.sizes.setdefault(entry.stamp.size, set()).add(entry.key)
    for recording in recordings:
        entry = by_name.get(recording.name)
        if entry is not None and (entry.version, entry.stamp) == (recording.version, stamp_of(recording)):
            key = track_key(entry.digest, recording.version, config)
            if key in stored:
                plan.decided[recording.name] = _renamed(stored[key], entry)
                continue
        plan.to_do.append(recording)
    if manifest is not None and manifest.config != config and manifest.tracks:
        plan.former = manifest.config
    return plan


def tell_of_replaced(plans: Sequence[DomainPlan], config: SpectrogramConfig, reporter: Reporter) -> None:
    """Say, before the work, which spectrograms of other settings it takes the place of."""
    replaced = [plan for plan in plans if plan.former is not None]
    if not replaced:
        return
    before, now = replaced[0].former.to_dict(), config.to_dict()  # type: ignore[union-attr]
    changes = ", ".join(
        f"{key} {before[key]!r} becomes {now[key]!r}" for key in now if before[key] != now[key]
    )
    names = " and ".join(plan.name for plan in replaced)
    reporter.warn(
        f"the spectrograms of {names} were made with other settings ({changes}): they are replaced, and runs "
        "that were trained on them cannot continue. To keep both, stop now and use another `workspace`"
    )


def _is_below(name: str, folders: Iterable[str]) -> bool:
    return any(folder == "." or name == folder or name.startswith(f"{folder}/") for folder in folders)


def _renamed(stored: ManifestEntry, known: ManifestEntry) -> ManifestEntry:
    """What is stored under a key, for the file that is known to have it."""
    return replace(stored, name=known.name, stamp=known.stamp)


def _manifest(folder: Path, reporter: Reporter) -> Manifest | None:
    try:
        return read_manifest(folder)
    except CorpusError as error:
        reporter.warn(f"{error.message}; all of it is computed again")
        return None


def _is_whole(folder: Path, entry: ManifestEntry, config: SpectrogramConfig) -> bool:
    if entry.key != track_key(entry.digest, entry.version, config):
        return False  # of other settings
    try:
        return (folder / entry.array_name).stat().st_size == stored_bytes(entry.frames, config.bins)
    except OSError:
        return False


def obsolete_arrays(folder: Path, kept: Iterable[ManifestEntry]) -> list[Path]:
    """Array files in a domain's folder that no track refers to."""
    wanted = {entry.array_name for entry in kept if not entry.reason}
    return sorted(path for path in folder.glob("*.npy") if path.name not in wanted)
