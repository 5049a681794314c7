"""Brings the corpus up to date with a folder of recordings."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from styleshift.corpus.corpus import stored_domains
from styleshift.corpus.dispatch import run_jobs
from styleshift.corpus.growing import remove_unfinished
from styleshift.corpus.manifest import JOURNAL_NAME, Manifest, ManifestEntry
from styleshift.corpus.plan import (
    DomainPlan,
    find_recordings,
    obsolete_arrays,
    plan_domain,
    tell_of_replaced,
)
from styleshift.corpus.result import DomainResult, PrecomputeResult, Rejected
from styleshift.corpus.stored import StoredRecording, stamp_of
from styleshift.corpus.work import RecordingJob, RecordingOutcome
from styleshift.engines import load_engine
from styleshift.errors import AudioError
from styleshift.frontend import SpectrogramConfig
from styleshift.hooks import Engine, Registry
from styleshift.progress import FirstFew, Reporter
from styleshift.remote import is_remote
from styleshift.system.files import flush_to_disk
from styleshift.system.interrupt import StopRequest
from styleshift.system.lines import JsonLines
from styleshift.system.lock import file_lock
from styleshift.system.patience import STALL_SECONDS
from styleshift.workspace import Workspace

LOCK_NAME = ".lock"


def precompute(
    audio_root: Path | str,
    workspace: Workspace,
    config: SpectrogramConfig,
    *,
    domains: Sequence[str] | None = None,
    source_options: Mapping[str, Mapping[str, Any]] | None = None,
    engine: str = "local",
    engine_options: Mapping[str, Any] | None = None,
    jobs: int | None = None,
    stall_seconds: float = STALL_SECONDS,
    dry_run: bool = False,
    reporter: Reporter | None = None,
    registry: Registry | None = None,
) -> PrecomputeResult:
    """Bring ``workspace.spectrograms/<domain>/`` up to date with every recording below ``audio_root``.

    Only what changed is computed. A recording is identified by its content (BLAKE3), its version and the
    settings; its name, size and times only save reading it again. Arrays whose recording is gone are removed,
    but not where a folder cannot be listed that it was in.
    Recordings that cannot be used are reported in every run, but read only once.

    Each array is the mono mix at the recording's own level: float16, ``[1, frames, bins]``.

    Args:
        audio_root: its sub-folders are the domains; domain plugins may find others in it. Or a folder's
            address, such as ``s3://bucket/audio`` (extra ``remote``); a path that is a text is one, too.
        workspace: where to store.
        config: front-end settings of all arrays.
        domains: only these; None for all.
        source_options: of domain sources, by their names, then by key, as text or plain values.
        engine: name of the engine that runs the work.
        engine_options: by key, as text or plain values.
        jobs: workers; None uses as many as the engine has processors.
        stall_seconds: give up on a recording that makes no progress for this long.
        dry_run: look only, and change nothing.
        reporter: receives progress, what was skipped, and recordings with faults.
        registry: provides the domain sources; None uses those that are installed.

    Raises:
        PluginError, ConfigError: there is no such engine or domain source, or it has no such option.
        NothingToDoError: there is no such folder or domain.
        LockedError: another precompute is working on this workspace.
        AudioError: ``cannot write``: the disk is full, or the workspace cannot be written to. What was
            finished stays.
        Interrupted: SIGINT or SIGTERM; what was finished stays, and the next run continues.
    """
    from styleshift.hooks import load_registry

    began = time.monotonic()
    chosen = load_engine(engine, engine_options)
    reporter = reporter or Reporter()
    registry = registry or load_registry()
    if not is_remote(audio_root):
        audio_root = Path(audio_root)
    found, unlisted = find_recordings(audio_root, registry, domains, reporter, source_options)
    planned = sum(len(recordings) for recordings in found.values())
    if domains is None:
        # Of those that cannot be listed nobody knows, and the reporter was told.
        for name in sorted(set(stored_domains(workspace.spectrograms)) - {*found, *unlisted}):
            reporter.warn(
                f"{name}: has spectrograms, but no recordings below {audio_root} any more; "
                f"they stay until you remove {workspace.spectrograms / name}"
            )

    def plan() -> list[DomainPlan]:
        plans = [
            plan_domain(name, workspace.spectrograms / name, recordings, config, reporter, unlisted)
            for name, recordings in found.items()
        ]
        tell_of_replaced(plans, config, reporter)
        return plans

    if dry_run:
        results = tuple(map(_of_plan, plan()))
        return PrecomputeResult(
            results, time.monotonic() - began, 0.0, planned, dry_run=True, unlisted=unlisted
        )
    try:
        with file_lock(workspace.spectrograms / LOCK_NAME, str(workspace.spectrograms)):
            for name in found:
                folder = workspace.spectrograms / name
                folder.mkdir(exist_ok=True)
                remove_unfinished(folder)
            plans = plan()
            outcomes = _compute(plans, config, chosen, jobs, stall_seconds, reporter)
            results = tuple(_complete(each, config, outcomes[each.name]) for each in plans)
    except OSError as error:
        raise _no_space(workspace.spectrograms, error.strerror or str(error)) from error
    computed = sum(each.entry.seconds for done in outcomes.values() for each in done if each.new)
    return PrecomputeResult(results, time.monotonic() - began, computed / 3600, planned, unlisted=unlisted)


def _compute(
    plans: Sequence[DomainPlan],
    config: SpectrogramConfig,
    engine: Engine,
    jobs: int | None,
    stall_seconds: float,
    reporter: Reporter,
) -> dict[str, list[RecordingOutcome]]:
    """Do all jobs of all domains; each is in its journal as soon as it is finished."""
    outcomes: dict[str, list[RecordingOutcome]] = {plan.name: [] for plan in plans}
    by_name = {plan.name: plan for plan in plans}
    count = sum(len(plan.to_do) for plan in plans)
    if not count:
        return outcomes
    in_store = any(isinstance(recording, StoredRecording) for plan in plans for recording in plan.to_do)
    workers = min(jobs or engine.workers * (2 if in_store else 1), count)
    to_do = _jobs(plans, config, overlap=workers < engine.workers)
    journals = {plan.name: JsonLines(plan.folder / JOURNAL_NAME, sync=True) for plan in plans if plan.to_do}
    began = time.monotonic()
    seconds = 0.0
    flushing: list[Future[None]] = []
    try:
        with (
            StopRequest() as stop,
            ThreadPoolExecutor(1) as flusher,
            FirstFew(reporter) as few,
            reporter.task("precompute", count, "recordings") as task,
            closing(run_jobs(to_do, engine, workers, stall_seconds, stop, in_store=in_store)) as ended,
        ):
            for job, outcome in ended:
                outcome = _described(outcome, by_name[job.domain])
                outcomes[job.domain].append(outcome)
                if outcome.no_space:
                    raise _no_space(job.folder, outcome.no_space)
                array = job.folder / outcome.entry.array_name if outcome.new else None
                journal = journals[job.domain] if outcome.remember else None
                flushing.append(flusher.submit(_keep, outcome.entry, array, journal))
                for warning in outcome.entry.warnings:
                    few.warn(f"{job.domain}/{job.recording.name}", warning)
                seconds += 0.0 if outcome.known else outcome.entry.seconds
                speed = f"{seconds / max(time.monotonic() - began, 1e-3):.0f}x real time"
                task.advance(1, speed=speed)
            # The manifest must not promise what a power failure could still take away.
            for flushed in flushing:
                flushed.result()
            if stop.requested:
                done = sum(len(some) for some in outcomes.values())
                raise stop.error(
                    f"interrupted after {done} of {count} recordings",
                    "run the same command again to continue",
                )
    finally:
        for journal in journals.values():
            journal.close()
        for plan in plans:
            remove_unfinished(plan.folder)
    return outcomes


def _keep(entry: ManifestEntry, array: Path | None, journal: JsonLines | None) -> None:
    """Write an entry down once its array is on the disk: a journal must not promise what may yet be lost."""
    if array is not None:
        flush_to_disk(array)
    if journal is not None:
        journal.append(entry.to_dict())


def _no_space(folder: Path, why: str) -> AudioError:
    return AudioError(
        f"{folder} cannot be written to: {why}",
        "make space and run the command again; what was finished is kept",
        reason="cannot write",
    )


def _jobs(plans: Sequence[DomainPlan], config: SpectrogramConfig, *, overlap: bool) -> Iterator[RecordingJob]:
    """Every job; the largest files first, so that all workers end at about the same time."""
    every = [(plan, recording) for plan in plans for recording in plan.to_do]
    for plan, recording in sorted(every, key=lambda pair: -stamp_of(pair[1]).size):
        yield RecordingJob(plan.name, recording, plan.folder, config, plan.maybe(recording), overlap)


def _described(outcome: RecordingOutcome, plan: DomainPlan) -> RecordingOutcome:
    """Content that is stored already gets what is known of it, under its present name."""
    if not outcome.known:
        return outcome
    new = outcome.entry
    return replace(outcome, entry=replace(plan.stored[new.key], name=new.name, stamp=new.stamp))


def _complete(
    plan: DomainPlan, config: SpectrogramConfig, outcomes: Sequence[RecordingOutcome]
) -> DomainResult:
    """Write the manifest, then remove what it no longer refers to."""
    entries = dict(plan.decided)
    entries.update({outcome.entry.name: outcome.entry for outcome in outcomes})
    forget = {outcome.entry.name for outcome in outcomes if not outcome.remember}
    lasting = {name: entry for name, entry in entries.items() if name not in forget}
    manifest = Manifest(plan.name, config, lasting)
    manifest.write(plan.folder)
    for path in obsolete_arrays(plan.folder, manifest.tracks):
        path.unlink(missing_ok=True)
    return _result(plan, list(entries.values()), sum(outcome.new for outcome in outcomes))


def _of_plan(plan: DomainPlan) -> DomainResult:
    done = _result(plan, list(plan.decided.values()), 0)
    return replace(done, added=len(plan.to_do), removed=plan.gone)


def _result(plan: DomainPlan, entries: Sequence[ManifestEntry], added: int) -> DomainResult:
    tracks = [entry for entry in entries if not entry.reason]
    left_out = sorted((entry for entry in entries if entry.reason), key=lambda entry: entry.name)
    return DomainResult(
        name=plan.name,
        tracks=len(tracks),
        hours=sum(entry.seconds for entry in tracks) / 3600,
        added=added,
        kept=max(0, len(tracks) - added),
        removed=len(plan.before - {entry.key for entry in tracks}),
        rejected=tuple(Rejected(entry.name, entry.reason, entry.message, entry.hint) for entry in left_out),
        warnings=tuple((entry.name, text) for entry in tracks for text in entry.warnings),
    )
