"""What a run over a library did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from styleshift.conversion.library.plan import LibraryPlan
from styleshift.conversion.library.worker import TrackOutcome


@dataclass(slots=True)
class LibraryResult:
    """What a run did.

    Attributes:
        plan: what was to be done.
        outcomes: by job name, in the order of the plan; files that were not reached are absent.
        again: by job name, why a file that was converted already was converted again.
        stopped: it was asked to stop before its end.
        fatal: the failure that ended it before its end.
        took: seconds.
        report: ``report.jsonl``, beside which ``report.html`` lies; None: one recording, or it could not be
            written.
    """

    plan: LibraryPlan
    outcomes: dict[str, TrackOutcome] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    fatal: TrackOutcome | None = None
    took: float = 0.0
    report: Path | None = None

    @property
    def report_place(self) -> str:
        """Where ``report.jsonl`` is, in words; empty: nowhere."""
        if self.report is None:
            return ""
        stored = self.plan.stores is not None and self.plan.stores.output
        return f"{self.plan.place}/{self.report.name}" if stored else str(self.report)

    def of(self, *status: str) -> list[TrackOutcome]:
        """The outcomes of these statuses."""
        return [outcome for outcome in self.outcomes.values() if outcome.status in status]

    @property
    def again_counts(self) -> list[tuple[str, int]]:
        """How many files were converted again, by reason, the most frequent first."""
        done = (self.again[each.name] for each in self.of("done") if each.name in self.again)
        return Counter(done).most_common()

    @property
    def seconds(self) -> float:
        """Music that this run converted, in seconds."""
        return _seconds(self.of("done"))

    @property
    def seconds_there(self) -> float:
        """Music that is converted now, by this run or by earlier ones, in seconds."""
        return _seconds(self.of("done", "unchanged"))


def _seconds(outcomes: list[TrackOutcome]) -> float:
    return float(sum(outcome.result.get("seconds", 0.0) for outcome in outcomes))
