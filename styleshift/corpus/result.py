"""What a precompute run did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# Reasons that say something about the music, not about the file: left out, but nothing failed.
# ``own``: a conversion by styleshift, which would teach a style what a model made of another.
HARMLESS = frozenset({"own", "silent", "too short"})


@dataclass(frozen=True, slots=True)
class Rejected:
    """A recording that is not in the corpus.

    Attributes:
        name: of the recording, relative to its domain.
        reason: a short word; see :class:`styleshift.errors.AudioError`.
        message: one plain line.
        hint: what to try, the same for all that ask for the same; empty: nothing.
    """

    name: str
    reason: str
    message: str
    hint: str = ""

    @property
    def failed(self) -> bool:
        """Something is wrong with the file (and the command ends with exit code 3)."""
        return self.reason not in HARMLESS


@dataclass(frozen=True, slots=True)
class DomainResult:
    """One domain after a run.

    Attributes:
        name: of the domain.
        tracks: recordings in the corpus.
        hours: of music in the corpus.
        added: tracks computed in this run (new or changed; of a dry run: that would be looked at).
        kept: tracks that were there already.
        removed: stored spectrograms that no recording belongs to any more.
        rejected: recordings left out, of this run and of earlier ones.
        warnings: ``(recording, sentence)`` on recordings that are in the corpus but not as they should be.
    """

    name: str
    tracks: int
    hours: float
    added: int
    kept: int
    removed: int
    rejected: tuple[Rejected, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class PrecomputeResult:
    """A whole run.

    Attributes:
        domains: one each, by name.
        seconds: wall time of the run.
        computed_hours: hours of music that were computed in this run.
        planned: recordings that were found.
        dry_run: nothing was written.
        unlisted: folders whose recordings are not known, because the system does not list them.
    """

    domains: tuple[DomainResult, ...]
    seconds: float
    computed_hours: float
    planned: int
    dry_run: bool = False
    unlisted: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Some file could not be used, or not be found, though it should have been."""
        rejected = (item for domain in self.domains for item in domain.rejected)
        return bool(self.unlisted) or any(item.failed for item in rejected)

    @property
    def tracks(self) -> int:
        """In all domains."""
        return sum(domain.tracks for domain in self.domains)

    @property
    def hours_per_second(self) -> float:
        """Hours of music computed in a second of wall time."""
        return self.computed_hours / self.seconds if self.seconds > 0 else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON, without the domains."""
        return {
            "tracks": self.tracks,
            "seconds": round(self.seconds, 3),
            "computed_hours": self.computed_hours,
            "hours_per_second": self.hours_per_second,
            "found": self.planned,
            "unlisted": list(self.unlisted),
            "failed": self.failed,
            "dry_run": self.dry_run,
        }
