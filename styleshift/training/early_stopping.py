"""Warns in plain words when a run goes wrong, and ends it where it gets no better, if wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from styleshift.evaluation.judge import Kind
from styleshift.training.validator import ValidationResult

GOES_WRONG: tuple[Kind, ...] = ("copies", "collapsed", "music lost", "words lost")
ENDS_WRONG: tuple[Kind, ...] = (*GOES_WRONG, "style not moved", "unclear")
"""Early in a run nothing has moved yet; at its end that is worth a warning."""
TWICE = 2
"""Validations in a row that say the same before it is a warning: one alone may be a swing."""


class EarlyStopping:
    """Looks at the validations of a run, one after the other.

    Args:
        patience: validations that are better in neither direction, after which the run ends; 0 is no end.
        names: what to call the directions, such as ``violin to piano``.
    """

    def __init__(self, patience: int, names: Mapping[str, str]) -> None:
        self._patience = patience
        self._names = names
        self._row: dict[str, tuple[str, int]] = {}
        self._best: dict[str, tuple[float, int]] = {}  # score and step, by direction
        self._since = 0

    def update(self, step: int, result: ValidationResult, *, counts: bool) -> list[str]:
        """Take in one validation.

        Args:
            step: of the state that was validated.
            result: on it.
            counts: False while the run cannot be expected to get better, as in its warm start.

        Returns:
            Sentences to warn with; each trouble is told of when it begins, not at every validation.
        """
        found = []
        # What step 0 does, nobody has taught it.
        for direction, part in result.directions.items() if step else ():
            kind, times = self._row.get(direction, ("", 0))
            times = times + 1 if kind == part.judgement.kind else 1
            self._row[direction] = (part.judgement.kind, times)
            if times == TWICE and part.judgement.kind in GOES_WRONG:
                found.append(f"step {step}, {self._names[direction]}: {part.judgement.verdict}")
        better = {
            direction: (score, step)
            for direction, score in result.scores.items()
            if score > self._best.get(direction, (-1.0, 0))[0]
        }
        self._best |= better
        if better:
            self._since = 0
        elif counts:
            self._since += 1
            if self.should_stop:
                stands = " and ".join(
                    f"step {at} is the best of {self._names[direction]} ({score:.2f} of 1)"
                    for direction, (score, at) in self._best.items()
                )
                many = f"{self._since} validation{'s' * (self._since != 1)}"
                found.append(f"step {step}: {stands}, none better in {many}, so the run ends here")
        return found

    def final_warnings(self, step: int, result: ValidationResult, best: Mapping[str, int]) -> list[str]:
        """What is wrong with the last state of a run.

        Args:
            step: of it.
            result: on it.
            best: the step of each direction that an export takes.
        """
        return [
            f"step {step}, {self._names[direction]}: {part.judgement.verdict}"
            + (f"; `styleshift export` takes step {best[direction]}" if best[direction] != step else "")
            for direction, part in result.directions.items()
            if part.judgement.kind in ENDS_WRONG
        ]

    @property
    def should_stop(self) -> bool:
        """The run has gone without a better validation for as long as its patience."""
        return 0 < self._patience <= self._since

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` needs to go on as if nothing had been; fit for JSON."""
        return {"row": dict(self._row), "best": dict(self._best), "since": self._since}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state_dict`; a run that was ended and goes on all the same counts anew.

        So does one that was begun when both directions had one score, of another kind.
        """
        self._row = dict(state["row"])
        if not isinstance(state["best"], Mapping):
            return
        self._best = dict(state["best"])
        self._since = int(state["since"])
        if self.should_stop:
            self._since = 0
